"""Maps to train on and maps to choose by."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.dare import dare_layouts, load_dare_maps
from hiera.envs.exploration.grid import GridMap
from hiera.errors import ConfigError
from hiera.training.viewpoint.settings import MapsSettings

_SIZE_M = (100.0, 100.0)
_RESOLUTION_M = 0.4
_HELD_OUT = 72
"""First entropy of the held-out warehouses; those of a training have four numbers, not two."""


def training_place(settings: MapsSettings, seed: np.random.SeedSequence) -> GridMap:
    """The map of one episode; it follows from the seed.

    Raises:
        ConfigError: If the packed maps cannot be read, or none is left to train on.
    """
    rng = np.random.default_rng(seed)
    if settings.dare is None or rng.random() < settings.buildings:
        return warehouse(rng)
    usual = _usable(settings.dare, settings.dare_train, settings.dare_held_out)
    return dare_maps(settings.dare, (usual[int(rng.integers(len(usual)))],))[0]


def held_out_places(settings: MapsSettings) -> list[GridMap]:
    """The maps that no episode takes place on; warehouses of their own where there are none.

    Of DARE's maps that are the same but for turning and mirroring one is taken, and none of them is
    trained on.
    """
    if settings.dare is None:
        return [
            warehouse(np.random.default_rng([_HELD_OUT, k]))
            for k in range(settings.buildings_held_out)
        ]
    return dare_maps(
        settings.dare, tuple(_layouts(settings.dare, range(*settings.dare_held_out)).values())
    )


@cache
def _usable(path: str, train: tuple[int, int], held_out: tuple[int, int]) -> tuple[int, ...]:
    """Maps to train on: those of layouts that are not held out."""
    kept = _layouts(path, range(*held_out))
    usable = tuple(k for k in range(*train) if _layout(path, k) not in kept)
    if not usable:
        raise ConfigError(
            "maps: no map of dare_train is left, all are held-out ones, turned or mirrored"
        )
    return usable


def _layouts(path: str, indices: range) -> dict[bytes, int]:
    """The first map of each layout among some."""
    found: dict[bytes, int] = {}
    for index in indices:
        found.setdefault(_layout(path, index), index)
    return found


def _layout(path: str, index: int) -> bytes:
    try:
        return dare_layouts(Path(path))[index]
    except FileNotFoundError:
        raise ConfigError(f"maps.dare: there is no file {path}") from None
    except (IndexError, KeyError, ValueError, OSError) as error:
        raise ConfigError(f"maps.dare: {path} does not hold the maps asked for: {error}") from error


def dare_maps(path: str, indices: tuple[int, ...] | range) -> list[GridMap]:
    """Maps of a packed file.

    Raises:
        ConfigError: If it cannot be read or holds too few.
    """
    try:
        return load_dare_maps(Path(path), indices)
    except FileNotFoundError:
        raise ConfigError(f"maps.dare: there is no file {path}") from None
    except (IndexError, KeyError, ValueError, OSError) as error:
        raise ConfigError(f"maps.dare: {path} does not hold the maps asked for: {error}") from error


def warehouse(rng: np.random.Generator) -> GridMap:
    """A generated warehouse that the hop protocol's lattice can get through."""
    return generate_building(_SIZE_M, rng, resolution_m=_RESOLUTION_M, style="warehouse")
