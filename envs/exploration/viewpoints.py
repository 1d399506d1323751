"""The viewpoint graph: kept up to date while the belief grows, handed out as a `Roadmap`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.lattice import SLOTS, Graph, count_edges, neighbour_table, to_rows
from hiera.envs.exploration.picture import picture_of
from hiera.envs.exploration.reachability import (
    FrontierCluster,
    ReachableFrontiers,
    grid_path,
    nearest_safe,
    reachable_frontiers,
)
from hiera.envs.exploration.roadmap import Roadmap
from hiera.envs.exploration.rules import ViewpointRules
from hiera.envs.exploration.sight import Bounds, line_inside
from hiera.envs.exploration.updaters import updater_for

_SAFE_PLACE_CELLS = 8
_SLOT_NUMBERS = np.arange(SLOTS)


class ViewpointGraph:
    """A graph of viewpoints over one map, made for one episode.

    Attributes:
        rules: What the graph is to be like.
    """

    def __init__(
        self,
        rules: ViewpointRules,
        shape: tuple[int, int],
        *,
        resolution_m: float,
        origin_m: tuple[float, float],
        start_m: tuple[float, float],
        outlook_m: float | None = None,
        picture: bool = False,
    ) -> None:
        """Starts empty.

        Args:
            rules: What the graph is to be like.
            shape: Rows and columns of the belief.
            resolution_m: Side of a cell [m].
            origin_m: World position of the outer corner of cell ``(0, 0)`` [m].
            start_m: Where the episode starts, world frame [m]; the lattice goes through it.
            outlook_m: Half the side of the window around the robot for which snapshots carry an
                `Outlook` [m]; None for none, which is cheaper.
            picture: Whether the outlook carries a picture of the belief, too.
        """
        self.rules = rules
        self._picture = picture
        self._outlook_m = outlook_m
        self._resolution, self._origin = resolution_m, origin_m
        x, y = self._cell(start_m)
        if not (0 <= x < shape[1] and 0 <= y < shape[0]):
            raise ValueError(f"viewpoint graph: start {start_m} m lies outside the map")
        self._updater = updater_for(rules, shape, resolution_m, x, y)
        self._version = 0
        self._robot = -1
        self._roadmap: Roadmap | None = None
        self._target: FrontierCluster | None = None
        self._given_up = np.zeros(shape, np.bool_)

    def _cell(self, at: tuple[float, float]) -> tuple[int, int]:
        return (
            int(np.floor((at[0] - self._origin[0]) / self._resolution)),
            int(np.floor((at[1] - self._origin[1]) / self._resolution)),
        )

    @property
    def frontier(self) -> NDArray[np.bool_]:
        """Frontier mask of the belief, shape ``(H, W)``; kept current by `update`."""
        return self._updater.frontier

    @property
    def safe(self) -> NDArray[np.bool_]:
        """Cells where the robot may stand, shape ``(H, W)``; kept current by `update`."""
        return self._updater.safe

    @property
    def arrays(self) -> Graph:
        """The plain arrays, owned by the graph."""
        return self._updater.graph

    def update(
        self, belief: Belief, robot_m: tuple[float, float], changed: Bounds | None
    ) -> Roadmap:
        """Brings the graph up to date after the belief or the robot's place changed.

        Args:
            belief: The belief, shape ``(H, W)``.
            robot_m: The robot's position, world frame [m].
            changed: Bounds of every change since the last call, None if there was none.

        Returns:
            A snapshot.
        """
        x, y = self._cell(robot_m)
        self._robot = self._updater.update(belief, x, y, changed)
        self._version += 1
        self._roadmap = None
        return self.roadmap()

    def look(self, belief: Belief) -> Roadmap:
        """The snapshot with its outlook, for a policy that is about to decide.

        Args:
            belief: The belief of the last `update`, shape ``(H, W)``.
        """
        roadmap = self.roadmap()
        if self._outlook_m is None or roadmap.outlook is not None:
            return roadmap
        outlook = self._updater.outlook(belief, roadmap.xy, self._robot, self._outlook_m)
        if self._picture:
            pixel = max(round(self.rules.voxel_m / self._resolution), 1)
            x, y = (int(c) for c in self._updater.graph.cell[self._robot])
            outlook = replace(
                outlook,
                picture=picture_of(belief, self._updater.frontier, x, y, pixel),
                pixel_m=pixel * self._resolution,
            )
        self._roadmap = replace(roadmap, outlook=outlook)
        return self._roadmap

    def roadmap(self) -> Roadmap:
        """A snapshot of the graph, its own copy of everything.

        Raises:
            RuntimeError: Before the first `update`.
        """
        if self._roadmap is None:
            if self._robot < 0:
                raise RuntimeError("viewpoint graph: call update() before roadmap()")
            self._roadmap = snapshot(
                self._updater.graph, self._resolution, self._origin, self._version, self._robot
            )
        return self._roadmap

    def neighbours(self) -> NDArray[np.int32]:
        """Joined neighbour of every node and slot, -1 where none, shape ``(n, 25)``.

        Slot ``5 (dy + 2) + (dx + 2)`` lies ``(dx, dy)`` blocks away.
        """
        graph = self._updater.graph
        table = np.empty((int(graph.size[0]), 25), np.int32)
        neighbour_table(graph, table)
        return table

    def reachable_frontiers(
        self,
        belief: Belief,
        robot_m: tuple[float, float],
        *,
        view_m: float | None = None,
        min_cells: int = 3,
        gaps: bool = False,
    ) -> ReachableFrontiers:
        """Which frontiers can still be reached on the grid itself, and the way to the nearest.

        Completion may be declared only when `ReachableFrontiers.complete` is true. The work
        grows with the map; call it when the graph has no utility left, not at every tick. When
        the robot stands where the last answer sent it and the frontier is still there, its
        sensor cannot resolve it: it counts as unreachable from then on.

        Args:
            belief: The belief of the last `update`, shape ``(H, W)``.
            robot_m: The robot's position, world frame [m].
            view_m: From how far a frontier can be resolved [m]; half the utility range if None.
            min_cells: Clusters with fewer cells are ignored.
            gaps: Smaller ones count as well where they look like a gap one cell wide.
        """
        if self._target is not None:
            x, y = self._cell(robot_m)
            away = np.hypot(x - self._target.stand[0], y - self._target.stand[1])
            if away <= max(self.rules.visited_range_m / self._resolution, 3.0):
                self.give_up()
        found = reachable_frontiers(
            belief,
            self.safe,
            self.frontier,
            robot_m,
            resolution_m=self._resolution,
            origin_m=self._origin,
            view_m=0.5 * self.rules.utility_range_m if view_m is None else view_m,
            min_cells=min_cells,
            gaps=gaps,
            given_up=self._given_up,
        )
        self._target = None if found.complete else found.clusters[0]
        return found

    def give_up(self) -> None:
        """Counts the frontier that `reachable_frontiers` last led to as unreachable.

        For a robot that cannot get there, or did and learnt nothing.
        """
        if self._target is None:
            return
        rows, columns = self._given_up.shape
        for x, y in self._target.cells:
            # A little around it too: sensor noise moves the cells of a frontier about.
            self._given_up[
                max(y - 2, 0) : min(y + 3, rows), max(x - 2, 0) : min(x + 3, columns)
            ] = True
        self._target = None

    def grid_path(
        self, belief: Belief, robot_m: tuple[float, float], goal_m: tuple[float, float]
    ) -> NDArray[np.float64]:
        """Shortest way to a position through safe cells, straightened.

        Args:
            belief: The belief of the last `update`, shape ``(H, W)``.
            robot_m: The robot's position, world frame [m].
            goal_m: Where to go, world frame [m].

        Returns:
            Vertices in the world frame, shape ``(k, 2)`` [m]; empty if there is no way.
        """
        return grid_path(
            belief,
            self.safe,
            self._cell(robot_m),
            self._cell(goal_m),
            resolution_m=self._resolution,
            origin_m=self._origin,
        )

    def safe_place(self, belief: Belief, robot_m: tuple[float, float]) -> NDArray[np.float64]:
        """Where paths may begin: the robot's position, or the nearest safe place, shape ``(2,)``.

        A robot that has come nearer to a wall than the graph's clearance goes there first.
        """
        x0, y0 = self._cell(robot_m)
        if self.safe[y0, x0]:
            return np.array(robot_m)
        x, y = nearest_safe(belief, self.safe, x0, y0, _SAFE_PLACE_CELLS)
        if (x, y) == (x0, y0):
            return np.array(robot_m)
        place: NDArray[np.float64] = (np.array([x, y]) + 0.5) * self._resolution + self._origin
        return place

    def detour(
        self, belief: Belief, a: NDArray[np.float64], b: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The way round the corner between two positions that are joined by a bent edge.

        Args:
            belief: The belief of the last `update`, shape ``(H, W)``.
            a: From, shape ``(2,)`` [m].
            b: To, shape ``(2,)`` [m].

        Returns:
            Vertices from ``a``'s cell to ``b``'s, shape ``(k, 2)`` [m]; empty if there is none
            within two blocks.
        """
        grow = 2 * round(self.rules.spacing_m / self._resolution)
        (x0, y0), (x1, y1) = self._cell((a[0], a[1])), self._cell((b[0], b[1]))
        rows, columns = self.safe.shape
        left, right = max(min(x0, x1) - grow, 0), min(max(x0, x1) + grow + 1, columns)
        low, high = max(min(y0, y1) - grow, 0), min(max(y0, y1) + grow + 1, rows)
        corner = np.array(self._origin) + np.array([left, low]) * self._resolution
        return grid_path(
            np.ascontiguousarray(belief[low:high, left:right]),
            np.ascontiguousarray(self.safe[low:high, left:right]),
            (x0 - left, y0 - low),
            (x1 - left, y1 - low),
            resolution_m=self._resolution,
            origin_m=(float(corner[0]), float(corner[1])),
        )

    def line_clear(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
        """True if the straight line between two positions ``(2,)`` [m] keeps to safe cells."""
        rows, columns = self.safe.shape
        x0, y0 = self._cell((float(a[0]), float(a[1])))
        x1, y1 = self._cell((float(b[0]), float(b[1])))
        inside = min(x0, x1) >= 0 and max(x0, x1) < columns
        inside = inside and min(y0, y1) >= 0 and max(y0, y1) < rows
        return inside and bool(line_inside(self.safe, x0, y0, x1, y1))

    def slots(self, node: int) -> NDArray[np.bool_]:
        """Which slots of a node's block are joined to it, shape ``(25,)``."""
        bits = int(self._updater.graph.joined[node])
        return (bits >> _SLOT_NUMBERS & 1).astype(np.bool_)

    def slot(self, node: int, other: int) -> int:
        """Slot in which another node is joined to a node, -1 if they are not joined."""
        graph = self._updater.graph
        dx, dy = (int(d) for d in graph.at[other] - graph.at[node])
        if max(abs(dx), abs(dy)) > 2:
            return -1
        slot = 5 * (dy + 2) + dx + 2
        return slot if int(graph.joined[node]) >> slot & 1 else -1


def snapshot(
    graph: Graph, resolution_m: float, origin_m: tuple[float, float], version: int, robot: int
) -> Roadmap:
    """Copies plain arrays into a `Roadmap`.

    Args:
        graph: The arrays.
        resolution_m: Side of a cell [m].
        origin_m: World position of the outer corner of cell ``(0, 0)`` [m].
        version: Version to write on it.
        robot: Node the robot is at.
    """
    n, edges = int(graph.size[0]), int(count_edges(graph))
    # Rounded, so that a lattice through the origin has the coordinates a person would write.
    xy = np.round((graph.cell[:n] + 0.5) * resolution_m + np.asarray(origin_m), 6)
    indptr = np.empty(n + 1, np.int32)
    indices = np.empty(edges, np.int32)
    lengths = np.empty(edges)
    to_rows(graph, xy, indptr, indices, lengths)
    return Roadmap(
        version=version,
        xy=xy,
        utility=graph.utility[:n].copy(),
        visited=graph.visited[:n].copy(),
        indptr=indptr,
        indices=indices,
        lengths=lengths,
        robot=robot,
    )
