"""A kept kernel is used only with the sources that it was compiled with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
from hiera.safety import compiled
compiled._ROOM = {room!r}
from outer import outer
print(outer(1.0), sum(outer.stats.cache_hits.values()))
"""


def outer(folder: Path, room: str) -> tuple[str, str]:
    """What `outer` returns in a new process, and how often its kept code was used."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(folder=str(folder), room=room)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder / "kept")},
        capture_output=True,
        text=True,
        check=True,
    )
    value, hits = done.stdout.split()
    return value, hits


def test_a_changed_callee_is_noticed(tmp_path: Path) -> None:
    head = "from hiera.safety.compiled import compiled\n"
    (tmp_path / "outer.py").write_text(
        head + "from inner import inner\n\n@compiled\ndef outer(x):\n    return 2.0 * inner(x)\n"
    )
    inner = tmp_path / "inner.py"
    inner.write_text(head + "\n@compiled\ndef inner(x):\n    return x + 1.0\n")
    assert outer(tmp_path, "before") == ("4.0", "0")
    assert outer(tmp_path, "before") == ("4.0", "1")
    inner.write_text(head + "\n@compiled\ndef inner(x):\n    return x + 10.0\n")
    assert outer(tmp_path, "after") == ("22.0", "0")
