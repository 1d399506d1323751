"""Covering tours: a short walk that sees every frontier, not one that visits every viewpoint.

The covering salesman problem (J. R. Current and D. A. Schilling, "The Covering Salesman Problem",
Transportation Science 23(3), 1989) from a fixed start to a free end, where a stop and every node
passed on the way to it cover what they see. A tour is an array of stops; ``tour[0]`` is stop 0,
the robot. With ``a_i`` the arrival at its i-th stop, a tour of k stops costs

    a_k + haste * sum_i a_i + end[t_k].

Tours grow by the insertion that costs least per frontier newly seen, shrink by the stops that
are not needed, and are improved by 2-opt, Or-opt and by large neighbourhood search (P. Shaw,
1998): take some stops out, grow again with noise, keep what is not worse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.controllers.viewpoint.legs import FAR, Ways, count_bits, search

_GAIN = 1e-6
_FLOOR_M = 0.5
"""Added to every insertion's cost, so that a free insertion that sees little does not win."""

Tour = NDArray[np.int32]


class Task(NamedTuple):
    """What a tour is to do.

    Attributes:
        ways: Stops and the ways between them; those from stop 0 have been searched.
        goal: Frontiers to be seen, bit row, shape ``(words,)``.
        end: Cost of ending at each stop, shape ``(m,)`` [m].
        haste: Weight of the arrivals.
    """

    ways: Ways
    goal: NDArray[np.uint64]
    end: NDArray[np.float64]
    haste: float


@njit(cache=True)
def tour_cost(task: Task, tour: Tour) -> float:
    """Cost of a tour whose stops but the last have been searched [m]."""
    ways = task.ways
    at = late = 0.0
    for i in range(1, tour.shape[0]):
        at += ways.distance[tour[i - 1], ways.stops[tour[i]]]
        late += at
    return float(at + task.haste * late + (task.end[tour[-1]] if tour.shape[0] > 1 else 0.0))


@njit(cache=True)
def missed(task: Task, tour: Tour) -> NDArray[np.uint64]:
    """Frontiers of the goal that a tour does not see, bit row."""
    ways = task.ways
    left = task.goal.copy()
    for i in range(1, tour.shape[0]):
        way = ways.cover[tour[i - 1], ways.stops[tour[i]]]
        for w in range(left.shape[0]):
            left[w] &= ~way[w]
    return left


@njit(cache=True)
def _complete(task: Task, tour: Tour) -> bool:
    return bool(not missed(task, tour).any())


@njit(cache=True)
def _without(tour: Tour, first: int, count: int) -> Tour:
    out = np.empty(tour.shape[0] - count, np.int32)
    out[:first] = tour[:first]
    out[first:] = tour[first + count :]
    return out


@njit(cache=True)
def _with(tour: Tour, place: int, stop: int) -> Tour:
    out = np.empty(tour.shape[0] + 1, np.int32)
    out[:place] = tour[:place]
    out[place] = stop
    out[place + 1 :] = tour[place:]
    return out


@njit(cache=True)
def _insertion(
    task: Task, tour: Tour, place: int, stop: int, left: NDArray[np.uint64]
) -> tuple[float, int]:
    """Metres that a stop adds at a place of the tour, and frontiers it newly shows."""
    ways = task.ways
    node, a = ways.stops[stop], tour[place - 1]
    extra = ways.distance[a, node]
    shown = 0
    if place < tour.shape[0]:
        b = tour[place]
        extra += ways.distance[b, node] - ways.distance[a, ways.stops[b]]
        for w in range(left.shape[0]):
            shown += count_bits((ways.cover[a, node, w] | ways.cover[b, node, w]) & left[w])
    else:
        extra += task.end[stop] - (task.end[a] if place > 1 else 0.0)
        for w in range(left.shape[0]):
            shown += count_bits(ways.cover[a, node, w] & left[w])
    return extra, shown


@njit(cache=True)
def grow(task: Task, tour: Tour, noise: float, rng: np.random.Generator) -> Tour:
    """Inserts stops until the tour sees the goal, or nothing that can be reached helps."""
    ways = task.ways
    for stop in tour:
        search(ways, stop)
    while True:
        left = missed(task, tour)
        best, best_stop, best_place = FAR, -1, -1
        for stop in range(1, ways.stops.shape[0]):
            own = 0
            for w in range(left.shape[0]):
                own += count_bits(ways.seen[ways.stops[stop], w] & left[w])
            if own == 0:
                continue
            for place in range(1, tour.shape[0] + 1):
                extra, shown = _insertion(task, tour, place, stop, left)
                if extra >= 0.5 * FAR:
                    continue
                score = (max(extra, 0.0) + _FLOOR_M) / max(shown, own)
                if noise > 0.0:
                    score *= 1.0 + noise * rng.random()
                if score < best:
                    best, best_stop, best_place = score, stop, place
        if best_stop < 0:
            return tour
        tour = _with(tour, best_place, best_stop)
        search(ways, best_stop)


@njit(cache=True)
def shrink(task: Task, tour: Tour) -> Tour:
    """Drops stops, the most expensive first, as long as the goal stays seen."""
    while tour.shape[0] > 2:
        best, found = tour_cost(task, tour), -1
        for i in range(tour.shape[0] - 1, 0, -1):
            shorter = _without(tour, i, 1)
            cost = tour_cost(task, shorter)
            if cost <= best + _GAIN and _complete(task, shorter):
                best, found = cost, i
        if found < 0:
            return tour
        tour = _without(tour, found, 1)
    return tour


@njit(cache=True)
def _turn(tour: Tour, first: int, final: int) -> None:
    """Turns the stops ``first`` to ``final`` round, in place."""
    while first < final:
        tour[first], tour[final] = tour[final], tour[first]
        first += 1
        final -= 1


@njit(cache=True)
def _two_opt(task: Task, tour: Tour) -> tuple[Tour, bool]:
    """Turns a segment round wherever that is cheaper; says whether it was."""
    tour = tour.copy()
    cost, better = tour_cost(task, tour), False
    for first in range(1, tour.shape[0] - 1):
        for final in range(first + 1, tour.shape[0]):
            _turn(tour, first, final)
            other = tour_cost(task, tour)
            if other < cost - _GAIN and _complete(task, tour):
                cost, better = other, True
            else:
                _turn(tour, first, final)
    return tour, better


@njit(cache=True)
def _move(tour: Tour, first: int, size: int, place: int, moved: Tour) -> None:
    """Writes the tour with ``size`` stops from ``first`` taken out and put in at ``place``."""
    source = 1
    for i in range(1, tour.shape[0]):
        if place <= i < place + size:
            moved[i] = tour[first + i - place]
            continue
        if source == first:
            source += size
        moved[i] = tour[source]
        source += 1


@njit(cache=True)
def _or_opt(task: Task, tour: Tour) -> tuple[Tour, bool]:
    """Moves segments of one to three stops wherever that is cheaper; says whether it was."""
    tour, moved = tour.copy(), tour.copy()
    cost, better = tour_cost(task, tour), False
    for size in range(1, 4):
        for first in range(1, tour.shape[0] - size + 1):
            for place in range(1, tour.shape[0] - size + 1):
                if place == first:
                    continue
                _move(tour, first, size, place, moved)
                other = tour_cost(task, moved)
                if other < cost - _GAIN and _complete(task, moved):
                    tour, moved = moved, tour
                    cost, better = other, True
    return tour, better


@njit(cache=True)
def polish(task: Task, tour: Tour) -> Tour:
    """Drops and reorders stops until nothing helps; the tour must see the goal."""
    better = True
    while better:
        tour = shrink(task, tour)
        tour, better = _two_opt(task, tour)
        tour, moved = _or_opt(task, tour)
        better = better or moved
    return tour


@njit(cache=True)
def _thinned(tour: Tour, rng: np.random.Generator) -> Tour:
    """Takes one to four stops out, neighbours or scattered."""
    stops = tour.shape[0] - 1
    count = 1 + int(rng.random() * min(4, stops))
    first = 1 + int(rng.random() * stops)
    if rng.random() < 0.5:
        fewer: Tour = _without(tour, first, min(count, tour.shape[0] - first))
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
        if not _complete(task, other):
            continue
        other = polish(task, other)
        price = tour_cost(task, other)
        if price <= cost:
            tour, cost = other, price
    return tour, cost
