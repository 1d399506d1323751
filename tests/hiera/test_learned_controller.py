"""The learned policy as a config names it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from hiera import registry
from hiera.config import load_config
from hiera.controllers.rl.viewpoint.policy import LearnedViewpoint
from hiera.controllers.viewpoint import LocalTour
from hiera.errors import ConfigError
from hiera.families.exploration.family import FAMILY
from hiera.families.exploration.parts import fallbacks
from hiera.run import build

HOP = ("world.size_m=[40,40]", "controller.kind=learned")


def policy_of(*overrides: str):
    settings = load_config("hop", [*HOP, *overrides]).settings
    return registry.component("controllers", "learned").build(settings.controller)  # type: ignore[attr-defined]


def test_the_packaged_weights_are_the_default():
    assert isinstance(policy_of(), LearnedViewpoint)


def test_the_building_is_explored_with_it():
    assert load_config("fare_building").settings.controller.kind == "learned"  # type: ignore[attr-defined]


def test_weights_that_are_not_there_are_refused(tmp_path: Path):
    path = tmp_path / "none.safetensors"
    with pytest.raises(ConfigError, match=r"there is no file .*if_unusable=local_tour"):
        policy_of(f"controller.weights={path}")


def test_damaged_weights_are_left_out_only_if_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "half.safetensors"
    path.write_bytes(b"half of a file")
    with pytest.raises(ConfigError, match="not a whole safetensors file"):
        policy_of(f"controller.weights={path}")
    with caplog.at_level(logging.WARNING):
        policy = policy_of(f"controller.weights={path}", "controller.if_unusable=local_tour")
    assert isinstance(policy, LocalTour)
    assert fallbacks(policy) == {"learned -> local_tour": 1}
    assert fallbacks(policy_of()) == {}
    assert "exploring with local_tour" in caplog.text


@pytest.mark.parametrize("config", ["hop", "fare_building"])
def test_the_graph_gets_what_the_policy_needs(config: str):
    scenario = build(load_config(config, HOP))
    try:
        scenario.reset()
        graph = getattr(scenario, "_graph", None)
        world = scenario.env
        roadmap = world.roadmap() if graph is None else graph.look(world.belief.view)
        assert roadmap.outlook is not None
        assert roadmap.outlook.picture is not None
    finally:
        scenario.env.close()


def test_the_family_knows_it():
    assert FAMILY.name == "exploration"
    assert "learned" in registry.names("controllers")
