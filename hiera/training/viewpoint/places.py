"""Maps to train on and maps to choose by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.dare import load_dare_maps
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
        ConfigError: If the packed maps cannot be read.
    """
    rng = np.random.default_rng(seed)
    if settings.dare is None or rng.random() < settings.buildings:
        return warehouse(rng)
    first, last = settings.dare_train
    return dare_maps(settings.dare, (int(rng.integers(first, last)),))[0]


def held_out_places(settings: MapsSettings) -> list[GridMap]:
    """The maps that no episode takes place on; warehouses of their own where there are none."""
    if settings.dare is None:
        return [
            warehouse(np.random.default_rng([_HELD_OUT, k]))
            for k in range(settings.buildings_held_out)
        ]
    return dare_maps(settings.dare, range(*settings.dare_held_out))


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
