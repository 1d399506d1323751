"""A barrier: a function whose non-negative values are safe.

    safe set  { x : h(x) >= 0 }

`h` may depend on parameters `p` that the caller gives at every tick, such as where an obstacle
is; their rate of change is known, bounded, or zero. A soft barrier has a priority above 0 and
gives way, the largest number first, where not all can hold; a hard one never does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Over = Literal["points", "movers"]
OVER_PARAMETERS: dict[Over, tuple[str, ...]] = {
    "points": ("x", "y"),
    "movers": ("x", "y", "radius", "speed"),
}


@dataclass(frozen=True, eq=False)
class Barrier:
    """A barrier and how fast it may be approached.

    Attributes:
        h: ``x -> float``, or ``(x, p) -> float`` with parameters; plain NumPy.
        alpha: Gain of the class-K function, linear [1/s]; one number for each degree up to the
            relative degree, or one for all.
        name: For `SafeAction.active` and reports.
        priority: 0 is hard; soft barriers give way in order of falling priority numbers, so 1 is
            the last of them to give way.
        parameters: Number of parameters in `p`, taken from `Context.p` in the order of the
            barriers.
        rate: ``p -> (q,)``, rate of change of the parameters; zero by default.
        rate_bound: ``p -> (q,)`` or numbers, bound on the unknown part of each rate.
        over: One row for each of the context's `points` (``p`` is x, y) or `movers` (``p`` is
            x, y, radius, speed; they move at most at their speed, anywhere).
        gradient: ``x -> (n,)``, for functions that cannot be recorded (relative degree 1 only).
        curvature: Bound on ``-h''`` along every trajectory with held input [1/s^2]; derived by
            interval arithmetic if not given.
        sampled: Whether the row accounts for the time between two ticks; off only for what is
            wanted rather than safe, such as a Lyapunov function.
    """

    h: Callable[..., Any]
    alpha: float | Sequence[float] = 1.0
    name: str = ""
    priority: int = 0
    parameters: int = 0
    rate: Callable[..., Any] | None = None
    rate_bound: Callable[..., Any] | Sequence[float] | None = None
    over: Over | None = None
    gradient: Callable[..., Any] | None = None
    curvature: float | None = None
    sampled: bool = True

    def __post_init__(self) -> None:
        gains = self.gains(1)
        if any(not a > 0.0 for a in gains):
            raise ValueError(f"barrier {self.label}: alpha must be positive, not {self.alpha!r}")
        if self.priority < 0:
            raise ValueError(f"barrier {self.label}: priority {self.priority} is below 0")
        if self.over is not None and self.over not in OVER_PARAMETERS:
            known = ", ".join(OVER_PARAMETERS)
            raise ValueError(f"barrier {self.label}: over={self.over!r} is none of {known}")
        if self.over is not None and self.parameters:
            raise ValueError(f"barrier {self.label}: over= brings its own parameters")

    @property
    def label(self) -> str:
        """Name, or that of the function."""
        return self.name or str(getattr(self.h, "__name__", "barrier"))

    def gains(self, degree: int) -> tuple[float, ...]:
        """One gain for each degree.

        Raises:
            ValueError: If a list of gains is shorter than the relative degree.
        """
        if isinstance(self.alpha, (int, float)):
            return (float(self.alpha),) * degree
        gains = tuple(float(a) for a in self.alpha)
        if len(gains) < degree:
            raise ValueError(
                f"barrier {self.label}: relative degree {degree} needs {degree} gains, "
                f"alpha has {len(gains)}"
            )
        return gains[:degree]
