"""The checks are worth something: each broken promise is caught and named."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from gymnasium import Env, spaces
from numpy.typing import NDArray

from hiera.planners import Plan, PlanStatus, Provenance
from hiera.safety import Context, SafeAction, SafetyState, Status
from hiera.testing import (
    ConformanceError,
    check_controller,
    check_env,
    check_filter,
    check_planner,
)

FloatArray = NDArray[np.float64]
CALLS = 6


class Clamp:
    """A sound filter: no faster than 1, and never anything that is no number."""

    def reset(self) -> None:
        self.calls = 0

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        start = time.perf_counter()
        self.calls += 1
        if not np.all(np.isfinite(u_nominal)):
            return self.done(
                SafeAction(np.zeros(1), Status.STOP, True, backup="stop", reason="not a number"),
                start,
            )
        u = np.clip(u_nominal, -1.0, 1.0)
        changed = bool(np.any(u != u_nominal))
        return self.done(
            SafeAction(u, Status.FILTERED if changed else Status.NOMINAL, changed), start
        )

    def done(self, answer: SafeAction, start: float) -> SafeAction:
        return replace(answer, solve_time_s=time.perf_counter() - start)


class PassesNanOn(Clamp):
    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        answer = super().filter(x, np.nan_to_num(u_nominal), context)
        return answer if np.all(np.isfinite(u_nominal)) else replace(answer, u=u_nominal)


class RefusesWithoutReason(Clamp):
    def done(self, answer: SafeAction, start: float) -> SafeAction:
        return super().done(replace(answer, reason=""), start)


class HidesItsIntervention(Clamp):
    def done(self, answer: SafeAction, start: float) -> SafeAction:
        return super().done(replace(answer, intervened=False), start)


class NamesNoBackup(Clamp):
    def done(self, answer: SafeAction, start: float) -> SafeAction:
        return super().done(replace(answer, status=Status.BACKUP, backup=None), start)


class TakesNoTime(Clamp):
    def done(self, answer: SafeAction, start: float) -> SafeAction:
        return replace(answer, solve_time_s=0.0)


class ChangesTheShape(Clamp):
    def done(self, answer: SafeAction, start: float) -> SafeAction:
        return super().done(replace(answer, u=answer.u[0]), start)


class WritesIntoItsInput(Clamp):
    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        np.clip(u_nominal, -1.0, 1.0, out=u_nominal)
        return super().filter(x, u_nominal, context)


class RemembersTheEpisodeBefore(Clamp):
    calls = 0

    def reset(self) -> None:
        return None

    def done(self, answer: SafeAction, start: float) -> SafeAction:
        return super().done(replace(answer, u=answer.u / self.calls, intervened=True), start)


def calls() -> tuple[list[FloatArray], list[FloatArray], list[Context]]:
    states = [np.zeros(1) for _ in range(CALLS)]
    actions = [np.array([value]) for value in np.linspace(-3, 3, CALLS)]
    return states, actions, [Context(0.1 * k) for k in range(CALLS)]


def test_a_sound_filter_passes() -> None:
    check_filter(Clamp(), *calls())


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (PassesNanOn, "NaN action must never be passed on"),
        (RefusesWithoutReason, "refused action needs a reason"),
        (HidesItsIntervention, "must be flagged as intervened"),
        (NamesNoBackup, "backup must be named"),
        (TakesNoTime, "solve_time_s must be measured"),
        (ChangesTheShape, "u has shape"),
        (WritesIntoItsInput, "must not alter"),
        (RemembersTheEpisodeBefore, "same calls after reset"),
    ],
)
def test_a_broken_filter_is_caught(broken: type[Clamp], promise: str) -> None:
    with pytest.raises(ConformanceError, match=promise):
        check_filter(broken(), *calls())


@dataclass
class Belief:
    version: int = 4
    places: list[int] = field(default_factory=lambda: [3, 1, 2])


class Sorted:
    """A sound planner."""

    def reset(self, seed: int) -> None:
        return None

    def plan(self, belief: Belief, deadline_s: float) -> Plan[int]:
        return Plan(sorted(belief.places), PlanStatus.OK, Provenance.NUMERIC, belief.version)


class ForgetsTheVersion(Sorted):
    def plan(self, belief: Belief, deadline_s: float) -> Plan[int]:
        return replace(super().plan(belief, deadline_s), belief_version=0)


class SortsInPlace(Sorted):
    def plan(self, belief: Belief, deadline_s: float) -> Plan[int]:
        belief.places.sort()
        return super().plan(belief, deadline_s)


class SaysOkToNothing(Sorted):
    def plan(self, belief: Belief, deadline_s: float) -> Plan[int]:
        return replace(super().plan(belief, deadline_s), subgoals=())


class GivesNoReason(Sorted):
    def plan(self, belief: Belief, deadline_s: float) -> Plan[int]:
        return replace(super().plan(belief, deadline_s), status=PlanStatus.INFEASIBLE)


class MakesPlacesUp(Sorted):
    def plan(self, belief: Belief, deadline_s: float) -> Plan[int]:
        return replace(super().plan(belief, deadline_s), subgoals=(99,))


class RollsDice(Sorted):
    def plan(self, belief: Belief, deadline_s: float) -> Plan[int]:
        order = np.random.default_rng().permutation(1000)
        return replace(super().plan(belief, deadline_s), subgoals=order.tolist())


class SaysItInWords(Sorted):
    def plan(self, belief: Belief, deadline_s: float) -> Plan[int]:
        return replace(super().plan(belief, deadline_s), provenance="me")  # type: ignore[arg-type]


def in_belief(belief: Belief, place: int) -> bool:
    return place in belief.places


def test_a_sound_planner_passes() -> None:
    assert check_planner(Sorted(), Belief(), is_valid=in_belief).subgoals == [1, 2, 3]


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (ForgetsTheVersion, "must carry its belief's version"),
        (SortsInPlace, "must not alter the belief"),
        (SaysOkToNothing, "needs a subgoal"),
        (GivesNoReason, "needs a reason"),
        (MakesPlacesUp, "subgoal 99 makes no sense"),
        (SaysItInWords, "must be a Provenance"),
    ],
)
def test_a_broken_planner_is_caught(broken: type[Sorted], promise: str) -> None:
    with pytest.raises(ConformanceError, match=promise):
        check_planner(broken(), Belief(), is_valid=in_belief)


def test_a_planner_that_is_not_repeatable_is_caught() -> None:
    with pytest.raises(ConformanceError, match="must give the same plan"):
        check_planner(RollsDice(), Belief())


class Proportional:
    """A sound controller."""

    def reset(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def act(self, observation: float, subgoal: float | None) -> FloatArray:
        return np.array([(subgoal or 0.0) - observation + 0.01 * self.rng.normal()])


class OwnsItsRandomness(Proportional):
    def reset(self, seed: int) -> None:
        self.rng = np.random.default_rng()


class KeepsCounting(Proportional):
    count = 0

    def act(self, observation: float, subgoal: float | None) -> FloatArray:
        self.count += 1
        return np.array([float(self.count)])


class GivesTwo(Proportional):
    def act(self, observation: float, subgoal: float | None) -> FloatArray:
        return np.zeros(2)


class DividesByZero(Proportional):
    def act(self, observation: float, subgoal: float | None) -> FloatArray:
        return np.array([np.inf if subgoal is None else 0.0])


SEEN, GOALS = [0.0, 0.5, 1.0], [1.0, None, 2.0]


def test_a_sound_controller_passes() -> None:
    check_controller(Proportional(), SEEN, GOALS, (1,))


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (OwnsItsRandomness, "the same seed must give the same actions"),
        (KeepsCounting, "the same seed must give the same actions"),
        (GivesTwo, "action \\(2,\\), not \\(1,\\)"),
        (DividesByZero, "must be finite"),
    ],
)
def test_a_broken_controller_is_caught(broken: type[Proportional], promise: str) -> None:
    with pytest.raises(ConformanceError, match=promise):
        check_controller(broken(), SEEN, GOALS, (1,))


class Walk(Env[FloatArray, FloatArray]):
    """A sound environment."""

    def __init__(self) -> None:
        self.action_space: spaces.Space[Any] = spaces.Box(-1.0, 1.0, (1,), np.float64)
        self.observation_space: spaces.Space[Any] = spaces.Box(-99.0, 99.0, (1,), np.float64)
        self.x = np.zeros(1)
        self.points = np.zeros((1, 2))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[FloatArray, dict[str, Any]]:
        super().reset(seed=seed)
        self.x = self.np_random.uniform(-1.0, 1.0, 1)
        self.points = np.ones((1, 2))
        return self.x.copy(), {}

    def step(self, action: FloatArray) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        self.x += action
        self.points += 0.1
        return self.x.copy(), 0.0, False, False, {}

    def safety_state(self) -> SafetyState:
        return SafetyState(self.x.copy(), Context(0.0, points=self.points.copy()))


class LendsItsState(Walk):
    def safety_state(self) -> SafetyState:
        return SafetyState(self.x, Context(0.0))


class LendsItsObstacles(Walk):
    def safety_state(self) -> SafetyState:
        return SafetyState(self.x.copy(), Context(0.0, points=self.points))


class DoesNotKnowWhereItIs(Walk):
    def safety_state(self) -> SafetyState:
        return SafetyState(self.x * np.nan, Context(0.0))


class IgnoresTheSeed(Walk):
    def safety_state(self) -> SafetyState:
        return SafetyState(self.x + np.random.default_rng().normal(), Context(0.0))


class HasNoSafetyState(Walk):
    def safety_state(self) -> SafetyState:
        return self.x  # type: ignore[return-value]


@pytest.mark.filterwarnings("ignore:.*WARN.*")
def test_a_sound_environment_passes() -> None:
    check_env(Walk())


@pytest.mark.filterwarnings("ignore:.*WARN.*")
@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (LendsItsState, "must not change under step"),
        (LendsItsObstacles, "must not change under step"),
        (DoesNotKnowWhereItIs, "must be finite"),
        (IgnoresTheSeed, "must give the same episode"),
        (HasNoSafetyState, "must return a SafetyState"),
    ],
)
def test_a_broken_environment_is_caught(broken: type[Walk], promise: str) -> None:
    with pytest.raises(ConformanceError, match=promise):
        check_env(broken())
