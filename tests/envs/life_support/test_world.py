"""The environment: Gymnasium's contract, ours, and the ways an episode can end."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

import hiera.envs.life_support as registered
from hiera.envs.life_support.catalogue import SCENARIOS, scenario
from hiera.envs.life_support.scenarios import Event, Fault
from hiera.envs.life_support.world import ENDS, LifeSupportEnv
from hiera.safety.life_support import Limits
from hiera.safety.life_support import state as names
from hiera.safety.life_support.filter import life_support_filter
from hiera.safety.life_support.state import HIGH, LOW
from hiera.testing import check_env

TORN = (
    Event(Fault.LEAK, 5.0, 400.0),
    Event(Fault.VALVE_STUCK, 5.0, 0.0),
    Event(Fault.REGULATOR_DEAD, 5.0, 0.0),
)


def law(env: LifeSupportEnv) -> np.ndarray:
    """Feeds what is missing, moves what is breathed."""
    x = env.estimate.x
    now = env.model.readings(x)
    feed = x[names.UPTAKE] + max(2e-5 * (150.0 - now.gauge_pa), 0.1 * (0.205 - now.oxygen))
    fan = 1.2 * x[names.BREATHING] + 1e-6 * max(0.0, now.dioxide_pa - 300.0)
    return np.clip([feed, fan, 1.0], LOW, HIGH)


def test_it_keeps_both_contracts() -> None:
    check_env(gym.make(registered.LIFE_SUPPORT_ID).unwrapped)  # type: ignore[arg-type]


def test_a_seed_gives_one_mission_one_plant_and_one_noise() -> None:
    env = LifeSupportEnv(max_time_s=60.0)
    first, _ = env.reset(seed=4)
    mission, constants = env.scenario, env.constants.copy()
    again, _ = env.reset(seed=4)
    assert env.scenario == mission
    np.testing.assert_array_equal(env.constants, constants)
    np.testing.assert_array_equal(first["readings"], again["readings"])
    env.reset(seed=5)
    assert env.scenario != mission


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_runs(name: str) -> None:
    env = LifeSupportEnv(name, max_time_s=40.0)
    observation, _ = env.reset(seed=0)
    over = False
    while not over:
        observation, reward, ended, cut, _ = env.step(law(env))
        over = ended or cut
        assert np.isfinite(reward)
    assert env.observation_space.contains(observation)
    assert cut
    assert np.all(np.isfinite(env.state))


def _end(env: LifeSupportEnv, command: np.ndarray | None, seed: int = 0) -> str:
    env.reset(seed=seed)
    while True:
        action = law(env) if command is None else command
        _, _, ended, cut, info = env.step(action)
        if ended or cut:
            assert info["ended_by"] == env.statistics.ended_by
            return str(info["ended_by"])


@pytest.mark.parametrize(
    ("expected", "command", "changes"),
    [
        ("oxygen_low", (0.0, 1e-3, 1.0), {}),
        ("oxygen_hard", (HIGH[0], 1e-3, 1.0), {}),
        ("dioxide", None, {"conversion": 0.97}),
        ("oxygen_reserve", None, {"cylinder": 0.06}),
        ("pressure", None, {"events": TORN}),
    ],
)
def test_every_end_is_reached_by_what_should_lead_to_it(
    expected: str, command: tuple[float, ...] | None, changes: dict[str, object]
) -> None:
    given = replace(scenario("cap_2"), **changes)  # type: ignore[arg-type]
    limits = Limits(egress_uptake=1e-6) if expected == "dioxide" else Limits()
    env = LifeSupportEnv(given, spread=0.0, max_time_s=2400.0, limits=limits)
    assert _end(env, None if command is None else np.array(command)) == expected
    assert expected in ENDS


def test_lime_and_heat_end_an_episode() -> None:
    old = replace(scenario("cap_2"), conversion=0.9)
    assert _end(LifeSupportEnv(old, spread=0.0, max_time_s=1200.0), None) == "lime_reserve"
    hot = LifeSupportEnv("heat", spread=0.0, max_time_s=3600.0, heat_ends=True)
    assert _end(hot, None) == "core"


def test_nothing_true_is_in_the_observation() -> None:
    """Two plants that differ only where no sensor looks look the same at the start."""
    views = []
    for conversion in (0.0, 0.4):
        env = LifeSupportEnv(replace(scenario("cap_2"), conversion=conversion), spread=0.0)
        views.append(env.reset(seed=1)[0]["readings"])
    np.testing.assert_allclose(views[0], views[1], rtol=1e-12)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="tick_s"):
        LifeSupportEnv(tick_s=5.0)
    with pytest.raises(ValueError, match="choose mission:SEED"):
        LifeSupportEnv("nowhere")
    env = LifeSupportEnv("low")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="three finite numbers"):
        env.step(np.array([np.nan, 1e-3, 0.0]))


@pytest.mark.slow
def test_the_filter_keeps_wearers_of_unknown_plants_alive_whatever_is_asked() -> None:
    """Ten minutes each; the filter sees the estimate only."""
    gate = life_support_filter()
    for seed, name in enumerate(("performance_cycle", "search", "cell_high", "leak_3")):
        env = LifeSupportEnv(name, max_time_s=600.0)
        env.reset(seed=seed)
        gate.reset()
        random, over = np.random.default_rng(seed), False
        while not over:
            seen = env.safety_state()
            answer = gate.filter(seen.x, random.uniform(LOW, HIGH), seen.context)
            _, _, ended, cut, info = env.step(answer.u)
            over = ended or cut
        assert not ended, (name, info, env.statistics)
        assert env.statistics.oxygen_high < 0.26
