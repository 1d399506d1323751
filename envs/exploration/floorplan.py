"""The drawing board of the building generator: rectangles carved out of solid, walls left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Side(StrEnum):
    """A side of a rectangle."""

    SOUTH = "south"
    NORTH = "north"
    WEST = "west"
    EAST = "east"

    @property
    def horizontal(self) -> bool:
        """True for the sides that run along x."""
        return self in (Side.SOUTH, Side.NORTH)

    @property
    def opposite(self) -> Side:
        """The side across."""
        return {
            Side.SOUTH: Side.NORTH,
            Side.NORTH: Side.SOUTH,
            Side.WEST: Side.EAST,
            Side.EAST: Side.WEST,
        }[self]


@dataclass(frozen=True, slots=True)
class Rect:
    """A half-open rectangle of cells."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Cells along x."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Cells along y."""
        return self.y1 - self.y0

    @property
    def short(self) -> int:
        """Cells along the shorter side."""
        return min(self.width, self.height)

    @property
    def long(self) -> int:
        """Cells along the longer side."""
        return max(self.width, self.height)

    @property
    def long_side(self) -> Side:
        """One of the two longer sides."""
        return Side.SOUTH if self.width >= self.height else Side.WEST

    def grown(self, cells: int) -> Rect:
        """Moved outwards on all sides (inwards if negative)."""
        return Rect(self.x0 - cells, self.y0 - cells, self.x1 + cells, self.y1 + cells)

    def span(self, side: Side) -> tuple[int, int]:
        """Interval that a side covers along its own direction."""
        return (self.x0, self.x1) if side.horizontal else (self.y0, self.y1)

    def depth(self, side: Side) -> int:
        """Extent perpendicular to a side."""
        return self.height if side.horizontal else self.width

    def piece(self, side: Side, start: int, end: int) -> Rect:
        """Full depth, from ``start`` to ``end`` along a side."""
        if side.horizontal:
            return Rect(start, self.y0, end, self.y1)
        return Rect(self.x0, start, self.x1, end)

    def band(self, side: Side, start: int, end: int) -> Rect:
        """Full length, between two distances from a side, measured inwards."""
        if side is Side.SOUTH:
            return Rect(self.x0, self.y0 + start, self.x1, self.y0 + end)
        if side is Side.NORTH:
            return Rect(self.x0, self.y1 - end, self.x1, self.y1 - start)
        if side is Side.WEST:
            return Rect(self.x0 + start, self.y0, self.x0 + end, self.y1)
        return Rect(self.x1 - end, self.y0, self.x1 - start, self.y1)


class FloorPlan:
    """A floor while it is drawn.

    Attributes:
        free: Free mask, shape ``(H, W)``.
        clear: Cells kept clear of furniture: corridors and what lies before doors, ``(H, W)``.
        wall: Thickness of an inner wall [cells].
        rng: The layout's random stream.
        counts: How many of each thing were drawn, for the description.
        turn: Which use the next large block gets.
    """

    def __init__(self, shape: tuple[int, int], resolution_m: float, rng: np.random.Generator):
        self.free: NDArray[np.bool_] = np.zeros(shape, dtype=np.bool_)
        self.clear: NDArray[np.bool_] = np.zeros(shape, dtype=np.bool_)
        self.resolution_m = resolution_m
        self.rng = rng
        self.wall = self.cells(0.2)
        self.counts: Counter[str] = Counter()
        self.turn = int(rng.integers(3))

    def cells(self, metres: float) -> int:
        """A length in cells, at least one."""
        return max(1, round(metres / self.resolution_m))

    def between(self, low_m: float, high_m: float) -> int:
        """A random length between two bounds [m], in cells."""
        return self.cells(float(self.rng.uniform(low_m, high_m)))

    def metres(self, cells: int) -> float:
        """A length in metres."""
        return cells * self.resolution_m

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return bool(self.rng.random() < probability)

    def carve(self, rect: Rect, *, keep_clear: bool = False) -> None:
        """Makes a rectangle free."""
        self.free[rect.y0 : rect.y1, rect.x0 : rect.x1] = True
        if keep_clear:
            self.clear[rect.y0 : rect.y1, rect.x0 : rect.x1] = True

    def fill(self, rect: Rect) -> None:
        """Makes a rectangle solid."""
        self.free[rect.y0 : rect.y1, rect.x0 : rect.x1] = False

    def door(
        self,
        room: Rect,
        side: Side,
        reach: tuple[int, int] | None = None,
        *,
        width_m: tuple[float, float] = (1.2, 1.4),
        through: int | None = None,
    ) -> bool:
        """Opens a room's wall.

        Args:
            room: The room; the wall begins just outside it.
            side: Which wall.
            reach: Interval along the wall within which the door must lie; None for the room's.
            width_m: Bounds of the clear width [m], never below 1.2 m on the grid.
            through: Thickness of the wall [cells]; None for an inner wall.

        Returns:
            False if there is no room for a door.
        """
        thick = self.wall if through is None else through
        low, high = room.span(side)
        if reach is not None:
            low, high = max(low, reach[0]), min(high, reach[1])
        least = int(np.ceil(1.2 / self.resolution_m - 1e-9))
        width = max(least, self.between(*width_m))
        margin = self.cells(0.2)
        if high - low < least:
            return False
        width = min(width, high - low)
        first, last = low + margin, high - margin - width
        if last < first:
            start = low + (high - low - width) // 2
        elif self.chance(0.6):  # Doors stand near a corner of the room more often than not.
            start = first if self.chance(0.5) else last
        else:
            start = int(self.rng.integers(first, last + 1))
        opening = room.piece(side, start, start + width).band(side, -thick, 0)
        self.carve(opening)
        zone = room.piece(side, start - 1, start + width + 1)
        zone = zone.band(side, -thick - self.cells(1.2), self.cells(1.2))
        rows, columns = self.free.shape
        self.clear[
            max(zone.y0, 0) : min(zone.y1, rows), max(zone.x0, 0) : min(zone.x1, columns)
        ] = True
        return True

    def place(self, room: Rect, item: Rect, gap: int) -> bool:
        """Puts a piece of furniture into a room if it disturbs nothing.

        It may touch the room's walls; to everything else, and to walls it does not touch, it
        keeps ``gap`` cells, so that nothing forms a crack that a robot cannot pass.
        """
        if item.x0 < room.x0 or item.y0 < room.y0 or item.x1 > room.x1 or item.y1 > room.y1:
            return False
        for distance in (
            item.x0 - room.x0,
            room.x1 - item.x1,
            item.y0 - room.y0,
            room.y1 - item.y1,
        ):
            if 0 < distance < gap:
                return False
        around = item.grown(gap)
        around = Rect(
            max(around.x0, room.x0),
            max(around.y0, room.y0),
            min(around.x1, room.x1),
            min(around.y1, room.y1),
        )
        if not self.free[around.y0 : around.y1, around.x0 : around.x1].all():
            return False
        if self.clear[item.y0 : item.y1, item.x0 : item.x1].any():
            return False
        self.fill(item)
        return True


def segments(low: int, high: int, taken: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of ``[low, high)`` between intervals, in order."""
    left = []
    at = low
    for start, end in sorted(taken):
        if start > at:
            left.append((at, start))
        at = max(at, end)
    if at < high:
        left.append((at, high))
    return left
