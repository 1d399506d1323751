"""Which code computed a row: the version, and a fingerprint of every source file."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import hiera


@cache
def code_version() -> str:
    """For example ``0.1.0+3f9a12cd``; other packages' parts are not in it."""
    root = Path(hiera.__file__).parent
    found = []
    for folder, inner, names in os.walk(root, followlinks=True):
        inner[:] = sorted(name for name in inner if name != "__pycache__")
        found += [Path(folder, name) for name in names if name.endswith(".py")]
    total = hashlib.sha256()
    for path in sorted(found):
        total.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return f"{hiera.__version__}+{total.hexdigest()[:8]}"
