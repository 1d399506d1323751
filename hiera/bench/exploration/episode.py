"""What is kept of an episode."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ENOUGH = 0.99
"""Less seen than that is not all."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One method on one map.

    Attributes:
        index: Number of the map.
        map: Its name.
        method: Name of the method.
        status: How it ended: ``complete``, ``cap``, ``unreachable_frontiers``, ``time_limit``.
        complete: Whether the protocol calls that a success.
        distance_m: Distance travelled [m].
        time_s: Simulated time, NaN where there is none [s].
        explored: Share of the free cells that hang together with the start that were seen.
        shown: Share of the free cells that a complete run could see that were seen: on a lattice,
            those that some node shows.
        decisions: How often the policy was asked.
        reversals: Returns to a target that was left unfinished.
        collisions: Contacts while moving.
        decision_ms: CPU time of each decision [ms]; empty if it was not measured.
        plan_ms: CPU time of each plan of the slow layer [ms]; driving: wall time.
        model_plans: How many of the plans are a language model's.
        turn_backs: How often it gave up a target that still saw something and went back to where
            it had been since it set out for it; hops only.
        rescues: How often the graph led to nothing more and the grid itself was asked.
        graph: What it hopped along, empty if it drove.
        policy_fallbacks: Decisions that somebody simpler made in the policy's place; hops only.
    """

    index: int
    map: str
    method: str
    status: str
    complete: bool
    distance_m: float
    time_s: float
    explored: float
    shown: float
    decisions: int
    reversals: int
    collisions: int
    decision_ms: tuple[float, ...]
    plan_ms: tuple[float, ...]
    model_plans: int
    turn_backs: int = 0
    rescues: int = 0
    graph: str = ""
    policy_fallbacks: int = 0

    @property
    def ended(self) -> bool:
        """Whether the robot stopped by itself, and not by a cap or a time limit."""
        return self.status not in ("cap", "time_limit", "interrupted")

    @property
    def fair(self) -> bool:
        """Whether its distance is one for having seen all that there was to see."""
        return self.ended and self.shown >= ENOUGH

    @property
    def early(self) -> bool:
        """Whether it stopped by itself before enough was seen."""
        return self.ended and self.explored < ENOUGH

    def row(self) -> dict[str, object]:
        """For a CSV file."""
        return {
            "map": self.index,
            "name": self.map,
            "method": self.method,
            "status": self.status,
            "complete": int(self.complete),
            "distance_m": round(self.distance_m, 6),
            "time_s": "" if math.isnan(self.time_s) else round(self.time_s, 3),
            "explored": round(self.explored, 6),
            "shown": round(self.shown, 6),
            "early": int(self.early),
            "decisions": self.decisions,
            "reversals": self.reversals,
            "turn_backs": self.turn_backs,
            "rescues": self.rescues,
            "policy_fallbacks": self.policy_fallbacks,
            "graph": self.graph,
            "collisions": self.collisions,
            "decision_ms_mean": _mean(self.decision_ms),
            "decision_ms_p99": _p99(self.decision_ms),
            "plans": len(self.plan_ms),
            "model_plans": self.model_plans,
            "plan_ms_mean": _mean(self.plan_ms),
            "plan_ms_p99": _p99(self.plan_ms),
        }


def _mean(values: tuple[float, ...]) -> float | str:
    return round(float(np.mean(values)), 4) if values else ""


def _p99(values: tuple[float, ...]) -> float | str:
    return round(float(np.quantile(values, 0.99)), 4) if values else ""
