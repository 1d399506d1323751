"""Three oxygen cells, one number: voting, and what to do when the cells disagree.

    median   the middle one of three; of two their mean; one alone is taken and said to be alone
    pair     the closest pair; the third counts if it lies within the tolerance of the pair's mean

A median survives any single fault and follows two cells that fail together. The pair detects two
against one as well, and can say that nobody agrees. Diving controllers vote in pairs and hold the
oxygen valve still without consensus; their tolerance of 0.15 bar is of no use at 0.21 bar.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hiera.safety.contract import FloatArray

IntArray = NDArray[np.intp]


class Agreement(StrEnum):
    """How far the cells vouch for one another, best first."""

    ALL = "all"
    """All three lie within the tolerance."""
    PAIR = "pair"
    """Two agree; a third was left out or is gone."""
    ALONE = "alone"
    """One cell is left, and nobody checks it."""
    SPLIT = "split"
    """Cells are there and no two agree."""
    NONE = "none"
    """No cell shows anything."""


@dataclass(frozen=True, slots=True)
class Vote:
    """A voted value.

    Attributes:
        value: In the cells' unit; NaN without a usable cell.
        agreement: How it came about.
        used: Cells that count, shape ``(3,)``.
    """

    value: float
    agreement: Agreement
    used: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Voter:
    """How cells are voted.

    Attributes:
        rule: ``"median"`` or ``"pair"``.
        tolerance: Within which cells agree, in their unit.
        least: Below it a cell is dead.
        most: At it a cell is at full scale, and broken.
    """

    rule: str = "median"
    tolerance: float = 2000.0
    least: float = 500.0
    most: float = 99e3

    def __post_init__(self) -> None:
        if self.rule not in ("median", "pair"):
            raise ValueError(f"unknown rule {self.rule!r}: choose 'median' or 'pair'")
        if not self.tolerance > 0.0:
            raise ValueError(f"tolerance must be positive, not {self.tolerance}")

    def vote(self, cells: FloatArray) -> Vote:
        """One value from the cells.

        Args:
            cells: Readings, shape ``(3,)``; NaN where there is none.
        """
        fit = np.isfinite(cells) & (cells >= self.least) & (cells < self.most)
        usable = np.flatnonzero(fit)
        if not len(usable):
            return Vote(float("nan"), Agreement.NONE, _mask(usable))
        if len(usable) == 1:
            return Vote(float(cells[usable[0]]), Agreement.ALONE, _mask(usable))
        first, second = self._closest(cells, usable)
        middle = 0.5 * float(cells[first] + cells[second])
        if abs(cells[first] - cells[second]) > self.tolerance:
            return self._split(cells, usable, middle)
        near = [i for i in usable if abs(cells[i] - middle) <= self.tolerance]
        agreement = Agreement.ALL if len(near) == 3 else Agreement.PAIR
        if self.rule == "median" and len(usable) == 3:
            return Vote(float(np.median(cells[usable])), agreement, _mask(near))
        return Vote(float(np.mean(cells[near])), agreement, _mask(near))

    def _split(self, cells: FloatArray, usable: IntArray, middle: float) -> Vote:
        """Nobody agrees: a pair has no answer, a median has its own, and both say so."""
        if self.rule == "pair":
            return Vote(float("nan"), Agreement.SPLIT, _mask([]))
        value = float(np.median(cells[usable])) if len(usable) == 3 else middle
        return Vote(value, Agreement.SPLIT, _mask(usable))

    @staticmethod
    def _closest(cells: FloatArray, usable: IntArray) -> tuple[int, int]:
        pairs = [(int(i), int(j)) for k, i in enumerate(usable) for j in usable[k + 1 :]]
        return min(pairs, key=lambda pair: abs(cells[pair[0]] - cells[pair[1]]))


def _mask(used: object) -> tuple[bool, ...]:
    chosen = {int(i) for i in np.asarray(used, dtype=np.int64).ravel()}
    return tuple(i in chosen for i in range(3))
