"""The continuous exploration world: a differential-drive robot with a lidar among people.

Every tick the robot obeys a speed command within its limits, people walk on, contacts are found
along the way, and the lidar's scan is worked into the belief. The robot knows its own pose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.belief import BeliefMap
from hiera.envs.exploration.buildings import Style, generate_building
from hiera.envs.exploration.clearance import component_at, largest_component, standable
from hiera.envs.exploration.contact import sweep_tick, wall_gap
from hiera.envs.exploration.files import MapError
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.lidar import Lidar
from hiera.envs.exploration.people import People
from hiera.safety.contract import Context, SafetyState
from hiera.safety.dynamics.differential_drive import DiffDrive, along_arc, limit_speeds, wrap_angle

Observation = dict[str, NDArray[Any]]

STREAMS: Final = ("layout", "dynamics", "sensors", "people")
"""Random streams of an episode, in the order in which they are spawned from its seed."""


@dataclass(frozen=True, slots=True)
class Detector:
    """A simulated detector of people: it sees whoever at least one lidar ray ends on.

    Attributes:
        range_m: Range up to which people are recognised [m].
        noise_m: Standard deviation of each coordinate of a detected person [m].
    """

    range_m: float = 20.0
    noise_m: float = 0.05


@dataclass(frozen=True, slots=True)
class Statistics:
    """An episode so far.

    Attributes:
        sim_time_s: Simulated time [s].
        distance_m: Way driven, backwards included [m].
        explored_fraction: Share of the reachable free cells that are believed free.
        explored_area_m2: The same as an area [m^2].
        reachable_area_m2: Free area connected to the start [m^2].
        collisions: Contacts with a wall or a person while the robot was moving.
        bumps: Times a person walked into the standing robot.
    """

    sim_time_s: float
    distance_m: float
    explored_fraction: float
    explored_area_m2: float
    reachable_area_m2: float
    collisions: int
    bumps: int


@njit(cache=True)
def rays_on_people(
    pose: NDArray[np.float64],
    ranges: NDArray[np.float64],
    detected: NDArray[np.float64],
    gate: float,
) -> NDArray[np.bool_]:
    """Rays that end within ``gate`` [m] of a detected person, shape ``(rays,)``."""
    count = ranges.shape[0]
    on_person = np.zeros(count, dtype=np.bool_)
    for i in range(detected.shape[0]):
        rx, ry = detected[i, 0] - pose[0], detected[i, 1] - pose[1]
        distance = np.hypot(rx, ry)
        for k in range(count):
            if abs(ranges[k] - distance) > gate:
                continue
            angle = pose[2] + k * (2.0 * np.pi / count)
            dx = ranges[k] * np.cos(angle) - rx
            dy = ranges[k] * np.sin(angle) - ry
            if dx * dx + dy * dy <= gate * gate:
                on_person[k] = True
    return on_person


class ExplorationEnv(gym.Env[Observation, NDArray[np.float64]]):
    """Exploration of an unknown floor, in continuous time.

    Observation: ``belief`` ``(H, W)`` uint8 (codes of `grid`), ``pose`` ``(3,)`` [m, m, rad],
    ``velocity`` ``(2,)`` [m/s, rad/s], ``scan`` ``(rays,)`` [m], ``inf`` for no return. The belief
    is a copy, safe to keep; ``env.belief.view`` is the live array.

    Action: ``(v, w)`` commands [m/s, rad/s], clipped to the robot's limits.

    Reward: reachable area newly believed free [m^2], less ``distance_weight`` times the way [m].

    Terminates when the explored fraction reaches ``terminate_at``; truncates at ``max_time_s``.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 (Gymnasium's own signature)

    def __init__(
        self,
        grid: GridMap | None = None,
        *,
        size_m: tuple[float, float] = (60.0, 40.0),
        style: str | Style = Style.OFFICE,
        resolution_m: float = 0.2,
        lidar: Lidar | None = None,
        robot: DiffDrive | None = None,
        detector: Detector | None = None,
        people: int = 0,
        people_speed: float = 1.2,
        people_radius_m: float = 0.25,
        dt_s: float = 0.1,
        max_time_s: float = 3600.0,
        terminate_at: float = 1.0,
        distance_weight: float = 1.0,
    ) -> None:
        """Builds the world; the floor is drawn at `reset` unless a map is given.

        Args:
            grid: The true map; None draws a new building at every reset.
            size_m: Size of the building to draw [m].
            style: Style of the building to draw.
            resolution_m: Cell side of the building to draw [m].
            lidar: The robot's lidar; None for the default one.
            robot: The robot; None for the default one.
            detector: Its detector of people; None for the default one.
            people: How many people walk about.
            people_speed: Speed of the fastest of them [m/s].
            people_radius_m: Radius of a person [m].
            dt_s: Tick [s].
            max_time_s: Simulated time after which the episode is cut off [s].
            terminate_at: Explored fraction at which the episode is complete.
            distance_weight: Area that a metre of way must bring to be worth it [m^2/m].

        Raises:
            MapError: If the robot cannot stand at the map's start.
            ValueError: If a number is out of its range.
        """
        if people < 0 or not dt_s > 0.0 or not max_time_s > 0.0 or not 0.0 < terminate_at <= 1.0:
            raise ValueError(
                "need people >= 0, dt_s > 0, max_time_s > 0 and terminate_at in (0, 1], got "
                f"{people}, {dt_s}, {max_time_s}, {terminate_at}"
            )
        self.lidar = Lidar() if lidar is None else lidar
        self.robot = DiffDrive() if robot is None else robot
        self.detector = Detector() if detector is None else detector
        self.dt_s = float(dt_s)
        self._fixed = grid
        self._size_m, self._style, self._resolution_m = size_m, style, float(resolution_m)
        self._people_count = int(people)
        self._people_speed, self._people_radius_m = float(people_speed), float(people_radius_m)
        self._max_time_s, self._terminate_at = float(max_time_s), float(terminate_at)
        self._distance_weight = float(distance_weight)
        self._limits = self.robot.limits()
        if grid is None:
            shape = (round(size_m[1] / resolution_m), round(size_m[0] / resolution_m))
        else:
            shape = (grid.free.shape[0], grid.free.shape[1])
            if grid.start_m is not None:
                self._require_standing(grid, grid.start_m)
        limit = self.robot
        low = np.array([-limit.v_reverse, -limit.w_max])
        high = np.array([limit.v_max, limit.w_max])
        self.action_space = spaces.Box(low, high, dtype=np.float64)
        observed: Any = spaces.Dict(
            {
                "belief": spaces.Box(0, 2, shape, np.uint8),
                "pose": spaces.Box(-np.inf, np.inf, (3,), np.float64),
                "velocity": spaces.Box(low, high, dtype=np.float64),
                "scan": spaces.Box(0.0, np.inf, (self.lidar.rays,), np.float64),
            }
        )
        self.observation_space = observed

    # Episode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: Seed of the episode's streams (`STREAMS`); None draws one.
            options: Not used.
        """
        super().reset(seed=seed)
        entropy = int(self.np_random.integers(2**62)) if seed is None else seed
        children = np.random.SeedSequence(entropy).spawn(len(STREAMS))
        layout, dynamics, self._sensing, walking = (np.random.default_rng(c) for c in children)
        self.grid = self._draw_floor(layout)
        start = self._choose_start(layout)
        self.state = np.array([*start, dynamics.uniform(-np.pi, np.pi), 0.0, 0.0])
        ix, iy = self.grid.cell(*start)
        self.reachable: NDArray[np.bool_] = component_at(self.grid.free, iy, ix)
        self._reachable_cells = int(self.reachable.sum())
        rows, columns = self.grid.free.shape
        self._geometry = np.array([self.grid.resolution_m, *self.grid.origin_m], dtype=np.float64)
        self.belief = BeliefMap(
            (rows, columns),
            resolution_m=self.grid.resolution_m,
            origin_m=self.grid.origin_m,
            max_range_m=self.lidar.max_range_m,
            noise_m=self.lidar.noise_m,
            reachable=self.reachable,
        )
        self.people = People(
            self.grid,
            self._people_count,
            walking,
            keep_from=start,
            radius_m=self._people_radius_m,
            max_speed_m_s=self._people_speed,
        )
        self._touched = np.zeros(self._people_count, dtype=np.int8)
        self._at_wall = False
        self._ticks, self._distance_m = 0, 0.0
        self._collisions, self._bumps = 0, 0
        self._command = np.zeros(2)
        self._sense()
        return self._observation(), self._info(collided=False, bumped=False)

    def step(
        self, action: NDArray[np.float64]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Executes a command for one tick.

        Args:
            action: ``(v, w)``, shape ``(2,)`` [m/s, rad/s].
        """
        command = np.asarray(action, dtype=np.float64)
        if command.shape != (2,) or not np.isfinite(command).all():
            raise ValueError(f"an action is two finite numbers (v, w), got {action!r}")
        self._command = np.clip(command, self.action_space.low, self.action_space.high)  # type: ignore[attr-defined]
        seen = self.belief.known_free
        driven, collided, bumped = self._move()
        self._ticks += 1
        self._distance_m += driven
        self._sense()
        area = (self.belief.known_free - seen) * self.grid.resolution_m**2
        explored = self.belief.known_free / self._reachable_cells
        return (
            self._observation(),
            area - self._distance_weight * driven,
            explored >= self._terminate_at,
            self._ticks * self.dt_s >= self._max_time_s - 1e-9,
            self._info(collided=collided, bumped=bumped),
        )

    def safety_state(self) -> SafetyState:
        """What a filter needs at this tick.

        ``x`` is ``(px, py, theta, v, w)``; the points are this tick's lidar returns, those from
        people among them; the movers are the people detected at this tick, each with its radius
        enlarged by three standard deviations of the detector.
        """
        directions = self.lidar.angles(self.state[2])
        back = np.isfinite(self.scan)
        reach, angle = self.scan[back], directions[back]
        points = np.stack(
            [self.state[0] + reach * np.cos(angle), self.state[1] + reach * np.sin(angle)], axis=1
        )
        count = len(self.detected)
        context = Context(
            time_s=self.time_s,
            u_previous=self._command.copy(),
            points=points,
            movers=self.detected.copy(),
            mover_radius=np.full(count, self.people.radius_m + 3.0 * self.detector.noise_m),
            mover_speed=np.full(count, self.people.max_speed_m_s),
            scan=self.scan.copy(),
        )
        return SafetyState(self.state.copy(), context)

    @property
    def time_s(self) -> float:
        """Simulated time since the start of the episode [s]."""
        return self._ticks * self.dt_s

    @property
    def statistics(self) -> Statistics:
        """The episode so far."""
        cell_m2 = self.grid.resolution_m**2
        return Statistics(
            sim_time_s=self.time_s,
            distance_m=self._distance_m,
            explored_fraction=self.belief.known_free / self._reachable_cells,
            explored_area_m2=self.belief.known_free * cell_m2,
            reachable_area_m2=self._reachable_cells * cell_m2,
            collisions=self._collisions,
            bumps=self._bumps,
        )

    # Parts

    def _draw_floor(self, layout: np.random.Generator) -> GridMap:
        if self._fixed is not None:
            return self._fixed
        return generate_building(self._size_m, layout, self._resolution_m, self._style)

    def _choose_start(self, layout: np.random.Generator) -> tuple[float, float]:
        if self.grid.start_m is not None:
            self._require_standing(self.grid, self.grid.start_m)
            return float(self.grid.start_m[0]), float(self.grid.start_m[1])
        fits = standable(self.grid.free, self.grid.resolution_m, self.robot.radius_m)
        cells = np.argwhere(largest_component(fits))
        if not len(cells):
            raise MapError(
                f"map {self.grid.name!r} has no place wide enough for a robot of radius "
                f"{self.robot.radius_m:g} m"
            )
        iy, ix = cells[int(layout.integers(len(cells)))]
        return self.grid.centre(int(ix), int(iy))

    def _require_standing(self, grid: GridMap, start: tuple[float, float]) -> None:
        side = float(grid.resolution_m)
        gx = (float(start[0]) - float(grid.origin_m[0])) / side
        gy = (float(start[1]) - float(grid.origin_m[1])) / side
        if wall_gap(grid.free, side, gx, gy, float(self.robot.radius_m), 0.1) < 0.0:
            raise MapError(
                f"map {grid.name!r}: a robot of radius {self.robot.radius_m:g} m does not fit at "
                f"the start {start}: choose a start farther from the walls"
            )

    def _move(self) -> tuple[float, bool, bool]:
        """One tick of robot and people: way driven [m], a new collision, a new bump."""
        x, y, theta, v, w = (float(value) for value in self.state)
        v, w = limit_speeds(
            v, w, float(self._command[0]), float(self._command[1]), self._limits, self.dt_s
        )
        self.state[3:] = v, w
        ahead = self.people.propose(self.dt_s)
        touched = np.zeros_like(self._touched)
        until, wall = sweep_tick(
            self.grid.free, self._geometry, self.state, float(self.robot.radius_m),
            self.people.xy, ahead, float(self.people.radius_m), self.dt_s, touched,
        )  # fmt: skip
        x, y, theta = along_arc(x, y, theta, v, w, until)
        hit = touched == 2
        stopped = wall or bool(hit.any())
        self.state[:] = x, y, wrap_angle(theta), 0.0 if stopped else v, 0.0 if stopped else w
        # A contact that lasts from the tick before is the same contact.
        new = int(wall and not self._at_wall) + int((hit & (self._touched != 2)).sum())
        bumps = int((touched == 1).sum())
        self._collisions += new
        self._bumps += bumps
        self._at_wall, self._touched = wall, touched
        self.people.commit(ahead, touched > 0, self.dt_s)
        return abs(v) * until, new > 0, bumps > 0

    def _sense(self) -> None:
        """Scans, detects people and updates the belief."""
        x, y, theta = (float(value) for value in self.state[:3])
        scan = self.lidar.cast(
            self.grid, (x, y, theta), self._sensing, self.people.xy, self.people.radius_m
        )
        self.scan = scan.ranges
        self.detected = self._detect(scan.hits)
        gate = self.people.radius_m + 3.0 * (self.detector.noise_m + self.lidar.noise_m)
        on_person = rays_on_people(self.state, self.scan, self.detected, gate)
        self.belief.integrate(self.state, self.scan, on_person, self.time_s)

    def _detect(self, hits: NDArray[np.int64]) -> NDArray[np.float64]:
        """Noisy positions of the people seen, shape ``(q, 2)`` [m]."""
        if not self._people_count:
            return np.zeros((0, 2))
        seen = np.unique(hits[hits >= 0])
        away = self.people.xy[seen] - self.state[:2]
        seen = seen[np.hypot(away[:, 0], away[:, 1]) <= self.detector.range_m]
        noise = self._sensing.standard_normal((len(seen), 2))
        return np.asarray(self.people.xy[seen] + self.detector.noise_m * noise)

    def _observation(self) -> Observation:
        return {
            "belief": self.belief.view.copy(),
            "pose": self.state[:3].copy(),
            "velocity": self.state[3:].copy(),
            "scan": self.scan.copy(),
        }

    def _info(self, *, collided: bool, bumped: bool) -> dict[str, Any]:
        explored = self.belief.known_free / self._reachable_cells
        return {"explored_fraction": explored, "collision": collided, "bump": bumped}
