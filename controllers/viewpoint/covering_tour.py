"""Covering tours: a short walk that sees every frontier, not one that visits every viewpoint.

The covering salesman problem (J. R. Current and D. A. Schilling, "The Covering Salesman Problem",
Transportation Science 23(3), 1989) from a fixed start to a free end, where a stop and every node
passed on the way to it cover what they see (`covering_task`). Tours grow by the insertion that
costs least per frontier newly seen, shrink by the stops that are not needed, and are improved by
2-opt, Or-opt and by large neighbourhood search (P. Shaw, 1998): take some stops out, grow again
with noise, keep what is not worse.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from hiera.controllers.viewpoint.covering_task import (
    Task,
    Tour,
    complete,
    missed,
    tour_cost,
    without,
)
from hiera.controllers.viewpoint.legs import FAR, count_bits, search
from hiera.controllers.viewpoint.tour_moves import polish

_FLOOR_M = 0.5
"""Added to every insertion's cost, so that a free insertion that sees little does not win."""
_SURELY = 1.0 + 1e-9


@njit(cache=True)
def _with(tour: Tour, place: int, stop: int) -> Tour:
    out = np.empty(tour.shape[0] + 1, np.int32)
    out[:place] = tour[:place]
    out[place] = stop
    out[place + 1 :] = tour[place:]
    return out


@njit(cache=True)
def grow(task: Task, tour: Tour, noise: float, rng: np.random.Generator) -> Tour:
    """Inserts stops until the tour sees the goal, or nothing that can be reached helps."""
    ways = task.ways
    distance, cover, end, seen, stops = ways.distance, ways.cover, task.end, ways.seen, ways.stops
    for stop in tour:
        search(ways, stop)
    while True:
        left = missed(task, tour)
        most = 0
        for w in range(left.shape[0]):
            most += count_bits(left[w])
        best, best_stop, best_place = FAR, -1, -1
        for stop in range(1, stops.shape[0]):
            own = 0
            for w in range(left.shape[0]):
                own += count_bits(seen[stops[stop], w] & left[w])
            if own == 0:
                continue
            for place in range(1, tour.shape[0] + 1):
                a = b = tour[place - 1]
                if place < tour.shape[0]:
                    b = tour[place]
                    extra = distance[a, stop] + distance[b, stop] - distance[a, b]
                else:
                    extra = distance[a, stop] + end[stop] - (end[a] if place > 1 else 0.0)
                if extra >= 0.5 * FAR:
                    continue
                price = max(extra, 0.0) + _FLOOR_M
                luck = 1.0 + noise * rng.random() if noise > 0.0 else 1.0
                # Not even if it showed all that is left would it be the best.
                if price * luck > best * most * _SURELY:
                    continue
                shown = 0
                for w in range(left.shape[0]):
                    shown += count_bits((cover[a, stop, w] | cover[b, stop, w]) & left[w])
                score = price / max(shown, own) * luck
                if score < best:
                    best, best_stop, best_place = score, stop, place
        if best_stop < 0:
            return tour
        tour = _with(tour, best_place, best_stop)
        search(ways, best_stop)


@njit(cache=True)
def _thinned(tour: Tour, rng: np.random.Generator) -> Tour:
    """Takes one to four stops out, neighbours or scattered."""
    stops = tour.shape[0] - 1
    count = 1 + int(rng.random() * min(4, stops))
    first = 1 + int(rng.random() * stops)
    if rng.random() < 0.5:
        fewer: Tour = without(tour, first, min(count, tour.shape[0] - first))
        return fewer
    keep = np.ones(tour.shape[0], np.bool_)
    for i in range(1, tour.shape[0]):
        keep[i] = i != first and rng.random() >= count / stops
    kept: Tour = tour[keep]
    return kept


@njit(cache=True)
def improve(
    task: Task, tour: Tour, rounds: int, noise: float, rng: np.random.Generator
) -> tuple[Tour, float]:
    """Completes a tour and searches its neighbourhood.

    Args:
        task: What the tour is to do.
        tour: Stops to begin with, at least stop 0.
        rounds: Rounds of large neighbourhood search.
        noise: Relative noise on the score of an insertion.
        rng: Source of the noise.

    Returns:
        The best tour found and its cost [m].
    """
    tour = grow(task, tour, 0.0, rng)
    goal = task.goal & ~missed(task, tour)
    task = Task(task.ways, goal, task.end, task.haste)
    tour = polish(task, tour)
    cost = tour_cost(task, tour)
    for _ in range(rounds):
        if tour.shape[0] < 3:
            break
        other = grow(task, _thinned(tour, rng), noise, rng)
        if not complete(task, other):
            continue
        other = polish(task, other)
        price = tour_cost(task, other)
        if price <= cost:
            tour, cost = other, price
    return tour, cost
