"""Bounding how fast a row can change, once and for all, where that is possible.

Some curvatures do not depend on the state at all, others are bounded on a domain. Both become
constants, so that no interval arithmetic is needed at run time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.rows import RowProgram
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.control_affine import ControlAffine, vector

_BOXES = 256


def known_curvature(
    system: ControlAffine,
    program: RowProgram,
    domain: tuple[ArrayLike, ArrayLike] | None,
    tick_s: float,
) -> FloatArray:
    """Bounds ``M`` on ``-dD/dt`` of each row, shape ``(k,)``; infinite where there is none.

    Args:
        system: The dynamics.
        program: The rows.
        domain: Box of states, or None for the whole space.
        tick_s: Filter period [s]; bounds hold also where a tick may lead out of the domain.
    """
    n, width = system.n, system.n + program.q
    low, high = np.full(width, -np.inf), np.full(width, np.inf)
    if domain is not None:
        low[:n] = vector("domain[0]", domain[0], n)
        high[:n] = vector("domain[1]", domain[1], n)
        if np.any(low[:n] > high[:n]):
            raise ValueError(f"the domain is empty: {low[:n].tolist()} … {high[:n].tolist()}")
    noise = program.noise.bounds(low, high)[1]
    lows = np.concatenate((low, system.u_min, -noise))
    highs = np.concatenate((high, system.u_max, noise))
    if domain is not None:
        pace = np.max(np.abs(program.flow.bounds(lows, highs)), axis=0)
        lows[:n] -= 1.5 * tick_s * pace[:n]
        highs[:n] += 1.5 * tick_s * pace[:n]
    return np.maximum(0.0, -_least(program, lows, highs))


def _least(program: RowProgram, low: FloatArray, high: FloatArray) -> FloatArray:
    """Lower bounds of every dD/dt over a box, by splitting its widest sides."""
    boxes = [(low, high)]
    whole = program.motion.bounds(low, high)[0]
    if not np.all(np.isfinite(high - low)):
        return whole
    splits = np.flatnonzero(high > low)
    for _ in range(int(np.log2(_BOXES))):
        if not len(splits):
            break
        side = splits[np.argmax([boxes[0][1][i] - boxes[0][0][i] for i in splits])]
        halves = []
        for a, b in boxes:
            middle = 0.5 * (a[side] + b[side])
            upper, lower = b.copy(), a.copy()
            upper[side] = lower[side] = middle
            halves += [(a, upper), (lower, b)]
        boxes = halves
    bounds: FloatArray = np.min([program.motion.bounds(a, b)[0] for a, b in boxes], axis=0)
    return np.maximum(bounds, whole)
