"""The recipes cost nothing until they are imported, and say what they lack."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("gymnasium", "torch", "stable_baselines3", "pettingzoo")


@pytest.mark.parametrize("module", ["hiera.safety.embed", "hiera.safety.embed.watchdog"])
def test_importing_them_pulls_in_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


@pytest.mark.parametrize("name", ["stable_baselines3", "pettingzoo"])
def test_a_missing_package_names_the_extra_that_brings_it(name: str) -> None:
    code = f"import sys; sys.modules[{name!r}] = None; import hiera.safety.embed.{name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith(f"{name} is not installed: pip install 'hiera[learn]'")
