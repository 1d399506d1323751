"""Which frontiers can still be reached, decided on the grid itself, and the way to the nearest.

A viewpoint graph can miss a doorway; the grid cannot. So exploration may be called complete only
when no frontier is left that some safe cell, connected to the robot through safe cells, holds or
sees. Until then the nearest of them is a way out for a robot whose graph has run dry.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.sight import line_clear, line_inside

_UNKNOWN, _FREE = 0, 1
_STRAIGHT, _DIAGONAL = 5, 7
_FAR = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class FrontierCluster:
    """Frontier cells that touch one another.

    Attributes:
        centre_m: Mean of their centres, world frame [m].
        cells: Cells ``(x, y)``, shape ``(k, 2)``.
        reachable: Whether some cell the robot can drive to holds or sees one of them.
        distance_m: Length of the grid path to that cell [m], inf if there is none.
        stand: That cell, ``(x, y)``; ``(-1, -1)`` if there is none.
    """

    centre_m: tuple[float, float]
    cells: NDArray[np.int32]
    reachable: bool
    distance_m: float
    stand: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReachableFrontiers:
    """What is left to explore.

    Attributes:
        clusters: All clusters large enough, nearest first.
        reachable_cells: Frontier cells in reachable clusters.
        unreachable_cells: Frontier cells in the others.
        reachable_m2: Area of the former [m^2].
        unreachable_m2: Area of the latter [m^2].
        path: Way from the robot to the nearest reachable cluster through safe cells, its
            vertices in the world frame, shape ``(k, 2)`` [m]; None if none is reachable.
    """

    clusters: tuple[FrontierCluster, ...]
    reachable_cells: int
    unreachable_cells: int
    reachable_m2: float
    unreachable_m2: float
    path: NDArray[np.float64] | None

    @property
    def complete(self) -> bool:
        """True if nothing is left that can be reached."""
        return self.reachable_cells == 0


@njit(cache=True)
def nearest_safe(
    belief: Belief, safe: NDArray[np.bool_], x0: int, y0: int, within: int
) -> tuple[int, int]:
    """The nearest safe cell that is in straight free view of a cell, itself if it is safe.

    Args:
        belief: The belief, shape ``(H, W)``.
        safe: Where the robot may stand, shape ``(H, W)``.
        x0: Column.
        y0: Row.
        within: How far to look [cells].

    Returns:
        Column and row; the cell itself if there is none.
    """
    height, width = safe.shape
    best_x, best_y, best = x0, y0, within * within + 1
    for y in range(max(y0 - within, 0), min(y0 + within + 1, height)):
        for x in range(max(x0 - within, 0), min(x0 + within + 1, width)):
            gap = (x - x0) * (x - x0) + (y - y0) * (y - y0)
            if safe[y, x] and gap < best and line_clear(belief, x0, y0, x, y):
                best_x, best_y, best = x, y, gap
    return best_x, best_y


@njit(cache=True)
def flood(
    belief: Belief, safe: NDArray[np.bool_], x0: int, y0: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Shortest grid paths from a cell through safe cells, without cutting corners.

    A robot that stands on an unsafe cell may first leave over free cells, never from a safe cell
    to an unsafe one.

    Args:
        belief: The belief, shape ``(H, W)``.
        safe: Where the robot may stand, shape ``(H, W)``.
        x0: Column of the robot.
        y0: Row of the robot.

    Returns:
        Cost of every cell (5 a straight step, 7 a diagonal one, the largest int32 where there
        is no way) and the flat index of the cell before it (-1 where none), both ``(H, W)``.
    """
    height, width = safe.shape
    cost = np.full((height, width), _FAR, np.int32)
    before = np.full((height, width), -1, np.int32)
    waiting = np.zeros((height, width), np.bool_)
    size = height * width
    queue = np.empty(size, np.int32)
    head, count = 0, 1
    queue[0] = y0 * width + x0
    cost[y0, x0] = 0
    waiting[y0, x0] = True
    while count > 0:
        y, x = queue[head] // width, queue[head] % width
        head = (head + 1) % size
        count -= 1
        waiting[y, x] = False
        leaving = not safe[y, x]
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                u, v = x + dx, y + dy
                if (dx == 0 and dy == 0) or not (0 <= u < width and 0 <= v < height):
                    continue
                if not (safe[v, u] or (leaving and belief[v, u] == _FREE)):
                    continue
                if dx != 0 and dy != 0:
                    a = safe[y, u] or (leaving and belief[y, u] == _FREE)
                    b = safe[v, x] or (leaving and belief[v, x] == _FREE)
                    if not (a and b):
                        continue
                there = cost[y, x] + (_DIAGONAL if dx != 0 and dy != 0 else _STRAIGHT)
                if there < cost[v, u]:
                    cost[v, u] = there
                    before[v, u] = y * width + x
                    if not waiting[v, u]:
                        waiting[v, u] = True
                        queue[(head + count) % size] = v * width + u
                        count += 1
    return cost, before


@njit(cache=True)
def _clusters(frontier: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Frontier cells grouped by touch, ``(x, y)`` each, and where each group begins."""
    height, width = frontier.shape
    total = 0
    for y in range(height):
        for x in range(width):
            total += frontier[y, x]
    cells = np.empty((total, 2), np.int32)
    begins = np.empty(total + 1, np.int32)
    done = np.zeros((height, width), np.bool_)
    groups, n = 0, 0
    for y0 in range(height):
        for x0 in range(width):
            if not frontier[y0, x0] or done[y0, x0]:
                continue
            begins[groups] = n
            groups += 1
            head = n
            cells[n, 0], cells[n, 1] = x0, y0
            done[y0, x0] = True
            n += 1
            while head < n:
                x, y = cells[head, 0], cells[head, 1]
                head += 1
                for v in range(max(y - 1, 0), min(y + 2, height)):
                    for u in range(max(x - 1, 0), min(x + 2, width)):
                        if frontier[v, u] and not done[v, u]:
                            done[v, u] = True
                            cells[n, 0], cells[n, 1] = u, v
                            n += 1
    begins[groups] = n
    return cells, begins[: groups + 1]


@njit(cache=True)
def gap_among(belief: Belief, cells: NDArray[np.int32]) -> bool:
    """Whether some cell looks like a gap one cell wide: unknown ahead, not free on either side."""
    height, width = belief.shape
    for k in range(cells.shape[0]):
        x, y = cells[k, 0], cells[k, 1]
        if not (0 < x < width - 1 and 0 < y < height - 1):
            continue
        across = belief[y, x - 1] != _FREE and belief[y, x + 1] != _FREE
        along = belief[y - 1, x] != _FREE and belief[y + 1, x] != _FREE
        ahead = belief[y - 1, x] == _UNKNOWN or belief[y + 1, x] == _UNKNOWN
        aside = belief[y, x - 1] == _UNKNOWN or belief[y, x + 1] == _UNKNOWN
        if (across and ahead) or (along and aside):
            return True
    return False


@njit(cache=True)
def stand_for(
    belief: Belief, cost: NDArray[np.int32], safe: NDArray[np.bool_],
    cells: NDArray[np.int32], view: int,
) -> tuple[int, int]:  # fmt: skip
    """The cheapest cell to reach that holds or sees a frontier cell, ``(-1, -1)`` if none.

    Looks along growing squares around each frontier cell, up to ``view`` cells away, and stops
    at the first square that has one, so what is found is close to the frontier.
    """
    height, width = belief.shape
    for radius in range(view + 1):
        best_x, best_y, best = -1, -1, _FAR
        for k in range(cells.shape[0]):
            x, y = cells[k, 0], cells[k, 1]
            for v in range(max(y - radius, 0), min(y + radius + 1, height)):
                rim = v in (y - radius, y + radius)
                for u in range(x - radius, x + radius + 1, 1 if rim else max(2 * radius, 1)):
                    if (
                        0 <= u < width
                        and safe[v, u]
                        and cost[v, u] < best
                        and line_clear(belief, u, v, x, y)
                    ):
                        best_x, best_y, best = u, v, cost[v, u]
        if best < _FAR:
            return best_x, best_y
    return -1, -1


@njit(cache=True)
def straighten(
    safe: NDArray[np.bool_], before: NDArray[np.int32], x: int, y: int
) -> NDArray[np.int32]:
    """The way to a cell with as few vertices as greedy line tests leave, ``(k, 2)`` cells.

    The first vertex is the cell the flood began at.
    """
    width = safe.shape[1]
    n = 1
    at = before[y, x]
    while at >= 0:
        n += 1
        at = before[at // width, at % width]
    way = np.empty((n, 2), np.int32)
    at = y * width + x
    for k in range(n - 1, -1, -1):
        way[k, 0], way[k, 1] = at % width, at // width
        at = before[way[k, 1], way[k, 0]]
    kept, corner = 1, 0
    while corner < n - 1:
        x0, y0 = way[corner, 0], way[corner, 1]
        last = corner + 1
        while last + 1 < n and line_inside(safe, x0, y0, way[last + 1, 0], way[last + 1, 1]):
            last += 1
        way[kept, 0], way[kept, 1] = way[last, 0], way[last, 1]
        kept += 1
        corner = last
    return way[:kept].copy()


def reachable_frontiers(
    belief: Belief,
    safe: NDArray[np.bool_],
    frontier: NDArray[np.bool_],
    robot_m: tuple[float, float],
    *,
    resolution_m: float,
    origin_m: tuple[float, float],
    view_m: float,
    min_cells: int = 3,
    gaps: bool = False,
    given_up: NDArray[np.bool_] | None = None,
) -> ReachableFrontiers:
    """Says which frontiers can still be reached, and the way to the nearest.

    Args:
        belief: The belief, shape ``(H, W)``.
        safe: Where the robot may stand, shape ``(H, W)``.
        frontier: Frontier mask, shape ``(H, W)``.
        robot_m: The robot's position, world frame [m].
        resolution_m: Side of a cell [m].
        origin_m: World position of the outer corner of cell ``(0, 0)`` [m].
        view_m: From how far a frontier can be resolved [m]; less than the sensor's range.
        min_cells: Smaller clusters are ignored.
        gaps: Smaller ones count as well where they look like a gap one cell wide.
        given_up: Frontier cells to count as unreachable, shape ``(H, W)``: a robot that stood
            where it should see them, and did not learn anything, marks them here.
    """
    x = int(np.floor((robot_m[0] - origin_m[0]) / resolution_m))
    y = int(np.floor((robot_m[1] - origin_m[1]) / resolution_m))
    if not (0 <= x < belief.shape[1] and 0 <= y < belief.shape[0]):
        raise ValueError(f"reachable frontiers: the robot at {robot_m} m is outside the map")
    cost, before = flood(belief, safe, x, y)
    cells, begins = _clusters(frontier)
    view = max(int(view_m / resolution_m), 1)
    origin = np.asarray(origin_m)
    found: list[FrontierCluster] = []
    for begin, end in pairwise(begins):
        group = cells[begin:end]
        if len(group) < min_cells and not (gaps and gap_among(belief, group)):
            continue
        lost = given_up is not None and bool(given_up[group[:, 1], group[:, 0]].all())
        u, v = (-1, -1) if lost else stand_for(belief, cost, safe, group, view)
        distance = float(cost[v, u]) / _STRAIGHT * resolution_m if u >= 0 else np.inf
        centre = (group.mean(axis=0) + 0.5) * resolution_m + origin
        found.append(
            FrontierCluster(
                centre_m=(float(centre[0]), float(centre[1])),
                cells=group.copy(),
                reachable=u >= 0,
                distance_m=distance,
                stand=(int(u), int(v)),
            )
        )
    found.sort(key=lambda cluster: cluster.distance_m)
    path = None
    if found and found[0].reachable:
        vertices = straighten(safe, before, *found[0].stand)
        path = (vertices + 0.5) * resolution_m + origin
    reachable = sum(len(cluster.cells) for cluster in found if cluster.reachable)
    unreachable = sum(len(cluster.cells) for cluster in found) - reachable
    return ReachableFrontiers(
        clusters=tuple(found),
        reachable_cells=reachable,
        unreachable_cells=unreachable,
        reachable_m2=reachable * resolution_m**2,
        unreachable_m2=unreachable * resolution_m**2,
        path=path,
    )


def grid_path(
    belief: Belief,
    safe: NDArray[np.bool_],
    robot: tuple[int, int],
    goal: tuple[int, int],
    *,
    resolution_m: float,
    origin_m: tuple[float, float],
) -> NDArray[np.float64]:
    """Shortest way through safe cells, straightened.

    Args:
        belief: The belief, shape ``(H, W)``.
        safe: Where the robot may stand, shape ``(H, W)``.
        robot: Cell of the robot, ``(x, y)``.
        goal: Cell to reach.
        resolution_m: Side of a cell [m].
        origin_m: World position of the outer corner of cell ``(0, 0)`` [m].

    Returns:
        Vertices in the world frame, shape ``(k, 2)`` [m]; empty if there is no way.
    """
    height, width = belief.shape
    if not (0 <= goal[0] < width and 0 <= goal[1] < height):
        return np.zeros((0, 2))
    cost, before = flood(belief, safe, *robot)
    if cost[goal[1], goal[0]] == _FAR:
        return np.zeros((0, 2))
    return np.asarray((straighten(safe, before, *goal) + 0.5) * resolution_m + np.asarray(origin_m))
