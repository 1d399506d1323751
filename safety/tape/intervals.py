"""Rigorous bounds of a program over a box, by interval arithmetic.

R. E. Moore, R. B. Kearfott, M. J. Cloud, "Introduction to Interval Analysis", SIAM 2009. Every
result is widened by a few units in the last place, so rounding never makes a bound too tight.
Whatever is not defined on the whole box is bounded by the infinities.
"""

from __future__ import annotations

import math

import numpy as np

from hiera.safety.compiled import compiled
from hiera.safety.tape.program import FloatArray, IntArray

_WIDEN = 4.5e-16
_TINY = 1e-300


@compiled
def _product(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for x in (al, ah):
        for y in (bl, bh):
            z = 0.0 if x == 0.0 or y == 0.0 else x * y
            low, high = min(low, z), max(high, z)
    return low, high


@compiled
def _cosine(low: float, high: float) -> tuple[float, float]:
    """Range of the cosine."""
    if not high - low < 2.0 * np.pi:
        return -1.0, 1.0
    least, most = min(math.cos(low), math.cos(high)), max(math.cos(low), math.cos(high))
    slack = 1e-15 * (1.0 + abs(low) + abs(high))
    turn = math.ceil((low - slack) / (2.0 * np.pi))
    if turn * 2.0 * np.pi <= high + slack:
        most = 1.0
    turn = math.ceil((low - slack - np.pi) / (2.0 * np.pi))
    if np.pi + turn * 2.0 * np.pi <= high + slack:
        least = -1.0
    return max(-1.0, least - 2e-16), min(1.0, most + 2e-16)


@compiled
def _monotone(op: int, low: float, high: float) -> tuple[float, float]:
    """Range of the increasing functions, and of arccos."""
    if op == 7:
        return (math.sqrt(low), math.sqrt(high)) if low >= 0.0 else (-np.inf, np.inf)
    if op == 10:
        turns = math.floor(low / np.pi + 0.5)
        if high - low < np.pi and math.floor(high / np.pi + 0.5) == turns:
            return math.tan(low), math.tan(high)
        return -np.inf, np.inf
    if op == 11:
        return math.exp(low) if low < 700.0 else np.inf, math.exp(high) if high < 700.0 else np.inf
    if op == 12:
        return (math.log(low), math.log(high)) if low > 0.0 else (-np.inf, np.inf)
    if op == 13:
        return math.tanh(low), math.tanh(high)
    if op == 14:
        return math.atan(low), math.atan(high)
    if op in (16, 17) and low >= -1.0 and high <= 1.0:
        if op == 16:
            return math.asin(low), math.asin(high)
        return math.acos(high), math.acos(low)
    return -np.inf, np.inf


@compiled
def _atan2(yl: float, yh: float, xl: float, xh: float) -> tuple[float, float]:
    if xl <= 0.0 and yl <= 0.0 <= yh:  # The cut, or the origin.
        return -np.pi, np.pi
    low, high = np.inf, -np.inf
    for y in (yl, yh):
        for x in (xl, xh):
            z = math.atan2(y, x)
            low, high = min(low, z), max(high, z)
    return low, high


@compiled
def operate_interval(
    op: int, al: float, ah: float, bl: float, bh: float, cl: float, ch: float
) -> tuple[float, float]:
    """Range of one operation over boxes of its operands, not yet widened."""
    if op == 4:
        return _product(al, ah, bl, bh)
    if op == 2:
        return al + bl, ah + bh
    if op == 3:
        return al - bh, ah - bl
    if op == 5:
        if bl > 0.0 or bh < 0.0:
            return _product(al, ah, 1.0 / bh, 1.0 / bl)
        return -np.inf, np.inf
    if op == 6:
        return -ah, -al
    if op == 8:
        return _cosine(al - 0.5 * np.pi, ah - 0.5 * np.pi)
    if op == 9:
        return _cosine(al, ah)
    if op == 15:
        return _atan2(al, ah, bl, bh)
    if op == 18:
        if al >= 0.0:
            return al, ah
        return (-ah, -al) if ah <= 0.0 else (0.0, max(-al, ah))
    if op == 19:
        return min(al, bl), min(ah, bh)
    if op == 20:
        return max(al, bl), max(ah, bh)
    if op == 21:
        return -1.0 if al < 0.0 else 0.0 if al == 0.0 else 1.0, 1.0 if ah > 0.0 else (
            0.0 if ah == 0.0 else -1.0
        )
    if op == 22:
        # At zero either side may count: the range of the generalised derivative.
        return (1.0 if al > 0.0 else 0.0), (1.0 if ah >= 0.0 else 0.0)
    if op == 23:
        if al > 0.0:
            return bl, bh
        return (cl, ch) if ah <= 0.0 else (min(bl, cl), max(bh, ch))
    if op == 24:
        if al > 0.0:
            one, two = al**bl, ah**bl
            return min(one, two), max(one, two)
        return -np.inf, np.inf
    return _monotone(op, al, ah)


@compiled
def run_interval(
    code: IntArray,
    constants: FloatArray,
    low: FloatArray,
    high: FloatArray,
    outputs: IntArray,
    out_low: FloatArray,
    out_high: FloatArray,
    work: FloatArray,
) -> None:
    """Bounds of a program's outputs over the box ``low <= inputs <= high``.

    Args:
        code: `Program.code`, shape ``(l, 5)``.
        constants: Shape ``(k,)``.
        low: Shape ``(n,)``.
        high: Shape ``(n,)``.
        outputs: Shape ``(o,)``.
        out_low: Filled, shape ``(o,)``.
        out_high: Filled, shape ``(o,)``.
        work: Scratch, shape ``(2, n_registers)``.
    """
    n = low.shape[0]
    for i in range(n):
        work[0, i], work[1, i] = low[i], high[i]
    for i in range(constants.shape[0]):
        work[0, n + i] = work[1, n + i] = constants[i]
    for i in range(code.shape[0]):
        op, target, a, b, c = code[i, 0], code[i, 1], code[i, 2], code[i, 3], code[i, 4]
        # A square is more than a product of equals: its operands are the same number.
        if op == 4 and a == b:
            lo, hi = operate_interval(18, work[0, a], work[1, a], 0.0, 0.0, 0.0, 0.0)
            lo, hi = lo * lo, hi * hi
        else:
            lo, hi = operate_interval(
                op, work[0, a], work[1, a], work[0, b], work[1, b], work[0, c], work[1, c]
            )
        if lo != lo or hi != hi:
            lo, hi = -np.inf, np.inf
        if op < 18 or op > 23:
            lo = lo - _WIDEN * abs(lo) - _TINY if lo > -np.inf else lo
            hi = hi + _WIDEN * abs(hi) + _TINY if hi < np.inf else hi
        work[0, target], work[1, target] = lo, hi
    for i in range(outputs.shape[0]):
        out_low[i], out_high[i] = work[0, outputs[i]], work[1, outputs[i]]
