"""A straight corridor with rooms on both sides."""

from typing import Literal

import numpy as np

from hiera.config import Settings
from hiera.config.settings import Count, Positive
from hiera.envs.exploration.grid import GridMap
from hiera.registry import Component


class CorridorSettings(Settings):
    """A corridor and its rooms."""

    kind: Literal["corridor"] = "corridor"
    rooms: Count = 6
    """Rooms on each side."""
    room_m: Positive = 4.0
    """Side of a room [m]."""


def build(settings: CorridorSettings, rng: np.random.Generator) -> GridMap:
    """Draws the map; ``rng`` is the run's stream ``layout``."""
    cell = 0.2
    side = round(settings.room_m / cell)
    free = np.zeros((2 * side + 14, settings.rooms * (side + 2) + 2), dtype=np.bool_)
    free[side + 3 : side + 11, 2:-2] = True
    for room in range(settings.rooms):
        left = 2 + room * (side + 2)
        free[2 : side + 1, left : left + side] = True
        free[side + 13 : -2, left : left + side] = True
        for wall in (slice(side + 1, side + 3), slice(side + 11, side + 13)):
            door = left + int(rng.integers(1, side - 8))
            free[wall, door : door + 7] = True
    return GridMap(
        free,
        cell,
        start_m=(2.0, (side + 7) * cell),
        name="corridor",
        description=f"A straight corridor with {settings.rooms} rooms on each side.",
    )


CORRIDOR = Component("corridor", CorridorSettings, build, "straight corridor, rooms on both sides")
