"""Limits, barriers, the filter, and how long the set can last."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hiera.safety.contract import Context, Status
from hiera.safety.filters.cbf import CbfFilter
from hiera.safety.life_support import state as names
from hiera.safety.life_support.barriers import (
    PACE,
    life_support_barriers,
    nitrogen_needed,
    oxygen_needed,
)
from hiera.safety.life_support.curvature import RESERVE, largest, operating_states
from hiera.safety.life_support.filter import AT_TICKS, default_disturbance, life_support_filter
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.limits import Limits
from hiera.safety.life_support.model import LifeSupportModel
from hiera.safety.life_support.parameters import Parameters, table
from hiera.safety.life_support.state import HIGH, LOW, Surroundings
from hiera.safety.life_support.stocks import best_flow, endurance

MODEL, LIMITS = LifeSupportModel(), Limits()
WORK = (0.5, 2.0, 3.0, 1.35)


@pytest.fixture(scope="module")
def gate() -> CbfFilter:
    return life_support_filter(MODEL)


def test_every_limit_has_a_unit_and_a_source() -> None:
    rows = table(LIMITS)
    assert len(rows) > 12
    assert all(row.unit and row.source for row in rows)


def test_barriers_are_the_limits_that_they_are_named_after() -> None:
    """At states just on either side of each limit."""
    barriers = {b.name: b for b in life_support_barriers(MODEL.parameters, LIMITS)}
    margin = PACE.oxygen_margin
    for name, value, sign in (
        ("oxygen_low", LIMITS.oxygen_low + margin, 1.0),
        ("oxygen_strict", LIMITS.oxygen_strict - margin, -1.0),
        ("oxygen_hard", LIMITS.oxygen_hard - margin, -1.0),
    ):
        for d in (-1e-4, 1e-4):
            h = barriers[name].h(MODEL.start(oxygen=value + d))
            assert np.sign(h) == np.sign(sign * d), name
    for name, value, sign in (
        ("pressure_low", LIMITS.gauge_low_pa, 1.0),
        ("pressure_high", LIMITS.gauge_high_pa, -1.0),
    ):
        for d in (-1.0, 1.0):
            h = barriers[name].h(MODEL.start(gauge_pa=value + d))
            assert h == pytest.approx(sign * d, rel=0.02), name
    for name, value in (
        ("dioxide_hard", LIMITS.dioxide_hard_pa - PACE.dioxide_margin_pa),
        ("dioxide_alarm", LIMITS.dioxide_alarm_pa - PACE.dioxide_margin_pa),
    ):
        beyond = MODEL.start(gauge_pa=0.0, dioxide=value / 101325.0, temperature_k=313.15)
        assert barriers[name].h(beyond) == pytest.approx(0.0, abs=1e-5)
        worse = MODEL.start(gauge_pa=300.0, dioxide=value / 101325.0, temperature_k=303.15)
        assert barriers[name].h(worse) <= 0.0


def test_degrees_are_those_of_the_physics(gate: CbfFilter) -> None:
    degrees = dict(zip(gate.rows.program.labels, gate.rows.program.degrees, strict=True))
    first = {"oxygen_low", "oxygen_hard", "oxygen_strict", "pressure_low", "pressure_high"}
    assert {name for name, degree in degrees.items() if degree == 1} == first | {"oxygen_stock"}
    assert {name for name, degree in degrees.items() if degree == 2} == AT_TICKS


def test_fresh_samples_stay_below_the_measured_curvature(gate: CbfFilter) -> None:
    noise = default_disturbance(MODEL)
    barriers = [
        b for b in life_support_barriers(MODEL.parameters, LIMITS) if b.name not in AT_TICKS
    ]
    kept = {b.name: b.curvature for b in gate.barriers}
    for seed in (1, 2):
        found = largest(MODEL, barriers, noise, samples=12000, seed=seed)
        for barrier, value in zip(barriers, found, strict=True):
            bound = kept[barrier.name]
            assert bound is not None
            assert value <= bound, barrier.name
            assert value >= 0.5 * bound / RESERVE, barrier.name


def test_margins_of_certified_rows_leave_the_valve_room(gate: CbfFilter) -> None:
    """Half a tick of curvature costs less than what the valve can do; by intervals it does not."""
    X = operating_states(MODEL, 5, np.random.default_rng(3))
    for i in range(X.shape[1]):
        z = np.concatenate((X[:, i], LOW))
        A, _ = gate.rows.at(z, Context(0.0))
        for row, barrier in zip(A, gate.barriers, strict=True):
            if barrier.curvature:
                assert 0.5 * barrier.curvature < 1.5 * abs(row[0]) * HIGH[0], barrier.name


@pytest.mark.parametrize("asks", ["nothing", "everything", "anything"])
def test_whatever_is_asked_for_the_wearer_can_breathe(gate: CbfFilter, asks: str) -> None:
    """Twenty minutes of changing work; every margin is looked at between the ticks as well."""
    random = np.random.default_rng(0)
    gate.reset()
    x, found = MODEL.start(Surroundings(litres_per_minute(0.5))), Counter[Status]()
    least, dioxide = dict.fromkeys((b.name for b in gate.barriers), np.inf), 0.0
    for k in range(1200):
        asked = {
            "nothing": np.array(LOW),
            "everything": np.array(HIGH),
            "anything": random.uniform(LOW, HIGH),
        }[asks]
        answer = gate.filter(x, asked, Context(float(k)))
        found[answer.status] += 1
        around = Surroundings(litres_per_minute(WORK[k // 120 % 4]))
        for _ in range(5):
            x = MODEL.step(x, answer.u, around, 0.2)
            dioxide = max(dioxide, float(MODEL.readings(x).dioxide_pa))
            for barrier in gate.barriers:
                least[barrier.name] = min(least[barrier.name], float(barrier.h(x)))
    assert found[Status.STOP] == found[Status.RECOVERING] == found[Status.PASS_THROUGH] == 0
    for name in ("oxygen_low", "pressure_low", "oxygen_hard", "oxygen_strict", "pressure_high"):
        assert least[name] >= 0.0, name
    # The alarm's margin gives way for a moment at the peak of work; the alarm itself does not.
    assert least["dioxide_hard"] >= 0.0
    assert dioxide < LIMITS.dioxide_alarm_pa


def test_without_the_filter_nothing_asked_for_kills(gate: CbfFilter) -> None:
    """So that the test above could fail."""
    x = MODEL.start(Surroundings(litres_per_minute(0.5)))
    for _ in range(240):
        x = MODEL.step(x, np.array(LOW), Surroundings(litres_per_minute(2.0)), 1.0)
    values = {b.name: float(b.h(x)) for b in gate.barriers}
    assert values["oxygen_low"] < 0.0
    assert values["pressure_low"] < 0.0
    assert values["dioxide_alarm"] < 0.0


def test_pressure_is_held_lower_as_nitrogen_runs_out() -> None:
    """The viability row acts on venting, which no row for the fraction of oxygen does."""
    gauges = []
    for without in (frozenset[str](), frozenset(("nitrogen_hard", "nitrogen_strict"))):
        gate = life_support_filter(MODEL, without=without)
        x, lost = MODEL.start(gauge_pa=200.0), 0.0
        for k in range(900):
            around = Surroundings(litres_per_minute(0.5), leak=3.0)
            u = gate.filter(x, np.array([litres_per_minute(0.8), 1.2e-3, 1.0]), Context(float(k))).u
            x = MODEL.step(x, u, around, 1.0)
            lost += float(MODEL.readings(x).gauge_pa)
        gauges.append((lost / 900, x[names.NITROGEN]))
    (with_row, kept), (alone, left) = gauges
    assert with_row < alone - 20.0
    assert kept > left


def test_what_the_way_out_takes_is_there_at_its_end() -> None:
    """Starting with exactly the nitrogen and oxygen that the rows keep back."""
    p = Parameters(leak_softness_pa=0.5)
    model = LifeSupportModel(p)
    for ceiling in (LIMITS.oxygen_strict, LIMITS.oxygen_hard):
        needed = nitrogen_needed(p, LIMITS, ceiling)
        x = model.start(gauge_pa=LIMITS.gauge_low_pa, vapour=0.02)
        amount = x[:4].sum()
        x[names.NITROGEN] = needed
        x[names.OXYGEN] = amount - needed - x[names.DIOXIDE] - x[names.VAPOUR]
        x[names.CYLINDER] = oxygen_needed(p, LIMITS)
        around = Surroundings(LIMITS.egress_uptake)
        x[names.UPTAKE] = around.demand
        for _ in range(int(LIMITS.egress_s)):
            gauge = float(model.readings(x).gauge_pa)
            feed = x[names.UPTAKE] + 1e-5 * (LIMITS.gauge_low_pa - gauge)
            x = model.step(x, np.array([max(feed, 0.0), 1.5e-3, 1.0]), around, 1.0)
        assert model.readings(x).oxygen < ceiling
        assert x[names.CYLINDER] > -0.02 * oxygen_needed(p, LIMITS)


def test_the_best_flow_falls_as_the_lime_ages() -> None:
    x = MODEL.start(Surroundings(litres_per_minute(2.0)))
    x[names.LIME_K] = 320.0
    flows = [
        best_flow(MODEL, x, litres_per_minute(1.8), LIMITS.dioxide_alarm_pa, conversion)[0]
        for conversion in (0.0, 0.4, 0.7, 0.85)
    ]
    assert all(a >= b for a, b in pairwise(flows))
    assert flows[-1] < 0.7 * flows[0]


def test_endurance_of_stocks_is_what_a_run_to_their_end_takes() -> None:
    """Oxygen and nitrogen, against the model run at the least pressure."""
    around = Surroundings(litres_per_minute(2.0), leak=20.0)
    x = MODEL.start(around, cylinder=0.3, gauge_pa=LIMITS.gauge_low_pa, vapour=0.03)
    x[[names.GAS_K, names.LIME_K]] = 309.0, 320.0
    said = endurance(MODEL, x, around)
    empty = enriched = np.inf
    for k in range(4000):
        now = MODEL.readings(x)
        if now.oxygen > LIMITS.oxygen_strict:
            enriched = min(enriched, float(k))
        if x[names.CYLINDER] <= 0.0:
            empty = float(k)
            break
        feed = x[names.UPTAKE] + 5e-4 * (LIMITS.gauge_low_pa - float(now.gauge_pa))
        x = MODEL.step(x, np.array([max(feed, 0.0), 1e-3, 1.0]), around, 1.0)
    assert empty <= said.oxygen_s < 1.25 * empty
    assert enriched <= 1.05 * said.strict_s < 1.5 * enriched
    assert said.first()[1] <= said.first(without=("core_s", "strict_s"))[1]


def test_no_way_of_running_the_fan_outlasts_the_endurance_of_the_lime() -> None:
    around = Surroundings(litres_per_minute(2.0))
    first = MODEL.start(around, conversion=0.6)
    first[names.LIME_K] = 325.0
    said = endurance(MODEL, first, around).lime_s
    assert said < 8 * 3600.0
    lasted = []
    for fan in (0.5e-3, 0.75e-3, 1.0e-3, 1.5e-3, 2.5e-3):
        x = first.copy()
        lasted.append(0.0)
        for k in range(int(1.5 * said / 2.0)):
            lasted[-1] = 2.0 * k
            if MODEL.readings(x).dioxide_pa > LIMITS.dioxide_hard_pa:
                break
            feed = x[names.UPTAKE] + 1e-5 * (60.0 - float(MODEL.readings(x).gauge_pa))
            x = MODEL.step(x, np.array([max(feed, 0.0), fan, 1.0]), around, 2.0)
    assert max(lasted) <= 1.01 * said + 10.0
    assert max(lasted) > 0.9 * said
    assert min(lasted) < 0.6 * said


def test_more_leak_never_lasts_longer() -> None:
    x = MODEL.start(Surroundings(litres_per_minute(1.35)))
    times = [
        endurance(MODEL, x, Surroundings(litres_per_minute(1.35), leak=k), horizon_s=60.0)
        for k in (0.0, 1.0, 3.0, 10.0)
    ]
    for one, other in pairwise(times):
        assert other.oxygen_s < one.oxygen_s
        assert other.strict_s <= one.strict_s
        assert other.hard_s < one.hard_s
    assert times[0].hard_s == np.inf


def test_gains_that_do_not_fit_the_tick_are_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        life_support_filter(MODEL, tick_s=5.0, pace=replace(PACE, oxygen=0.5))
