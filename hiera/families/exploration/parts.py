"""Planners, viewpoint policies and filters that an exploration config can name."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from hiera.config.settings import Bool, NonNegative, Positive, Settings
from hiera.controllers.viewpoint import (
    LocalTour,
    NearestFrontier,
    UtilityPerDistance,
    ViewpointPolicy,
)
from hiera.envs.exploration.lattice import STAY
from hiera.errors import ConfigError
from hiera.planners import Planner
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.numeric import NumericPlanner
from hiera.planners.exploration.waypoint import Waypoint
from hiera.registry import Component
from hiera.safety import SafetyFilter
from hiera.safety.dynamics import DiffDrive
from hiera.safety.filters import ActionMask, LidarCbf

_log: Final = logging.getLogger(__name__)

ExplorationPlanner = Planner[ExplorationBelief, Waypoint]


class NumericSettings(Settings):
    """Open tour over the places that promise something."""

    kind: Literal["numeric"] = "numeric"
    place_radius_m: Positive = 12.0
    """Greatest radius of a place, a community of the viewpoint graph [m]."""
    resolution: Positive = 1.0
    """Resolution of the modularity; larger means smaller places."""
    switch_cost_m: NonNegative = 4.0
    """How much shorter a tour must be to change the first place [m]."""
    return_weight: NonNegative = 0.5
    """Weight of the way back from the tour's end to where most is left to see."""


class FareSettings(NumericSettings):
    """FARE: a language model's strategy and waypoints, the numeric tour behind it."""

    kind: Literal["fare"] = "fare"  # type: ignore[assignment]
    geometry_weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    """0 follows the model's order as it is, 1 only geometry."""
    prune: Bool = True
    """Tell the model of places that still matter only; false names all of them."""


class NearestSettings(Settings):
    """Nearest viewpoint with utility."""

    kind: Literal["nearest"] = "nearest"
    waypoint_weight: NonNegative = 0.0
    """How far the distance to the waypoint counts."""


class UtilitySettings(Settings):
    """Utility discounted by distance."""

    kind: Literal["utility"] = "utility"
    decay: Positive = 0.1
    """Discount of distance [1/m]."""
    waypoint_weight: NonNegative = 0.5
    """How far the distance to the waypoint counts."""


class LocalTourSettings(Settings):
    """Covering tour of everything to be seen nearby."""

    kind: Literal["local_tour"] = "local_tour"
    window_m: Positive | None = None
    """Half the side of the window around the robot [m]; None: 1.25 times the lidar's range for a
    robot that drives, 100 m for one that hops."""
    promise: NonNegative = 0.03
    """Worth of ending in view of unknown ground [m per m^2]."""
    caution: Annotated[float, Field(ge=1)] = 1.5
    """Length of a metre through unknown ground, where no wall is known [m]."""
    haste: NonNegative = 0.02
    """Weight of each arrival in the cost of a tour."""
    pause_m2: NonNegative = 30.0
    """On the way, halt where more unknown ground is in view [m^2]."""
    keep_m: NonNegative = 2.0
    """How much a tour must save to change the target [m]; more after turning back in vain."""
    waypoint_weight: NonNegative = 0.0
    """Weight of the way from the tour's end to a waypoint inside the window."""
    beyond_weight: NonNegative = 0.0
    """The same for a waypoint outside it."""


class LearnedSettings(Settings):
    """Learned policy: graph attention over the viewpoints nearby."""

    kind: Literal["learned"] = "learned"
    weights: str | None = None
    """Weights file (safetensors); None: those that come with the package."""
    if_unusable: Literal["refuse", "local_tour"] = "refuse"
    """What to do when the weights cannot be used: stop with a reason, or explore without them."""
    window_m: Positive | None = None
    """Half the side of the window around the robot [m]; None: 1.25 times the lidar's range for a
    robot that drives, 100 m for one that hops."""
    promise: NonNegative = 0.06
    """Worth of ending in view of ground guessed to be free [m per m^2]."""


class LidarCbfSettings(Settings):
    """Control barrier function from lidar returns, certified braking behind it."""

    kind: Literal["lidar_cbf"] = "lidar_cbf"
    alpha: Positive = 2.0
    """Barrier gain [1/s]; times the tick it must not exceed 1."""
    margin_m: NonNegative = 0.08
    """Kept beyond the footprint [m]."""
    max_age_s: Positive = 0.25
    """A state older than this is refused [s]."""


class ActionMaskSettings(Settings):
    """Hops only along edges that are known to be free."""

    kind: Literal["action_mask"] = "action_mask"


def _numeric(settings: NumericSettings, **_: Any) -> NumericPlanner:
    pruned = not isinstance(settings, FareSettings) or settings.prune
    return NumericPlanner(
        radius_m=settings.place_radius_m,
        resolution=settings.resolution,
        switch_cost_m=settings.switch_cost_m,
        return_weight=settings.return_weight,
        pruned=pruned,
    )


def _fare(settings: FareSettings, *, backend: Any, environment: str, seed: int) -> Any:
    numeric = _numeric(settings)
    if backend is None:
        return numeric
    from hiera.planners.exploration.fare import FarePlanner

    return FarePlanner(backend, numeric, environment, geometry=settings.geometry_weight)


def _nearest(settings: NearestSettings) -> ViewpointPolicy:
    return NearestFrontier(settings.waypoint_weight)


def _utility(settings: UtilitySettings) -> ViewpointPolicy:
    return UtilityPerDistance(settings.decay, settings.waypoint_weight)


def _local_tour(settings: LocalTourSettings) -> ViewpointPolicy:
    return LocalTour(
        promise=settings.promise,
        caution=settings.caution,
        haste=settings.haste,
        pause_m2=settings.pause_m2,
        keep_m=settings.keep_m,
        waypoint_weight=settings.waypoint_weight,
        beyond_weight=settings.beyond_weight,
    )


class InsteadOfLearned(LocalTour):
    """The local tour where the learned policy's weights are unusable, and that was asked for."""


def fallbacks(policy: ViewpointPolicy) -> dict[str, int]:
    """What a run's metrics say of a policy that another stands in for, by name."""
    return {"learned -> local_tour": 1} if isinstance(policy, InsteadOfLearned) else {}


def _learned(settings: LearnedSettings) -> ViewpointPolicy:
    from hiera.controllers.rl.viewpoint.policy import LearnedViewpoint
    from hiera.controllers.rl.viewpoint.weights import WeightsError, load_network

    try:
        network = load_network(None if settings.weights is None else Path(settings.weights))
    except WeightsError as error:
        if settings.if_unusable == "local_tour":
            _log.warning("%s; exploring with local_tour, as if_unusable asks", error)
            return InsteadOfLearned()
        raise ConfigError(
            f"controller: {error}; controller.if_unusable=local_tour explores without it"
        ) from error
    return LearnedViewpoint(network, promise=settings.promise)


def _lidar_cbf(
    settings: LidarCbfSettings,
    *,
    robot: DiffDrive,
    tick_s: float,
    hidden_speed: float,
    hidden_radius_m: float,
) -> SafetyFilter:
    if settings.max_age_s <= tick_s:
        raise ValueError(
            f"max_age_s must exceed the tick of {tick_s:g} s, not {settings.max_age_s:g}: every "
            "state would be too old"
        )
    return LidarCbf(
        robot,
        tick_s=tick_s,
        alpha=settings.alpha,
        margin_m=settings.margin_m,
        max_age_s=settings.max_age_s,
        hidden_speed=hidden_speed,
        hidden_radius_m=hidden_radius_m,
    )


def _action_mask(settings: ActionMaskSettings, **_: Any) -> SafetyFilter:
    return ActionMask(STAY)


FARE = Component("fare", FareSettings, _fare, "language model's strategy, numeric tour behind it")
NUMERIC = Component("numeric", NumericSettings, _numeric, "open tour over communities")
NEAREST = Component("nearest", NearestSettings, _nearest, "nearest useful viewpoint")
UTILITY = Component("utility", UtilitySettings, _utility, "utility discounted by distance")
LOCAL_TOUR = Component(
    "local_tour", LocalTourSettings, _local_tour, "covering tour of what is to be seen nearby"
)
LEARNED = Component(
    "learned", LearnedSettings, _learned, "learned policy: attention over viewpoints nearby"
)
LIDAR_CBF = Component(
    "lidar_cbf", LidarCbfSettings, _lidar_cbf, "barrier function from lidar, certified braking"
)
ACTION_MASK = Component("action_mask", ActionMaskSettings, _action_mask, "mask of allowed hops")
