"""How much of a line between two lattice points of the viewpoint graph is unknown ground.

What was counted holds until a cell in the box around the line changes, or an end moves.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.sight import Bounds

_UNKNOWN, _OCCUPIED = 0, 2
_MIDDLE = 0.5 + 1e-9
"""Middle of a cell; a line that meets a cell's edge is in the cell that begins there."""
_AHEAD: Final = 12
"""Slots of a block behind the middle one: each line is kept by the point that comes first."""
_FAR: Final = 3
"""Lines end nearer than this to the lattice point that keeps them [blocks]."""


class Known(NamedTuple):
    """What was counted, by lattice point and slot.

    Attributes:
        ends: Cells at both ends, four numbers of 16 bits; 0 where none is, shape ``(R, C, 12)``.
        share: Share of unknown cells, -1 where a known wall is met, shape ``(R, C, 12)``.
    """

    ends: NDArray[np.uint64]
    share: NDArray[np.float64]


class Lines:
    """Shares of unknown ground on the lines of one graph; of maps up to 65,536 cells a side.

    Attributes:
        known: What was counted.
    """

    def __init__(self, points: tuple[int, ...], first: NDArray[np.int32], side: int) -> None:
        """Knows nothing yet.

        Args:
            points: Rows and columns of the lattice.
            first: Cell at the corner of block ``(0, 0)``, or of its lattice point, shape ``(2,)``.
            side: Side of a block [cells].
        """
        shape = (points[0], points[1], _AHEAD)
        self._first, self._side = first, side
        self.known = Known(np.zeros(shape, np.uint64), np.zeros(shape))

    def forget(self, changed: Bounds) -> None:
        """Forgets what may be otherwise now that the belief has changed within some bounds."""
        side, (rows, columns, _) = self._side, self.known.share.shape
        low, high, left, right = changed
        x, y = int(self._first[0]), int(self._first[1])
        _forget(
            self.known.ends,
            (max((low - y) // side - _FAR, 0), min((high - y) // side + _FAR + 1, rows)),
            (max((left - x) // side - _FAR, 0), min((right - x) // side + _FAR + 1, columns)),
            changed,
        )


@njit(cache=True)
def _forget(
    ends: NDArray[np.uint64], rows: tuple[int, int], columns: tuple[int, int], changed: Bounds
) -> None:
    """Forgets the lines of some lattice points whose boxes some bounds touch."""
    low, high, left, right = changed
    for j in range(rows[0], rows[1]):
        for i in range(columns[0], columns[1]):
            for slot in range(ends.shape[2]):
                code = np.int64(ends[j, i, slot])
                x0, y0 = code & 0xFFFF, code >> 16 & 0xFFFF
                x1, y1 = code >> 32 & 0xFFFF, code >> 48 & 0xFFFF
                beside = max(x0, x1) < left or min(x0, x1) >= right
                if not (beside or max(y0, y1) < low or min(y0, y1) >= high):
                    ends[j, i, slot] = np.uint64(0)


@njit(cache=True)
def share_of(
    belief: Belief, known: Known, i: int, j: int, slot: int, x0: int, y0: int, x1: int, y1: int
) -> float:
    """Share of unknown cells on the line between two cells; -1 if it meets a known wall.

    Args:
        belief: The belief, shape ``(H, W)``.
        known: What has been counted; what is counted now is added.
        i: Column of the lattice point that keeps the line.
        j: Its row.
        slot: Which of its lines it is.
        x0: Column of the cell at the lattice point.
        y0: Its row.
        x1: Column of the cell at the other end, another one.
        y1: Its row.
    """
    code = np.uint64(x0 | y0 << 16 | x1 << 32 | y1 << 48)
    if known.ends[j, i, slot] != code:
        known.ends[j, i, slot] = code
        known.share[j, i, slot] = unknown_share(belief, x0, y0, x1, y1)
    return float(known.share[j, i, slot])


@njit(cache=True)
def unknown_share(belief: Belief, x0: int, y0: int, x1: int, y1: int) -> float:
    """Share of unknown cells on the line between two cells; -1 if it meets a known wall."""
    steps = 2 * max(abs(x1 - x0), abs(y1 - y0))
    across, up = (x1 - x0) / steps, (y1 - y0) / steps
    unknown = 0
    for k in range(steps + 1):
        # Unsigned, so that no index is asked whether it counts from the end.
        x, y = np.uintp(x0 + _MIDDLE + across * k), np.uintp(y0 + _MIDDLE + up * k)
        here = belief[y, x]
        if here == _OCCUPIED:
            return -1.0
        unknown += here == _UNKNOWN
    return unknown / (steps + 1)
