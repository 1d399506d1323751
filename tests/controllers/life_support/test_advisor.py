"""The advisor: courses that can be begun from, the law between aims and commands, its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hiera.controllers.life_support.aiming import AimingLaw
from hiera.controllers.life_support.contract import Forecast
from hiera.controllers.life_support.holding import feed_for
from hiera.controllers.life_support.metabolism import Held
from hiera.controllers.perceptron import Perceptron, shapes
from hiera.controllers.rl.advisor import Advised, Advisor, load_policy
from hiera.controllers.rl.advisor.advisor import expected
from hiera.controllers.rl.advisor.aims import AIMS, aims_of
from hiera.controllers.rl.advisor.features import NAMES, SIZE, Features
from hiera.controllers.rl.advisor.weights import SHIPPED, Policy, save_policy
from hiera.controllers.weights import WeightsError
from hiera.safety.life_support import LifeSupportModel, Limits, Surroundings
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.state import HIGH, LOW
from hiera.testing import check_controller

MODEL = LifeSupportModel()
WORK = litres_per_minute(1.6)


def forecast(demand: float = WORK) -> Forecast:
    return Forecast(10.0, np.full(30, demand), np.full(30, 0.2 * demand))


def belief(demand: float = WORK) -> tuple[np.ndarray, np.ndarray]:
    x = MODEL.start(Surroundings(demand))
    return x, 0.01 * np.abs(x)


def observation(demand: float = WORK) -> dict[str, np.ndarray]:
    x, deviation = belief(demand)
    return {"estimate": x, "deviation": deviation, "readings": np.zeros(13), "valid": np.zeros(13)}


class TestCourse:
    def test_it_is_of_the_length_asked_for_and_within_the_limits(self):
        x, deviation = belief()
        found = Advisor(MODEL, periods=12, period_s=5.0).advise(x, deviation, 303.0, forecast())
        assert found.commands.shape == (12, 3)
        assert (found.period_s, found.source) == (5.0, "advisor")
        assert (found.commands >= LOW).all()
        assert (found.commands <= HIGH).all()

    def test_obeyed_it_keeps_the_gas_breathable(self):
        x, deviation = belief(litres_per_minute(0.5))
        work = litres_per_minute(2.2)
        found = Advisor(MODEL).advise(x, deviation, 303.0, forecast(work))
        for command in found.commands:
            x = MODEL.step(x, command, Surroundings(work), found.period_s)
            now = MODEL.readings(x)
            assert float(now.oxygen) > Limits().oxygen_low
            assert float(now.gauge_pa) > 0.0
            assert float(now.dioxide_pa) < Limits().dioxide_alarm_pa

    def test_more_work_ahead_is_fed_more(self):
        x, deviation = belief()
        advisor = Advisor(MODEL)
        easy = advisor.advise(x, deviation, 303.0, forecast(litres_per_minute(1.0)))
        hard = advisor.advise(x, deviation, 303.0, forecast(litres_per_minute(2.5)))
        assert hard.commands[:, 0].sum() > 1.5 * easy.commands[:, 0].sum()

    def test_a_belief_that_is_not_finite_is_refused(self):
        x, deviation = belief()
        x[3] = np.nan
        with pytest.raises(ValueError, match="finite belief of eighteen states"):
            Advisor(MODEL).advise(x, deviation, 303.0, forecast())

    def test_a_course_of_nothing_is_refused(self):
        with pytest.raises(ValueError, match="periods >= 1 and period_s > 0, got 0 and 10"):
            Advisor(MODEL, periods=0)


class TestController:
    def test_it_is_a_controller(self):
        work = [litres_per_minute(1.0 + 0.02 * k) for k in range(40)]
        seen = [observation(w) for w in work]
        check_controller(Advised(Advisor(MODEL), Held(), MODEL), seen, [None] * 40, (3,))

    def test_aims_are_held_for_half_a_minute(self):
        controller = Advised(Advisor(MODEL), Held(), MODEL)
        first = controller.aims(observation())
        for _ in range(29):
            assert controller.aims(observation(litres_per_minute(2.8))) is first
        assert controller.aims(observation(litres_per_minute(2.8))) is not first


class TestLaw:
    def test_at_its_aims_it_feeds_what_is_taken_up(self):
        assert feed_for(1e-3, 80.0, 0.21, 80.0, 0.205) == pytest.approx(1e-3)

    @pytest.mark.parametrize(("gauge", "oxygen"), [(20.0, 0.21), (200.0, 0.198)])
    def test_whatever_is_missing_most_is_fed(self, gauge: float, oxygen: float):
        assert feed_for(1e-3, gauge, oxygen, 80.0, 0.205) > 1.1e-3

    def test_it_asks_for_nothing_that_the_valve_cannot_do(self):
        assert feed_for(1e-3, 5000.0, 0.3, 80.0, 0.205) == 0.0
        assert feed_for(1e-3, -5000.0, 0.1, 80.0, 0.205) == HIGH[0]

    def test_the_best_flow_is_that_of_the_stocks(self):
        from hiera.safety.life_support.stocks import best_flow

        x, _ = belief()
        x[names.CONVERSION] = 0.6
        at = float(MODEL.readings(x).dioxide_pa)
        wanted, _ = best_flow(MODEL, x, float(x[names.OUTPUT]), at, 0.6)
        assert AimingLaw(MODEL).best_flow(x) == pytest.approx(wanted)


def test_features_of_many_are_those_of_each():
    features, count = Features(MODEL.parameters, Limits()), 4
    x = np.array([belief(litres_per_minute(v))[0] for v in (0.5, 1.2, 2.0, 3.0)])
    ambient, flow = np.full(count, 310.0), np.full(count, 1e-3)
    demand = np.full((count, 3), WORK)
    whole = features(x, 0.01 * x, flow, ambient, demand, 0.1 * demand)
    assert whole.shape == (count, SIZE) == (count, len(NAMES))
    for k in range(count):
        part = slice(k, k + 1)
        one = features(x[part], 0.01 * x[part], flow[part], ambient[part], demand[part],
                       0.1 * demand[part])  # fmt: skip
        np.testing.assert_array_equal(one[0], whole[k])


def test_actions_beyond_their_range_aim_at_its_ends():
    np.testing.assert_array_equal(aims_of(np.full(AIMS, 7.0)), aims_of(np.ones(AIMS)))
    assert (aims_of(-np.ones(AIMS)) < aims_of(np.ones(AIMS))).all()


def test_a_forecast_goes_on_as_it_ends():
    given = Forecast(10.0, np.array([1.0, 2.0]), np.array([0.1, 0.3]))
    demand, doubt = expected(given, np.array([0.0, 15.0, 99.0]))
    np.testing.assert_allclose(demand, [1.0, 1.5, 2.0])
    np.testing.assert_allclose(doubt, [0.1, 0.2, 0.3])


class TestFile:
    def arrays(self, widths):
        return {n: np.zeros(s, np.float32) for n, s in shapes(widths).items()}

    def test_that_of_the_package_is_small_and_whole(self):
        assert SHIPPED.stat().st_size <= 1_000_000
        assert load_policy().notes["sha256"]

    def test_what_is_written_is_read(self, tmp_path: Path):
        arrays = self.arrays([SIZE, 8, AIMS]) | {"1.bias": np.full(AIMS, 0.5, np.float32)}
        save_policy(tmp_path / "p", arrays, {"by": "a test"})
        policy = load_policy(tmp_path / "p")
        assert policy.notes["by"] == "a test"
        seen = np.zeros((2, SIZE), np.float32)
        np.testing.assert_allclose(policy(seen), np.tanh(0.5), rtol=1e-6)
        np.testing.assert_array_equal(policy(seen), Policy(arrays)(seen))

    @pytest.mark.parametrize("widths", [[SIZE - 1, 8, AIMS], [SIZE, 8, AIMS + 1]])
    def test_one_of_other_sizes_is_refused(self, tmp_path: Path, widths: list[int]):
        save_policy(tmp_path / "p", self.arrays(widths))
        with pytest.raises(WeightsError, match="does not fit the network's sizes"):
            load_policy(tmp_path / "p")

    def test_one_that_is_missing_is_named(self, tmp_path: Path):
        with pytest.raises(WeightsError, match="advisor weights: there is no file"):
            load_policy(tmp_path / "p")


def test_a_perceptron_is_what_it_says():
    random = np.random.default_rng(1)
    arrays = {n: random.standard_normal(s).astype(np.float32) for n, s in shapes([3, 4, 2]).items()}
    x = random.standard_normal(3).astype(np.float32)
    hidden = np.maximum(arrays["0.weight"] @ x + arrays["0.bias"], 0.0)
    wanted = arrays["1.weight"] @ hidden + arrays["1.bias"]
    np.testing.assert_allclose(Perceptron(arrays)(x), wanted, rtol=1e-5)
