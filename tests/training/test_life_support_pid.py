"""The PID tuning: its compiled episode is the world, and a killed one goes on as it would have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hiera.config.load import resolve
from hiera.controllers.life_support.pid import SHIPPED, Pid, load_gains
from hiera.controllers.life_support.pid_law import CHANNELS, Gains
from hiera.envs.life_support.laid import laid
from hiera.envs.life_support.sensors import NAMES
from hiera.envs.life_support.world import LifeSupportEnv
from hiera.errors import ConfigError
from hiera.recording import RunDirectory
from hiera.safety.life_support import Limits
from hiera.training.contract import Progress
from hiera.training.life_support_pid.episode import live
from hiera.training.life_support_pid.evolution import challengers, first_population
from hiera.training.life_support_pid.training import RESULT, TRAINING

SMALL = {
    "train": "life_support_pid",
    "missions": {"count": 2, "longest_s": 240},
    "search": {"population": 5, "generations": 2, "forward_generations": 2},
}


class Watch:
    """Stops a tuning after so many generations."""

    def __init__(self, most: int = 99) -> None:
        self._most, self.shown = most, 0

    def show(self, progress: Progress) -> None:
        self.shown += 1

    def should_stop(self) -> bool:
        return self.shown >= self._most


def tuned(folder: Path, watch: Watch) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    settings = resolve(SMALL, group="trainings").settings
    return TRAINING.run(settings, RunDirectory(folder), watch, 1)


@pytest.mark.parametrize("mission", ["cells_drift", "mission:1", "dioxide_lost"])
def test_the_compiled_episode_ends_in_the_same_second_as_the_world(mission: str) -> None:
    """With limits so narrow that the end depends on every digit of sensors, law and plant."""
    gains = Gains(uptake=0.3)
    limits = Limits(oxygen_low=0.204, oxygen_hard=0.2125, dioxide_hard_pa=420.0)
    env = LifeSupportEnv(mission, limits=limits, max_time_s=900.0)
    pid = Pid(gains)
    observation, _ = env.reset(seed=7)
    ended = cut = False
    while not (ended or cut):
        observation, _, ended, cut, _ = env.step(pid.act(observation))
    seen = env.statistics
    lived = live(laid(mission, 7, 900), gains, env.model, limits)
    assert ended
    assert (lived.seconds, lived.ended_by) == (seen.sim_time_s, seen.ended_by)
    assert (lived.alarm_s, lived.enriched_s) == (seen.alarm_s, seen.enriched_s)


def test_the_law_reads_the_channels_that_the_world_shows() -> None:
    assert CHANNELS == NAMES


def test_a_killed_tuning_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    whole = tuned(tmp_path / "whole", Watch())
    assert whole["finished"]
    assert tuned(tmp_path / "killed", Watch(1)) == {"finished": False}
    assert not (tmp_path / "killed" / RESULT).exists()
    assert tuned(tmp_path / "killed", Watch(2)) == {"finished": False}
    again = tuned(tmp_path / "killed", Watch())
    assert again["scores"] == whole["scores"]
    one, other = (tmp_path / name / RESULT for name in ("whole", "killed"))
    assert one.read_bytes() == other.read_bytes()
    assert load_gains(one, "forward").uptake <= 1.1


def test_a_tuning_never_loses_what_it_had(tmp_path: Path) -> None:
    found = tuned(tmp_path / "tuning", Watch())["scores"]
    lines = (tmp_path / "tuning" / "curve.jsonl").read_text().splitlines()
    assert len(lines) == 4
    assert found["forward"]["score"] >= found["plain"]["score"] - 1e-12


def test_challengers_stay_in_the_box() -> None:
    population = first_population(3, 12, np.array([[0.0, 1.0, 0.5]]))
    scores = np.arange(12.0)
    made = challengers(3, 1, population, scores, factor=1.5, crossing=0.9)
    assert ((made >= 0.0) & (made <= 1.0)).all()
    assert (made != population).any(axis=1).all()


def test_held_out_missions_are_refused() -> None:
    with pytest.raises(ConfigError, match="missions from 1000 on are held out"):
        resolve(SMALL | {"missions": {"first": 990, "count": 20}}, group="trainings")


def test_the_packaged_gains_lie_in_the_space_that_was_searched() -> None:
    from hiera.training.life_support_pid.search import FORWARD, PLAIN

    for space in (PLAIN, FORWARD):
        gains = load_gains(SHIPPED, space.name)  # type: ignore[arg-type]
        assert space.gains(space.point(gains._asdict())) == pytest.approx(gains, rel=1e-4)
