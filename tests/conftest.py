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
