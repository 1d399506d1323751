"""Off-policy training behind a gate: safe from the first step, on what was executed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'hiera[learn]'")
pytest.importorskip(
    "stable_baselines3", reason="stable_baselines3 is not installed: pip install 'hiera[learn]'"
)

from stable_baselines3 import DDPG, DQN, SAC, TD3
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecNormalize

from hiera.safety import Context
from hiera.safety.embed.gymnasium import SafeActionWrapper
from hiera.safety.embed.stable_baselines3 import (
    ExecutedActionDictReplayBuffer,
    ExecutedActionReplayBuffer,
)
from hiera.safety.filters import ActionMask
from tests.embed.rail import TICK_S, Rail, RailGate, observed

STEPS = 300
SMALL: dict[str, Any] = {
    "learning_starts": 50,
    "buffer_size": 2000,
    "seed": 0,
    "device": "cpu",
}
REACH = 2.0
"""Other than 1, so that the networks' scale and the environment's differ."""


class Journal(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Keeps what the environment under the gate got and paid."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.rewards: list[float] = []

    def step(self, action: Any) -> Any:
        answer = self.env.step(action)
        self.rewards.append(float(answer[1]))
        return answer


def gated(penalty: float = 0.0) -> SafeActionWrapper:
    env, gate = Journal(Rail(episode=40, reach=REACH)), RailGate(REACH)
    return SafeActionWrapper(env, gate, state=observed, tick_s=TICK_S, penalty=penalty)


def networks() -> dict[str, Any]:
    return {"net_arch": [16, 16]}  # a new one each time: the library adds to it


def learned(algorithm: Any, env: Any, store: str = "executed", **settings: Any) -> Any:
    model = algorithm(
        "MlpPolicy",
        env,
        replay_buffer_class=ExecutedActionReplayBuffer,
        replay_buffer_kwargs={"store": store},
        policy_kwargs=networks(),
        **SMALL | settings,
    )
    return model.learn(STEPS)


def rails(model: Any) -> list[Rail]:
    return [env.unwrapped for env in model.get_env().unwrapped.envs]


def journal(model: Any) -> np.ndarray:
    env = model.get_env().unwrapped.envs[0]
    while not isinstance(env, Journal):
        env = env.env
    return np.array(env.rewards)


@pytest.mark.parametrize("algorithm", [SAC, TD3, DDPG])
def test_learn_save_load_same_action_and_never_beyond_a_wall(
    algorithm: Any, tmp_path: Path
) -> None:
    model = learned(algorithm, Monitor(gated()))
    assert [rail.violations for rail in rails(model)] == [0]
    model.save(tmp_path / "model")
    again = algorithm.load(tmp_path / "model")
    for x in (np.zeros(2), np.array([0.5, -0.2]), np.array([-0.9, 0.1])):
        one, _ = model.predict(x, deterministic=True)
        other, _ = again.predict(x, deterministic=True)
        np.testing.assert_array_equal(one, other)


def test_without_the_gate_the_same_training_runs_into_the_walls() -> None:
    env = Rail(episode=40, reach=REACH)
    SAC("MlpPolicy", env, policy_kwargs=networks(), **SMALL).learn(STEPS)
    assert env.violations > 0


def test_the_buffer_holds_what_was_executed_scaled_to_one() -> None:
    model = learned(SAC, gated())
    executed = np.array(rails(model)[0].executed)
    stored = model.replay_buffer.actions[:STEPS, 0]
    np.testing.assert_allclose(stored, executed / REACH, atol=1e-6)
    assert np.abs(stored).max() <= 1.0 + 1e-6
    proposed = learned(SAC, gated(), store="proposed").replay_buffer.actions[:STEPS, 0]
    assert not np.allclose(stored, proposed)


def test_the_executed_action_is_not_charged_with_the_intervention() -> None:
    model = learned(SAC, gated(penalty=5.0))
    stored = model.replay_buffer.rewards[:STEPS, 0]
    np.testing.assert_allclose(stored, journal(model), atol=1e-5)
    model = learned(SAC, gated(penalty=5.0), store="proposed")
    bare = journal(model)
    cost = 5.0 * np.sum(
        (REACH * model.replay_buffer.actions[:STEPS, 0] - np.array(rails(model)[0].executed)) ** 2,
        axis=1,
    )
    np.testing.assert_allclose(model.replay_buffer.rewards[:STEPS, 0], bare - cost, atol=1e-4)
    assert cost.max() > 0.01


def test_both_holds_the_second_transition_where_the_gate_intervened() -> None:
    model = learned(SAC, gated(penalty=5.0), store="both")
    buffer, executed = model.replay_buffer, np.array(rails(model)[0].executed)
    wrapper = model.get_env().envs[0]
    counts = wrapper.get_wrapper_attr("counts")
    interventions = sum(n for status, n in counts.items() if status != "nominal")
    assert interventions > 0
    assert buffer.pos == STEPS + interventions
    row = 0
    for action in executed:
        np.testing.assert_allclose(buffer.actions[row, 0], action / REACH, atol=1e-6)
        following = row + 1
        twin = following < buffer.pos and np.array_equal(
            buffer.next_observations[row], buffer.next_observations[following]
        )
        if twin:
            assert buffer.rewards[following] < buffer.rewards[row]
        row += 1 + twin
    assert row == buffer.pos


def test_terminal_observations_and_time_limits_survive_in_a_vector_of_environments() -> None:
    env = make_vec_env(gated, n_envs=3, seed=0)
    model = learned(SAC, env, train_freq=1)
    buffer = model.replay_buffer
    for i, rail in enumerate(rails(model)):
        assert rail.violations == 0
        n = len(rail.executed)
        np.testing.assert_allclose(
            buffer.actions[:n, i, 0], np.array(rail.executed)[:, 0] / REACH, atol=1e-6
        )
        ends = np.flatnonzero(buffer.dones[:n, i])
        assert ends.tolist() == list(range(39, n, 40))
        assert buffer.timeouts[ends, i].all()
        # The terminal observation, not the first one of the next episode.
        x, u = buffer.observations[ends, i], REACH * buffer.actions[ends, i, 0]
        after = x[:, 0] + x[:, 1] * TICK_S + 0.5 * u * TICK_S**2
        np.testing.assert_allclose(buffer.next_observations[ends, i, 0], after, atol=1e-6)


def test_normalised_observations_and_rewards_go_together_with_it() -> None:
    model = learned(SAC, VecNormalize(make_vec_env(gated, n_envs=1, seed=0)))
    executed = np.array(rails(model)[0].executed)
    np.testing.assert_allclose(model.replay_buffer.actions[:STEPS, 0], executed / REACH, atol=1e-6)


def test_dictionary_observations_have_a_buffer_of_their_own() -> None:
    class Named(gymnasium.ObservationWrapper[Any, Any, Any]):
        def __init__(self, env: Any) -> None:
            super().__init__(env)
            self.observation_space = gymnasium.spaces.Dict({"x": env.observation_space})

        def observation(self, observation: Any) -> Any:
            return {"x": observation}

    env = SafeActionWrapper(
        Named(Rail(reach=REACH)), RailGate(REACH), state=lambda env, seen: seen["x"], tick_s=TICK_S
    )
    model = SAC(
        "MultiInputPolicy",
        env,
        replay_buffer_class=ExecutedActionDictReplayBuffer,
        policy_kwargs=networks(),
        **SMALL,
    ).learn(100)
    executed = np.array(rails(model)[0].executed)
    np.testing.assert_allclose(model.replay_buffer.actions[:100, 0], executed / REACH, atol=1e-6)


def test_a_finite_set_of_actions_is_stored_as_executed() -> None:
    class Doors(gymnasium.Env[np.ndarray, int]):
        """Of four doors some are closed; door 0 never is."""

        observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))
        action_space = gymnasium.spaces.Discrete(4)

        def __init__(self) -> None:
            self.executed: list[int] = []

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            super().reset(seed=seed)
            return np.zeros(1, np.float32), {}

        def step(self, action: int) -> Any:
            assert action in (0, 2)
            self.executed.append(int(action))
            return np.zeros(1, np.float32), 1.0, False, False, {}

    allowed = np.array([True, False, True, False])
    env = SafeActionWrapper(
        Doors(),
        ActionMask(stop=0),
        state=observed,
        context=lambda env, observation, time_s: Context(time_s, allowed=allowed),
        tick_s=TICK_S,
    )
    kind = ExecutedActionReplayBuffer
    model = DQN("MlpPolicy", env, replay_buffer_class=kind, policy_kwargs=networks(), **SMALL)
    model.learn(100)
    executed = env.unwrapped.executed
    assert model.replay_buffer.actions[:100, 0, 0].tolist() == executed
    assert set(executed) == {0, 2}


Make = Callable[..., ExecutedActionReplayBuffer]


@pytest.fixture
def buffer() -> Make:
    env = Rail()

    def make(**settings: Any) -> ExecutedActionReplayBuffer:
        return ExecutedActionReplayBuffer(
            10, env.observation_space, env.action_space, "cpu", **settings
        )

    return make


@pytest.mark.parametrize("store", ["executed", "proposed", "both"])
def test_a_proposal_that_is_nan_is_never_stored(buffer: Make, store: str) -> None:
    env = gated(penalty=1.0)
    observation, _ = env.reset(seed=0)
    action = np.array([np.nan], np.float32)
    following, reward, _, _, info = env.step(action)
    kept = buffer(store=store)
    kept.add(observation, following, action[None], np.array([reward]), np.array([False]), [info])
    assert np.isfinite(kept.actions).all()
    assert np.isfinite(kept.rewards).all()
    assert kept.pos == (2 if store == "both" else 1)


def test_mistakes_are_sentences(buffer: Make) -> None:
    with pytest.raises(ValueError, match="store must be executed, proposed or both"):
        buffer(store="neither")
    with pytest.raises(ValueError, match="does not go with optimize_memory_usage"):
        buffer(store="both", optimize_memory_usage=True, handle_timeout_termination=False)
    zero = np.zeros((1, 2))
    with pytest.raises(KeyError, match="wrap every environment in SafeActionWrapper"):
        buffer().add(zero, zero, np.zeros((1, 1)), np.zeros(1), np.zeros(1), [{}])
