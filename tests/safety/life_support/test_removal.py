"""What a set and its wearer differ by, told from the balance of CO2."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.safety.life_support import LifeSupportModel, Surroundings, lime
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import MOLAR_GAS, litres_per_minute
from hiera.safety.life_support.removal import Factors, Removal, driven, with_factors

MODEL = LifeSupportModel()


def working() -> np.ndarray:
    """A set in the midst of hard work, half its lime used."""
    x = MODEL.start(Surroundings(litres_per_minute(2.0)), conversion=0.5)
    x[[names.GAS_K, names.LIME_K]] = 318.0, 340.0
    return x


def test_removal_tells_a_deep_breath_from_slow_lime_by_the_flow() -> None:
    def followed(flow: float, breath: float, rate: float) -> Factors:
        """Steady gas of a set that differs by two factors, watched for ten minutes."""
        removal = Removal(MODEL)
        x, p = working(), MODEL.parameters
        x[names.FLOW], x[names.DIOXIDE] = flow, 0.008
        density = p.outside_pa / (MOLAR_GAS * x[names.GAS_K])
        for _ in range(20):
            k = rate * lime.rate(x[names.LIME_K], x[names.MOISTURE], p)
            slip = lime.passed(x[names.CONVERSION], flow, k, p)
            caught = lime.caught(flow, breath * driven(x, p), p)
            share = (1.0 - caught * (1.0 - slip)) / (1.0 - slip)
            x[names.DIOXIDE] = share * x[names.OUTPUT] * x[:4].sum() / (density * flow)
        for _ in range(600):
            removal.observe(x, 1.0, measured=True)
        return removal.factors

    deep = followed(0.7e-3, 1.2, 1.0)
    assert 1.12 < deep.breath < 1.25
    assert abs(deep.lime - 1.0) < 0.1
    slow = followed(1.6e-3, 1.0, 0.8)
    assert 0.75 < slow.lime < 0.88
    assert abs(slow.breath - 1.0) < 0.05
    true = followed(1.2e-3, 1.0, 1.0)
    assert abs(true.breath - 1.0) < 0.02
    assert abs(true.lime - 1.0) < 0.02


def test_factors_change_breath_and_lime_and_nothing_else() -> None:
    x, p = working(), MODEL.parameters
    made = with_factors(x, Factors(breath=1.1, lime=0.8), p)
    assert made[names.BREATHING] == pytest.approx(1.1 * driven(x, p))
    assert made[names.BREATHING] > 1.1 * x[names.BREATHING]
    assert 1.0 - made[names.CONVERSION] == pytest.approx(0.8 * (1.0 - x[names.CONVERSION]))
    others = np.delete(np.arange(18), [names.BREATHING, names.CONVERSION])
    np.testing.assert_array_equal(made[others], x[others])
    assert with_factors(x, Factors(lime=3.0), p)[names.CONVERSION] == 0.0
