"""What every safety filter takes and gives back.

A filter never returns an action that it has not verified: when the nominal action and the
optimum both fail, it walks down an ordered list of backups and says which one acted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def _no_rows(columns: int) -> FloatArray:
    return np.zeros((0, columns)) if columns else np.zeros(0)


class Status(StrEnum):
    """How the returned action came about, from best to worst."""

    NOMINAL = "nominal"
    """The nominal action was verified and passes unchanged."""
    FILTERED = "filtered"
    """The nearest action that satisfies every barrier; verified."""
    RELAXED = "relaxed"
    """Hard barriers hold, soft ones are violated by the least slack; verified."""
    BACKUP = "backup"
    """A certified backup policy acts; `SafeAction.backup` names it."""
    RECOVERING = "recovering"
    """The state itself lies outside the safe set; the action satisfies every row and so leads
    back at the rate asked for, but until it is back nothing is certified."""
    STOP = "stop"
    """The last resort acts, full braking, and nothing vouches for it: input that was refused, or
    a start in violation."""
    PASS_THROUGH = "pass_through"
    """Nothing was checked, because the user asked for exactly that by name."""


_UNCERTIFIED = frozenset((Status.RECOVERING, Status.STOP, Status.PASS_THROUGH))


@dataclass(frozen=True, slots=True)
class SafeAction:
    """An action that may leave for the world, with the proof's summary.

    Attributes:
        u: Action, shape ``(m,)``, units of the environment's action.
        status: How it came about.
        intervened: True if ``u`` differs from the nominal action.
        margins: Value of every barrier at the state, shape ``(k,)``, units of each barrier.
        active: Names of the barriers or bounds that shaped ``u``.
        backup: Name of the backup that acted, or None.
        reason: Why a rung below `Status.FILTERED` was needed, empty otherwise.
        solve_time_s: Wall time of the whole call [s].
    """

    u: FloatArray
    status: Status
    intervened: bool
    margins: FloatArray = field(default_factory=lambda: _no_rows(0))
    active: tuple[str, ...] = ()
    backup: str | None = None
    reason: str = ""
    solve_time_s: float = 0.0

    @property
    def certified(self) -> bool:
        """True if a check stands behind the action: not for a recovery, a pass-through, a stop."""
        return self.status not in _UNCERTIFIED


@dataclass(frozen=True, slots=True)
class Context:
    """What a filter needs to know besides the state and the nominal action.

    Attributes:
        time_s: When the state was estimated [s], on the clock of the caller.
        u_previous: Action executed in the previous period, shape ``(m,)``.
        points: Static obstacle points, world frame, shape ``(k, 2)`` [m].
        movers: Centres of moving obstacles, world frame, shape ``(q, 2)`` [m].
        mover_radius: Radius of each, its position uncertainty included, shape ``(q,)`` [m].
        mover_speed: Bound on the speed of each, shape ``(q,)`` [m/s].
        scan: The lidar's ranges, shape ``(n,)`` [m], ray i at heading ``theta + 2 pi i / n``,
            infinite where nothing came back; empty where there is no lidar.
        allowed: For finite action sets: mask of the actions known to be safe, shape ``(n,)``.
        p: Parameters of the barriers, in their order, shape ``(q,)``.
        now_s: When the action will leave [s], same clock as `time_s`; where given, a filter holds
            the state's age against its limit.
    """

    time_s: float
    u_previous: FloatArray = field(default_factory=lambda: _no_rows(0))
    points: FloatArray = field(default_factory=lambda: _no_rows(2))
    movers: FloatArray = field(default_factory=lambda: _no_rows(2))
    mover_radius: FloatArray = field(default_factory=lambda: _no_rows(0))
    mover_speed: FloatArray = field(default_factory=lambda: _no_rows(0))
    scan: FloatArray = field(default_factory=lambda: _no_rows(0))
    allowed: NDArray[np.bool_] | None = None
    p: FloatArray = field(default_factory=lambda: _no_rows(0))
    now_s: float | None = None


@dataclass(frozen=True, slots=True)
class SafetyState:
    """What an environment offers the filter at every tick: state estimate and context."""

    x: FloatArray
    context: Context


@runtime_checkable
class SafetyFilter(Protocol):
    """Turns any action into one that is safe to execute."""

    def reset(self) -> None:
        """Forgets the previous episode (warm starts, stored backups)."""
        ...

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        """Returns a safe action near ``u_nominal``.

        Args:
            x: State estimate, shape ``(n,)``.
            u_nominal: Action the controller asks for, shape ``(m,)``.
            context: Obstacles, previous action, time stamp.
        """
        ...
