"""Several barriers as one: all of them, or any of them, smoothly and never too optimistic.

    all:   smin(a, b) = (a + b - sqrt((a - b)^2 + s^2)) / 2          min - s/2 <= smin <= min
    any:   smax(a, b) = (a + b + sqrt((a - b)^2 + s^2) - s) / 2      max - s/2 <= smax <= max

folded pairwise in a balanced tree, so n barriers lose at most s/2 for each of ceil(log2 n) levels.
P. Glotfelter, J. Cortes, M. Egerstedt, IEEE Control Systems Letters 1(2), 2017, compose barriers by
min and max, which are not smooth. The usual smooth form, log-sum-exp, loses log(n)/k and has to be
shifted by the largest value or it overflows, and that shift has a kink; the root needs none, is
bounded tightly by interval arithmetic, and its second derivative is at most (a' - b')^2 / (2 s).

A conjunction is usually better left as separate rows, which are exact. A disjunction ("past the
obstacle on the left or on the right") needs this file. Units are those of the parts, which must
share them, and their relative degree. A composition of viable parts need not be viable where two
of them are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.dynamics.limits import positive


def all_of(
    barriers: Sequence[Barrier],
    *,
    smoothing: float = 0.05,
    alpha: float | Sequence[float] | None = None,
    name: str = "all_of",
    priority: int = 0,
) -> Barrier:
    """The set in which every barrier is kept, from inside.

    Args:
        barriers: Recordable, without parameters.
        smoothing: ``s``, in their units.
        alpha: Gain [1/s]; the least of theirs by default.
        name: For reports.
        priority: 0 is hard.
    """
    return _folded(barriers, _least, smoothing, alpha, name, priority)


def any_of(
    barriers: Sequence[Barrier],
    *,
    smoothing: float = 0.05,
    alpha: float | Sequence[float] | None = None,
    name: str = "any_of",
    priority: int = 0,
) -> Barrier:
    """The set in which at least one barrier is kept, from inside; arguments as for `all_of`."""
    return _folded(barriers, _most, smoothing, alpha, name, priority)


def _least(a: Any, b: Any, s: float) -> Any:
    gap = a - b
    return 0.5 * (a + b - np.sqrt(gap * gap + s * s))


def _most(a: Any, b: Any, s: float) -> Any:
    gap = a - b
    return 0.5 * (a + b + np.sqrt(gap * gap + s * s) - s)


def _folded(
    barriers: Sequence[Barrier],
    join: Callable[[Any, Any, float], Any],
    smoothing: float,
    alpha: float | Sequence[float] | None,
    name: str,
    priority: int,
) -> Barrier:
    positive(smoothing=smoothing)
    if not barriers:
        raise ValueError(f"{name} needs at least one barrier")
    for b in barriers:
        if b.parameters or b.over or b.gradient is not None or b.curvature is not None:
            raise ValueError(
                f"{name}: barrier {b.label} has parameters, items, a gradient or a curvature of "
                "its own; only barriers of the state that can be recorded are composed"
            )
    parts = [b.h for b in barriers]

    def h(x: Any) -> Any:
        values = [_scalar(part(x)) for part in parts]
        while len(values) > 1:
            pairs = zip(values[::2], values[1::2], strict=False)
            left = values[-1:] if len(values) % 2 else []
            values = [*(join(a, b, smoothing) for a, b in pairs), *left]
        return values[0]

    gain = min(min(b.gains(1)) for b in barriers) if alpha is None else alpha
    return Barrier(h, alpha=gain, name=name, priority=priority)


def _scalar(value: Any) -> Any:
    return value.reshape(-1)[0] if isinstance(value, np.ndarray) else value
