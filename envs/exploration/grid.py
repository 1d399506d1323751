"""Occupancy grids: the value type of every map, and the three values of a belief.

Arrays are indexed ``[iy, ix]``; world coordinates are ``x`` right and ``y`` up [m], so row 0 is
the lowest row. ``origin_m`` is the outer corner of cell ``(0, 0)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

UNKNOWN: Final = np.uint8(0)
FREE: Final = np.uint8(1)
OCCUPIED: Final = np.uint8(2)

Belief = NDArray[np.uint8]
"""Shape ``(H, W)``, values `UNKNOWN`, `FREE`, `OCCUPIED`."""


@dataclass(frozen=True, slots=True)
class GridMap:
    """A true map.

    Attributes:
        free: Shape ``(H, W)``, True where a robot may be; everything else blocks and is seen as
            a wall.
        resolution_m: Side of a cell [m].
        origin_m: World position of the outer corner of cell ``(0, 0)`` [m].
        start_m: Where an episode starts, world frame [m], or None to draw it.
        name: For reports and error messages.
        description: One or two sentences about the place, for the language model's prompt.
    """

    free: NDArray[np.bool_]
    resolution_m: float
    origin_m: tuple[float, float] = (0.0, 0.0)
    start_m: tuple[float, float] | None = None
    name: str = "map"
    description: str = ""

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height [m]."""
        rows, columns = self.free.shape
        return columns * self.resolution_m, rows * self.resolution_m

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Cell ``(ix, iy)`` that holds a world position; may lie outside the map."""
        return (
            int(np.floor((x - self.origin_m[0]) / self.resolution_m)),
            int(np.floor((y - self.origin_m[1]) / self.resolution_m)),
        )

    def centre(self, ix: int, iy: int) -> tuple[float, float]:
        """World position of a cell's centre [m]."""
        return (
            self.origin_m[0] + (ix + 0.5) * self.resolution_m,
            self.origin_m[1] + (iy + 0.5) * self.resolution_m,
        )
