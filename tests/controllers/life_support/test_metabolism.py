"""Forecasts of work: what they promise, what they do with what is missing, files that are unfit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hiera.controllers.life_support.metabolism import Held, LearnedMetabolism, MissionMean
from hiera.controllers.life_support.metabolism.history import (
    NAMES,
    SIZE,
    UNIT,
    History,
    uptake_of_heart,
)
from hiera.controllers.life_support.metabolism.learned import Network
from hiera.controllers.life_support.metabolism.weights import SHIPPED, load_arrays_of
from hiera.controllers.weights import WeightsError, load_arrays, save_arrays
from hiera.safety.life_support import LifeSupportModel, Surroundings
from hiera.safety.life_support import state as names

MODEL = LifeSupportModel()
HEART = 10


def seen(uptake: float, *, heart: float | None = 120.0) -> dict[str, np.ndarray]:
    """An observation of somebody who takes up so much [L/min]."""
    x = MODEL.start(Surroundings(uptake * UNIT))
    readings, valid = np.zeros(13), np.zeros(13, np.int8)
    if heart is not None:
        readings[HEART], valid[HEART] = heart, 1
    return {"estimate": x, "deviation": 0.01 * np.abs(x), "readings": readings, "valid": valid}


def shown(model, uptakes, **given) -> None:
    model.reset()
    for uptake in uptakes:
        model.observe(seen(uptake, **given), 1.0)


ALL = pytest.mark.parametrize("make", [LearnedMetabolism, Held, MissionMean])


@ALL
def test_a_forecast_has_what_was_asked_for_and_is_possible(make):
    model = make()
    shown(model, [1.2] * 100)
    found = model.forecast(30, 10.0)
    assert found.period_s == 10.0
    assert found.demand.shape == found.deviation.shape == (30,)
    assert (found.deviation > 0.0).all()
    assert (found.demand > 0.2 * UNIT).all()
    assert (found.demand < 4.1 * UNIT).all()


@ALL
def test_before_anything_was_seen_there_is_a_forecast_too(make):
    found = make().forecast(3, 10.0)
    assert np.isfinite(found.demand).all()
    assert np.isfinite(found.deviation).all()


@ALL
def test_what_was_seen_is_forgotten(make):
    model = make()
    before = model.forecast(30, 10.0)
    shown(model, [2.5] * 60)
    assert not np.allclose(before.demand, model.forecast(30, 10.0).demand)
    model.reset()
    np.testing.assert_array_equal(before.demand, model.forecast(30, 10.0).demand)


def test_uptake_that_rises_is_expected_to_go_on_rising():
    model = LearnedMetabolism()
    shown(model, [1.2] * 300)
    even = model.forecast(6, 10.0).demand
    onset = 2.6 - 1.4 * np.exp(-np.arange(25) / 33.0)
    for uptake in onset:
        model.observe(seen(float(uptake)), 1.0)
    rising = model.forecast(6, 10.0).demand
    assert (rising > 1.1 * onset[-1] * UNIT).all()
    assert (even < 1.6 * UNIT).all()


def test_doubt_grows_with_the_distance():
    model = LearnedMetabolism()
    shown(model, [1.6] * 400)
    deviation = model.forecast(30, 10.0).deviation
    assert deviation[29] > 1.3 * deviation[0]


@pytest.mark.parametrize("heart", [None, 40.0, 229.0])
def test_a_heart_that_is_lost_or_odd_does_not_break_a_forecast(heart: float | None):
    model = LearnedMetabolism()
    shown(model, [1.6] * 200)
    usual = model.forecast(30, 10.0)
    shown(model, [1.6] * 200, heart=heart)
    found = model.forecast(30, 10.0)
    assert (np.abs(found.demand - usual.demand) < 0.3 * UNIT).all()


def test_a_heart_that_is_off_counts_relative_to_its_usual_distance():
    near, far = History(), History()
    for history, beats in ((near, 110.0), (far, 140.0)):
        for _ in range(600):
            history.observe(seen(1.6, heart=beats), 1.0)
    at = NAMES.index("heart")
    assert abs(near.features()[at] - far.features()[at]) < 0.02
    for history, beats in ((near, 125.0), (far, 155.0)):
        for _ in range(5):
            history.observe(seen(1.6, heart=beats), 1.0)
        wanted = uptake_of_heart(beats) - uptake_of_heart(beats - 15.0)
        assert history.features()[at] == pytest.approx(wanted, rel=0.1)


def test_a_belief_that_is_not_finite_is_left_out():
    history = History()
    for _ in range(30):
        history.observe(seen(1.6), 1.0)
    before = history.features()
    broken = seen(1.6)
    broken["estimate"][names.UPTAKE] = np.nan
    history.observe(broken, 1.0)
    assert np.isfinite(history.features()).all()
    assert history.uptake == pytest.approx(1.6)
    assert history.features().shape == before.shape == (SIZE,)


def test_other_ticks_see_the_same():
    second, tenth = History(), History()
    course = 1.5 + np.sin(np.arange(200) / 30.0)
    for uptake in course:
        second.observe(seen(float(uptake)), 1.0)
        for _ in range(10):
            tenth.observe(seen(float(uptake)), 0.1)
    np.testing.assert_allclose(second.features(), tenth.features(), atol=1e-5)


class TestFile:
    def test_that_of_the_package_is_small(self):
        assert SHIPPED.stat().st_size <= 200_000

    def test_one_that_is_missing_is_named(self, tmp_path: Path):
        with pytest.raises(WeightsError, match=r"metabolism weights: there is no file .*none"):
            LearnedMetabolism(tmp_path / "none.safetensors")

    def test_one_that_was_cut_short_is_refused(self, tmp_path: Path):
        path = tmp_path / "cut.safetensors"
        path.write_bytes(SHIPPED.read_bytes()[:-8])
        with pytest.raises(WeightsError, match="not a whole safetensors file"):
            LearnedMetabolism(path)

    def test_one_that_was_altered_is_refused(self, tmp_path: Path):
        raw = bytearray(SHIPPED.read_bytes())
        raw[-5] ^= 0xFF
        path = tmp_path / "altered.safetensors"
        path.write_bytes(raw)
        with pytest.raises(WeightsError, match="do not match their checksum"):
            LearnedMetabolism(path)

    def test_one_for_something_else_is_refused(self, tmp_path: Path):
        path = tmp_path / "other.safetensors"
        save_arrays(path, load_arrays_of(SHIPPED), "hiera something 2", {})
        with pytest.raises(WeightsError, match="made for 'hiera something 2', this version reads"):
            LearnedMetabolism(path)

    def test_one_of_other_sizes_is_refused(self, tmp_path: Path):
        path, form = tmp_path / "odd.safetensors", load_form()
        arrays = load_arrays_of(SHIPPED) | {"centre": np.zeros(3, np.float32)}
        save_arrays(path, arrays, form, {})
        with pytest.raises(WeightsError, match="centre does not fit the network's sizes"):
            LearnedMetabolism(path)


def load_form() -> str:
    from hiera.controllers.life_support.metabolism.weights import FORMAT

    _, notes = load_arrays(SHIPPED, FORMAT, "weights")
    return notes["format"]


def test_many_at_once_are_forecast_as_one():
    network = Network(load_arrays_of(SHIPPED))
    features = np.random.default_rng(0).normal(0.0, 1.0, (5, SIZE)).astype(np.float32)
    uptake = np.linspace(0.5, 2.5, 5)
    mean, deviation = network(features, uptake[:, None])
    for k in range(5):
        one, two = network(features[k], float(uptake[k]))
        np.testing.assert_allclose(one, mean[k], rtol=1e-5)
        np.testing.assert_allclose(two, deviation[k], rtol=1e-5)
