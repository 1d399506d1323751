"""Small filters to serve."""

from __future__ import annotations

import time

import numpy as np

from hiera.safety import Context, SafeAction, Status
from hiera.safety.dynamics import DiffDrive
from hiera.safety.filters import LidarCbf


class Box:
    """Clips an action to the unit box; needs nothing but NumPy."""

    state_size = 3
    resting_action = np.array([0.0, -0.25, 0.0])

    def __init__(self) -> None:
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def filter(self, x: np.ndarray, u_nominal: np.ndarray, context: Context) -> SafeAction:
        if not np.all(np.isfinite(u_nominal)):
            return SafeAction(np.zeros(3), Status.STOP, True, backup="stop", reason="not finite")
        u = np.clip(u_nominal, -1.0, 1.0)
        changed = bool(np.any(u != u_nominal))
        status = Status.FILTERED if changed else Status.NOMINAL
        return SafeAction(u, status, changed, 1.0 - np.abs(x), ("box",) if changed else ())


class Scripted(Box):
    """Does once what the first number of the wanted action says."""

    def filter(self, x: np.ndarray, u_nominal: np.ndarray, context: Context) -> SafeAction:
        if u_nominal[0] == 10.0:
            raise RuntimeError("no idea")
        if u_nominal[0] == 11.0:
            return SafeAction(np.full(3, np.nan), Status.NOMINAL, False)
        if u_nominal[0] == 12.0:
            return SafeAction(np.zeros(2), Status.NOMINAL, False)
        if u_nominal[0] == 13.0:
            return None  # type: ignore[return-value]
        if u_nominal[0] == 14.0:
            return SafeAction(np.zeros(3), Status.NOMINAL, False, reason=7)  # type: ignore[arg-type]
        if u_nominal[0] == 15.0:
            time.sleep(0.15)
        return super().filter(x, u_nominal, context)


class Echo(Box):
    """Shows in its answer what it was handed."""

    def filter(self, x: np.ndarray, u_nominal: np.ndarray, context: Context) -> SafeAction:
        arrays = (x, context.u_previous, context.points, context.movers, context.mover_radius)
        more = (context.mover_speed, context.scan, context.p, [context.time_s, context.now_s or -1])
        margins = np.concatenate([np.ravel(a) for a in (*arrays, *more)])
        mask = "none" if context.allowed is None else str(context.allowed.tolist())
        return SafeAction(u_nominal.copy(), Status.RELAXED, False, margins, ("a", "b"), "ö", mask)


def lidar() -> LidarCbf:
    """A filter with memory, for a differential drive."""
    return LidarCbf(DiffDrive(radius_m=0.3), tick_s=0.1)
