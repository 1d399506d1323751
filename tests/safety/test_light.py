"""The safety room stays light enough to embed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "gymnasium", "networkx", "pydantic", "typer", "rich", "pyarrow", "cvxpy")


MODULES = (
    "hiera.safety",
    "hiera.safety.filters",
    "hiera.safety.filters.cbf",
    "hiera.safety.life_support.filter",
    "hiera.safety.sidecar",
    "hiera.safety.verify",
)


@pytest.mark.parametrize("module", MODULES)
def test_importing_the_filters_pulls_in_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
