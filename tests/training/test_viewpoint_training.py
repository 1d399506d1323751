"""The viewpoint training: what it labels, what it pays for, and that a kill costs nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hiera.config import load_config
from hiera.controllers.rl.viewpoint.features import OFFSETS, TOKEN
from hiera.controllers.rl.viewpoint.weights import load_weights
from hiera.errors import ConfigError
from hiera.training.viewpoint.places import held_out_places, training_place
from hiera.training.viewpoint.settings import (
    EpisodeSettings,
    MapsSettings,
    ReinforceSettings,
    RewardSettings,
    TeachSettings,
    ViewpointTrainingSettings,
)

TINY = """
train: viewpoint
name: tiny
maps: {buildings: 1.0, buildings_held_out: 1}
network: {width: 16, heads: 2, layers: 1, hidden: 16, channels: [4, 4, 4]}
teach: {episodes: 2, epochs: 1, batch: 8}
episode: {cap: 25}
reinforce:
  {algorithm: ALGORITHM, iterations: 3, episodes: 2, epochs: 1, batch: 16, score_every: 3,
   sac: {updates: 4, replay: 60, critics_first: 0}}
"""


class TestSettings:
    def load(self, folder: Path, text: str):
        path = folder / "t.yaml"
        path.write_text(text)
        return load_config(path, group="trainings")

    def test_the_shipped_config_is_valid(self):
        resolved = load_config("train/viewpoint", group="trainings")
        assert isinstance(resolved.settings, ViewpointTrainingSettings)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("train: viewpont\n", "there is no training 'viewpont' \\(did you mean 'viewpoint'"),
            ("name: x\n", "'train' must name a training, one of: viewpoint"),
            ("train: viewpoint\nteach: {epoch: 3}\n", "teach.epoch.*did you mean 'epochs'"),
            ("train: viewpoint\nnetwork: {width: 30, heads: 4}\n", "multiple of heads"),
            ("train: viewpoint\nmaps: {dare_held_out: [10, 20]}\n", "no map in common"),
            ("train: viewpoint\nmaps: {buildings: 0.0}\n", "must not be 0"),
        ],
    )
    def test_mistakes_are_one_sentence(self, tmp_path: Path, text: str, message: str):
        with pytest.raises(ConfigError, match=message):
            self.load(tmp_path, text)

    def test_a_run_is_no_training(self):
        with pytest.raises(ConfigError, match="'train' must name a training"):
            load_config("hop", group="trainings")


class TestRollouts:
    def test_advantages_without_discount_are_what_is_still_to_come(self):
        from hiera.training.viewpoint.rollouts import advantages

        reward, value = np.array([1.0, -2.0, 4.0]), np.array([0.5, 0.25, -1.0])
        found = advantages(reward, value, discount=1.0, trace=1.0)
        np.testing.assert_allclose(found, np.array([3.0, 2.0, 4.0]) - value)

    def test_advantages_without_trace_look_one_step_ahead(self):
        from hiera.training.viewpoint.rollouts import advantages

        reward, value = np.array([1.0, -2.0, 4.0]), np.array([0.5, 0.25, -1.0])
        found = advantages(reward, value, discount=0.5, trace=0.0)
        np.testing.assert_allclose(found, reward + 0.5 * np.array([0.25, -1.0, 0.0]) - value)

    def episode(self, **reward: float):
        from hiera.controllers.rl.viewpoint.weights import load_network
        from hiera.training.viewpoint.places import warehouse
        from hiera.training.viewpoint.rollouts import roll_out

        settings = ReinforceSettings(
            discount=1.0, trace=1.0, reward=RewardSettings.model_validate(reward)
        )
        return roll_out(
            warehouse(np.random.default_rng(0)),
            load_network(),
            EpisodeSettings(cap=40, waypoints=1.0, random_start=0.0),
            settings,
            np.random.SeedSequence(1),
        )

    def test_the_shaping_adds_what_no_decision_can_change(self):
        plain, shaped = self.episode(shaped=False), self.episode()
        assert np.array_equal(plain["chosen"], shaped["chosen"])
        assert float(plain["return"][0]) == pytest.approx(-plain["distance_m"][0] / 10.0, rel=1e-4)
        assert float(shaped["togo_m"][0]) > 0.0
        assert float(shaped["return"][0]) > float(plain["return"][0])

    def test_every_weight_pays_for_its_own(self):
        nothing = self.episode(shaped=False, metre=0.0)
        assert np.abs(nothing["return"]).max() < 1e-5
        area = self.episode(shaped=False, metre=0.0, square_metre=0.01)
        assert 0.0 < float(area["return"][0]) < 10.0
        assert (np.diff(area["return"]) <= 1e-5).all()
        obedient = self.episode(shaped=False, metre=0.0, adherence=1.0)
        assert np.abs(obedient["return"]).max() > 0.1

    def test_the_same_task_gives_the_same_arrays(self):
        first, again = self.episode(), self.episode()
        assert first.keys() == again.keys()
        assert all(np.array_equal(first[name], again[name]) for name in first)


def test_a_taught_decision_knows_its_best_choice():
    from hiera.training.viewpoint.episodes import gather
    from hiera.training.viewpoint.places import warehouse

    shard = gather(
        warehouse(np.random.default_rng(2)),
        EpisodeSettings(cap=30, waypoints=0.0, random_start=0.0),
        TeachSettings(every=3, random_choice=0.0),
        np.random.SeedSequence(5),
    )
    count = shard["count"]
    assert 8 <= len(count) <= 10
    assert len(shard["tokens"]) == count.sum()
    assert len(shard["pairs"]) == (count**2).sum()
    assert len(shard["cost_m"]) == (count - 1).sum()
    assert (shard["cost_m"] > 0.0).all()
    known = shard["picture"][:, 0].astype(int)
    assert (known <= shard["truth"].astype(int)).all()


def test_turning_four_times_changes_nothing():
    pytest.importorskip("torch", reason="the extra learn is not installed")
    from hiera.training.viewpoint.data import turned

    rng = np.random.default_rng(0)
    tokens = rng.standard_normal((2, 3, TOKEN)).astype(np.float32)
    pixel = rng.uniform(0, 64, (2, 3, 2)).astype(np.float32)
    picture = rng.random((2, 4, 64, 64)).astype(np.float32)
    own = tokens.copy(), pixel.copy()
    out = picture
    for _ in range(4):
        out = turned(own[0], own[1], out, False, 1)
    np.testing.assert_allclose(own[0], tokens, atol=1e-5)
    np.testing.assert_allclose(own[1], pixel, atol=1e-3)
    assert np.array_equal(out, picture)


def test_turning_moves_picture_and_tokens_together():
    pytest.importorskip("torch", reason="the extra learn is not installed")
    from hiera.training.viewpoint.data import turned

    for mirror in (False, True):
        for quarters in range(4):
            tokens = np.zeros((1, 1, TOKEN), np.float32)
            x, y = OFFSETS[0]
            tokens[0, 0, [x, y]] = 0.4, -0.2
            pixel = np.array([[[32 + 10.5, 32 - 5.5]]], np.float32)
            picture = np.zeros((1, 1, 64, 64), np.float32)
            picture[0, 0, 26, 42] = 1.0
            out = turned(tokens, pixel, picture, mirror, quarters)
            column, row = np.floor(pixel[0, 0]).astype(int)
            assert out[0, 0, row, column] == 1.0
            assert np.sign(tokens[0, 0, [x, y]]).tolist() == np.sign(pixel[0, 0] - 32).tolist()


def train(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from hiera.cli import main; main()", "train", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def finish(folder: Path, *arguments: str) -> dict[str, object]:
    done = train(folder, *arguments)
    text, _ = done.communicate(timeout=600)
    assert done.returncode == 0, text
    return json.loads(text[text.index("{") :])


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_killed_and_resumed_it_ends_where_it_would_have(tmp_path: Path, algorithm: str):
    pytest.importorskip("torch", reason="the extra learn is not installed")
    (tmp_path / "tiny.yaml").write_text(TINY.replace("ALGORITHM", algorithm))
    whole = finish(tmp_path, "tiny.yaml", "--out", "whole", "--json")
    doomed = train(tmp_path, "tiny.yaml", "--out", "killed", "--quiet")
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob("killed/tiny/*/reinforced/state.pt")):
        assert time.monotonic() < deadline
        assert doomed.poll() is None
        time.sleep(0.05)
    doomed.send_signal(signal.SIGKILL)
    doomed.communicate()
    (folder,) = (tmp_path / "killed" / "tiny").iterdir()
    assert not (folder / "metrics.json").exists()
    resumed = finish(tmp_path, "--resume", str(folder), "--json")
    assert resumed["sha256"] == whole["sha256"]
    assert resumed["scores"] == whole["scores"]
    sittings = json.loads((folder / "manifest.json").read_text())["sittings"]
    assert len(sittings) == 2
    _, sizes, notes = load_weights(Path(str(resumed["weights"])))
    assert sizes.width == 16
    assert notes["training"] == "tiny"
    curve = [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]
    assert {"teach", "reinforce", "held-out"} <= {line["kind"] for line in curve}


def test_without_pytorch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from hiera.safety.extras import MissingExtra
    from hiera.training.viewpoint import TRAINING

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"hiera\[learn\]"):
        TRAINING.run(ViewpointTrainingSettings(), None, None, 1)  # type: ignore[arg-type]


def test_a_folder_that_is_no_training(tmp_path: Path):
    done = train(tmp_path, "--resume", str(tmp_path))
    text, _ = done.communicate(timeout=120)
    assert done.returncode == 2
    assert "is no training: it has no config.yaml" in text


class TestPlaces:
    @pytest.fixture
    def packed(self, tmp_path: Path) -> str:
        """Eight maps: six layouts, the first of them again as the fourth and the seventh."""
        rng = np.random.default_rng(0)
        drawn = [np.kron(rng.random((20, 20)) < 0.5, np.ones((5, 5), bool)) for _ in range(6)]
        free = [
            *drawn[:3],
            np.rot90(drawn[0]),
            *drawn[3:5],
            np.rot90(drawn[0], 3)[:, ::-1],
            drawn[5],
        ]
        starts = [tuple(int(v) for v in np.argwhere(m)[0][::-1]) for m in free]
        path = tmp_path / "maps.npz"
        np.savez(
            path,
            free_bits=np.packbits(np.array(free), axis=2),
            shape=np.array([8, 100, 100]),
            start=np.array(starts),
            name=np.array([f"m{k}" for k in range(8)]),
            cell_size_m=np.array(0.4),
        )
        return str(path)

    def test_a_map_turned_or_mirrored_is_held_out_once_and_not_trained_on(self, packed: str):
        settings = MapsSettings(dare=packed, dare_train=(0, 4), dare_held_out=(4, 8), buildings=0.0)
        assert [m.name for m in held_out_places(settings)] == ["m4", "m5", "m6", "m7"]
        drawn = {training_place(settings, np.random.SeedSequence([0, k])).name for k in range(60)}
        assert drawn == {"m1", "m2"}
        again = MapsSettings(dare=packed, dare_train=(4, 6), dare_held_out=(0, 4), buildings=0.0)
        assert [m.name for m in held_out_places(again)] == ["m0", "m1", "m2"]

    def test_no_map_left_to_train_on_is_said(self, packed: str):
        settings = MapsSettings(dare=packed, dare_train=(0, 1), dare_held_out=(3, 4), buildings=0.0)
        with pytest.raises(ConfigError, match="no map of dare_train is left"):
            training_place(settings, np.random.SeedSequence(0))
