"""Barrier-function filter on ``(v, omega)`` from lidar returns, with certified braking behind it.

A discrete-time barrier condition on the braking distance (Agrawal and Sreenath, "Discrete control
barrier functions", RSS 2017, with the barrier that already contains the braking law) selects the
action through a quadratic programme; an exact roll-out of the chosen tick and of the braking
after it certifies the action. Nothing leaves that has not passed the roll-out, except braking
that was itself certified one tick earlier.

Somebody who may step out of a blind spot limits the speed too, down to the speed from which the
robot stands within one tick; below that only who can be seen counts. What is not covered: a
person who, when first seen, is nearer than one tick of walking.

Rungs, in order: the nominal action; the programme's optimum; the optimum slowed down
(``slow_down``); the braking certified in the tick before (``brake``); full braking without a
certificate (`Status.STOP`), for refused input and starts in violation.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, Status
from hiera.safety.dynamics.differential_drive import DiffDrive, limit_speeds
from hiera.safety.filters.braking import (
    SUBSTEP_M,
    barrier_rows,
    clearance_while_braking,
    intersample_dip,
)
from hiera.safety.filters.occlusion import hidden_movers
from hiera.safety.qp import QpStatus, nearest

_BRAKE = np.zeros(2)


@dataclass(frozen=True, slots=True)
class _View:
    """Obstacles near enough to matter in this call."""

    points: FloatArray
    movers: FloatArray
    radius: FloatArray
    speed: FloatArray
    hidden: int = 0

    def in_sight(self) -> _View:
        """The same without those who may be hidden, who come last."""
        seen = len(self.movers) - self.hidden
        return _View(self.points, self.movers[:seen], self.radius[:seen], self.speed[:seen])


class LidarCbf:
    """Keeps a differential-drive robot clear of what its lidar sees.

    Example:
        >>> gate = LidarCbf(DiffDrive(radius_m=0.3), tick_s=0.1)
        >>> safe = gate.filter(state, np.array([1.0, 0.2]), Context(time_s=0.0, points=returns))
        >>> robot.send(safe.u)

    Attributes:
        state_size: Numbers in a state.
        resting_action: What leaves where nothing can be computed, shape ``(2,)``.
    """

    state_size = 5
    resting_action = np.zeros(2)

    def __init__(
        self,
        robot: DiffDrive,
        *,
        tick_s: float = 0.1,
        alpha: float = 2.0,
        margin_m: float = 0.08,
        max_age_s: float = 0.25,
        hidden_speed: float = 0.0,
        hidden_radius_m: float = 0.25,
    ) -> None:
        """Sets the filter up.

        Args:
            robot: Limits and footprint.
            tick_s: Period of the filter [s].
            alpha: Barrier gain [1/s]; ``alpha * tick_s`` must not exceed 1, beyond which a
                sampled barrier condition proves nothing.
            margin_m: Kept beyond the footprint; covers range noise and the gap between rays [m].
            max_age_s: A state estimate that has not moved on for longer than this is refused [s].
            hidden_speed: Speed of somebody who may step out from where the lidar cannot see
                [m/s]; 0 means that nobody will.
            hidden_radius_m: Radius of that somebody [m].

        Raises:
            ValueError: If a value makes the guarantee void; the sentence quotes it.
        """
        if not 0.0 < alpha * tick_s <= 1.0:
            raise ValueError(
                f"alpha * tick_s must lie in (0, 1], not {alpha} * {tick_s} = {alpha * tick_s:g}"
            )
        if not margin_m >= 0.0:
            raise ValueError(f"margin_m must not be negative, not {margin_m}")
        if not hidden_speed >= 0.0:
            raise ValueError(f"hidden_speed must not be negative, not {hidden_speed}")
        self.robot = robot
        self._limits = robot.limits()
        self._tick_s = tick_s
        self._decay = alpha * tick_s
        self._margin_m = margin_m
        # The roll-out sets aside the dip between its samples; the programme must do so too.
        self._keep_away_m = robot.radius_m + margin_m + intersample_dip(SUBSTEP_M, robot.radius_m)
        self._max_age_s = max_age_s
        self._hidden_speed = hidden_speed
        self._hidden_radius_m = hidden_radius_m
        self._weights = np.array([1.0, 0.2 * (robot.v_max / robot.w_max) ** 2])
        self._creep = robot.brake * tick_s
        self._last_time_s = -np.inf
        self._may_brake = False

    def reset(self) -> None:
        """Forgets time stamps and the stored braking certificate."""
        self._last_time_s = -np.inf
        self._may_brake = False

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        """Returns a command near ``u_nominal`` whose tick and braking are clear of obstacles.

        Args:
            x: ``(px, py, theta, v, omega)``, world frame [m, m, rad, m/s, rad/s].
            u_nominal: ``(v, omega)`` [m/s, rad/s].
            context: Points, movers and, for hidden movers, the ordered scan.
        """
        start = time.perf_counter()
        refusal = self._refusal(x, u_nominal, context)
        if refusal:
            self._may_brake = False
            return _answer(start, _BRAKE, Status.STOP, True, backup="stop", reason=refusal)
        self._last_time_s = context.time_s
        view = self._nearby(x, context)
        wanted = self._limited(x, u_nominal)
        rows = self._rows(x, wanted, view)
        if np.all(rows[0] @ wanted >= rows[1] - 1e-9) and self._certified(x, wanted, view):
            return self._leave(start, u_nominal, Status.NOMINAL, rows[2])
        return self._intervene(start, x, wanted, view, rows)

    def _intervene(
        self,
        start: float,
        x: FloatArray,
        wanted: FloatArray,
        view: _View,
        rows: tuple[FloatArray, FloatArray, FloatArray],
    ) -> SafeAction:
        low, high = self._box(x)
        at, reason = wanted, ""
        attempts: list[tuple[_View, FloatArray, tuple[str, ...]]] = [(view, high, ("lidar",))]
        if view.hidden:
            creep = np.array([max(low[0], min(high[0], self._creep)), high[1]])
            attempts.append((view.in_sight(), creep, ("lidar", "blind_spot")))
        found: tuple[FloatArray, tuple[str, ...]] | None = None
        for seen, most, active in attempts:
            goal = np.minimum(wanted, most)
            answer, reason = self._optimum(x, goal, seen, low, most)
            if answer is None or not self._certified(x, answer, seen):
                at = goal if answer is None else answer
            elif found is None or answer[0] > found[0][0]:
                # The second attempt counts only if it gets the robot past a blind spot.
                found = (answer, active)
        if found is not None:
            return self._leave(start, found[0], Status.FILTERED, rows[2], active=found[1])
        view = view.in_sight() if view.hidden else view
        for scale in (0.75, 0.5, 0.25, 0.0):
            slower = np.array([low[0] + scale * max(at[0] - low[0], 0.0), at[1]])
            if self._certified(x, slower, view):
                return self._leave(
                    start, slower, Status.BACKUP, rows[2], backup="slow_down", reason=reason
                )
        if self._may_brake:
            return self._leave(start, _BRAKE, Status.BACKUP, rows[2], backup="brake", reason=reason)
        reason += "; nothing was certified before"
        return _answer(start, _BRAKE, Status.STOP, True, rows[2], backup="stop", reason=reason)

    def _optimum(
        self, x: FloatArray, wanted: FloatArray, view: _View, low: FloatArray, high: FloatArray
    ) -> tuple[FloatArray | None, str]:
        """The programme's optimum, linearised anew once if it cannot be certified."""
        at = wanted
        for _ in range(2):
            A, b, _ = self._rows(x, at, view)
            answer = nearest(wanted, self._weights, A, b, low, high)
            if answer.status is not QpStatus.SOLVED:
                return None, f"quadratic programme {answer.status}"
            at = answer.u
            if self._certified(x, at, view):
                return at, ""
        return at, "the programme's optimum does not leave room to brake"

    def _leave(
        self,
        start: float,
        u: FloatArray,
        status: Status,
        margins: FloatArray,
        *,
        active: tuple[str, ...] = (),
        backup: str | None = None,
        reason: str = "",
    ) -> SafeAction:
        # Every certificate is for a tick followed by braking, so braking is certified next.
        self._may_brake = True
        changed = status is not Status.NOMINAL
        return _answer(
            start, u, status, changed, margins, active=active, backup=backup, reason=reason
        )

    def _refusal(self, x: FloatArray, u: FloatArray, context: Context) -> str:
        if np.shape(x) != (5,) or not np.all(np.isfinite(x)):
            return f"the state must be five finite numbers, not {np.asarray(x).tolist()}"
        if np.shape(u) != (2,) or not np.all(np.isfinite(u)):
            return f"the action must be two finite numbers, not {np.asarray(u).tolist()}"
        for name in ("points", "movers"):
            array = getattr(context, name)
            if array.ndim != 2 or array.shape[1] != 2 or not np.all(np.isfinite(array)):
                return f"{name} must be finite, shape (k, 2), not {array.shape}"
        q = len(context.movers)
        if context.mover_radius.shape != (q,) or context.mover_speed.shape != (q,):
            return f"mover_radius and mover_speed must have shape ({q},)"
        if context.time_s <= self._last_time_s:
            return f"the state of {context.time_s:.3f} s is not newer than the one before"
        if context.time_s - self._last_time_s > self._max_age_s and np.isfinite(self._last_time_s):
            return f"no state arrived for {context.time_s - self._last_time_s:.3f} s"
        return ""

    def _limited(self, x: FloatArray, u: FloatArray) -> FloatArray:
        return np.array(limit_speeds(x[3], x[4], u[0], u[1], self._limits, self._tick_s))

    def _box(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        far = 1e9
        low = self._limited(x, np.array([-far if x[3] <= 0.0 else 0.0, -far]))
        high = self._limited(x, np.array([far, far]))
        return np.minimum(low, high), high

    def _nearby(self, x: FloatArray, context: Context) -> _View:
        robot = self.robot
        speed = max(abs(float(x[3])) + robot.accelerate * self._tick_s, robot.v_reverse)
        stop_s = speed / min(robot.brake, robot.accelerate) + 2.0 * self._tick_s
        travel = speed * stop_s
        reach = robot.radius_m + self._margin_m + travel + 0.5
        points = context.points
        offset = points - x[:2]
        near = np.einsum("ij,ij->i", offset, offset) <= reach * reach
        movers, radius, pace = context.movers, context.mover_radius, context.mover_speed
        if self._hidden_speed > 0.0 and context.scan.size:
            hidden = hidden_movers(
                x, context.scan, self._hidden_radius_m, reach + self._hidden_speed * stop_s
            )
            count = len(hidden)
            movers = np.concatenate((movers, hidden))
            radius = np.concatenate((radius, np.full(count, self._hidden_radius_m)))
            pace = np.concatenate((pace, np.full(count, self._hidden_speed)))
        count = len(movers) - len(context.movers)
        return _View(np.ascontiguousarray(points[near]), movers, radius, pace, count)

    def _rows(
        self, x: FloatArray, at: FloatArray, view: _View
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        rows: tuple[FloatArray, FloatArray, FloatArray] = barrier_rows(
            x,
            at[0],
            at[1],
            self._limits,
            self._tick_s,
            self._decay,
            view.points,
            view.movers,
            view.radius,
            view.speed,
            self._keep_away_m,
        )
        return rows

    def _certified(self, x: FloatArray, u: FloatArray, view: _View) -> bool:
        static, moving = clearance_while_braking(
            x,
            u[0],
            u[1],
            self._limits,
            self._tick_s,
            view.points,
            view.movers,
            view.radius,
            view.speed,
            self.robot.radius_m,
        )
        # Inside the margin but outside the footprint the robot may leave, never go deeper.
        if static < self._margin_m:
            static_now = self._clearance(x, view.points)
            static += self._margin_m if static >= static_now - 1e-6 > 0.0 else 0.0
        return bool(static >= self._margin_m and moving >= self._margin_m)

    def _clearance(self, x: FloatArray, points: FloatArray) -> float:
        if not len(points):
            return float("inf")
        gaps = np.hypot(points[:, 0] - x[0], points[:, 1] - x[1])
        return float(gaps.min()) - self.robot.radius_m


def _answer(
    start: float,
    u: FloatArray,
    status: Status,
    intervened: bool,
    margins: FloatArray | None = None,
    *,
    active: tuple[str, ...] = (),
    backup: str | None = None,
    reason: str = "",
) -> SafeAction:
    return SafeAction(
        np.array(u, dtype=np.float64),
        status,
        intervened,
        margins if margins is not None else np.zeros(0),
        active,
        backup,
        reason,
        time.perf_counter() - start,
    )
