"""The plant: balanced, of known order, batched, not the model, and broken by faults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.envs.life_support.apparatus import drawn, named, nominal
from hiera.envs.life_support.catalogue import SCENARIOS, endurance_profiles, mission, scenario
from hiera.envs.life_support.plant import (
    ACTING,
    CORES,
    SLOW,
    VALVE,
    acting,
    advance_plants,
    plant_rates,
)
from hiera.envs.life_support.scenarios import HARDWARE, Event, Fault, Phase, Scenario
from hiera.safety.life_support import LifeSupportModel, Surroundings
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import OUTSIDE_OXYGEN, WATER_KG_MOL, litres_per_minute
from hiera.safety.life_support.rates import flows
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.state import HIGH, LOW, N

MODEL = LifeSupportModel()
COMMAND = np.array([litres_per_minute(1.4), 1.3e-3, 0.8])


def closed(count: int = 1, uptake: float = 1.35) -> np.ndarray:
    x = MODEL.start(Surroundings(litres_per_minute(uptake)))
    return np.tile(np.concatenate((x, [litres_per_minute(uptake), 0.0, 0.0])), (count, 1))


def ran(step_s: float, seconds: float = 64.0) -> np.ndarray:
    X = closed()
    act = acting(1, demand=litres_per_minute(2.8))
    constants = drawn(MODEL.parameters, 1, np.random.default_rng(4))
    advance_plants(X, COMMAND[None, :], act, constants, step_s, round(seconds / step_s))
    return np.asarray(X[0])


def test_the_integrator_is_of_order_two() -> None:
    exact = ran(1.0 / 64.0)
    live = np.abs(exact) > 0.0
    errors = [np.max(np.abs(ran(h)[live] / exact[live] - 1.0)) for h in (0.5, 0.25, 0.125)]
    ratios = np.array(errors[:-1]) / np.array(errors[1:])
    assert np.all((ratios > 3.3) & (ratios < 5.5)), ratios
    assert errors[0] < 1e-2


def test_a_batch_is_its_members_one_by_one() -> None:
    random = np.random.default_rng(0)
    constants = drawn(MODEL.parameters, 8, random)
    U, acts = random.uniform(LOW, HIGH, (8, 3)), acting(8)
    acts["demand"] = litres_per_minute(2.0) * random.uniform(0.3, 1.5, 8)
    together, alone = closed(8), closed(8)
    advance_plants(together, U, acts, constants, 1.0, 60)
    for i in range(8):
        one = slice(i, i + 1)
        part = alone[one]
        advance_plants(part, U[one], acts[one], constants[one], 1.0, 60)
        np.testing.assert_array_equal(together[i], part[0])
    assert np.ptp(together[:, 0]) > 0.05


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_matter_is_kept_in_the_plant_as_well(seed: int) -> None:
    """Accounts are linear in the state, so that they may be taken of its rates."""
    random = np.random.default_rng(seed)
    p = named(drawn(MODEL.parameters, 1, random))
    act = acting(
        1,
        demand=litres_per_minute(random.uniform(0.5, 3.4)),
        leak=random.uniform(0.0, 10.0),
        exhaust=random.uniform(0.0, 2e-6),
    ).view(np.recarray)[0]
    x = closed(1, random.uniform(0.5, 3.0))[0]
    x[:4] *= random.uniform(0.95, 1.1, 4)
    x[names.CONVERSION], x[CORES] = random.uniform(0.0, 0.8), random.uniform(0.0, 1.0)
    f = plant_rates(x, random.uniform(LOW, HIGH), act, p)
    w = flows(x, Surroundings(act.demand, act.ambient, act.radiant, act.leak), p)
    out = (x[names.OUTPUT] - f[1] - p.lime_kg * (p.lime_capacity_mol_kg * f[5] + f[CORES])) / x[1]
    # What carbon says has left, nitrogen, oxygen and water say as well.
    impure = -(1.0 - p.purity) * f[names.CYLINDER]
    inflow = (1.0 - OUTSIDE_OXYGEN) * w.inflow
    assert f[2] == pytest.approx(impure + inflow - out * x[2], abs=1e-14)
    taken = x[names.UPTAKE] * (1.0 - 1e-4 / (x[0] ** 2 + 1e-4))
    oxygen = -p.purity * f[names.CYLINDER] - taken + OUTSIDE_OXYGEN * w.inflow
    assert f[0] == pytest.approx(oxygen - out * x[0], abs=1e-14)
    water = f[3] + (p.lime_kg * f[7] + p.gel_kg * f[8]) / WATER_KG_MOL
    made = p.lime_kg * (p.lime_capacity_mol_kg * f[5] + f[CORES])
    sweat = p.sweat_share * w.evaporation / p.vaporisation_j_mol
    assert water == pytest.approx(w.breath + sweat + made - w.condensed - out * x[3], abs=1e-13)
    assert out >= 0.0


def test_every_plant_of_the_spread_is_stable_at_a_second() -> None:
    random = np.random.default_rng(1)
    constants = drawn(MODEL.parameters, 200, random)
    X, acts = closed(200, 0.5), acting(200)
    for _ in range(60):
        acts["demand"] = litres_per_minute(1.0) * random.uniform(0.4, 3.4, 200)
        U = random.uniform(LOW, HIGH, (200, 3))
        advance_plants(X, U, acts, constants, 1.0, 10)
    assert np.all(np.isfinite(X))
    assert np.all(X[:, :4] > 0.0)
    assert np.all((X[:, names.FLOW] > 0.9 * LOW[1]) & (X[:, names.FLOW] < 1.1 * HIGH[1]))


def test_the_plant_is_not_the_model() -> None:
    """Even without spread: after ten minutes of hard work the two are apart, and not by much."""
    X, x = closed(1, 0.5), closed(1, 0.5)[0, :N]
    around = Surroundings(litres_per_minute(3.0))
    u = np.array([litres_per_minute(2.6), 1.5e-3, 1.0])
    advance_plants(
        X, u[None, :], acting(1, demand=around.demand), nominal(MODEL.parameters), 1.0, 600
    )
    x = MODEL.step(x, u, around, 600.0)
    p = named(nominal(MODEL.parameters))
    plant, model = readings(X[0], p), MODEL.readings(x)
    assert 0.002 < abs(plant.oxygen - model.oxygen) < 0.2
    assert X[0, SLOW] > 1e-5
    assert X[0, CORES] > 1e-4
    assert plant.gauge_pa < model.gauge_pa - 5.0


def _after(**faults: float) -> tuple[np.ndarray, float]:
    X = closed(1, 1.35)
    act = acting(1, demand=litres_per_minute(1.35), **faults)
    for _ in range(10):
        advance_plants(X, COMMAND[None, :], act, nominal(MODEL.parameters), 1.0, 30)
    return X[0], float(readings(X[0], named(nominal(MODEL.parameters))).gauge_pa)


def test_every_fault_of_hardware_shows() -> None:
    sound, gauge = _after()
    assert _after(leak=10.0)[1] < gauge - 30.0
    assert _after(exhaust=2e-6)[1] < gauge - 30.0
    assert _after(valve=0.0)[0][VALVE] < 1e-9
    assert _after(fan=0.6)[0][names.FLOW] == pytest.approx(0.6 * sound[names.FLOW], rel=1e-6)
    assert _after(damper=0.1)[0][names.SHARE] == pytest.approx(0.1, rel=1e-6)
    with_regulator, without = _after(valve=0.0), _after(valve=0.0, regulator=0.0)
    assert with_regulator[1] > 0.0 > without[1]
    assert set(HARDWARE.values()) == set(ACTING.names or ()) - {"demand", "ambient", "radiant"}


def test_an_empty_cylinder_feeds_nothing() -> None:
    X = closed(1, 2.0)
    X[0, names.CYLINDER] = 0.3
    u = np.array([HIGH[0], 1.3e-3, 1.0])
    act = acting(1, demand=litres_per_minute(2.0))
    advance_plants(X, u[None, :], act, nominal(MODEL.parameters), 1.0, 900)
    assert 0.0 <= X[0, names.CYLINDER] < 0.02


def test_missions_are_repeatable_and_differ() -> None:
    assert mission(7) == mission(7) == scenario("mission:7")
    many = endurance_profiles()
    assert len({m.phases for m in many}) == len(many) == 40
    assert 10 < sum(bool(m.events) for m in many) < 30
    assert any(m.cylinder < 1.0 for m in many)
    for m in many:
        assert 2 <= len(m.phases) <= 8
        assert all(60.0 <= p.duration_s <= 900.0 and p.uptake_l_min < 3.5 for p in m.phases)


def test_the_catalogue_has_every_fault() -> None:
    there = {e.fault for s in SCENARIOS.values() for e in s.events}
    assert there == set(Fault)
    assert all(name == s.name for name, s in SCENARIOS.items())


def test_work_of_the_regulation_is_that_of_the_regulation() -> None:
    """50 L of oxygen in 30 min of 84.305; Test 4 takes an hour, its long version four."""
    cycle = SCENARIOS["performance_cycle"]
    assert sum(p.duration_s / 60.0 * p.uptake_l_min for p in cycle.phases) == pytest.approx(50.0)
    assert sum(p.duration_s for p in cycle.phases) == 1800.0
    assert sum(p.duration_s for p in SCENARIOS["man_test_1_h"].phases) == 3600.0
    assert sum(p.duration_s for p in SCENARIOS["man_test_4_h"].phases) == 4 * 3600.0


def test_events_begin_when_they_should() -> None:
    leaky = Scenario("x", (Phase(10.0, 1.0), Phase(5.0, 2.0)), (Event(Fault.LEAK, 7.0, 4.0),))
    assert leaky.acting(6.9)["leak"][0] == 1.0
    assert leaky.acting(7.0)["leak"][0] == 4.0
    assert leaky.phase(12.0).uptake_l_min == 2.0
    assert leaky.phase(15.0 + 3.0).uptake_l_min == 1.0
    with pytest.raises(ValueError, match="choose mission:SEED"):
        scenario("nothing")
    with pytest.raises(ValueError, match="positive duration"):
        Scenario("y", ())
