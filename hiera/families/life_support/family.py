"""Joins world, slow layer, controller and gate as a config of the breathing set asks for."""

from __future__ import annotations

from functools import partial
from typing import Any

from hiera import registry
from hiera.config import Settings
from hiera.errors import ConfigError
from hiera.families.life_support import scene as scenes
from hiera.families.life_support.settings import LifeSupportSettings
from hiera.record import Record
from hiera.report.scene import Curve, Scene
from hiera.scenario import Scenario
from hiera.seeds import Seeds


class LifeSupportFamily:
    """The family of the breathing set."""

    name = "life_support"
    summary = "a breathing set keeps its wearer alive on a mission of unknown length"
    settings: type[Settings] = LifeSupportSettings
    gate_note = (
        "Relaxed means that not all barriers could be met, and those that give way first gave way "
        "by the least amount; 23.5 % of oxygen cannot be kept for good, so that this is usual."
    )

    def build(
        self, settings: LifeSupportSettings, seeds: Seeds, wiring: Any
    ) -> Scenario[Any, Any, Any]:
        """Builds the scenario of a config."""
        from hiera.envs.life_support.voting import Voter
        from hiera.envs.life_support.world import LifeSupportEnv
        from hiera.families.life_support.breathing import Breathing, Parts

        asked, clock = settings.set, settings.clock
        mission = _component("worlds", settings.world).build(settings.world, seed=settings.seed)
        try:
            env = LifeSupportEnv(
                mission,
                spread=asked.spread,
                voter=Voter(asked.voting, asked.tolerance_pa),
                heat_ends=asked.heat_ends,
                tick_s=clock.tick_s,
                max_time_s=clock.max_time_s + clock.tick_s,
            )
        except ValueError as error:
            raise ConfigError(f"set: {error}") from error
        expected = partial(_metabolism, settings.metabolism)
        given = {"model": env.model, "limits": env.limits}
        return Breathing(
            settings,
            Parts(
                env=env,
                planner=_component("planners", settings.planner).build(settings.planner, **given),
                controller=_component("controllers", settings.controller).build(
                    settings.controller,
                    tick_s=clock.act_period_s,
                    metabolism=expected,
                    **given,
                ),
                gate=_component("filters", settings.gate).build(
                    settings.gate, tick_s=clock.tick_s, **given
                ),
            ),
            expected(),
            seeds,
        )

    def scene(self, record: Record) -> Scene | None:
        """Nothing: there is no map."""
        return None

    def curves(self, record: Record) -> list[Curve]:
        """What the report plots."""
        return scenes.curves(record)

    def headline(self, record: Record) -> str:
        """What the report says first."""
        return scenes.headline(record)


FAMILY = LifeSupportFamily()


def _metabolism(kind: str) -> Any:
    if kind == "held":
        from hiera.controllers.life_support.held_demand import HeldDemand

        return HeldDemand()
    from hiera.controllers.life_support.metabolism import LearnedMetabolism
    from hiera.controllers.weights import WeightsError

    try:
        return LearnedMetabolism()
    except WeightsError as error:
        raise ConfigError(f"metabolism: {error}; metabolism=held does without") from error


def _component(group: str, settings: Settings) -> registry.Component:
    return registry.component(group, str(getattr(settings, "kind")))  # noqa: B009
