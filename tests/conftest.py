"""What tests of several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# The first example of a property may have to compile a kernel: no clocks in tests.
settings.register_profile("hiera", deadline=None)
settings.load_profile("hiera")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the benchmark data; skips where it is not on this machine."""
    folder = Path(__file__).parents[1] / ".." / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the benchmark data (../shared/data) is not on this machine")
    return folder.resolve()


def pytest_configure(config: pytest.Config) -> None:
    """Removes compiled kernels when any source has changed.

    Numba keeps a kernel as long as the file that defines it stays the same, and does not notice
    that a function it calls has changed.
    """
    root = Path(__file__).parents[1]
    rooms = [root / room for room in ("envs", "planners", "controllers")]
    sources = sorted(path for room in rooms for path in room.rglob("*.py"))
    text = "".join(f"{path} {path.stat().st_mtime_ns} {path.stat().st_size}\n" for path in sources)
    stamp = root / ".pytest_cache" / "kernels"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == text:
        return
    for room in rooms:
        for kernel in [*room.rglob("*.nbi"), *room.rglob("*.nbc")]:
            kernel.unlink(missing_ok=True)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(text, encoding="utf-8")
