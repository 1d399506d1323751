"""How the numerical code of this room is compiled: once, kept on disk, types left readable.

Numba keeps compiled code by the file that defines a function, and does not notice that a function
it calls has changed: after a partial update old and new code would run together. Here the stamp of
every kept kernel is that of all sources of the room, so that any change compiles anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def _fingerprint() -> str:
    room = Path(__file__).parent
    parts = []
    for path in sorted(room.rglob("*.py")):
        facts = path.stat()
        parts.append(f"{path.relative_to(room)} {facts.st_mtime_ns} {facts.st_size}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


_ROOM = _fingerprint()


def stamped(dispatcher: Any) -> Any:
    """The same compiled function, its kept code valid only for the sources as they are now."""
    file = dispatcher._cache._cache_file
    file._source_stamp = (file._source_stamp, _ROOM)
    return dispatcher


def compiled(function: F) -> F:
    """Compiles a function with Numba; divisions by zero give inf or NaN, as in NumPy."""
    result: F = stamped(njit(cache=True, error_model="numpy", nogil=True)(function))
    return result
