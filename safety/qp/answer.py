"""What a solve says: a code inside compiled code, a name outside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hiera.safety.contract import FloatArray

SOLVED: Final = 0
INFEASIBLE: Final = 1
UNVERIFIED: Final = 2
ITERATION_LIMIT: Final = 3
NOT_FINITE: Final = 4


class QpStatus(StrEnum):
    """What is known about the point that came back."""

    SOLVED = "solved"
    """The point satisfies the optimality conditions; that was checked."""
    INFEASIBLE = "infeasible"
    """No point satisfies rows and bounds; the multipliers are a proof, and that was checked."""
    UNVERIFIED = "unverified"
    """A solver finished and the check did not agree with it."""
    ITERATION_LIMIT = "iteration_limit"
    """The solver gave up."""
    NOT_FINITE = "not_finite"
    """A number is NaN, infinite where it must not be, or a weight is not positive."""

    @classmethod
    def of(cls, code: int) -> QpStatus:
        """The name of a kernel's code."""
        return _NAMES[code]


_NAMES: Final = (
    QpStatus.SOLVED,
    QpStatus.INFEASIBLE,
    QpStatus.UNVERIFIED,
    QpStatus.ITERATION_LIMIT,
    QpStatus.NOT_FINITE,
)


@dataclass(frozen=True, slots=True)
class QpAnswer:
    """A verified point, or the reason why there is none.

    Attributes:
        u: The point, shape ``(m,)``; NaN unless the status is `QpStatus.SOLVED`.
        status: Whether it may be used.
        multipliers: Of the rows, shape ``(k,)``, nowhere negative. Where the status is
            `QpStatus.SOLVED`, the optimum's, zero where inactive; where it is
            `QpStatus.INFEASIBLE`, the rows' share in the contradiction.
        bound_multipliers: The same of the lower and the upper bounds, shape ``(2, m)``.
        fallback: True if the answer is not the own solver's but the second one's.
    """

    u: FloatArray
    status: QpStatus
    multipliers: FloatArray
    bound_multipliers: FloatArray
    fallback: bool = False

    @property
    def solved(self) -> bool:
        """Whether ``u`` may be used."""
        return self.status is QpStatus.SOLVED
