"""What the room offers is there, and costs nothing until it is used."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PACKAGES = (
    "hiera.safety",
    "hiera.safety.barriers",
    "hiera.safety.dynamics",
    "hiera.safety.life_support",
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_on_offer_can_be_had(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        assert callable(getattr(module, name)), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_compiles_nothing(package: str) -> None:
    code = f"import sys, {package}; print([m for m in ('numba', 'scipy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_building_a_system_and_a_barrier_compiles_nothing() -> None:
    code = (
        "import sys\n"
        "from hiera.safety.barriers import keep_out_ball\n"
        "from hiera.safety.dynamics import single_integrator\n"
        "single_integrator(2), keep_out_ball((0, 0), 1.0)\n"
        "print('numba' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
