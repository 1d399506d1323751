"""Training of the advisor: many sets at once, what they are paid, that a kill costs a stretch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hiera.config import load_config
from hiera.controllers.rl.advisor.aims import AIMS, aims_of
from hiera.controllers.rl.advisor.features import SIZE
from hiera.envs.life_support.catalogue import mission
from hiera.envs.life_support.scenarios import Scenario, steady
from hiera.errors import ConfigError
from hiera.safety.life_support import state as names
from hiera.training.life_support_advisor.kernel import ENDS
from hiera.training.life_support_advisor.reserves import reserves_s
from hiera.training.life_support_advisor.settings import AdvisorTrainingSettings, RewardSettings
from hiera.training.life_support_advisor.world import Sets

NOTHING = aims_of(np.zeros((2, AIMS)))
EASY = Scenario("easy", steady((1.2, 60)))


def two(given: Scenario = EASY, **settings) -> Sets:
    sets = Sets(2, **settings)
    for b in range(2):
        sets.begin(b, given, b)
    return sets


class TestSettings:
    def test_the_shipped_config_is_valid(self):
        resolved = load_config("train/life_support_advisor", group="trainings")
        assert isinstance(resolved.settings, AdvisorTrainingSettings)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("world: {missions: [0, 950]}", "no seed in common"),
            ("world: {held_out: [990, 1010]}", "seeds from 1000 on are kept for comparisons"),
            ("algorithm: dsac", "dsac_t"),
        ],
    )
    def test_mistakes_are_one_sentence(self, tmp_path: Path, text: str, message: str):
        path = tmp_path / "t.yaml"
        path.write_text(f"train: life_support_advisor\n{text}\n")
        with pytest.raises(ConfigError, match=message):
            load_config(path, group="trainings")


class TestSets:
    def test_without_spread_the_belief_is_the_truth_but_for_the_breath_that_co2_deepens(self):
        sets = two(spread=0.0)
        sets.decide(NOTHING)
        away = sets.beliefs() - sets.X[:, : names.N]
        assert (away[:, names.BREATHING] < 0.0).all()
        away[:, names.BREATHING] = 0.0
        assert (np.abs(away) <= 1e-9 * np.abs(sets.X[:, : names.N])).all()

    def test_with_spread_it_is_not(self):
        sets = two()
        away = sets.beliefs() - sets.X[:, : names.N]
        assert np.abs(away[:, names.LIME_K]).min() > 1e-3
        assert not np.allclose(away[0], away[1])

    def test_time_is_lived_and_oxygen_is_used(self):
        sets = two(period_s=20.0)
        before = sets.X[:, names.CYLINDER].copy()
        outcome = sets.decide(NOTHING)
        np.testing.assert_array_equal(outcome.lived[:, 0], 20.0)
        np.testing.assert_array_equal(outcome.ended, 0)
        assert (sets.X[:, names.CYLINDER] < before).all()
        assert sets.observe().shape == (2, SIZE)

    @pytest.mark.parametrize(
        ("given", "end"),
        [
            (Scenario("empty", EASY.phases, cylinder=0.04), "oxygen_reserve"),
            (Scenario("spent", EASY.phases, conversion=0.97), "lime_reserve"),
        ],
    )
    def test_what_does_not_suffice_for_the_way_out_ends_an_episode(self, given: Scenario, end: str):
        outcome = two(given).decide(NOTHING)
        assert {ENDS[k] for k in outcome.ended} == {end}

    def test_reserves_shrink_and_a_spent_lime_has_none(self):
        sets = two(spread=0.0)
        before = reserves_s(sets)
        for _ in range(10):
            sets.decide(NOTHING)
        after = reserves_s(sets)
        assert (after[:, :2] < before[:, :2]).all()
        assert (reserves_s(two(Scenario("spent", EASY.phases, conversion=0.97)))[:, 1] == 0.0).all()

    def test_what_was_put_down_goes_on_the_same(self):
        sets = two(mission(3))
        sets.decide(NOTHING)
        kept = sets.snapshot()
        sets.decide(NOTHING)
        wanted = sets.X.copy()
        other = Sets(2)
        other.restore(kept)
        other.decide(NOTHING)
        np.testing.assert_array_equal(other.X, wanted)
        sets.restore(kept)
        sets.decide(NOTHING)
        np.testing.assert_array_equal(sets.X, wanted)


TINY = AdvisorTrainingSettings.model_validate(
    {
        "algorithm": "dsac_t", "steps": 96, "score_every": 48, "warm_up": 16, "updates": 2,
        "hidden": [16, 16], "batch": 16, "buffer": 1000,
        "world": {"sets": 4, "held_out": [900, 902], "max_time_s": 300.0},
    }
)  # fmt: skip


class Watch:
    """Stops after so many reports."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.left = stop_after

    def show(self, progress) -> None:
        self.left -= 1

    def should_stop(self) -> bool:
        return self.left <= 0


class TestLearning:
    @pytest.fixture(autouse=True)
    def _learn(self):
        pytest.importorskip("stable_baselines3", reason="the training needs the extra 'learn'")

    def environment(self, **reward: float):
        from hiera.training.life_support_advisor.vector import SetsVecEnv

        given = RewardSettings.model_validate(reward)
        return SetsVecEnv(Sets(4, max_time_s=90.0), given, 0.97, (0, 50), seed=0)

    def test_without_shaping_a_decision_is_worth_the_minutes_lived(self):
        env = self.environment(shaping=0.0)
        env.reset()
        _, worth, _, _ = env.step(np.zeros((4, AIMS)))
        np.testing.assert_allclose(worth, 0.5, atol=1e-6)

    def test_shaping_adds_the_same_to_a_whole_episode_whatever_is_done(self):
        shaped, plain = self.environment(), self.environment(shaping=0.0)
        for env in (shaped, plain):
            env.reset()
        first = shaped._before.copy()
        total = np.zeros(4)
        for k in range(2):
            (_, a, _, _), (_, b, _, _) = (e.step(np.zeros((4, AIMS))) for e in (shaped, plain))
            total += 0.97**k * (a - b)
        np.testing.assert_allclose(total, 0.97**2 * shaped._before - first, rtol=1e-5, atol=1e-4)

    def test_a_set_whose_time_is_up_begins_another_mission(self):
        env = self.environment()
        env.reset()
        for _ in range(3):
            seen, _, done, infos = env.step(np.zeros((4, AIMS)))
        assert done.all()
        assert all(i["TimeLimit.truncated"] for i in infos)
        assert not np.allclose(infos[0]["terminal_observation"], seen[0])
        assert (env.sets.clock == 0).all()

    @pytest.mark.parametrize("algorithm", ["sac", "dsac_t"])
    def test_a_stopped_training_ends_as_it_would_have(self, tmp_path: Path, algorithm: str):
        from hiera.controllers.rl.advisor import load_policy
        from hiera.recording import RunDirectory
        from hiera.training.life_support_advisor import TRAINING

        settings = TINY.model_copy(update={"algorithm": algorithm})
        found = []
        for name, stops in (("whole", [10**9]), ("stopped", [5, 14, 10**9])):
            folder = RunDirectory(tmp_path / name)
            folder.path.mkdir()
            results = [TRAINING.run(settings, folder, Watch(stop), 1) for stop in stops]
            assert [r["finished"] for r in results] == [False] * (len(stops) - 1) + [True]
            found.append(results[-1])
        weights = [tmp_path / name / "weights" / "2.safetensors" for name in ("whole", "stopped")]
        assert load_policy(weights[0]).notes["sha256"] == load_policy(weights[1]).notes["sha256"]
        assert found[0]["scores"] == found[1]["scores"]
