"""Where to explore: generated buildings, map files, the DARE maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from hiera.config.settings import Count, Positive, Settings
from hiera.envs.exploration.grid import GridMap
from hiera.errors import ConfigError
from hiera.registry import Component


class BuildingSettings(Settings):
    """A generated building."""

    kind: Literal["building"] = "building"
    size_m: tuple[Positive, Positive] = (60.0, 40.0)
    """Width and height [m]."""
    style: Literal["office", "warehouse", "mixed"] = "office"
    """What kind of building."""
    resolution_m: Annotated[float, Field(gt=0, le=0.4)] = 0.2
    """Side of a cell [m]."""


class FileSettings(Settings):
    """A map file."""

    kind: Literal["file"] = "file"
    path: str
    """PNG, NPZ, MovingAI ``.map``, or the YAML of a ROS map_server pair."""
    resolution_m: Positive | None = None
    """Side of a cell [m], for files that do not say."""
    start_m: tuple[float, float] | None = None
    """Where the robot starts [m]; None: the file's own start, or a random free place."""


class DareSettings(Settings):
    """One of the DARE benchmark's maps."""

    kind: Literal["dare"] = "dare"
    path: str
    """An NPZ of DARE maps."""
    index: Count = 0
    """Which one."""


def _building(settings: BuildingSettings, rng: np.random.Generator) -> GridMap:
    from hiera.envs.exploration.buildings import generate_building

    try:
        return generate_building(
            settings.size_m, rng, resolution_m=settings.resolution_m, style=settings.style
        )
    except ValueError as error:
        raise ConfigError(f"world: {error}") from error


def _file(settings: FileSettings, rng: np.random.Generator) -> GridMap:
    from hiera.envs.exploration.files import MapError, load_map

    try:
        return load_map(
            Path(settings.path), resolution_m=settings.resolution_m, start_m=settings.start_m
        )
    except MapError as error:
        raise ConfigError(f"world: {error}") from error


def _dare(settings: DareSettings, rng: np.random.Generator) -> GridMap:
    from hiera.envs.exploration.dare import load_dare_maps

    path = Path(settings.path)
    if not path.is_file():
        raise ConfigError(f"world.path: there is no file {path}")
    try:
        return load_dare_maps(path, [settings.index])[0]
    except IndexError:
        raise ConfigError(f"world.index: {path} holds no map {settings.index}") from None
    except (ValueError, KeyError, OSError) as error:
        raise ConfigError(f"world.path: {path} holds no DARE maps: {error}") from error


BUILDING = Component(
    "building", BuildingSettings, _building, "generated office, warehouse or mixed building"
)
FILE = Component("file", FileSettings, _file, "map file: PNG, NPZ, MovingAI, ROS map_server pair")
DARE = Component("dare", DareSettings, _dare, "map of the DARE benchmark")
