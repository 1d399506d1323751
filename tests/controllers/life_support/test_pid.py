"""The PID baseline and the rule: what they do with readings that are there and that are not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hiera.controllers.life_support.pid import GainsError, load_gains
from hiera.controllers.life_support.pid_law import (
    CHANNELS,
    FEED_I,
    MEMORY,
    UPTAKE,
    Gains,
    begin,
    law,
    voted,
)
from hiera.controllers.life_support.rule import Rule
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits, Surroundings
from hiera.safety.life_support import state as names
from hiera.safety.life_support.removal import Factors

GAINS = Gains()


def shown(**given: float) -> FloatArray:
    """Readings of a wearer who walks, in order of the channels."""
    usual = dict.fromkeys(CHANNELS, np.nan) | {
        "cell_0": 21.3e3, "cell_1": 21.3e3, "cell_2": 21.3e3, "dioxide": 300.0, "gauge": 150.0,
        "humidity": 0.5, "heart": 150.0,
    }  # fmt: skip
    return np.array([(usual | given)[name] for name in CHANNELS])


def run(readings: FloatArray, ticks: int, gains: Gains = GAINS) -> tuple[FloatArray, FloatArray]:
    """Commands after so many ticks of the same readings, and the memory."""
    memory, out = np.empty(MEMORY), np.empty(3)
    begin(memory)
    for _ in range(ticks):
        law(memory, readings, gains, 1.0, out)
    return out, memory


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        ((20e3, 21e3, 60e3), 21e3),
        ((20e3, np.nan, 21e3), 20.5e3),
        ((np.nan, 100.0, 21e3), 21e3),
        ((99.5e3, 99.5e3, 22e3), 22e3),
    ],
)
def test_cells_are_voted(cells: tuple[float, ...], value: float) -> None:
    assert voted(np.array(cells)) == value


def test_without_a_cell_the_integral_is_held_and_the_command_finite() -> None:
    none = {f"cell_{i}": np.nan for i in range(3)}
    out, memory = run(shown(**none), 600)
    assert memory[FEED_I] == 0.0
    assert np.isfinite(out).all()


def test_the_integral_stops_where_the_valve_is_at_its_end() -> None:
    """Lean gas for an hour; once the gas is right again the valve must not stay open for long."""
    out, memory = run(shown(cell_0=15e3, cell_1=15e3, cell_2=15e3), 3600)
    assert out[0] == pytest.approx(names.HIGH[names.FEED])
    fresh = 0.0
    for k in range(600):
        law(memory, shown(cell_0=24e3, cell_1=24e3, cell_2=24e3), GAINS, 1.0, out)
        fresh = k
        if out[0] == 0.0:
            break
    assert fresh < 120


def test_more_dioxide_asks_for_more_flow_and_a_lost_sensor_for_no_change() -> None:
    calm, _ = run(shown(), 60)
    much, _ = run(shown(dioxide=900.0), 60)
    lost, memory = run(shown(dioxide=np.nan), 60)
    assert much[1] > calm[1]
    assert lost[1] == pytest.approx(GAINS.breathing * float(_ventilation(memory[UPTAKE])), rel=1e-9)


def _ventilation(uptake: float) -> float:
    from hiera.safety.life_support.metabolism import ventilation_for

    return float(ventilation_for(uptake))


def test_low_pressure_is_fed_and_the_damper_has_hysteresis() -> None:
    low, _ = run(shown(gauge=0.0), 5)
    usual, _ = run(shown(), 5)
    assert low[0] > usual[0]
    memory, out = np.empty(MEMORY), np.empty(3)
    begin(memory)
    seen = []
    for humidity in (0.5, 0.65, 0.71, 0.65, 0.59, 0.65):
        law(memory, shown(humidity=humidity), GAINS, 1.0, out)
        seen.append(out[2])
    assert seen == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "holds no gains 'plain'"),
        ("[]", "holds no gains 'plain'"),
        ('{"plain": 3}', "lack or do not know"),
        ('{"plain": {"oxygen_set": 0.21}}', "breathing"),
        (json.dumps({"plain": Gains()._asdict() | {"uptake": "much"}}), "uptake is 'much'"),
    ],
)
def test_bad_gains_are_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "gains.json"
    path.write_text(text)
    with pytest.raises(GainsError, match=says) as refused:
        load_gains(path)
    assert "\n" not in str(refused.value)


def test_the_rule_feeds_what_is_breathed_and_lifts_what_is_missing() -> None:
    model = LifeSupportModel()
    rule = Rule(model, Limits(), gauge_pa=100.0, oxygen=0.205)

    def seen(x: np.ndarray) -> dict[str, np.ndarray]:
        return {"estimate": x, "removal": np.array(Factors())}

    x = model.start(gauge_pa=100.0)
    kept = rule.act(seen(x))
    assert kept[0] == pytest.approx(x[names.UPTAKE], rel=0.02)
    assert rule.act(seen(model.start(gauge_pa=40.0)))[0] > kept[0]
    assert rule.act(seen(model.start(gauge_pa=100.0, oxygen=0.198)))[0] > kept[0]
    work = Surroundings(1.4e-3)
    fresh, used = (
        rule.act(seen(model.start(work, gauge_pa=100.0, conversion=c)))[names.FAN]
        for c in (0.0, 0.6)
    )
    assert names.LOW[names.FAN] < used < fresh < names.HIGH[names.FAN]
