"""A gate in front of a gate: a speed limit, then the lidar filter."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from hiera.config import Settings
from hiera.config.settings import Positive
from hiera.registry import Component
from hiera.safety import Context, SafeAction, SafetyFilter, Status
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics import DiffDrive
from hiera.safety.filters import LidarCbf


class SpeedLimitSettings(Settings):
    """Lidar filter with a speed limit."""

    kind: Literal["speed_limit"] = "speed_limit"
    v_limit: Positive = 0.5
    """Greatest speed asked for [m/s]."""


class SpeedLimit:
    """Clips the nominal speed, then has the result filtered."""

    def __init__(self, inner: SafetyFilter, v_limit: float) -> None:
        self._inner = inner
        self._v_limit = v_limit

    def reset(self) -> None:
        """Forgets the previous episode."""
        self._inner.reset()

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        """Whatever leaves has been verified by the filter inside."""
        slower = np.array(u_nominal, dtype=np.float64)
        slower[0] = np.clip(slower[0], -self._v_limit, self._v_limit)
        answer = self._inner.filter(x, slower, context)
        if answer.status is Status.NOMINAL and slower[0] != u_nominal[0]:
            return replace(answer, status=Status.FILTERED, intervened=True, active=("speed_limit",))
        return answer


def build(settings: SpeedLimitSettings, *, robot: DiffDrive, tick_s: float, **_: Any) -> SpeedLimit:
    """Called with ``hidden_speed`` and ``hidden_radius_m`` too."""
    return SpeedLimit(LidarCbf(robot, tick_s=tick_s), settings.v_limit)


SPEED_LIMIT = Component("speed_limit", SpeedLimitSettings, build, "lidar filter, speed limit")
