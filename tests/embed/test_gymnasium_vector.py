"""Rows of a vector environment behind gates: as if each were alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from hiera.safety import Context, Status
from hiera.safety.barriers import braking_limit
from hiera.safety.dynamics import double_integrator
from hiera.safety.embed.gymnasium import SafeActionVectorWrapper, SafeActionWrapper
from hiera.safety.embed.ticked import NonFiniteAction
from hiera.safety.filters import CbfFilter, PassThrough
from tests.embed.rail import TICK_S, WALL, BatchRailGate, Rail, RailGate, observed

EPISODES = (5, 7, 40)
MODES = list(AutoresetMode)


def rails(mode: AutoresetMode, episodes: tuple[int, ...] = EPISODES) -> SyncVectorEnv:
    return SyncVectorEnv([lambda n=n: Rail(n) for n in episodes], autoreset_mode=mode)


def gated(mode: AutoresetMode, gate: Any = RailGate, **settings: Any) -> SafeActionVectorWrapper:
    return SafeActionVectorWrapper(rails(mode), gate, state=observed, tick_s=TICK_S, **settings)


def drive(env: SafeActionVectorWrapper, mode: AutoresetMode, steps: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    env.reset(seed=3)
    infos = []
    for _ in range(steps):
        actions = rng.uniform(-1.0, 1.0, (3, 1)).astype(np.float32) + np.float32(0.5)
        *_, terminated, truncated, info = env.step(actions)
        infos.append(info)
        ended = terminated | truncated
        if mode is AutoresetMode.DISABLED and ended.any():
            env.reset(options={"reset_mask": ended})
    return infos


@pytest.mark.parametrize("mode", MODES)
def test_every_row_is_gated_as_if_it_were_alone(mode: AutoresetMode) -> None:
    gates = [RailGate() for _ in EPISODES]
    env = gated(mode, gates)
    drive(env, mode, 60)
    for row, gate, length in zip(env.unwrapped.envs, gates, EPISODES, strict=True):
        assert row.violations == 0
        # After the reset at the start: stamps from 0, and a reset after each whole episode.
        cut = [k for k, t in enumerate(gate.times) if t < 0.0]
        for start, end in pairwise(cut):
            stamps = gate.times[start + 1 : end]
            assert stamps == pytest.approx(TICK_S * np.arange(length))
        assert len(cut) > (3 if length < 10 else 0)


@pytest.mark.parametrize("mode", MODES)
def test_rows_whose_action_is_ignored_are_masked_and_not_counted(mode: AutoresetMode) -> None:
    env = gated(mode)
    infos = drive(env, mode, 60)
    executed = sum(len(row.executed) for row in env.unwrapped.envs)
    assert sum(env.counts.values()) == executed
    assert sum(info["_safety"].sum() for info in infos) == executed
    for info in infos:
        assert [s is not None for s in info["safety"]] == info["_executed_action"].tolist()


@pytest.mark.parametrize("mode", MODES)
def test_one_call_for_the_batch_answers_as_one_gate_a_row(mode: AutoresetMode) -> None:
    batch, single = gated(mode, BatchRailGate()), gated(mode)
    for one, other in zip(drive(batch, mode, 60), drive(single, mode, 60), strict=True):
        np.testing.assert_array_equal(one["executed_action"], other["executed_action"])
        for a, b in zip(one["safety"], other["safety"], strict=True):
            assert (a and a.status) == (b and b.status)
            assert (a and a.intervened) == (b and b.intervened)
    assert batch.counts == single.counts


def test_a_gate_for_the_batch_is_reset_when_all_rows_are() -> None:
    gate = BatchRailGate()
    env = gated(AutoresetMode.NEXT_STEP, gate)
    drive(env, AutoresetMode.NEXT_STEP, 20)
    before = gate.resets
    drive(env, AutoresetMode.NEXT_STEP, 3)
    assert gate.resets == before + 1


@pytest.mark.parametrize("mode", MODES)
def test_a_barrier_filter_gates_the_whole_batch_in_one_call(mode: AutoresetMode) -> None:
    walls = [
        braking_limit(0, 1, 0.9, upper=WALL, alpha=4.0, name="right"),
        braking_limit(0, 1, 0.9, lower=-WALL, alpha=4.0, name="left"),
    ]
    gate = CbfFilter(double_integrator(1, acceleration=1.0), walls, tick_s=TICK_S)
    env = gated(mode, gate)
    drive(env, mode, 80)
    assert all(row.violations == 0 for row in env.unwrapped.envs)
    assert env.counts[Status.FILTERED] > 0
    assert set(env.counts) <= {Status.NOMINAL, Status.FILTERED}


@pytest.mark.parametrize("gate", [RailGate, BatchRailGate()], ids=["rows", "batch"])
def test_nan_in_one_row_stops_that_row(gate: Any) -> None:
    env = gated(AutoresetMode.SAME_STEP, gate, penalty=1.0)
    env.reset(seed=0)
    actions = np.array([[0.1], [np.nan], [0.1]], np.float32)
    _, rewards, _, _, infos = env.step(actions)
    assert [s.status for s in infos["safety"]] == [Status.NOMINAL, Status.STOP, Status.NOMINAL]
    assert np.isfinite(rewards).all()
    careless = gated(AutoresetMode.SAME_STEP, PassThrough)
    careless.reset(seed=0)
    with pytest.raises(NonFiniteAction):
        careless.step(actions)


def test_a_penalty_is_taken_off_the_reward_of_the_row() -> None:
    env = gated(AutoresetMode.SAME_STEP, penalty=3.0)
    env.reset(seed=0)
    for _ in range(30):
        observations, rewards, _, _, infos = env.step(np.ones((3, 1), np.float32))
        row = 2  # the only one that is not reset within 30 steps
        cost = infos["intervention_penalty"][row]
        assert rewards[row] == pytest.approx(observations[row, 0] - cost)
    assert infos["intervention_penalty"].max() > 0.0


def test_contexts_come_one_a_row() -> None:
    stamps: list[list[float]] = []

    def contexts(env: Any, observations: np.ndarray, times_s: np.ndarray) -> list[Context]:
        stamps.append(times_s.tolist())
        return [Context(float(t)) for t in times_s]

    env = gated(AutoresetMode.SAME_STEP, context=contexts)
    env.reset(seed=0)
    for _ in range(6):
        env.step(np.zeros((3, 1), np.float32))
    assert stamps[0] == [0.0, 0.0, 0.0]
    assert stamps[5] == pytest.approx([0.0, 0.5, 0.5])


def test_wrapped_environments_in_a_vector_keep_one_summary_a_row() -> None:
    def one() -> SafeActionWrapper:
        return SafeActionWrapper(Rail(), RailGate(), state=observed, tick_s=TICK_S)

    env = SyncVectorEnv([one, one])
    env.reset(seed=0)
    *_, infos = env.step(np.zeros((2, 1), np.float32))
    assert [s.status for s in infos["safety"]] == [Status.NOMINAL] * 2
    assert infos["executed_action"].shape == (2, 1)


def test_mistakes_are_sentences() -> None:
    mode = AutoresetMode.NEXT_STEP
    shared = RailGate()
    with pytest.raises(TypeError, match="one gate cannot remember several rows"):
        gated(mode, shared)
    with pytest.raises(ValueError, match="3 environments need as many separate gates"):
        gated(mode, [shared, shared, RailGate()])
    with pytest.raises(ValueError, match="filter_batch takes no context"):
        gated(mode, BatchRailGate(), context=lambda *_: [])
    silent = rails(mode)
    del silent.metadata["autoreset_mode"]
    with pytest.raises(ValueError, match="says nothing about its autoreset_mode"):
        SafeActionVectorWrapper(silent, RailGate, state=observed, tick_s=TICK_S)
