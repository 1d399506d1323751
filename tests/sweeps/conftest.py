"""The command line as a fixture, and what several tests of sweeps need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import hiera
from tests.sweeps.row_functions import Ledger

__all__ = ["hiera", "ledger"]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """What rows enter when they are computed."""
    return Ledger(tmp_path / "ledger")
