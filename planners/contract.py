"""What every planner takes and gives back.

A plan carries the version of the belief it was made from, so that one that arrives late is
repaired or discarded, never obeyed blindly; and its provenance, so that nobody mistakes a
fallback for the model's work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

BeliefT_contra = TypeVar("BeliefT_contra", contravariant=True)
SubgoalT_co = TypeVar("SubgoalT_co", covariant=True)


class PlanStatus(StrEnum):
    """What became of a request for a plan."""

    OK = "ok"
    """Subgoals to follow."""
    DONE = "done"
    """Nothing is left to plan for."""
    INFEASIBLE = "infeasible"
    """Something is left but cannot be reached; `Plan.reason` says what."""
    TIMEOUT = "timeout"
    """The deadline passed before anything usable was found."""


class Provenance(StrEnum):
    """Who decided the order of the subgoals."""

    NUMERIC = "numeric"
    """The numeric planner, asked for as such."""
    LLM = "llm"
    """The language model's answer, valid as it came."""
    LLM_REPAIRED = "llm_repaired"
    """The model's answer after validation dropped or appended something, or a repair call."""
    CACHED = "cached"
    """The last valid plan, repaired to today's belief."""
    FALLBACK = "fallback"
    """The deterministic tour, because everything above failed."""


@dataclass(frozen=True, slots=True)
class Plan(Generic[SubgoalT_co]):
    """An ordered list of subgoals.

    Attributes:
        subgoals: In the order in which they are to be pursued.
        status: Whether there is anything to follow.
        provenance: Who decided.
        belief_version: Version of the belief the plan was made from.
        rungs: How often each rung of the validity ladder was stepped on while making it.
        strategy: One line for a person: what the planner is after.
        reason: Why the status is not `PlanStatus.OK`, empty otherwise.
    """

    subgoals: Sequence[SubgoalT_co]
    status: PlanStatus
    provenance: Provenance
    belief_version: int
    rungs: Mapping[str, int] = field(default_factory=dict)
    strategy: str = ""
    reason: str = ""


class Planner(Protocol[BeliefT_contra, SubgoalT_co]):
    """Turns a belief into subgoals; may take seconds, runs beside the loop."""

    def reset(self, seed: int) -> None:
        """Starts a new episode with its own random stream."""
        ...

    def plan(self, belief: BeliefT_contra, deadline_s: float) -> Plan[SubgoalT_co]:
        """Plans from a belief that does not change during the call.

        Args:
            belief: Snapshot owned by the planner for the length of the call.
            deadline_s: Wall time the caller is willing to wait [s]; the planner answers
                within it, with a fallback if need be, and never raises for lateness.
        """
        ...
