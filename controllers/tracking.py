"""Path tracking for a differential drive: pure pursuit, slowed where the path asks for it.

R. C. Coulter, "Implementation of the pure pursuit path tracking algorithm", CMU 1992: steer on
the arc through a point of the path one look-ahead ahead, kappa = 2 sin(beta) / L. Slowing down in
curves and before the end, and turning on the spot when the path leads backwards, follow S.
Macenski et al., "Regulated pure pursuit for robot path tracking", Autonomous Robots 2023.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
LineTest = Callable[[FloatArray, FloatArray], bool]


class PurePursuit:
    """Follows a polyline.

    Args:
        v_max: Speed on a straight line [m/s].
        omega_max: Greatest turning rate asked for [rad/s].
        brake: Deceleration used for slowing down before the end [m/s^2].
        lookahead_m: Least look-ahead distance [m].
        lookahead_s: Look-ahead time added per speed [s].
    """

    def __init__(
        self,
        *,
        v_max: float = 1.5,
        omega_max: float = 1.5,
        brake: float = 1.0,
        lookahead_m: float = 0.5,
        lookahead_s: float = 0.4,
    ) -> None:
        self._v_max = v_max
        self._omega_max = omega_max
        self._brake = brake
        self._lookahead_m = lookahead_m
        self._lookahead_s = lookahead_s
        self._path: FloatArray = np.zeros((0, 2))
        self._reached = 0.0

    def follow(self, path: FloatArray) -> None:
        """Takes a new path, shape ``(k, 2)``, world frame [m]; empty to stop."""
        self._path = np.asarray(path, dtype=np.float64).reshape(-1, 2)
        self._reached = 0.0

    @property
    def path(self) -> FloatArray:
        """The path being followed, shape ``(k, 2)`` [m]."""
        return self._path

    @property
    def ahead(self) -> FloatArray:
        """The vertices still to come, the end of the current leg first, shape ``(k, 2)`` [m]."""
        if len(self._path) < 2:
            return self._path
        legs = np.diff(self._path, axis=0)
        ends = np.cumsum(np.hypot(legs[:, 0], legs[:, 1]))
        return self._path[1:][ends > self._reached]

    @property
    def left_m(self) -> float:
        """Length of the path still to be driven [m]."""
        legs = np.diff(self._path, axis=0)
        return max(float(np.hypot(legs[:, 0], legs[:, 1]).sum()) - self._reached, 0.0)

    def away(self, pose: FloatArray) -> float:
        """Distance of a pose from the current leg's line [m]; infinite without a path."""
        ahead = self.ahead
        if len(ahead) == 0 or len(self._path) < 2:
            return float("inf")
        k = len(self._path) - len(ahead)
        a, b = self._path[k - 1], self._path[k]
        along = np.clip((pose[:2] - a) @ (b - a) / max(float((b - a) @ (b - a)), 1e-12), 0.0, 1.0)
        return float(np.hypot(*(a + along * (b - a) - pose[:2])))

    def command(
        self, pose: FloatArray, speed: float, line_clear: LineTest | None = None
    ) -> FloatArray:
        """Speed and turning rate ``(v, omega)``, shape ``(2,)`` [m/s, rad/s].

        Args:
            pose: ``(x, y, theta)``.
            speed: Current forward speed [m/s].
            line_clear: Whether a straight line is free for the robot. Pure pursuit cuts corners;
                with this test it looks no farther ahead than it can go straight.
        """
        if len(self._path) == 0:
            return np.zeros(2)
        lookahead = self._lookahead_m + self._lookahead_s * abs(speed)
        for _ in range(4):
            ahead, remaining = self._ahead(pose, lookahead)
            dx, dy = ahead[0] - pose[0], ahead[1] - pose[1]
            reach = float(np.hypot(dx, dy))
            # Where the path folds back on itself the point ahead may be the robot's own place.
            folded = reach < 0.2 * lookahead and remaining > lookahead
            if not folded and (line_clear is None or line_clear(pose[:2], ahead)):
                break
            lookahead *= 0.5
        if reach < 1e-3:
            return np.zeros(2)
        bearing = (np.arctan2(dy, dx) - pose[2] + np.pi) % (2.0 * np.pi) - np.pi
        if abs(bearing) > 1.0:
            return np.array([0.0, np.clip(2.5 * bearing, -self._omega_max, self._omega_max)])
        curvature = 2.0 * np.sin(bearing) / reach
        v = min(
            self._v_max,
            self._omega_max / max(abs(curvature), 1e-6),
            float(np.sqrt(2.0 * self._brake * max(remaining, 0.02))),
        )
        return np.array([v, np.clip(v * curvature, -self._omega_max, self._omega_max)])

    def _ahead(self, pose: FloatArray, lookahead: float) -> tuple[FloatArray, float]:
        """Point one look-ahead beyond the nearest point of the path, and the way left [m].

        Progress along the path never goes back, so a path that crosses itself is followed in
        its order.
        """
        if len(self._path) == 1:
            return self._path[0], float(np.hypot(*(self._path[0] - pose[:2])))
        legs = np.diff(self._path, axis=0)
        lengths = np.hypot(legs[:, 0], legs[:, 1])
        ends = np.concatenate(([0.0], np.cumsum(lengths)))
        safe = np.maximum(lengths, 1e-9)
        along = np.einsum("ij,ij->i", pose[:2] - self._path[:-1], legs) / safe
        at = ends[:-1] + np.clip(along, 0.0, lengths)
        window = (ends[1:] >= self._reached) & (ends[:-1] <= self._reached + 3.0)
        foot = self._path[:-1] + (np.clip(along, 0.0, lengths) / safe)[:, None] * legs
        gap = np.hypot(foot[:, 0] - pose[0], foot[:, 1] - pose[1])
        nearest = int(np.argmin(np.where(window, gap, np.inf)))
        self._reached = max(self._reached, float(at[nearest]))
        goal = min(self._reached + lookahead, float(ends[-1]))
        leg = min(int(np.searchsorted(ends, goal, side="right")) - 1, len(legs) - 1)
        point = self._path[leg] + (goal - ends[leg]) / safe[leg] * legs[leg]
        return point, float(ends[-1]) - self._reached
