"""Dropping and reordering a covering tour's stops without trying every tour out.

Or-opt and 2-opt (G. A. Croes, Operations Research 6(6), 1958). What a move does to the cost follows
in constant time from the arrivals ``a_i``, the same sums backwards and the sums of both; what it
does to what is seen, from the legs that it changes. Only a move that pays and misses nothing is
made and costed exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.controllers.viewpoint.covering_task import Task, Tour, tour_cost, without

_GAIN = 1e-6
_HUGE_M = 1e12
_LONGEST = 3
"""Most stops that Or-opt moves at once."""


Floats = NDArray[np.float64]


class _Sums(NamedTuple):
    """Running sums along a tour of k stops.

    Attributes:
        at: Arrival at each stop, shape ``(k + 1,)`` [m].
        late: Sum of the arrivals up to each stop [m].
        back: Length of the way from each stop back to the first, stop by stop [m].
        behind: Sum of those up to each stop [m].
        before: What is seen up to each stop, bit rows, shape ``(k + 1, words)``.
        after: What is seen behind each stop, shape ``(k + 2, words)``.
        slack: How far an estimated cost may be off by rounding [m]; without bound where the tour
            has a leg that nothing leads along.
    """

    at: NDArray[np.float64]
    late: NDArray[np.float64]
    back: NDArray[np.float64]
    behind: NDArray[np.float64]
    before: NDArray[np.uint64]
    after: NDArray[np.uint64]
    slack: float


@njit(cache=True)
def _sums(task: Task, tour: Tour, cost: float) -> _Sums:
    """The sums of a tour, given its cost [m]."""
    distance, cover = task.ways.distance, task.ways.cover
    size, words = tour.shape[0], task.goal.shape[0]
    at, late, back, behind = np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size)
    before, after = np.zeros((size, words), np.uint64), np.zeros((size + 1, words), np.uint64)
    for i in range(1, size):
        at[i] = at[i - 1] + distance[tour[i - 1], tour[i]]
        late[i] = late[i - 1] + at[i]
        if i > 1:
            back[i] = back[i - 1] + distance[tour[i], tour[i - 1]]
            behind[i] = behind[i - 1] + back[i]
        for w in range(words):
            before[i, w] = before[i - 1, w] | cover[tour[i - 1], tour[i], w]
    for i in range(size - 2, -1, -1):
        for w in range(words):
            after[i, w] = after[i + 1, w] | cover[tour[i], tour[i + 1], w]
    slack = 1e-9 * (1.0 + abs(cost)) if cost < _HUGE_M else np.inf
    return _Sums(at, late, back, behind, before, after, slack)


@njit(cache=True)
def _dropped(task: Task, tour: Tour, sums: _Sums, i: int) -> float:
    """Cost without the i-th stop [m]."""
    at, late, last = sums.at, sums.late, tour.shape[0] - 1
    if i == last:
        return float(at[i - 1] + task.haste * late[i - 1] + task.end[tour[i - 1]])
    shift = at[i - 1] + task.ways.distance[tour[i - 1], tour[i + 1]] - at[i + 1]
    total = late[i - 1] + late[last] - late[i] + (last - i) * shift
    return float(at[last] + shift + task.haste * total + task.end[tour[last]])


@njit(cache=True)
def _needed(task: Task, tour: Tour, sums: _Sums, i: int) -> bool:
    """Whether a tour without the i-th stop misses something."""
    goal, cover, before, after = task.goal, task.ways.cover, sums.before, sums.after
    for w in range(goal.shape[0]):
        seen = before[i - 1, w]
        if i < tour.shape[0] - 1:
            seen |= cover[tour[i - 1], tour[i + 1], w] | after[i + 1, w]
        if goal[w] & ~seen:
            return True
    return False


@njit(cache=True)
def shrink(task: Task, tour: Tour) -> Tour:
    """Drops stops, the most expensive first, as long as the goal stays seen."""
    while tour.shape[0] > 2:
        best, found = tour_cost(task, tour), -1
        sums = _sums(task, tour, best)
        for i in range(tour.shape[0] - 1, 0, -1):
            if _dropped(task, tour, sums, i) > best + _GAIN + sums.slack:
                continue
            if _needed(task, tour, sums, i):
                continue
            cost = tour_cost(task, without(tour, i, 1))
            if cost <= best + _GAIN:
                best, found = cost, i
        if found < 0:
            return tour
        tour = without(tour, found, 1)
    return tour


@njit(cache=True)
def _turn(tour: Tour, first: int, final: int) -> None:
    """Turns the stops ``first`` to ``final`` round, in place."""
    while first < final:
        tour[first], tour[final] = tour[final], tour[first]
        first += 1
        final -= 1


@njit(cache=True, inline="always")
def _turned(
    at: Floats,
    late: Floats,
    back: Floats,
    behind: Floats,
    distance: Floats,
    end: Floats,
    haste: float,
    tour: Tour,
    first: int,
    final: int,
) -> float:
    """Cost with the stops ``first`` to ``final`` turned round [m]."""
    last = tour.shape[0] - 1
    begin = at[first - 1] + distance[tour[first - 1], tour[final]] + back[final]
    total = late[first - 1] + (final - first + 1) * begin - behind[final] + behind[first - 1]
    if final == last:
        return float(begin - back[first] + haste * total + end[tour[first]])
    shift = begin - back[first] + distance[tour[first], tour[final + 1]] - at[final + 1]
    total += late[last] - late[final] + (last - final) * shift
    return float(at[last] + shift + haste * total + end[tour[last]])


@njit(cache=True)
def _turned_sees(task: Task, tour: Tour, sums: _Sums, first: int, final: int) -> bool:
    """Whether the goal stays seen if the stops ``first`` to ``final`` are turned round."""
    goal, cover, before, after = task.goal, task.ways.cover, sums.before, sums.after
    last = tour.shape[0] - 1
    for w in range(goal.shape[0]):
        left = goal[w] & ~before[first - 1, w]
        left &= ~cover[tour[first - 1], tour[final], w]
        if final < last:
            left &= ~(cover[tour[first], tour[final + 1], w] | after[final + 1, w])
        for i in range(first, final):
            if left == 0:
                break
            left &= ~cover[tour[i + 1], tour[i], w]
        if left:
            return False
    return True


@njit(cache=True)
def _two_opt(task: Task, tour: Tour) -> tuple[Tour, bool]:
    """Turns a segment round wherever that is cheaper; says whether it was."""
    tour = tour.copy()
    cost, better = tour_cost(task, tour), False
    distance, end, haste = task.ways.distance, task.end, task.haste
    sums = _sums(task, tour, cost)
    at, late, back, behind, slack = sums.at, sums.late, sums.back, sums.behind, sums.slack
    for first in range(1, tour.shape[0] - 1):
        for final in range(first + 1, tour.shape[0]):
            price = _turned(at, late, back, behind, distance, end, haste, tour, first, final)
            if price > cost - _GAIN + slack:
                continue
            if not _turned_sees(task, tour, sums, first, final):
                continue
            _turn(tour, first, final)
            other = tour_cost(task, tour)
            if other < cost - _GAIN:
                cost, better = other, True
                sums = _sums(task, tour, cost)
                at, late, back, behind, slack = (
                    sums.at, sums.late, sums.back, sums.behind, sums.slack
                )  # fmt: skip
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


@njit(cache=True, inline="always")
def _moved(
    at: Floats,
    late: Floats,
    distance: Floats,
    end: Floats,
    haste: float,
    tour: Tour,
    low: int,
    middle: int,
    high: int,
) -> float:
    """Cost if the stops from ``low`` change places with those from ``middle``, up to ``high``."""
    last = tour.shape[0] - 1
    one = at[low - 1] + distance[tour[low - 1], tour[middle]] - at[middle]
    two = at[high - 1] + one + distance[tour[high - 1], tour[low]] - at[low]
    total = late[high - 1] + (high - middle) * one + (middle - low) * two
    if high > last:
        return float(at[middle - 1] + two + haste * total + end[tour[middle - 1]])
    shift = at[middle - 1] + two + distance[tour[middle - 1], tour[high]] - at[high]
    total += late[last] - late[high - 1] + (last - high + 1) * shift
    return float(at[last] + shift + haste * total + end[tour[last]])


@njit(cache=True)
def _moved_sees(task: Task, tour: Tour, sums: _Sums, low: int, middle: int, high: int) -> bool:
    """Whether the goal stays seen after that."""
    goal, cover, before, after = task.goal, task.ways.cover, sums.before, sums.after
    last = tour.shape[0] - 1
    for w in range(goal.shape[0]):
        left = goal[w] & ~before[low - 1, w]
        left &= ~cover[tour[low - 1], tour[middle], w] & ~cover[tour[high - 1], tour[low], w]
        if high <= last:
            left &= ~(cover[tour[middle - 1], tour[high], w] | after[high, w])
        for i in range(low, high - 1):
            if left == 0:
                break
            if i != middle - 1:
                left &= ~cover[tour[i], tour[i + 1], w]
        if left:
            return False
    return True


@njit(cache=True)
def _or_opt(task: Task, tour: Tour) -> tuple[Tour, bool]:
    """Moves segments of one to three stops wherever that is cheaper; says whether it was."""
    tour, moved = tour.copy(), tour.copy()
    cost, better = tour_cost(task, tour), False
    distance, end, haste = task.ways.distance, task.end, task.haste
    sums = _sums(task, tour, cost)
    at, late, slack = sums.at, sums.late, sums.slack
    for size in range(1, _LONGEST + 1):
        for first in range(1, tour.shape[0] - size + 1):
            for place in range(1, tour.shape[0] - size + 1):
                if place == first:
                    continue
                low, high = min(first, place), max(first, place) + size
                middle = first if place < first else first + size
                price = _moved(at, late, distance, end, haste, tour, low, middle, high)
                if price > cost - _GAIN + slack:
                    continue
                if not _moved_sees(task, tour, sums, low, middle, high):
                    continue
                _move(tour, first, size, place, moved)
                other = tour_cost(task, moved)
                if other < cost - _GAIN:
                    tour, moved = moved, tour
                    cost, better = other, True
                    sums = _sums(task, tour, cost)
                    at, late, slack = sums.at, sums.late, sums.slack
    return tour, better


@njit(cache=True)
def polish(task: Task, tour: Tour) -> Tour:
    """Drops and reorders stops until nothing helps; the tour must see the goal."""
    settled = False
    while True:
        size = tour.shape[0]
        tour = shrink(task, tour)
        tour, turned = _two_opt(task, tour)
        if settled and not turned and tour.shape[0] == size:
            return tour
        tour, moved = _or_opt(task, tour)
        settled = not moved
        if not moved and not turned:
            return tour
