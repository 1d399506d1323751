"""Sensors, voting, and an estimate that knows how good it is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hiera.envs.life_support.apparatus import drawn, named
from hiera.envs.life_support.estimator import (
    CHANNELS,
    HEART,
    PROCESS,
    SLOW,
    START,
    UNASKED,
    Estimate,
    Estimator,
    reading_noise,
)
from hiera.envs.life_support.plant import acting, advance_plants
from hiera.envs.life_support.scenarios import Event, Fault
from hiera.envs.life_support.sensors import COUNT, NAMES, SENSORS, SensorSuite, truths
from hiera.envs.life_support.voting import Agreement, Vote, Voter
from hiera.envs.life_support.watch import Watch
from hiera.safety.life_support import LifeSupportModel, Surroundings
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.readings import readings as read
from hiera.safety.life_support.state import N, start

MODEL = LifeSupportModel()
GOOD = truths(MODEL.readings(MODEL.start()), 303.15, 101325.0)
LOST = float("nan")


# Voting, the truth table


@pytest.mark.parametrize(
    ("cells", "median", "pair", "agreement"),
    [
        ((21e3, 21.2e3, 21.4e3), 21.2e3, 21.2e3, Agreement.ALL),
        ((21e3, 21.2e3, 60e3), 21.2e3, 21.1e3, Agreement.PAIR),
        ((21e3, 21.2e3, 1e3), 21.0e3, 21.1e3, Agreement.PAIR),
        ((21e3, 24.5e3, 24.6e3), 24.5e3, 24.55e3, Agreement.PAIR),
        ((15e3, 21e3, 30e3), 21e3, LOST, Agreement.SPLIT),
        ((21e3, 21.2e3, LOST), 21.1e3, 21.1e3, Agreement.PAIR),
        ((21e3, LOST, 26e3), 23.5e3, LOST, Agreement.SPLIT),
        ((0.0, 21e3, 21.2e3), 21.1e3, 21.1e3, Agreement.PAIR),
        ((21e3, 21.2e3, 100e3), 21.1e3, 21.1e3, Agreement.PAIR),
        ((LOST, 21e3, LOST), 21e3, 21e3, Agreement.ALONE),
        ((LOST, 0.0, 100e3), LOST, LOST, Agreement.NONE),
    ],
)
def test_the_truth_table_of_votes(
    cells: tuple[float, ...], median: float, pair: float, agreement: Agreement
) -> None:
    for rule, value in (("median", median), ("pair", pair)):
        vote = Voter(rule).vote(np.array(cells))
        assert vote.agreement is agreement, rule
        assert vote.value == pytest.approx(value, nan_ok=True), rule


def test_no_single_fault_moves_a_vote_beyond_the_tolerance() -> None:
    random = np.random.default_rng(0)
    for rule in ("median", "pair"):
        voter = Voter(rule)
        for _ in range(500):
            cells = 21e3 + random.uniform(-300.0, 300.0, 3)
            cells[random.integers(3)] = random.choice([LOST, random.uniform(0.0, 100e3)])
            assert abs(voter.vote(cells).value - 21e3) < voter.tolerance


def test_a_median_follows_two_cells_that_fail_together() -> None:
    both = Voter("median").vote(np.array([26e3, 26.1e3, 21e3]))
    assert both.value == pytest.approx(26e3)
    assert both.agreement is Agreement.PAIR
    assert both.used == (True, True, False)


def test_a_rule_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="median"):
        Voter("mean")


# Sensors


def test_sensors_lag_as_they_say() -> None:
    suite = SensorSuite(np.random.default_rng(0), scale=0.0)
    suite.read(GOOD, 0.0, 1.0)
    there = GOOD.copy()
    there[3] += 4000.0
    shown = [suite.read(there, k, 1.0)[3] for k in range(1, 21)]
    assert shown[-1] - GOOD[3] == pytest.approx(4000.0 * (1.0 - np.exp(-1.0)), abs=60.0)


def test_sensors_saturate_and_units_differ() -> None:
    high = SensorSuite(np.random.default_rng(0)).read(GOOD * 1e6, 0.0, 1.0)
    np.testing.assert_array_equal(high, [s.high for s in SENSORS])
    shown = np.array(
        [SensorSuite(np.random.default_rng(i)).read(GOOD, 0.0, 1.0) for i in range(200)]
    )
    spread = shown.std(axis=0)
    for i, sensor in enumerate(SENSORS):
        offset = np.hypot(sensor.offset, sensor.gain * GOOD[i])
        assert spread[i] == pytest.approx(np.hypot(sensor.noise, offset), rel=0.2), sensor.name
    assert {s.tier for s in SENSORS} == {"outside", "suit", "wearer"}
    assert NAMES[:3] == ("cell_0", "cell_1", "cell_2")


def test_faults_of_sensors_show() -> None:
    events = (
        Event(Fault.SENSOR_LOST, 5.0, channel="cell_0"),
        Event(Fault.SENSOR_STUCK, 5.0, 60e3, "cell_1"),
        Event(Fault.SENSOR_LIMITED, 5.0, 15e3, "cell_2"),
        Event(Fault.SENSOR_FROZEN, 5.0, channel="gauge"),
        Event(Fault.SENSOR_DRIFT, 5.0, 0.1, "dioxide"),
    )
    suite = SensorSuite(np.random.default_rng(0), events, scale=0.0)
    before = suite.read(GOOD, 4.0, 1.0)
    assert np.all(np.isfinite(before))
    after = suite.read(GOOD, 3605.0, 1.0)
    assert np.isnan(after[0])
    assert after[1] == 60e3
    assert after[2] == 15e3
    assert after[NAMES.index("gauge")] == before[NAMES.index("gauge")]
    assert after[3] == pytest.approx(GOOD[3] + 500.0, abs=80.0)


def test_what_never_moves_is_broken() -> None:
    watch, random = Watch(patience=10), np.random.default_rng(0)
    for k in range(30):
        shown = GOOD + random.standard_normal(COUNT)
        shown[NAMES.index("gauge")] = 66.0
        shown[NAMES.index("humidity")] = 1.0
        kept = watch.seen(shown)
        out = ("gauge",) if k >= 9 else ()
        assert watch.frozen == out
        assert tuple(np.array(NAMES)[np.isnan(kept)]) == out
    shown[NAMES.index("gauge")] = 67.0
    assert np.isfinite(watch.seen(shown)).all()
    never = Watch(patience=0)
    assert all(np.isfinite(never.seen(GOOD)).all() for _ in range(30))


# Estimate

QUIET = PROCESS.copy()
QUIET[[names.DIOXIDE, names.VAPOUR, names.UPTAKE]] *= 0.2


def _consistency(seeds: int, ticks: int) -> tuple[np.ndarray, np.ndarray]:
    """Squared normalised errors of the estimate and of the readings, where the model is true."""
    process = QUIET.copy()
    process[N:] = 0.0
    errors, surprises = [], []
    noise = reading_noise(calibrated=True)
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        estimator = Estimator(
            MODEL, noise=noise, process=process, gate=np.inf, systematic=np.zeros(N)
        )
        first = MODEL.start(Surroundings(litres_per_minute(1.2)), dioxide=0.006, vapour=0.025)
        # Near the set points of the body, where sweat and blood flow bend, no Gaussian holds.
        first[[names.CORE_K, names.SKIN_K]] = 310.8, 308.5
        first[[names.MOISTURE, names.LOADING]] = 0.15, 0.08
        spread = START.copy()
        spread[[names.DIOXIDE, names.UPTAKE, names.OUTPUT, names.BREATHING]] *= 0.3
        spread[[names.MOISTURE, names.LOADING, names.CORE_K, names.SKIN_K]] *= 0.3
        spread[SLOW], spread[HEART:] = 1.0, 1e-9
        x = first + spread[:N] * random.standard_normal(N)
        estimator.reset(first, spread)
        estimator.z[SLOW] = estimator._shown(first)[:2] + random.standard_normal(2)
        # The slow sensors begin where the estimate believes them, give or take one pascal.
        slow = estimator.z[SLOW] + random.standard_normal(2)
        lag = np.exp(-1.0 / np.array([4.0, 20.0]))
        u = np.array([x[names.UPTAKE], 1.2e-3, 0.6])
        for k in range(ticks):
            gauge = estimator._shown(estimator.z[:N])[2]
            u[0] = max(0.0, estimator.z[names.UPTAKE] + 2e-5 * (150.0 - gauge))
            u[1] = 1.2e-3 + 4e-4 * np.sin(k / 40.0)
            x = MODEL.step(x, u, Surroundings(float(x[names.UPTAKE])), 1.0)
            x = x + process[:N] * random.standard_normal(N)
            shown = estimator._shown(x)
            slow = lag * slow + (1.0 - lag) * shown[:2]
            y = np.concatenate((slow, shown[2:])) + noise * random.standard_normal(len(CHANNELS))
            shown_all = np.full(COUNT, 303.15)
            shown_all[:3] = y[0]
            for name, value in zip(CHANNELS[1:], y[1:], strict=True):
                shown_all[NAMES.index(name)] = value
            estimator.predict(u, 303.15)
            estimate = estimator.correct(shown_all)
            surprises.append(estimate.surprise)
        scale = estimate.deviation
        C = estimator.P[:N, :N] / np.outer(scale, scale)
        e = (x - estimate.x) / scale
        errors.append(e @ np.linalg.solve(C, e))
    return np.array(errors), np.array(surprises).reshape(seeds, ticks)


def test_errors_are_as_large_as_the_estimate_says() -> None:
    """Normalised squared errors over many seeds lie within their chi-squared bounds."""
    seeds, ticks = 40, 240
    errors, surprises = _consistency(seeds, ticks)
    low, high = stats.chi2.ppf([0.0005, 0.9995], N * seeds) / seeds
    assert low < errors.mean() < high, (low, errors.mean(), high)
    count = len(CHANNELS)
    low, high = stats.chi2.ppf([0.0005, 0.9995], count * seeds) / seeds
    late = surprises[:, 20:]
    assert np.mean((late.mean(axis=0) > low) & (late.mean(axis=0) < high)) > 0.98
    total = late.size * count
    low, high = stats.chi2.ppf([0.0005, 0.9995], total) / late.size
    assert 0.97 * low < late.mean() < 1.03 * high


def test_deviations_cover_plants_that_the_model_does_not_know() -> None:
    """Ten minutes on 24 plants of the spread, ordinary sensors: nine of ten within two."""
    within = []
    for seed in range(24):
        random = np.random.default_rng(seed)
        constants = drawn(MODEL.parameters, 1, random)
        p = named(constants)
        rest = Surroundings(litres_per_minute(0.5))
        X = np.concatenate((start(p, rest), [rest.demand, 0.0, 0.0]))[None, :]
        suite = SensorSuite(random)
        estimator = Estimator(MODEL)
        estimator.reset(MODEL.start())
        act = acting(1, demand=litres_per_minute(random.uniform(0.8, 2.4)))
        for k in range(600):
            e = estimator.z
            gauge = estimator._shown(e[:N])[2]
            u = np.array([max(0.0, e[names.UPTAKE] + 2e-5 * (150.0 - gauge)), 1.3e-3, 0.8])
            advance_plants(X, u[None, :], act, constants, 1.0, 1)
            shown = suite.read(truths(read(X[0], p), 303.15, p.outside_pa), k + 1.0, 1.0)
            estimator.predict(u, float(shown[-1]))
            estimate = estimator.correct(shown)
        within.append(np.abs(X[0, :N] - estimate.x) < 2.0 * estimate.deviation)
    share = np.mean(within, axis=0)
    assert share.mean() > 0.9
    assert np.all(share > 0.6), dict(zip(names.NAMES, share.round(2), strict=True))


def test_a_lost_sensor_widens_the_estimate_and_a_wild_one_is_left_out() -> None:
    widths = {}
    for fault in (None, "lost", "wild"):
        estimator = Estimator(MODEL)
        suite = SensorSuite(np.random.default_rng(0), scale=0.0)
        x, rejected = MODEL.start(), 0
        for k in range(120):
            u = np.array([x[names.UPTAKE], 1.2e-3, 0.5])
            x = MODEL.step(x, u, Surroundings(float(x[names.UPTAKE])), 1.0)
            shown = suite.read(truths(MODEL.readings(x), 303.15, 101325.0), k + 1.0, 1.0)
            if fault == "lost":
                shown[3] = LOST
            elif fault == "wild":
                shown[3] = 4800.0
            estimator.predict(u, 303.15)
            rejected += "dioxide" in estimator.correct(shown).rejected
        widths[fault] = float(np.sqrt(estimator.P[1, 1]))
        assert (rejected > 100) == (fault == "wild")
        assert abs(estimator.z[1] - x[1]) < 4.0 * widths[fault]
    assert widths["lost"] > 1.2 * widths[None]
    assert widths["wild"] > 1.2 * widths[None]


def test_an_estimate_without_any_sensor_is_the_model() -> None:
    estimator, u = Estimator(MODEL), np.array([5e-4, 1.2e-3, 0.5])
    x = MODEL.start()
    for _ in range(30):
        estimator.predict(u, 303.15)
        estimate = estimator.correct(np.full(COUNT, LOST))
        x = MODEL.step(x, u, Surroundings(float(x[names.UPTAKE])), 1.0)
    np.testing.assert_allclose(estimate.x, x, rtol=1e-12)
    assert estimate.vote == Vote(pytest.approx(LOST, nan_ok=True), Agreement.NONE, (False,) * 3)
    assert estimate.counted == 0


@pytest.mark.parametrize("tell", [3, 2, 1])
def test_cells_that_agree_move_a_belief_that_has_gone_astray(tell: int) -> None:
    """One cell alone does not: it may be that one that is wrong."""
    estimator = Estimator(MODEL)
    around = Surroundings(litres_per_minute(1.2))
    x = MODEL.start(around, oxygen=0.3)
    estimator.reset(MODEL.start(around, oxygen=0.2))
    truth = truths(read(x, MODEL.parameters), 303.15, MODEL.parameters.outside_pa)
    truth[tell:3] = np.nan
    found = []
    for _ in range(40):
        estimator.predict(np.array([around.demand, 1.2e-3, 0.5]), 303.15)
        found.append(estimator.correct(truth))
    assert "oxygen" in found[0].rejected
    assert any(f.widened for f in found) == (tell > 1)
    oxygen = float(MODEL.readings(found[-1].x).oxygen)
    assert (abs(oxygen - 0.3) < 0.01) == (tell > 1)


def _followed(
    seconds: int, *, beats: float = 0.0, share: float = 1.0, unasked: float = 0.0, seed: int = 0
) -> tuple[Estimator, np.ndarray, list[Estimate]]:
    """A set of the model's own kind but for a heart, a factor of the lime, and a feed unasked."""
    estimator, random = Estimator(MODEL), np.random.default_rng(seed)
    around = Surroundings(litres_per_minute(1.6))
    x = MODEL.start(around)
    estimator.reset(x)
    noise, found = reading_noise(calibrated=True), []
    u = np.array([around.demand, 1.4e-3, 0.5])
    for k in range(seconds):
        u[0] = max(0.0, around.demand + 2e-5 * (150.0 - float(MODEL.readings(x).gauge_pa)))
        real = u + np.array([unasked if k >= seconds // 2 else 0.0, 0.0, 0.0])
        following = MODEL.step(x, real, around, 1.0)
        bound = following[names.CONVERSION] - x[names.CONVERSION]
        p = MODEL.parameters
        following[names.DIOXIDE] += (1.0 - share) * bound * p.lime_capacity_mol_kg * p.lime_kg
        following[names.CONVERSION] -= (1.0 - share) * bound
        x = following
        shown = truths(MODEL.readings(x), 303.15, MODEL.parameters.outside_pa)
        shown[NAMES.index("heart")] += beats
        for name, deviation in zip(CHANNELS[1:], noise[1:], strict=True):
            shown[NAMES.index(name)] += deviation * random.standard_normal()
        estimator.predict(u, 303.15)
        found.append(estimator.correct(shown))
    return estimator, x, found


def test_a_fast_heart_is_not_taken_for_work() -> None:
    """Twenty beats a minute would be a third more work."""
    estimator, x, found = _followed(900, beats=20.0)
    assert found[-1].x[names.UPTAKE] == pytest.approx(x[names.UPTAKE], rel=0.12)
    assert estimator.z[HEART] == pytest.approx(20.0, abs=8.0)


def test_a_valve_that_feeds_unasked_does_not_carry_the_pressure_off() -> None:
    estimator, x, found = _followed(600, unasked=litres_per_minute(0.8))
    true, now = MODEL.readings(x), MODEL.readings(found[-1].x)
    assert now.gauge_pa == pytest.approx(float(true.gauge_pa), abs=10.0)
    assert now.oxygen == pytest.approx(float(true.oxygen), abs=0.003)
    assert estimator.z[UNASKED] > litres_per_minute(0.2)


def test_what_nobody_asked_for_is_found_in_the_cylinder_and_not_in_the_wearer() -> None:
    """A valve that sticks open for a quarter of an hour: the wearer works no harder than before."""
    unasked = litres_per_minute(1.0)
    estimator, x, found = _followed(1800, unasked=unasked)
    assert estimator.z[UNASKED] == pytest.approx(unasked, rel=0.2)
    assert found[-1].x[names.UPTAKE] == pytest.approx(x[names.UPTAKE], rel=0.08)


def test_cells_that_show_less_for_long_are_followed_before_any_reading_is_refused() -> None:
    """Four deviations to the same side are no noise after ten seconds, and are before."""

    def widened_after(off: float) -> int | None:
        estimator, around = Estimator(MODEL), Surroundings(litres_per_minute(1.6))
        x = MODEL.start(around)
        estimator.reset(x, START * 1e-3)
        shown = truths(MODEL.readings(x), 303.15, MODEL.parameters.outside_pa)
        for k in range(60):
            estimator.predict(np.array([around.demand, 1.4e-3, 0.5]), 303.15)
            spread = float(np.sqrt(estimator.P[N, N] + estimator.noise[0] ** 2))
            shown[:3] = estimator.z[N] - off * spread
            found = estimator.correct(shown)
            assert "oxygen" not in found.rejected
            if found.widened:
                return k
        return None

    soon = widened_after(4.0)
    assert soon is not None
    assert 4 <= soon <= 12
    assert widened_after(1.5) is None


def test_the_flow_of_a_weak_fan_is_what_its_sensor_shows() -> None:
    """It makes half of what is asked for; no reading of it is refused."""
    estimator, around = Estimator(MODEL), Surroundings(litres_per_minute(1.2))
    x = MODEL.start(around)
    estimator.reset(x)
    shown = truths(MODEL.readings(x), 303.15, MODEL.parameters.outside_pa)
    shown[NAMES.index("flow")] = 0.8e-3
    for _ in range(10):
        estimator.predict(np.array([around.demand, 1.6e-3, 0.5]), 303.15)
        found = estimator.correct(shown)
        assert "flow" not in found.rejected
    assert found.x[names.FLOW] == pytest.approx(0.8e-3, rel=0.1)


def test_co2_that_comes_back_is_not_taken_for_used_lime() -> None:
    """A tenth of what the lime should bind comes back; it is booked as not bound."""
    _, x, found = _followed(1200, share=0.9)
    used = found[-1].x[names.CONVERSION]
    assert used == pytest.approx(x[names.CONVERSION], abs=0.01)
    assert found[-1].factors.breath > 1.02 or found[-1].factors.lime < 0.98


def test_two_cells_at_odds_with_belief_and_third_do_not_count() -> None:
    def voted(cells: list[float]) -> Vote:
        estimator = Estimator(MODEL)
        shown = GOOD.copy()
        shown[:3] = cells
        return estimator.correct(shown).vote

    true = float(GOOD[0])
    both = voted([true + 6e3, true + 6.1e3, true])
    assert both.agreement is Agreement.ALONE
    assert both.value == true
    assert both.used == (False, False, True)
    one = voted([true + 6e3, true + 40.0, true])
    assert one.agreement is Agreement.PAIR
    assert one.used == (False, True, True)
    lost = voted([true + 6e3, true + 6.1e3, LOST])
    assert lost.agreement is Agreement.PAIR


def test_the_end_of_a_range_says_nothing_to_a_belief_beyond() -> None:
    """A saturated gas shows 1; whether it holds more water is not to be seen."""
    x = MODEL.start(vapour=0.05)
    assert float(MODEL.readings(x).humidity) > 1.0
    shown = truths(MODEL.readings(x), 303.15, 101325.0)
    shown[NAMES.index("humidity")] = 1.0
    estimator = Estimator(MODEL)
    estimator.reset(x)
    found = estimator.correct(shown)
    assert found.x[names.VAPOUR] == pytest.approx(x[names.VAPOUR], rel=1e-9)
    assert "humidity" not in found.rejected
    assert found.counted == len(CHANNELS) - 1
