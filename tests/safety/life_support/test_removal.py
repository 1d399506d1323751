"""What a set and its wearer differ by, told from the balance of CO2."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.safety.life_support import LifeSupportModel, Surroundings, lime
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import MOLAR_GAS, litres_per_minute
from hiera.safety.life_support.removal import (
    PASSED,
    USUAL,
    Factors,
    Removal,
    driven,
    with_factors,
)

MODEL = LifeSupportModel()


def working() -> np.ndarray:
    """A set in the midst of hard work, half its lime used."""
    x = MODEL.start(Surroundings(litres_per_minute(2.0)), conversion=0.5)
    x[[names.GAS_K, names.LIME_K]] = 318.0, 340.0
    return x


def steady(flow: float, breath: float = 1.0, rate: float = 1.0, passed: float = 0.0) -> np.ndarray:
    """Gas at rest in a set that differs by two factors, and a share that passes by the lime."""
    x, p = working(), MODEL.parameters
    x[names.FLOW], x[names.DIOXIDE] = flow, 0.008
    density = p.outside_pa / (MOLAR_GAS * x[names.GAS_K])
    for _ in range(20):
        k = rate * lime.rate(x[names.LIME_K], x[names.MOISTURE], p)
        slip = lime.passed(x[names.CONVERSION], flow, k, p)
        caught = lime.caught(flow, breath * driven(x, p), p)
        share = (1.0 - caught * (1.0 - slip) + passed) / (1.0 - slip)
        x[names.DIOXIDE] = share * x[names.OUTPUT] * x[:4].sum() / (density * flow)
    return x


def followed(removal: Removal, x: np.ndarray, seconds: int = 600) -> Factors:
    for _ in range(seconds):
        removal.observe(x, 1.0, measured=True)
    return removal.factors(x)


def test_removal_tells_a_deep_breath_from_slow_lime_by_the_flow() -> None:
    def seen(flow: float, **differs: float) -> tuple[Factors, Factors]:
        x = steady(flow, **differs)
        return followed(Removal(MODEL), x), Removal(MODEL).factors(x)

    deep, usual = seen(0.7e-3, breath=1.25)
    shallow, _ = seen(0.7e-3, breath=0.9)
    assert deep.breath > 1.1 > 1.03 > shallow.breath
    assert deep.deviation < usual.deviation
    slow, quick = seen(2.2e-3, rate=0.8), seen(2.2e-3, rate=1.2)
    assert quick[0].lime > slow[0].lime + 0.12
    for made, usual in (slow, quick):
        assert abs(np.log(made.breath / usual.breath)) < 0.02


def test_a_share_that_passes_by_the_lime_at_every_flow_is_blamed_on_neither() -> None:
    removal = Removal(MODEL)
    for k in range(10):
        removal.observe(steady((0.9e-3, 1.8e-3)[k % 2], passed=0.12), 1.0, measured=False)
        made = followed(removal, steady((0.9e-3, 1.8e-3)[k % 2], passed=0.12), 300)
    usual = Removal(MODEL).factors(working())
    assert removal.z[PASSED] > USUAL[PASSED] + 0.03
    assert abs(np.log(made.breath / usual.breath)) < 0.1
    assert abs(np.log(made.lime / usual.lime)) < 0.2


def test_lime_that_is_believed_spent_and_still_binds_is_given_its_due() -> None:
    """A capacity that is 15 % larger shows late: what is left then is several times as much."""
    p, removal = MODEL.parameters, Removal(MODEL)
    for used in np.linspace(0.3, 0.97, 60):
        believed = steady(1.4e-3)
        k = lime.rate(believed[names.LIME_K], believed[names.MOISTURE], p)
        slip = lime.passed(used / 1.3, 1.4e-3, k, p)
        caught = lime.caught(1.4e-3, driven(believed, p), p)
        share = (1.0 - caught * (1.0 - slip)) / (1.0 - slip)
        density = p.outside_pa / (MOLAR_GAS * believed[names.GAS_K])
        believed[names.DIOXIDE] = (
            share * believed[names.OUTPUT] * believed[:4].sum() / (density * 1.4e-3)
        )
        believed[names.CONVERSION] = used
        removal.observe(believed, 1.0, measured=False)
        made = followed(removal, believed, 120)
    left = 1.0 - with_factors(believed, made, p)[names.CONVERSION]
    assert left == pytest.approx(1.0 - used / 1.3, rel=0.3)
    assert left > 5.0 * (1.0 - used)


def test_breath_is_taken_for_deeper_where_no_dioxide_sensor_would_show_it() -> None:
    x, removal = steady(1.2e-3), Removal(MODEL)
    seen = followed(removal, x)
    removal.observe(x, 1.0, measured=False)
    assert removal.factors(x).breath == pytest.approx(seen.breath, rel=1e-3)
    removal.observe(x, 10.0, measured=False)
    blind = removal.factors(x)
    assert blind.breath == pytest.approx(seen.breath * np.exp(blind.deviation), rel=1e-3)


def test_factors_change_breath_and_lime_and_nothing_else() -> None:
    x, p = working(), MODEL.parameters
    made = with_factors(x, Factors(breath=1.1, lime=0.8), p)
    assert made[names.BREATHING] == pytest.approx(1.1 * driven(x, p))
    assert made[names.BREATHING] > 1.1 * x[names.BREATHING]
    assert 1.0 - made[names.CONVERSION] == pytest.approx(0.8 * (1.0 - x[names.CONVERSION]))
    others = np.delete(np.arange(18), [names.BREATHING, names.CONVERSION])
    np.testing.assert_array_equal(made[others], x[others])
    assert with_factors(x, Factors(lime=3.0), p)[names.CONVERSION] == 0.0
