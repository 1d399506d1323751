"""What the contracts promise, as code that can be run against an implementation."""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.controllers import Controller
from hiera.envs import SafeEnv
from hiera.planners import Plan, Planner, PlanStatus, Provenance
from hiera.safety import Context, SafeAction, SafetyFilter, SafetyState, Status

FloatArray = NDArray[np.float64]


class ConformanceError(AssertionError):
    """A contract's promise was broken; the text says which."""


def _demand(holds: bool, promise: str) -> None:
    if not holds:
        raise ConformanceError(promise)


def check_filter(
    gate: SafetyFilter,
    states: Sequence[FloatArray],
    actions: Sequence[FloatArray],
    contexts: Sequence[Context],
) -> None:
    """Holds a filter to its contract on a sequence of calls.

    Args:
        gate: The filter.
        states: States in order of time, each shape ``(n,)``.
        actions: Nominal actions, each shape ``(m,)``, same length.
        contexts: Contexts with increasing time stamps, same length.

    Raises:
        ConformanceError: If it alters its input, returns anything but a `SafeAction` of the right
            shape with finite numbers, hides an intervention, does not name a backup, passes NaN
            on, or answers differently after `reset`.
    """
    first = _filter_pass(gate, states, actions, contexts)
    again = _filter_pass(gate, states, actions, contexts)
    for one, other in zip(first, again, strict=True):
        _demand(
            np.array_equal(one.u, other.u) and one.status == other.status,
            "the same calls after reset() must give the same actions",
        )
    gate.reset()
    poison = np.full_like(np.asarray(actions[0], dtype=np.float64), np.nan)
    answer = gate.filter(states[0], poison, contexts[0])
    if answer.status is not Status.PASS_THROUGH:
        _demand(bool(np.all(np.isfinite(answer.u))), "a NaN action must never be passed on")
        _demand(bool(answer.reason), "a refused action needs a reason")
    gate.reset()


def _filter_pass(
    gate: SafetyFilter,
    states: Sequence[FloatArray],
    actions: Sequence[FloatArray],
    contexts: Sequence[Context],
) -> list[SafeAction]:
    gate.reset()
    answers = []
    for x, u, context in zip(states, actions, contexts, strict=True):
        before = (np.array(x), np.array(u))
        answer = gate.filter(x, u, context)
        _demand(isinstance(answer, SafeAction), "filter() must return a SafeAction")
        _demand(
            np.array_equal(x, before[0]) and np.array_equal(u, before[1]),
            "filter() must not alter the state or the nominal action",
        )
        _demand(answer.u.shape == np.shape(u), f"u has shape {answer.u.shape}, not {np.shape(u)}")
        _demand(bool(np.all(np.isfinite(answer.u))), "the action must be finite")
        _demand(isinstance(answer.status, Status), "status must be a Status")
        changed = not np.allclose(answer.u, u)
        _demand(answer.intervened or not changed, "a changed action must be flagged as intervened")
        fallback = answer.status in (Status.BACKUP, Status.STOP)
        _demand(
            not fallback or bool(answer.backup and answer.reason),
            "a backup must be named and given a reason",
        )
        _demand(answer.solve_time_s > 0.0, "solve_time_s must be measured")
        answers.append(answer)
    return answers


def check_planner(
    planner: Planner[Any, Any],
    belief: Any,
    *,
    deadline_s: float = 5.0,
    is_valid: Callable[[Any, Any], bool] | None = None,
) -> Plan[Any]:
    """Holds a planner to its contract on one belief.

    Args:
        planner: The planner.
        belief: A snapshot with a ``version``.
        deadline_s: What the planner is given [s].
        is_valid: Says whether a subgoal makes sense in the belief.

    Returns:
        The plan, for further checks.

    Raises:
        ConformanceError: If it is late, alters the belief, forgets version, status or provenance,
            returns no subgoal with `PlanStatus.OK`, an invalid one, or is not repeatable.
    """
    before = pickle.dumps(belief)
    planner.reset(7)
    start = time.perf_counter()
    plan = planner.plan(belief, deadline_s)
    took = time.perf_counter() - start
    _demand(took <= 2.0 * deadline_s + 1.0, f"plan() took {took:.1f} s of {deadline_s:.1f} s")
    _demand(pickle.dumps(belief) == before, "plan() must not alter the belief")
    _demand(isinstance(plan, Plan), "plan() must return a Plan")
    _demand(isinstance(plan.status, PlanStatus), "status must be a PlanStatus")
    _demand(isinstance(plan.provenance, Provenance), "provenance must be a Provenance")
    _demand(plan.belief_version == belief.version, "a plan must carry its belief's version")
    if plan.status is PlanStatus.OK:
        _demand(len(plan.subgoals) > 0, "a plan that is OK needs a subgoal")
    else:
        _demand(bool(plan.reason), "a plan that is not OK needs a reason")
    for subgoal in plan.subgoals:
        valid = is_valid is None or is_valid(belief, subgoal)
        _demand(valid, f"subgoal {subgoal} makes no sense in this belief")
    planner.reset(7)
    repeated = planner.plan(copy.deepcopy(belief), deadline_s)
    _demand(
        list(repeated.subgoals) == list(plan.subgoals),
        "the same belief after reset() with the same seed must give the same plan",
    )
    return plan


def check_controller(
    controller: Controller[Any, Any],
    observations: Sequence[Any],
    subgoals: Sequence[Any],
    action_shape: tuple[int, ...],
) -> None:
    """Holds a controller to its contract on a sequence of observations.

    Args:
        controller: The controller.
        observations: In order.
        subgoals: Same length, None where there is no subgoal.
        action_shape: Shape of an action.

    Raises:
        ConformanceError: If an action has another shape or is not finite, or if the same sequence
            after ``reset`` with the same seed gives other actions.
    """
    passes = []
    for _ in range(2):
        controller.reset(11)
        actions = []
        for observation, subgoal in zip(observations, subgoals, strict=True):
            action = np.asarray(controller.act(observation, subgoal))
            _demand(action.shape == action_shape, f"action {action.shape}, not {action_shape}")
            _demand(bool(np.all(np.isfinite(action))), "an action must be finite")
            actions.append(action)
        passes.append(actions)
    for one, other in zip(*passes, strict=True):
        _demand(np.array_equal(one, other), "the same seed must give the same actions")


def check_env(env: SafeEnv[Any], *, seed: int = 3, steps: int = 20) -> None:
    """Holds an environment to Gymnasium's contract and to ours.

    Args:
        env: The environment.
        seed: Seed of the episode.
        steps: How many random actions are tried.

    Raises:
        ConformanceError: If the safety state is missing, not finite or shares memory with the
            world, or if the same seed and actions give another episode.
        AssertionError: From Gymnasium's own checker.
    """
    from gymnasium.utils.env_checker import check_env as gymnasium_check

    gymnasium_check(env, skip_render_check=True)  # type: ignore[arg-type]
    env.action_space.seed(seed)
    actions = [env.action_space.sample() for _ in range(steps)]
    traces = [_episode(env, seed, actions) for _ in range(2)]
    for one, other in zip(*traces, strict=True):
        _demand(np.array_equal(one, other), "the same seed and actions must give the same episode")


def _episode(env: SafeEnv[Any], seed: int, actions: Sequence[Any]) -> list[FloatArray]:
    env.reset(seed=seed)
    trace = []
    for action in actions:
        state = env.safety_state()
        _demand(isinstance(state, SafetyState), "safety_state() must return a SafetyState")
        _demand(bool(np.all(np.isfinite(state.x))), "the state estimate must be finite")
        kept = state.x.copy()
        before = pickle.dumps(state)
        _, reward, terminated, truncated, _ = env.step(np.asarray(action))
        _demand(pickle.dumps(state) == before, "a safety state must not change under step()")
        _demand(np.isfinite(reward), "a reward must be finite")
        trace.append(np.append(kept, reward))
        if terminated or truncated:
            break
    return trace
