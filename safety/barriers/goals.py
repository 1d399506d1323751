"""What is wanted rather than safe: a Lyapunov function that is to fall.

    V' <= -rate V        as the soft row of     h = -V,  alpha = rate

A. D. Ames, X. Xu, J. W. Grizzle, P. Tabuada, IEEE TAC 62(8), 2017 (CLF-CBF programmes). It gives
way to everything else, and no margin is kept for the time between two ticks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hiera.safety.barriers.barrier import Barrier


def lyapunov(
    V: Callable[[Any], Any], rate: float, *, name: str = "lyapunov", priority: int = 1000
) -> Barrier:
    """A soft row that lets V fall at a rate; relative degree 1 on the system it was made for.

    Args:
        V: Positive definite, ``x -> float``.
        rate: Of the exponential decay [1/s].
        name: For reports.
        priority: Above 0; large, so that it is the first to give way.
    """
    if priority < 1:
        raise ValueError(f"a Lyapunov row must be able to give way: priority {priority} is below 1")
    return Barrier(lambda x: -V(x), alpha=rate, name=name, priority=priority, sampled=False)
