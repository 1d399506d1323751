"""What a family hands to the report: a scene on a map, and curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlanMark:
    """A plan as it is drawn.

    Attributes:
        time_s: From when on it was in force [s].
        xy: Waypoints in order, shape ``(k, 2)`` [m].
        provenance: Who decided.
        strategy: One line.
    """

    time_s: float
    xy: FloatArray
    provenance: str
    strategy: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A robot on a map that becomes known.

    Attributes:
        first_seen_s: When each cell was first known, infinite if never, shape ``(H, W)`` [s].
        kind: What it is: 0 unknown, 1 free, 2 occupied, shape ``(H, W)``; row 0 is the lowest.
        resolution_m: Side of a cell [m].
        origin_m: Outer corner of cell ``(0, 0)`` [m].
        time_s: Times of the trajectory, shape ``(n,)`` [s].
        pose: ``(x, y, theta)``, shape ``(n, 3)`` [m, m, rad].
        explored: Explored fraction, shape ``(n,)``.
        distance_m: Way driven, shape ``(n,)`` [m].
        intervened: Where the gate changed the action, shape ``(n,)``.
        radius_m: Footprint [m].
        plans: Plans in order of time.
        marks: Points worth pointing at: label to positions, shape ``(k, 2)`` [m].
    """

    first_seen_s: FloatArray
    kind: NDArray[np.uint8]
    resolution_m: float
    origin_m: tuple[float, float]
    time_s: FloatArray
    pose: FloatArray
    explored: FloatArray
    distance_m: FloatArray
    intervened: NDArray[np.bool_]
    radius_m: float
    plans: Sequence[PlanMark] = ()
    marks: dict[str, FloatArray] = field(default_factory=dict)

    @property
    def end_s(self) -> float:
        """Time of the last pose [s]."""
        return float(self.time_s[-1]) if len(self.time_s) else 0.0

    def pixels(self, xy: FloatArray) -> FloatArray:
        """Positions in image coordinates, row 0 on top, shape ``(k, 2)`` [cells]."""
        cells = (np.asarray(xy, dtype=np.float64) - np.array(self.origin_m)) / self.resolution_m
        return np.column_stack((cells[:, 0], self.kind.shape[0] - cells[:, 1]))


@dataclass(frozen=True, slots=True)
class Limit:
    """A value that should not be passed; what lies beyond it is shaded.

    Attributes:
        value: In the unit of the chart.
        label: Written beside it.
        upper: Whether it is passed upwards.
        hard: Whether it must never be passed, or is an alarm.
    """

    value: float
    label: str
    upper: bool = True
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """One chart.

    Attributes:
        title: What it shows.
        x_label: With unit.
        y_label: With unit.
        series: Name to points, shape ``(k, 2)``.
        note: One sentence under the chart.
        bands: Name to ``(x, low, high)``, shape ``(k, 3)``; drawn behind the series, in the colour
            of the series of that name.
        limits: All of them are in view.
        moments: Where something happened, in the unit of x, and what.
        from_zero: Whether zero is in view.
    """

    title: str
    x_label: str
    y_label: str
    series: dict[str, FloatArray]
    note: str = ""
    bands: dict[str, FloatArray] = field(default_factory=dict)
    limits: Sequence[Limit] = ()
    moments: Sequence[tuple[float, str]] = ()
    from_zero: bool = True
