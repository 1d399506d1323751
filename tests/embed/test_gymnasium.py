"""An environment behind a gate executes what the gate answers, and nothing else."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from hiera.safety import Context, SafeAction, Status
from hiera.safety.embed.gymnasium import SafeActionWrapper
from hiera.safety.embed.ticked import NonFiniteAction
from hiera.safety.filters import ActionMask, PassThrough
from hiera.testing import check_filter
from tests.embed.rail import TICK_S, Rail, RailGate, observed


def gated(env: Any = None, gate: Any = None, **settings: Any) -> SafeActionWrapper:
    return SafeActionWrapper(
        env or Rail(), gate or RailGate(), state=observed, tick_s=TICK_S, **settings
    )


def test_the_gate_of_these_tests_keeps_the_contract() -> None:
    times = [Context(TICK_S * k) for k in range(3)]
    states = [np.zeros(2), np.array([0.9, 0.3]), np.array([0.2, -0.1])]
    check_filter(RailGate(), states, [np.array([v]) for v in (0.1, 1.0, 5.0)], times)


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
def test_the_wrapped_environment_passes_gymnasiums_checker() -> None:
    check_env(gated(penalty=0.5), skip_render_check=True)


@given(
    actions=st.lists(
        st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1, max_size=60
    ),
    seed=st.integers(0, 99),
)
def test_no_proposal_whatever_reaches_a_wall_or_is_passed_on_as_nan(
    actions: list[float], seed: int
) -> None:
    env = gated(Rail(episode=100))
    env.reset(seed=seed)
    for a in actions:
        _, reward, _, _, info = env.step(np.array([a], np.float32))
        assert np.isfinite(reward)
        assert env.action_space.contains(info["executed_action"])
    assert env.unwrapped.violations == 0
    assert sum(env.counts.values()) == len(actions) == len(env.unwrapped.executed)


def test_info_says_what_was_proposed_what_was_executed_and_why() -> None:
    env = gated(penalty=2.0)
    env.reset(seed=1)
    plain = Rail()
    plain.reset(seed=1)
    for _ in range(30):
        _, reward, _, _, info = env.step(np.array([1.0], np.float32))
        _, bare, _, _, _ = plain.step(info["executed_action"])
        safety, cost = info["safety"], info["intervention_penalty"]
        np.testing.assert_array_equal(info["executed_action"], env.unwrapped.executed[-1])
        np.testing.assert_array_equal(info["proposed_action"], [1.0])
        assert cost == pytest.approx(2.0 * (1.0 - info["executed_action"][0]) ** 2, abs=1e-6)
        assert reward == pytest.approx(bare - cost)
        assert safety.intervened == (safety.status is not Status.NOMINAL) == (cost > 0.0)
        assert len(safety.margins) == 1
    assert env.counts[Status.FILTERED] > 0
    assert env.counts[Status.NOMINAL] > 0


def test_without_a_penalty_the_reward_is_the_environments() -> None:
    env = gated()
    env.reset(seed=1)
    for _ in range(30):
        observation, reward, *_ = env.step(np.array([1.0], np.float32))
        assert reward == observation[0]


def test_nan_is_refused_by_the_gate_and_an_error_where_the_gate_checks_nothing() -> None:
    env = gated(penalty=1.0)
    env.reset(seed=0)
    _, reward, _, _, info = env.step(np.array([np.nan], np.float32))
    assert info["safety"].status is Status.STOP
    assert info["safety"].reason == "not a number"
    assert np.isfinite(reward)
    assert np.isfinite(info["executed_action"]).all()
    careless = gated(gate=PassThrough())
    careless.reset(seed=0)
    with pytest.raises(NonFiniteAction, match="PassThrough returned"):
        careless.step(np.array([np.nan], np.float32))
    assert careless.unwrapped.executed == []


def test_an_action_beyond_the_space_is_an_error_not_silently_clipped_by_the_environment() -> None:
    class Shove(PassThrough):
        def filter(self, x: np.ndarray, u_nominal: np.ndarray, context: Context) -> SafeAction:
            return SafeAction(np.array([2.0]), Status.FILTERED, True)

    env = gated(gate=Shove())
    env.reset(seed=0)
    with pytest.raises(ValueError, match="lies outside the action space"):
        env.step(np.array([0.0], np.float32))


def test_a_proposal_beyond_the_space_is_clipped_before_the_gate_sees_it() -> None:
    env = gated(gate=PassThrough())
    env.reset(seed=0)
    assert env.step(np.array([7.0], np.float32))[4]["executed_action"] == 1.0


def test_time_stamps_start_anew_with_every_episode() -> None:
    gate = RailGate()
    env = gated(gate=gate)
    for _ in range(2):
        env.reset()
        for _ in range(3):
            env.step(np.zeros(1, np.float32))
    episode = [-1.0, 0.0, TICK_S, 2 * TICK_S]
    assert gate.times == pytest.approx(2 * episode)


def test_the_context_gets_the_time_and_by_default_the_action_before() -> None:
    seen: list[Context] = []

    class Listening(PassThrough):
        def filter(self, x: np.ndarray, u_nominal: np.ndarray, context: Context) -> SafeAction:
            seen.append(context)
            return super().filter(x, u_nominal, context)

    env = gated(gate=Listening())
    env.reset()
    env.step(np.array([0.5], np.float32))
    env.step(np.array([0.0], np.float32))
    assert [c.u_previous.tolist() for c in seen] == [[], [0.5]]
    env = gated(
        gate=Listening(),
        context=lambda env, obs, time_s: Context(
            time_s, points=np.array([[env.unwrapped.x[0], 0]])
        ),
    )
    env.reset()
    env.step(np.array([0.5], np.float32))
    assert seen[-1].points.shape == (1, 2)


@pytest.mark.parametrize(
    ("on_stop", "ends"),
    [("execute", (False, False)), ("truncate", (False, True)), ("terminate", (True, False))],
)
def test_a_stop_is_executed_and_ends_the_episode_as_asked(
    on_stop: Any, ends: tuple[bool, bool]
) -> None:
    env = gated(on_stop=on_stop)
    env.reset(seed=0)
    assert env.step(np.zeros(1, np.float32))[2:4] == (False, False)
    assert env.step(np.full(1, np.nan, np.float32))[2:4] == ends
    assert len(env.unwrapped.executed) == 2


def test_a_finite_set_of_actions_goes_through_the_mask() -> None:
    class Doors(gymnasium.Env[int, int]):
        observation_space = gymnasium.spaces.Discrete(1)
        action_space = gymnasium.spaces.Discrete(3)

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            super().reset(seed=seed)
            return 0, {}

        def step(self, action: int) -> Any:
            assert self.action_space.contains(action)
            return 0, float(action), False, False, {}

    allowed = np.array([True, False, True])
    env = SafeActionWrapper(
        Doors(),
        ActionMask(stop=0),
        state=lambda env, observation: np.zeros(1),
        context=lambda env, observation, time_s: Context(time_s, allowed=allowed),
        tick_s=1.0,
    )
    env.reset()
    assert [env.step(a)[1] for a in (0, 1, 2)] == [0.0, 0.0, 2.0]
    assert env.counts == {Status.NOMINAL: 2, Status.BACKUP: 1}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"penalty": -1.0}, "penalty must not be negative"),
        ({"on_stop": "panic"}, "on_stop must be execute, truncate or terminate"),
    ],
)
def test_mistakes_are_sentences(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        gated(**settings)
    with pytest.raises(ValueError, match="tick_s must be a positive"):
        SafeActionWrapper(Rail(), RailGate(), state=observed, tick_s=0.0)
