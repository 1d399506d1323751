"""The null language model, and the default: a tour over the places that are still useful.

The order starts with the place i that minimises
  J_i = min over v in i of [d(v) - beta u_v]  +  lambda T_i  -  kappa [i was first before],
d being the distance from the robot along the viewpoint graph, u_v the utility of a viewpoint and
T_i the length of the best open tour (see `tour`) from i through all the other places; the rest of
that tour follows. The terms are ours:
  - beta: a viewpoint that sees more is worth a detour, metre for frontier point;
  - lambda < 1: later legs count less than the first, since what is found on the way changes them;
  - a tour that ends at e pays for the way back to where most is still to be seen, an extra
    rho * sum_j u_j d(e, j) / sum_j u_j. What is found meanwhile mostly lies where the utility
    lies now, so a pocket that is nearly finished is visited on the way out and not left for a
    long return;
  - kappa, against ping-pong between places of nearly equal cost.
The waypoint is the viewpoint that enters a place best, not the place's medoid. No random numbers
beyond the seeded sweeps of the community detection.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hiera.planners.contract import Plan, PlanStatus, Provenance
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.survey import Survey, Surveyor
from hiera.planners.exploration.tour import open_tour
from hiera.planners.exploration.waypoint import Waypoint

_CANDIDATES: Final = 8
"""Places that are tried as the first: those that are entered at the least cost."""


class NumericPlanner:
    """Plans a tour over the useful places of a belief."""

    def __init__(
        self,
        *,
        radius_m: float = 12.0,
        resolution: float = 1.0,
        switch_cost_m: float = 4.0,
        return_weight: float = 0.5,
        frontier_worth_m: float = 1.0,
        tour_weight: float = 0.5,
        pruned: bool = True,
    ) -> None:
        """Sets the planner up.

        Args:
            radius_m: Greatest radius of a place [m].
            resolution: gamma of the modularity; larger means smaller places.
            switch_cost_m: kappa, how much better another place must be to become the first [m].
            return_weight: rho, the weight of the way back from the tour's end.
            frontier_worth_m: beta, the detour that seeing one frontier point is worth [m].
            tour_weight: lambda, the weight of the tour after the first place.
            pruned: Whether the global graph of a survey leaves out what no longer matters; a
                language model is told of that graph, the tour does not need it.
        """
        if min(switch_cost_m, return_weight, tour_weight) < 0.0:
            raise ValueError("switch_cost_m, return_weight and tour_weight must not be negative")
        self.surveyor = Surveyor(
            radius_m=radius_m,
            resolution=resolution,
            frontier_worth_m=frontier_worth_m,
            pruned=pruned,
        )
        self._switch_cost_m = switch_cost_m
        self._return_weight = return_weight
        self._tour_weight = tour_weight
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Starts a new episode."""
        self.surveyor.reset(seed)
        self._first: int | None = None

    def plan(self, belief: ExplorationBelief, deadline_s: float) -> Plan[Waypoint]:
        """Plans from a belief; takes milliseconds, so the deadline plays no part."""
        return self.plan_from(self.surveyor.survey(belief))

    def plan_from(self, survey: Survey) -> Plan[Waypoint]:
        """Plans from a survey of this planner's surveyor."""
        if not len(survey.places):
            self._first = None
            return nothing_to_do(survey, Provenance.NUMERIC)
        order = self.order(survey)
        self._first = int(survey.places[order[0]])
        length = float(survey.legs[np.append(0, order[:-1] + 1), order + 1].sum())
        return Plan(
            subgoals=survey.waypoints(order),
            status=PlanStatus.OK,
            provenance=Provenance.NUMERIC,
            belief_version=survey.version,
            strategy=f"open tour of {len(order)} places, {length:.0f} m over known ground",
        )

    def order(self, survey: Survey) -> NDArray[np.intp]:
        """Positions in ``survey.places`` in visiting order; at least one place is needed."""
        matrix = self._with_end(survey)
        first = survey.enter_m - self._switch_cost_m * (survey.places == self._first)
        best, best_cost = np.zeros(0, dtype=np.intp), np.inf
        for start in np.argsort(first, kind="stable")[:_CANDIDATES].tolist():
            order, after = _tour_from(matrix, start)
            cost = float(first[start]) + self._tour_weight * after
            if cost < best_cost - 1e-9:
                best, best_cost = order, cost
        return best

    def complete(self, head: NDArray[np.intp], survey: Survey) -> NDArray[np.intp]:
        """Continues an order with a tour over the places it leaves out."""
        missing = np.setdiff1d(np.arange(len(survey.places)), head)
        if not len(missing):
            return head
        if not len(head):
            return self.order(survey)
        rows = np.concatenate(([head[-1] + 1], missing + 1, [len(survey.places) + 1]))
        rest, _ = _tour(self._with_end(survey)[np.ix_(rows, rows)])
        return np.concatenate((head, missing[rest])).astype(np.intp)

    def repair(self, plan: Plan[Waypoint], belief: ExplorationBelief) -> Plan[Waypoint]:
        """Brings a plan of an older belief up to date.

        Places that have nothing left go, new ones are appended by the tour; the order of the
        others, the provenance and the strategy stay.
        """
        survey = self.surveyor.survey(belief)
        if not len(survey.places):
            return nothing_to_do(survey, plan.provenance)
        order = self.complete(positions(survey, [w.community for w in plan.subgoals]), survey)
        self._first = int(survey.places[order[0]])
        return Plan(
            subgoals=survey.waypoints(order),
            status=PlanStatus.OK,
            provenance=plan.provenance,
            belief_version=survey.version,
            rungs=plan.rungs,
            strategy=plan.strategy,
        )

    def hold(self, place: int) -> None:
        """Remembers which place is first, when somebody else has decided the order."""
        self._first = place

    def _with_end(self, survey: Survey) -> NDArray[np.float64]:
        """The legs with one more row: a virtual end, as far from i as the weighted way back."""
        k = len(survey.places)
        share = survey.utility / survey.utility.sum()
        matrix = np.zeros((k + 2, k + 2))
        matrix[:-1, :-1] = survey.legs
        back = self._return_weight * (survey.legs[1:, 1:] @ share)
        matrix[-1, 1:-1] = matrix[1:-1, -1] = back
        return matrix


def nothing_to_do(survey: Survey, provenance: Provenance) -> Plan[Waypoint]:
    """The plan for a belief without a useful place that can be reached."""
    lost = len(survey.out_of_reach)
    return Plan(
        subgoals=(),
        status=PlanStatus.INFEASIBLE if lost else PlanStatus.DONE,
        provenance=provenance,
        belief_version=survey.version,
        strategy="nothing left to explore" if not lost else "",
        reason=f"{lost} places promise something but cannot be reached" if lost else "",
    )


def positions(survey: Survey, places: list[int]) -> NDArray[np.intp]:
    """Positions in ``survey.places`` of the ids that are there, in the order given, once each."""
    at = {place: position for position, place in enumerate(survey.places.tolist())}
    found = dict.fromkeys(at[place] for place in places if place in at)
    return np.array(list(found), dtype=np.intp)


def _tour(matrix: NDArray[np.float64]) -> tuple[NDArray[np.intp], float]:
    """Tour to the matrix's last row; positions of the rows between, and the cost [m]."""
    rows = open_tour(matrix, end=len(matrix) - 1)
    cost = float(matrix[np.append(0, rows[:-1]), rows].sum())
    return rows[:-1] - 1, cost


def _tour_from(matrix: NDArray[np.float64], first: int) -> tuple[NDArray[np.intp], float]:
    """Tour that starts at a position, and the cost after it [m]."""
    k = len(matrix) - 2
    others = np.setdiff1d(np.arange(k), [first])
    rows = np.concatenate(([first + 1], others + 1, [k + 1]))
    rest, cost = _tour(matrix[np.ix_(rows, rows)])
    order = np.concatenate(([first], others[rest])).astype(np.intp)
    return order, cost
