"""Training of the metabolic model: what it may learn from, its slopes, that a kill costs little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hiera.config import load_config
from hiera.controllers.life_support.metabolism import LearnedMetabolism
from hiera.controllers.life_support.metabolism.history import SIZE
from hiera.controllers.life_support.metabolism.learned import Network
from hiera.controllers.life_support.metabolism.weights import HORIZONS_S
from hiera.controllers.perceptron import shapes
from hiera.errors import ConfigError
from hiera.recording import RunDirectory
from hiera.training.life_support_metabolism import TRAINING
from hiera.training.life_support_metabolism.evaluate import score
from hiera.training.life_support_metabolism.fit import (
    Moments,
    fit,
    loss_and_slopes,
    without_heart,
)
from hiera.training.life_support_metabolism.settings import MetabolismTrainingSettings

TINY = MetabolismTrainingSettings.model_validate(
    {
        "gather": {"missions": [0, 2], "held_out": [900, 901], "longest_s": 340.0},
        "fit": {"hidden": 8, "epochs": 2},
    }
)


class Watch:
    """Stops after so many reports."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.left, self.stages = stop_after, []

    def show(self, progress) -> None:
        self.left -= 1
        self.stages.append(progress.stage)

    def should_stop(self) -> bool:
        return self.left <= 0


def test_the_shipped_config_is_valid():
    resolved = load_config("train/life_support_metabolism", group="trainings")
    assert isinstance(resolved.settings, MetabolismTrainingSettings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gather: {missions: [0, 950]}", "no seed in common"),
        ("gather: {held_out: [990, 1010]}", "seeds from 1000 on are kept for comparisons"),
        ("gather: {missions: [0, 1]}", "widen must leave a mission"),
        ("fit: {hiden: 3}", "fit.hiden.*did you mean 'hidden'"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, text: str, message: str):
    path = tmp_path / "t.yaml"
    path.write_text(f"train: life_support_metabolism\n{text}\n")
    with pytest.raises(ConfigError, match=message):
        load_config(path, group="trainings")


def test_slopes_are_those_of_the_loss():
    random = np.random.default_rng(0)
    arrays = {
        n: random.standard_normal(s) / 3.0
        for n, s in shapes([5, 4, 4, 2 * len(HORIZONS_S)]).items()
    }
    x, later = random.standard_normal((7, 5)), random.standard_normal((7, len(HORIZONS_S)))
    _, slopes = loss_and_slopes(arrays, x, later)
    for name, array in arrays.items():
        at = tuple(0 for _ in array.shape)
        step = 1e-5
        pair = []
        for sign in (1.0, -1.0):
            moved = array.copy()
            moved[at] += sign * step
            pair.append(loss_and_slopes(arrays | {name: moved}, x, later)[0])
        wanted = (pair[0] - pair[1]) / (2.0 * step)
        assert float(slopes[name][at]) == pytest.approx(wanted, rel=1e-3, abs=1e-6)


def test_a_fit_finds_what_there_is_to_find():
    random = np.random.default_rng(3)

    def some(count: int) -> Moments:
        features = random.standard_normal((count, SIZE)).astype(np.float32)
        uptake = np.full(count, 1.8, np.float32)
        noise = 0.2 * random.standard_normal((count, len(HORIZONS_S)))
        return Moments(features, uptake, (1.8 + 0.4 * features[:, :1] + noise).astype(np.float32))

    arrays = fit(
        some(3000), some(800), hidden=16, epochs=12, batch=128, rate=5e-3, decay=1e-3,
        hide_heart=0.0, jitter=0.0, seed=0, report=lambda epoch, loss: None,
    )  # fmt: skip
    held_out = some(2000)
    mean, deviation = Network(arrays)(held_out.features, held_out.uptake[:, None].astype(float))
    figures = score(mean, deviation, held_out.later.astype(float))
    assert max(figures["rmse"]) < 0.24
    assert all(0.86 < covered < 0.94 for covered in figures["covered_90"])
    assert all(0.44 < covered < 0.56 for covered in figures["covered_50"])


def test_a_hidden_heart_leaves_the_rest():
    features = np.ones((2, SIZE), np.float32)
    hidden = without_heart(features)
    assert 0 < (hidden != features).sum() <= 8
    assert (features == 1.0).all()


def test_what_was_gone_through_is_not_gone_through_again(tmp_path: Path):
    folders = [RunDirectory(tmp_path / name) for name in ("whole", "stopped")]
    for folder in folders:
        folder.path.mkdir()
    whole = TRAINING.run(TINY, folders[0], Watch(), 1)
    assert TRAINING.run(TINY, folders[1], Watch(stop_after=2), 1) == {"finished": False}
    kept = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "stopped/missions").iterdir()}
    assert len(kept) == 2
    again = Watch()
    resumed = TRAINING.run(TINY, folders[1], again, 1)
    assert again.stages.count("missions to learn from") == 1
    for name, stamp in kept.items():
        assert (tmp_path / "stopped/missions" / name).stat().st_mtime_ns == stamp
    assert resumed["sha256"] == whole["sha256"]
    assert resumed["scores"]["moments"] == 3
    LearnedMetabolism(Path(resumed["weights"])).forecast(30, 10.0)


def test_a_mission_that_ends_at_once_has_no_moments():
    from hiera.safety.life_support import LifeSupportModel
    from hiera.training.life_support_metabolism.gathering import gather

    seen = gather(0, LifeSupportModel(), longest_s=20.0, every_s=10.0)
    assert seen.features.shape == (0, SIZE)
    assert seen.later.shape == (0, len(HORIZONS_S))
