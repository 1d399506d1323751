"""The provable bound of a map, and the proved optimum where it is found in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hiera.envs.exploration.grid import GridMap
from hiera.families.exploration.known_map import KnownMap, known_map
from hiera.planners.exploration.coverage import Coverage
from hiera.planners.exploration.coverage_bound import coverage_bound
from hiera.planners.exploration.coverage_optimum import coverage_optimum

MOST_NODES: Final = 2500
"""Larger maps get no bound: one linear programme alone would take minutes."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """What is known of the shortest complete run on a map.

    Attributes:
        index: Number of the map.
        map: Its name.
        kind: ``bound`` or ``optimum``.
        lower_m: No run that sees all that any node shows is shorter [m]; NaN if not computed.
        walk_m: Length of a complete walk, if one was found, else infinite [m].
        linear_m: The linear programme's bound [m].
        status: ``converged``, ``stopped``, ``proved``, ``open`` or ``too large``.
    """

    index: int
    map: str
    kind: str
    lower_m: float
    walk_m: float
    linear_m: float
    status: str

    def row(self) -> dict[str, object]:
        """For a CSV file, beside the episodes."""
        known = self.lower_m == self.lower_m
        return {
            "map": self.index,
            "name": self.map,
            "method": self.kind,
            "status": self.status,
            "distance_m": round(self.lower_m, 6) if known else "",
        }


def coverage(known: KnownMap) -> Coverage:
    """What any complete run on a map must do."""
    return Coverage(
        indptr=known.indptr,
        indices=known.indices,
        lengths=known.lengths,
        start=known.start,
        cover_indptr=known.cover_indptr,
        cover_indices=known.cover_indices,
    )


def bounded(index: int, place: GridMap, kind: str, budget_s: float) -> Bounded:
    """Computes a bound.

    Args:
        index: Number of the map, for the record.
        place: The map, with a start.
        kind: ``bound`` or ``optimum``.
        budget_s: Time to spend on it [s].
    """
    known = known_map(place)
    nothing, inf = float("nan"), float("inf")
    if len(known.xy) > MOST_NODES:
        return Bounded(index, place.name, kind, nothing, inf, nothing, "too large")
    if kind == "bound":
        found = coverage_bound(coverage(known), budget_s=budget_s)
        status = "converged" if found.converged else "stopped"
        return Bounded(index, place.name, kind, found.lower_m, inf, found.lower_m, status)
    best = coverage_optimum(coverage(known), budget_s=budget_s)
    status = "proved" if best.proved else "open"
    return Bounded(index, place.name, kind, best.lower_m, best.walk_m, best.linear_m, status)
