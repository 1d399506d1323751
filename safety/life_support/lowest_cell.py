"""How much less oxygen than believed the lowest cell shows, as far as that must be minded.

An estimate that has not found the uptake yet is too high, and two cells of three may be wrong
together, so that their vote is. At once a cell that shows less is followed by no more than 1 %,
for it may have failed; a gap that widens slowly may be two others that drift, and is followed at
the pace of a drift. Too little oxygen kills within minutes and is not noticed, too much feeds a
fire: whoever holds a least fraction should hold it for the lowest cell.
"""

from __future__ import annotations

import numpy as np

from hiera.safety.contract import FloatArray
from hiera.safety.life_support import state as names
from hiera.safety.life_support.parameters import Parameters
from hiera.safety.life_support.readings import readings

AT_ONCE = 0.01
"""What the lowest cell is followed by at once [1]; beyond that two others are taken to drift."""
_MEMORY_S = 10.0
"""Time over which cells are averaged [s]."""
_DRIFT_1_S, _DRIFTED, _FAILED = 2e-5, 0.06, 0.08
"""How fast that may grow [1/s], what it may come to, and a gap that no drift explains [1]."""
_DEAD_PA = 500.0
"""A cell that shows less is dead."""


class LowestCell:
    """Follows the gap between belief and the lowest cell that lives.

    Args:
        p: The model's.
    """

    def __init__(self, p: Parameters) -> None:
        self._p = p
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._gap, self._may = 0.0, AT_ONCE

    @property
    def behind(self) -> float:
        """By how much less oxygen than believed there may be, a fraction of the gas."""
        return float(np.clip(self._gap, 0.0, self._may))

    def observe(self, x: FloatArray, cells: FloatArray, elapsed_s: float) -> float:
        """What `behind` is after a period.

        Args:
            x: State as believed, shape ``(18,)``.
            cells: What the oxygen cells show [Pa], shape ``(3,)``; NaN where there is nothing.
            elapsed_s: Length of the period [s].
        """
        living = cells[cells > _DEAD_PA]
        if len(living):
            now = readings(x, self._p)
            shown = float(living.min()) / (self._p.outside_pa + float(now.gauge_pa))
            gap = float(now.oxygen) - shown
            self._gap += (1.0 - float(np.exp(-elapsed_s / _MEMORY_S))) * (gap - self._gap)
            wider = self._may < self._gap < _FAILED
            grown = self._may + (_DRIFT_1_S if wider else -_DRIFT_1_S) * elapsed_s
            self._may = float(np.clip(grown, AT_ONCE, _DRIFTED))
        return self.behind


def with_less_oxygen(x: FloatArray, behind: float) -> FloatArray:
    """A state with so much less oxygen and as much gas, shape ``(18,)``.

    Args:
        x: State, shape ``(18,)``.
        behind: See `LowestCell.behind`.
    """
    made = x.copy()
    moved = min(behind * float(x[:4].sum()), float(x[names.OXYGEN]))
    made[names.OXYGEN] -= moved
    made[names.NITROGEN] += moved
    return made
