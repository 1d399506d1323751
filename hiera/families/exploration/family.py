"""Joins world, planner, policy and gate as an exploration config asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera import registry
from hiera.config import Settings
from hiera.controllers.explorer import Explorer
from hiera.controllers.tracking import PurePursuit
from hiera.envs.exploration.clearance import component_at, largest_component, standable
from hiera.envs.exploration.files import MapError
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, start_of
from hiera.envs.exploration.lidar import Lidar
from hiera.envs.exploration.rules import continuous_rules
from hiera.envs.exploration.viewpoints import ViewpointGraph
from hiera.envs.exploration.world import ExplorationEnv
from hiera.errors import ConfigError
from hiera.families.exploration import scene as scenes
from hiera.families.exploration.hopping import HopExploration, HopParts
from hiera.families.exploration.kinematic import KinematicExploration, Parts
from hiera.families.exploration.parts import LearnedSettings, LocalTourSettings
from hiera.families.exploration.settings import ExplorationSettings
from hiera.record import Record
from hiera.report.scene import Curve, Scene
from hiera.safety import SafetyFilter
from hiera.safety.dynamics import DiffDrive
from hiera.scenario import Scenario
from hiera.seeds import Seeds

_HAND_M = 0.15
_HOP_WINDOW_M = 100.0


class ExplorationFamily:
    """The exploration family."""

    name = "exploration"
    summary = "a robot explores a place it has never seen (FARE)"
    settings: type[Settings] = ExplorationSettings
    gate_note = (
        "Every action that reached the world carries a certificate: of a robot that drives, the "
        "exact roll-out of its tick and of the braking after it keeps clear of every obstacle; of "
        "one that hops, its way leads over ground that is known to be free."
    )

    def build(
        self, settings: ExplorationSettings, seeds: Seeds, wiring: Any
    ) -> Scenario[Any, Any, Any]:
        """Builds the scenario of a config."""
        grid = _component("worlds", settings.world).build(settings.world, seeds.generator("layout"))
        robot = DiffDrive(**settings.robot.model_dump())
        if settings.motion == "hop":
            grid = _with_start(grid, robot, seeds)
            return HopExploration(settings, self.hop_parts(settings, grid, seeds, wiring), seeds)
        planner = self._planner(settings, grid, seeds, wiring)
        policy = _component("controllers", settings.controller).build(settings.controller)
        grid = _with_start(grid, robot, seeds)
        gate = _gate(settings, robot)
        env = _drive_env(settings, grid, robot)
        parts = Parts(
            env=env,
            graph=_graph(settings, grid, env),
            planner=planner,
            controller=Explorer(policy, _tracker(settings)),
            gate=gate,
            goal=_goal(settings, grid, robot),
            resolution_m=grid.resolution_m,
        )
        return KinematicExploration(settings, parts, seeds)

    def hop_parts(
        self, settings: ExplorationSettings, grid: GridMap, seeds: Seeds, wiring: Any
    ) -> HopParts:
        """The four parts of a robot that hops on a given map, whatever ``settings.world`` says.

        Raises:
            ConfigError: If the map has no start in free space, or a setting is wrong.
        """
        return HopParts(
            env=_hop_env(settings, grid),
            planner=self._planner(settings, grid, seeds, wiring),
            policy=_component("controllers", settings.controller).build(settings.controller),
            gate=_gate(settings, DiffDrive(**settings.robot.model_dump())),
        )

    def _planner(
        self, settings: ExplorationSettings, grid: GridMap, seeds: Seeds, wiring: Any
    ) -> Any:
        backend = None
        if settings.uses_model:
            backend = _component("backends", settings.llm, "backend").build(
                settings.llm, wiring=wiring, seed=seeds.integer("llm")
            )
        return _component("planners", settings.planner).build(
            settings.planner,
            backend=backend,
            environment=settings.environment or grid.description,
            seed=seeds.integer("llm"),
        )

    def scene(self, record: Record) -> Scene | None:
        """What the report draws."""
        return scenes.scene(record)

    def curves(self, record: Record) -> list[Curve]:
        """What the report plots."""
        return scenes.curves(record)

    def headline(self, record: Record) -> str:
        """What the report says first."""
        return scenes.headline(record)


FAMILY = ExplorationFamily()


def _component(group: str, settings: Settings, tag: str = "kind") -> registry.Component:
    return registry.component(group, str(getattr(settings, tag)))


def _gate(settings: ExplorationSettings, robot: DiffDrive) -> SafetyFilter:
    try:
        gate: SafetyFilter = _component("filters", settings.gate).build(
            settings.gate,
            robot=robot,
            tick_s=settings.clock.tick_s,
            hidden_speed=settings.people.speed if settings.people.count else 0.0,
            hidden_radius_m=settings.people.radius_m,
        )
    except ValueError as error:
        raise ConfigError(f"gate: {error}") from error
    return gate


def _with_start(grid: GridMap, robot: DiffDrive, seeds: Seeds) -> GridMap:
    """The map with its own start, or with one drawn where the robot has room.

    Raises:
        ConfigError: If it has room nowhere.
    """
    if grid.start_m is not None:
        return grid
    fits = standable(grid.free, grid.resolution_m, robot.radius_m + _HAND_M)
    cells = np.argwhere(largest_component(fits))
    if not len(cells):
        raise ConfigError(
            f"world: map {grid.name} has no place wide enough for a robot of radius "
            f"{robot.radius_m:g} m"
        )
    iy, ix = cells[int(seeds.generator("layout").integers(len(cells)))]
    return replace(grid, start_m=grid.centre(int(ix), int(iy)))


def _start(grid: GridMap) -> tuple[float, float]:
    assert grid.start_m is not None
    return grid.start_m


def _hop_env(settings: ExplorationSettings, grid: GridMap) -> HopEnv:
    try:
        start_of(grid)
    except ValueError as error:
        raise ConfigError(f"world: {error}") from error
    return HopEnv(
        [grid],
        cap=settings.hop.cap,
        adaptive=settings.hop.graph == "adaptive",
        outlook_m=_window_m(settings, _HOP_WINDOW_M),
        picture=isinstance(settings.controller, LearnedSettings),
    )


def _window_m(settings: ExplorationSettings, default_m: float) -> float | None:
    """Half the side of the window that the policy looks around in; None if it does not."""
    if not isinstance(settings.controller, LocalTourSettings | LearnedSettings):
        return None
    return settings.controller.window_m or default_m


def _drive_env(settings: ExplorationSettings, grid: GridMap, robot: DiffDrive) -> ExplorationEnv:
    lidar = settings.lidar
    try:
        return ExplorationEnv(
            grid,
            robot=robot,
            lidar=Lidar(
                rays=lidar.rays,
                max_range_m=lidar.range_m,
                noise_m=lidar.noise_m,
                dropout=lidar.dropout,
            ),
            people=settings.people.count,
            people_speed=settings.people.speed,
            people_radius_m=settings.people.radius_m,
            dt_s=settings.clock.tick_s,
            max_time_s=settings.clock.max_time_s + settings.clock.tick_s,
        )
    except MapError as error:
        raise ConfigError(f"world: {error}") from error


def _graph(settings: ExplorationSettings, grid: GridMap, env: ExplorationEnv) -> ViewpointGraph:
    viewpoints = settings.viewpoints
    rules = continuous_rules(
        sensor_range_m=settings.lidar.range_m,
        resolution_m=grid.resolution_m,
        clearance_m=viewpoints.clearance_m or settings.robot.radius_m + _HAND_M,
        spacing_m=viewpoints.spacing_m,
    )
    rules = replace(rules, min_utility=viewpoints.min_frontiers)
    if viewpoints.utility_range_m is not None:
        rules = replace(rules, utility_range_m=viewpoints.utility_range_m)
    return ViewpointGraph(
        rules,
        (grid.free.shape[0], grid.free.shape[1]),
        resolution_m=grid.resolution_m,
        origin_m=grid.origin_m,
        start_m=_start(grid),
        outlook_m=_window_m(settings, 1.25 * settings.lidar.range_m),
        picture=isinstance(settings.controller, LearnedSettings),
    )


def _tracker(settings: ExplorationSettings) -> PurePursuit:
    robot, tracker = settings.robot, settings.tracker
    return PurePursuit(
        v_max=robot.v_max,
        omega_max=robot.w_max,
        brake=min(robot.accelerate, robot.brake),
        lookahead_m=tracker.lookahead_m,
        lookahead_s=tracker.lookahead_s,
    )


def _goal(
    settings: ExplorationSettings, grid: GridMap, robot: DiffDrive
) -> NDArray[np.float64] | None:
    """Where to finish, checked against the true map: it must be reachable.

    Raises:
        ConfigError: If it lies outside, in a wall, or is cut off from the start.
    """
    if settings.finish_at is None:
        return None
    if settings.finish_at == "start":
        return np.array(_start(grid))
    goal = settings.finish_at
    ix, iy = grid.cell(*goal)
    rows, columns = grid.free.shape
    if not (0 <= ix < columns and 0 <= iy < rows):
        raise ConfigError(f"finish_at: {list(goal)} lies outside the map {grid.name}")
    room = standable(grid.free, grid.resolution_m, robot.radius_m + _HAND_M)
    if not room[iy, ix]:
        raise ConfigError(f"finish_at: the robot does not fit at {list(goal)}")
    sx, sy = grid.cell(*_start(grid))
    if not component_at(room, sy, sx)[iy, ix]:
        raise ConfigError(f"finish_at: no way leads from the start to {list(goal)}")
    return np.array(goal)
