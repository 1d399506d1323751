"""A slow layer guided by a language model, after FARE.

S. Liao et al., "FARE: Fast-Slow Agentic Robotic Exploration", arXiv 2601.14681, 2026. Known of it:
a language model is given a description of the environment, analyses it (spatial characteristics,
obstacle characteristics, challenges), forms a strategy, and orders waypoints in a pruned community
graph; a fast policy follows them. Its prompts, trigger, checks and fusion are not public, so these
are ours:
  - one structured answer instead of a chain (`prompt`), checked on a ladder (`ladder`) that
    turns any text into a valid plan and counts how;
  - the model orders places; the viewpoint that enters a place is chosen by geometry;
  - the order is taken as it is by default (``geometry = 0``). With weight g in (0, 1] the place
    at rank r of the model gets the priority  (1 - g) r / k + g d / d_max, d being the distance from
    the robot, and ties go to the model's order;
  - time is counted by the latencies that the backend reports, so that a replay decides the same.
Without an answer it is the numeric planner.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hiera.planners.contract import Plan, PlanStatus, Provenance
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.ladder import Climb, Rung, climb
from hiera.planners.exploration.numeric import NumericPlanner, nothing_to_do, positions
from hiera.planners.exploration.prompt import (
    PromptSettings,
    completion,
    conversation,
    listed_places,
    repair_message,
)
from hiera.planners.exploration.survey import Survey
from hiera.planners.exploration.waypoint import Waypoint
from hiera.planners.language.contract import (
    LanguageBackend,
    Message,
    Reply,
    ReplyStatus,
    VerdictListener,
)

_LEAST_CALL_S: Final = 0.5
_RESERVE: Final = 0.05
_ANSWERED: Final = (ReplyStatus.OK, ReplyStatus.EMPTY)


class FarePlanner:
    """Asks a language model for the order of the places; falls back in steps."""

    def __init__(
        self,
        backend: LanguageBackend,
        numeric: NumericPlanner,
        environment: str,
        *,
        geometry: float = 0.0,
        prompt: PromptSettings | None = None,
    ) -> None:
        """Sets the planner up.

        Args:
            backend: The language model; a `VerdictListener` is told what became of each answer.
            numeric: Completes and replaces the model's orders; owned by this planner.
            environment: A person's description of the place.
            geometry: Weight of distance against the model's order, 0 to 1.
            prompt: What is asked for.
        """
        if not 0.0 <= geometry <= 1.0:
            raise ValueError(f"geometry must be between 0 and 1, not {geometry}")
        self._backend = backend
        self._numeric = numeric
        self._environment = environment
        self._geometry = geometry
        self._prompt = prompt or PromptSettings()
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Starts a new episode."""
        self._numeric.reset(seed)
        self._seed = seed
        self._last: Plan[Waypoint] | None = None

    def plan(self, belief: ExplorationBelief, deadline_s: float) -> Plan[Waypoint]:
        """Plans within the deadline, with the best rung of the ladder that holds."""
        survey = self._numeric.surveyor.survey(belief)
        if not len(survey.places):
            self._last = None
            return nothing_to_do(survey, Provenance.NUMERIC)
        rungs: Counter[str] = Counter()
        listed = listed_places(survey, self._prompt.most_places)
        answer, repaired = self._ask(belief, survey, listed, deadline_s, rungs)
        if answer.order:
            plan = self._from_answer(answer, survey, rungs, repaired)
            self._last = plan
        else:
            plan = self._without(survey, rungs, answer.fault)
        self._numeric.hold(plan.subgoals[0].community)
        return plan

    def repair(self, plan: Plan[Waypoint], belief: ExplorationBelief) -> Plan[Waypoint]:
        """Brings a plan of an older belief up to date; see `NumericPlanner.repair`."""
        return self._numeric.repair(plan, belief)

    def _ask(
        self,
        belief: ExplorationBelief,
        survey: Survey,
        listed: tuple[int, ...],
        deadline_s: float,
        rungs: Counter[str],
    ) -> tuple[Climb, bool]:
        """One call and, if nothing in the answer can be used, one repair call."""
        current = self._still_useful(survey)
        messages = conversation(belief, survey, self._environment, current, listed, self._prompt)
        left_s = deadline_s * (1.0 - _RESERVE)
        reply = self._call(messages, listed, left_s, rungs, Rung.CALL)
        answer = self._judge(reply, survey, listed, rungs)
        left_s -= reply.latency_s
        if answer.order or reply.status not in _ANSWERED or left_s < _LEAST_CALL_S:
            return answer, False
        said = Message("assistant", reply.text[:2000] or "(nothing)")
        messages = (*messages, said, repair_message(answer.fault, listed))
        reply = self._call(messages, listed, left_s, rungs, Rung.REPAIR_CALL)
        return self._judge(reply, survey, listed, rungs), True

    def _call(
        self,
        messages: tuple[Message, ...],
        listed: tuple[int, ...],
        timeout_s: float,
        rungs: Counter[str],
        rung: Rung,
    ) -> Reply:
        if timeout_s < _LEAST_CALL_S:
            return Reply("", ReplyStatus.TIMEOUT, error="There was no time to ask.")
        rungs[str(rung)] += 1
        return self._backend.complete(
            completion(messages, listed, self._prompt, seed=self._seed, timeout_s=timeout_s)
        )

    def _judge(
        self, reply: Reply, survey: Survey, listed: tuple[int, ...], rungs: Counter[str]
    ) -> Climb:
        answer = climb(reply, survey, listed)
        answer.count(rungs)
        if isinstance(self._backend, VerdictListener):
            self._backend.judge(answer.reached)
        return answer

    def _from_answer(
        self, answer: Climb, survey: Survey, rungs: Counter[str], repaired: bool
    ) -> Plan[Waypoint]:
        order = self._fuse(positions(survey, list(answer.order)), survey)
        as_it_came = answer.flawless and not repaired
        return _plan(
            survey,
            self._numeric.complete(order, survey),
            Provenance.LLM if as_it_came else Provenance.LLM_REPAIRED,
            rungs,
            answer.strategy or "the order of the language model",
        )

    def _fuse(self, order: NDArray[np.intp], survey: Survey) -> NDArray[np.intp]:
        """Mixes the model's ranks with distance from the robot; see the file's head."""
        if self._geometry == 0.0 or len(order) < 2:
            return order
        distance = survey.legs[0, 1:][order]
        rank = np.arange(len(order)) / len(order)
        near = distance / max(float(distance.max()), 1e-9)
        priority = (1.0 - self._geometry) * rank + self._geometry * near
        return order[np.argsort(priority, kind="stable")]

    def _without(self, survey: Survey, rungs: Counter[str], fault: str) -> Plan[Waypoint]:
        """The last valid plan brought up to date, or the tour."""
        still = positions(survey, self._still_useful(survey))
        if len(still) and self._last is not None:
            rungs[str(Rung.LAST_PLAN)] += 1
            order = self._numeric.complete(still, survey)
            return _plan(survey, order, Provenance.CACHED, rungs, self._last.strategy)
        rungs[str(Rung.TOUR)] += 1
        order = self._numeric.order(survey)
        return _plan(survey, order, Provenance.FALLBACK, rungs, f"open tour ({fault})")

    def _still_useful(self, survey: Survey) -> list[int]:
        if self._last is None:
            return []
        useful = set(survey.places.tolist())
        return [w.community for w in self._last.subgoals if w.community in useful]


def _plan(
    survey: Survey,
    order: NDArray[np.intp],
    provenance: Provenance,
    rungs: Counter[str],
    strategy: str,
) -> Plan[Waypoint]:
    return Plan(
        subgoals=survey.waypoints(order),
        status=PlanStatus.OK,
        provenance=provenance,
        belief_version=survey.version,
        rungs=dict(rungs),
        strategy=strategy,
    )
