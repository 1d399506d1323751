"""People who walk about a floor between random destinations and do not yield.

Routes are shortest paths on the grid (steps of 1 and sqrt 2, here the integers 5 and 7, with
R. B. Dial's bucket queue: "Algorithm 360: Shortest-path forest with topological ordering",
Communications of the ACM 12(11), 1969), one tree of next steps per destination, cut short by
straight lines wherever a straight line is walkable. A person's cell keeps at least the body's
radius from every wall in each of its points, so a straight line through such cells never touches
a wall. People walk through one another; they are there for the robot's sake.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.clearance import component_at, largest_component, standable
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.lidar import first_wall

_HERE: Final = 8
_NOWHERE: Final = 255
_LOOK_AHEAD: Final = 80
_DESTINATIONS: Final = 16
_PAUSE_S: Final = (1.0, 6.0)
_BUMP_PAUSE_S: Final = 2.0


@njit(cache=True)
def _neighbour(cell: int, direction: int, columns: int) -> int:
    """The cell one step along one of eight directions: 0 is east, counter-clockwise."""
    dx, dy = 0, 0
    if direction == 0 or direction == 1 or direction == 7:
        dx = 1
    elif direction == 3 or direction == 4 or direction == 5:
        dx = -1
    if 1 <= direction <= 3:
        dy = 1
    elif 5 <= direction <= 7:
        dy = -1
    return cell + dy * columns + dx


@njit(cache=True)
def next_steps(walkable: NDArray[np.bool_], goal: int) -> NDArray[np.uint8]:
    """For every cell, the direction of the next step of a shortest path to ``goal``.

    ``walkable`` must be False along the border of the map. Diagonal steps do not cut corners.
    """
    columns = walkable.shape[1]
    flat = walkable.ravel()
    size = flat.shape[0]
    steps = np.full(size, 255, dtype=np.uint8)
    distance = np.full(size, 2147483647, dtype=np.int32)
    # Eight buckets, one per distance modulo 8, as linked lists over a pool of entries.
    heads = np.full(8, -1, dtype=np.int64)
    entry_cell = np.empty(2 * size + 8, dtype=np.int32)
    entry_next = np.empty(2 * size + 8, dtype=np.int32)
    used, spare = 1, -1
    entry_cell[0], entry_next[0] = goal, -1
    heads[0] = 0
    distance[goal] = 0
    steps[goal] = 8
    waiting, now = 1, 0
    while waiting > 0:
        entry = heads[now % 8]
        if entry < 0:
            now += 1
            continue
        heads[now % 8] = entry_next[entry]
        cell = entry_cell[entry]
        entry_next[entry] = spare
        spare = entry
        waiting -= 1
        if distance[cell] != now:
            continue
        for direction in range(8):
            other = _neighbour(cell, direction, columns)
            if not flat[other]:
                continue
            cost = 5
            if direction % 2 == 1:
                cost = 7
                if (
                    not flat[_neighbour(cell, direction - 1, columns)]
                    or not flat[_neighbour(cell, (direction + 1) % 8, columns)]
                ):
                    continue
            if now + cost < distance[other]:
                distance[other] = now + cost
                steps[other] = (direction + 4) % 8
                if spare >= 0:
                    slot = spare
                    spare = entry_next[spare]
                else:
                    slot = used
                    used += 1
                entry_cell[slot] = other
                entry_next[slot] = heads[(now + cost) % 8]
                heads[(now + cost) % 8] = slot
                waiting += 1
    return steps


@njit(cache=True)
def _waypoint(
    walkable: NDArray[np.bool_], steps: NDArray[np.uint8], gx: float, gy: float, ahead: int
) -> tuple[float, float]:
    """The farthest point of a path that can be walked to in a straight line, in cell sides."""
    columns = walkable.shape[1]
    cell = int(np.floor(gy)) * columns + int(np.floor(gx))
    best_x, best_y = cell % columns + 0.5, cell // columns + 0.5
    for _ in range(ahead):
        direction = steps[cell]
        if direction >= 8:
            break
        cell = _neighbour(cell, direction, columns)
        x, y = cell % columns + 0.5, cell // columns + 0.5
        length = np.hypot(x - gx, y - gy)
        if first_wall(walkable, gx, gy, (x - gx) / length, (y - gy) / length, length) < np.inf:
            break
        best_x, best_y = x, y
    return best_x, best_y


class People:
    """A number of people on a floor.

    Attributes:
        xy: Where they are, shape ``(q, 2)`` [m].
        radius_m: Radius of a person seen from above [m].
        max_speed_m_s: Bound on anybody's speed [m/s].
    """

    def __init__(
        self,
        grid: GridMap,
        count: int,
        rng: np.random.Generator,
        *,
        keep_from: tuple[float, float] | None = None,
        keep_distance_m: float = 4.0,
        radius_m: float = 0.25,
        max_speed_m_s: float = 1.2,
    ) -> None:
        """Spreads people over a floor.

        Args:
            grid: The floor.
            count: How many.
            rng: Their random stream.
            keep_from: Where nobody starts nearby (the robot), world frame [m]; people walk in
                the part of the floor that is connected to it if they fit there.
            keep_distance_m: How far from there [m].
            radius_m: Radius of a person [m].
            max_speed_m_s: Fastest walk [m/s]; each person has a speed of their own below it.

        Raises:
            ValueError: If people are asked for and there is no place wide enough for one.
        """
        self.radius_m = radius_m
        self.max_speed_m_s = max_speed_m_s
        self._grid = grid
        self._rng = rng
        self.xy: NDArray[np.float64] = np.zeros((count, 2))
        self._speed = max_speed_m_s * rng.uniform(0.5, 1.0, count)
        self._wait = np.zeros(count)
        self._target = np.zeros((count, 2))
        self._goal = np.zeros(count, dtype=np.int64)
        self._steps: dict[int, NDArray[np.uint8]] = {}
        if count == 0:
            return
        self._walkable = self._where_people_fit(keep_from)
        cells = np.flatnonzero(self._walkable)
        if cells.size == 0:
            raise ValueError(f"map {grid.name!r} has no place wide enough for people")
        self._destinations = rng.choice(cells, size=min(_DESTINATIONS, cells.size), replace=False)
        self._place(cells, keep_from, keep_distance_m)
        for person in range(count):
            self._goal[person] = int(rng.integers(self._destinations.size))
            self._target[person] = self._next_target(person)

    def _where_people_fit(self, near: tuple[float, float] | None) -> NDArray[np.bool_]:
        fits = standable(self._grid.free, self._grid.resolution_m, self.radius_m, whole_cell=True)
        if near is not None:
            ix, iy = self._grid.cell(*near)
            part = component_at(fits, iy, ix)
            if part.any():
                return part
        return largest_component(fits)

    def _place(
        self, cells: NDArray[np.intp], keep_from: tuple[float, float] | None, distance_m: float
    ) -> None:
        columns = self._grid.free.shape[1]
        centres = self._centres(cells % columns, cells // columns)
        if keep_from is not None:
            away = np.hypot(*(centres - np.asarray(keep_from)).T) >= distance_m
            centres = centres[away] if away.any() else centres[-1:]
        chosen = self._rng.choice(len(centres), size=len(self.xy))
        self.xy[:] = centres[chosen]

    def _centres(self, ix: NDArray[np.intp], iy: NDArray[np.intp]) -> NDArray[np.float64]:
        origin, side = np.asarray(self._grid.origin_m), self._grid.resolution_m
        return np.asarray(origin + (np.stack([ix, iy], axis=1) + 0.5) * side)

    def _route(self, goal: int) -> NDArray[np.uint8]:
        """The tree of next steps to a destination, made when first needed."""
        if goal not in self._steps:
            self._steps[goal] = next_steps(self._walkable, int(self._destinations[goal]))
        return self._steps[goal]

    def _next_target(self, person: int) -> NDArray[np.float64]:
        origin, side = np.asarray(self._grid.origin_m), self._grid.resolution_m
        gx, gy = (self.xy[person] - origin) / side
        point = _waypoint(
            self._walkable, self._route(int(self._goal[person])), float(gx), float(gy), _LOOK_AHEAD
        )
        return np.asarray(origin + np.asarray(point) * side)

    def propose(self, dt_s: float) -> NDArray[np.float64]:
        """Where everybody would be after a tick if nothing were in the way, ``(q, 2)`` [m].

        Everybody moves along a straight line during a tick.
        """
        towards = self._target - self.xy
        distance = np.hypot(towards[:, 0], towards[:, 1])
        stride = np.where(self._wait > 0.0, 0.0, np.minimum(self._speed * dt_s, distance))
        share = np.divide(stride, distance, out=np.zeros_like(stride), where=distance > 0.0)
        return np.asarray(self.xy + share[:, None] * towards)

    def commit(self, xy: NDArray[np.float64], bumped: NDArray[np.bool_], dt_s: float) -> None:
        """Ends a tick.

        Args:
            xy: Where everybody came to stand, shape ``(q, 2)`` [m].
            bumped: Who ran into the robot, shape ``(q,)``: they wait, then turn elsewhere.
            dt_s: Tick [s].
        """
        self.xy[:] = xy
        waited = self._wait > 0.0
        self._wait[waited] -= dt_s
        self._wait[bumped] = _BUMP_PAUSE_S
        self._goal[bumped] = -1
        arrived = np.hypot(*(self._target - self.xy).T) < 1e-9
        for person in np.flatnonzero((arrived | waited) & (self._wait <= 0.0)):
            self._turn(int(person))

    def _turn(self, person: int) -> None:
        """Sends a person on: to the next leg, or, arrived, after a pause to another place."""
        goal = int(self._goal[person])
        if goal < 0:
            self._goal[person] = int(self._rng.integers(self._destinations.size))
        else:
            gx, gy = self._grid.cell(*(float(v) for v in self.xy[person]))
            if self._route(goal)[gy * self._walkable.shape[1] + gx] == _HERE:
                self._wait[person] = self._rng.uniform(*_PAUSE_S)
                self._goal[person] = -1
                return
        self._target[person] = self._next_target(person)

    def step(self, dt_s: float) -> None:
        """A tick in a world without a robot."""
        self.commit(self.propose(dt_s), np.zeros(len(self.xy), dtype=np.bool_), dt_s)
