"""Every named scenario under two methods: which violations could have been avoided.

A hard violation counts as unavoidable when it comes no earlier than the bound that nobody exceeds,
as avoidable when a course of commands is known that lives a minute longer, and as open between. A
course is known to somebody who knows the mission. What a gate could have done is another question:
how long before the end was there still a command, by some rule, that would have saved the life
(`hiera.bench.life_support.way_out`)? A way out that was open in the last minute was missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hiera.bench.life_support.episode import Episode
from hiera.bench.life_support.summary import Pair
from hiera.bench.life_support.tasks import Foresight

_LATER_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One run of the table.

    Attributes:
        scenario: Name of the scenario.
        method: Name of the method.
        endurance_s: How long it lasted [s].
        ended_by: What ended it.
        feasible_s: What foresight reaches [s].
        bound_s: What nobody exceeds [s].
        avoidable_s: Time beyond hard limits while a safe course was known [s].
        first: The first hard limit passed, or empty.
        first_s: When [s].
        verdict: ``none``, ``avoidable``, ``unavoidable`` or ``open``.
        cause: For an unavoidable one, what must break.
        way_out_s: How long before its end a run could still have been saved [s]; None if it did not
            end by a hard limit, or if the way out was closed for half an hour.
        missed: Whether that was within its last minute.
    """

    scenario: str
    method: str
    endurance_s: float
    ended_by: str
    feasible_s: float
    bound_s: float
    avoidable_s: float
    first: str
    first_s: float | None
    verdict: str
    cause: str
    way_out_s: float | None = None
    missed: bool = False


def finding(episode: Episode, foresight: Foresight) -> Finding:
    """Judges the first hard violation of a run."""
    verdict, cause, avoidable = "none", "", 0.0
    if episode.first_violation_s is not None:
        if episode.first_violation_s >= foresight.bound_s - _LATER_S:
            verdict, cause = "unavoidable", foresight.bound_cause
        elif episode.first_violation_s < foresight.feasible_s - _LATER_S:
            verdict, avoidable = "avoidable", episode.violation_s
        else:
            verdict = "open"
            cause = foresight.feasible_end
    return Finding(
        scenario=episode.mission,
        method=episode.method,
        endurance_s=episode.endurance_s,
        ended_by=episode.ended_by,
        feasible_s=foresight.feasible_s,
        bound_s=foresight.bound_s,
        avoidable_s=avoidable,
        first=episode.first_violation,
        first_s=episode.first_violation_s,
        verdict=verdict,
        cause=cause,
        way_out_s=episode.way_out_s,
        missed=episode.missed,
    )


def findings(episodes: Sequence[Episode], foresight: Mapping[Pair, Foresight]) -> list[Finding]:
    """All runs whose world has bounds, in the order in which they came."""
    return [finding(e, foresight[e.pair]) for e in episodes if e.pair in foresight]
