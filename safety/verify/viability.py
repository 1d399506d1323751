"""Proving, box by box, that in every state of the safe set some input satisfies every row.

Branch and bound over a box of states. A sub-box is *outside* if the safe set cannot reach into
it, *proved* if one input satisfies every row, margins included, at every state of the sub-box at
once (by interval arithmetic), and *refuted* if at its centre, a state of the safe set, no input
does. What is none of these is split along its longest side, until the budget is spent.

A refutation is a counterexample: there the filter has no answer, whatever its gains promise. The
undecided part is stated, not hidden.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from hiera.safety.barriers.rows import RowProgram
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.qp import QpStatus
from hiera.safety.qp.solve import nearest

_INSIDE = 0.0
_MARGINS = (1.0, 0.5, 0.25, 0.1, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Viability:
    """What was found out about a domain.

    Attributes:
        proved: Share of the volume in which some input is proved to satisfy every row.
        outside: Share that the safe set does not reach.
        refuted: Share of boxes at whose centre no input does.
        undecided: Share that is none of these.
        counterexample: A state of the safe set without any input, shape ``(n,)``, or None.
        boxes: Boxes looked at.
    """

    proved: float
    outside: float
    refuted: float
    undecided: float
    counterexample: FloatArray | None
    boxes: int

    def sentence(self) -> str:
        """The coverage in one sentence."""
        reach = max(1.0 - self.outside, 1e-300)
        text = (
            f"in {100.0 * self.proved / reach:.2f} % of what the safe set reaches in the domain "
            f"some input is proved to satisfy every row, {100.0 * self.undecided / reach:.2f} % "
            f"is undecided after {self.boxes} boxes"
        )
        if self.counterexample is not None:
            text += f"; in {self.counterexample.tolist()} no input satisfies every row"
        return text


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    system: ControlAffine
    rows: RowProgram
    tick_s: float
    uncertainty: FloatArray
    hard: FloatArray


def prove_viability(
    system: ControlAffine,
    rows: RowProgram,
    low: FloatArray,
    high: FloatArray,
    *,
    tick_s: float,
    uncertainty: FloatArray | None = None,
    boxes: int = 4000,
    stop_at_refutation: bool = True,
) -> Viability:
    """Tries to prove that every state of the safe set in a box has an input.

    Args:
        system: The dynamics.
        rows: Rows without parameters.
        low: Lower corner of the domain, shape ``(n,)``.
        high: Upper corner, shape ``(n,)``.
        tick_s: Filter period [s]; 0 for the conditions at an instant.
        uncertainty: Bound of the estimation error, shape ``(n,)``.
        boxes: Budget.
        stop_at_refutation: End with the first counterexample.

    Raises:
        ValueError: If the rows depend on parameters.
    """
    if rows.q:
        raise ValueError("viability can be proved for barriers without parameters only")
    n = system.n
    error = np.zeros(n) if uncertainty is None else np.asarray(uncertainty, dtype=np.float64)
    hard = np.array([p == 0 for p in rows.priorities])
    problem = _Problem(system, rows, tick_s, error, hard)
    low, high = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
    total = float(np.prod(high - low))
    shares = {"proved": 0.0, "outside": 0.0, "refuted": 0.0}
    counterexample, count = None, 0
    queue: list[tuple[float, int, FloatArray, FloatArray]] = [(-1.0, 0, low, high)]
    while queue and count < boxes:
        share, _, a, b = heapq.heappop(queue)
        count += 1
        verdict = _verdict(problem, a, b)
        if verdict != "undecided":
            shares[verdict] -= share
            if verdict == "refuted":
                counterexample = 0.5 * (a + b)
                if stop_at_refutation:
                    break
            continue
        side = int(np.argmax((b - a) / (high - low)))
        middle = 0.5 * (a[side] + b[side])
        upper, lower = b.copy(), a.copy()
        upper[side] = lower[side] = middle
        heapq.heappush(queue, (0.5 * share, 2 * count, a, upper))
        heapq.heappush(queue, (0.5 * share, 2 * count + 1, lower, b))
    left = max(0.0, 1.0 - sum(shares.values())) if total > 0.0 else 1.0
    return Viability(
        shares["proved"], shares["outside"], shares["refuted"], left, counterexample, count
    )


def _verdict(problem: _Problem, low: FloatArray, high: FloatArray) -> str:
    k = problem.rows.k
    a, b = low - problem.uncertainty, high + problem.uncertainty
    below, above = problem.rows.rows.bounds(a, b)
    if np.any(above[k : 2 * k][problem.hard] < _INSIDE):
        return "outside"
    centre = 0.5 * (low + high)
    at = problem.rows.rows(centre)
    inside = bool(np.all(at[k : 2 * k][problem.hard] >= _INSIDE))
    found = False
    for part in _MARGINS:
        u = _input(problem, at, below, above, part)
        if u is None:
            continue
        found = True
        if _holds(problem, low, high, below, above, u):
            return "proved"
        if part == 0.0:
            break
    if inside and not found:
        return "refuted"
    return "undecided"


def _input(
    problem: _Problem, at: FloatArray, below: FloatArray, above: FloatArray, part: float
) -> FloatArray | None:
    """An input that meets the centre's rows with a part of what the box adds to them."""
    k, m = problem.rows.k, problem.system.m
    low, high = np.asarray(problem.system.u_min), np.asarray(problem.system.u_max)
    A = at[2 * k : (2 + m) * k].reshape(k, m)[problem.hard]
    b = at[(2 + m) * k :][problem.hard]
    worst = above[(2 + m) * k :][problem.hard] - b
    extra = np.where(np.isfinite(worst), worst, 0.0)
    middle = 0.5 * (low + high)
    answer = nearest(middle, np.ones(m), A, b + part * extra, low, high)
    return answer.u if answer.status is QpStatus.SOLVED else None


def _holds(
    problem: _Problem,
    low: FloatArray,
    high: FloatArray,
    below: FloatArray,
    above: FloatArray,
    u: FloatArray,
) -> bool:
    """Whether one input satisfies every hard row, margins included, on the whole box."""
    k, m = problem.rows.k, problem.system.m
    slopes_low = below[2 * k : (2 + m) * k].reshape(k, m)
    slopes_high = above[2 * k : (2 + m) * k].reshape(k, m)
    least = np.minimum(slopes_low * u, slopes_high * u).sum(axis=1)
    gap = least - above[(2 + m) * k :]
    if problem.tick_s > 0.0:
        gap = gap - 0.5 * problem.tick_s * _curvature(problem, low, high, u)
    return bool(np.all(gap[problem.hard] >= 0.0))


def _curvature(problem: _Problem, low: FloatArray, high: FloatArray, u: FloatArray) -> FloatArray:
    """Bounds on ``-dD/dt`` over all that a box can reach within a tick, shape ``(k,)``."""
    reach = np.zeros(len(low))
    for _ in range(8):
        wide = problem.uncertainty + reach
        noise = problem.rows.noise.bounds(low - wide, high + wide)[1]
        a = np.concatenate((low - problem.uncertainty - reach, u, -noise))
        b = np.concatenate((high + problem.uncertainty + reach, u, noise))
        pace = np.max(np.abs(problem.rows.flow.bounds(a, b)), axis=0)
        if np.all(problem.tick_s * pace <= reach):
            bounds: FloatArray = np.maximum(0.0, -problem.rows.motion.bounds(a, b)[0])
            return bounds
        reach = np.maximum(reach, 1.2 * problem.tick_s * pace)
    return np.full(problem.rows.k, np.inf)
