"""Random programmes and their exact answers in rational arithmetic.

Doubles are rationals, so a programme has one exact answer. A working set is guessed in floating
point (every set of at most ``m`` constraints is tried) and then proved in `fractions.Fraction`:
its multipliers are not negative and its point meets every row and bound, which for a strictly
convex objective is proof of the optimum. Infeasibility is proved by multipliers of at most
``m + 1`` constraints, guessed by a linear programme, that contradict one another exactly. A
programme that gets neither proof ends the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
from scipy.optimize import linprog

FEASIBLE, NARROW, CONTRADICTORY = 0.7, 0.1, 0.2


@dataclass(frozen=True)
class Problem:
    """``min 1/2 sum w (u - u_nom)^2, A u >= b, lower <= u <= upper``, and its exact answer."""

    u_nom: np.ndarray
    w: np.ndarray
    A: np.ndarray
    b: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    exact: np.ndarray | None = None


def draw(rng: np.random.Generator, m: int, k: int) -> Problem:
    """One programme: 70 % feasible, 10 % with a slab 1e-7 to 1e-3 thin, 20 % contradictory.

    The last row of a thin or contradictory one is minus a positive combination of others that
    meet in a point inside the box, shifted by the slab's width or by a gap of 1e-6 to 1e-1.
    """
    A = rng.normal(size=(k, m))
    inside = rng.uniform(-0.8, 0.8, m)
    b = A @ inside - rng.exponential(0.3, k) - 1e-3
    kind = rng.random()
    if kind > FEASIBLE:
        others = rng.permutation(k - 1)[: rng.integers(1, min(m, k - 1) + 1)]
        b[others] = A[others] @ inside
        shares = rng.uniform(0.2, 1.0, len(others))
        A[-1] = -shares @ A[others]
        thin = kind < FEASIBLE + NARROW
        shift = -(10.0 ** rng.uniform(-7, -3)) if thin else 10.0 ** rng.uniform(-6, -1)
        b[-1] = A[-1] @ inside + shift * np.linalg.norm(A[-1])
    w, box = rng.uniform(0.5, 2.0, m), np.ones(m)
    return Problem(1.5 * rng.normal(size=m), w, A, b, -box, box)


class Enumeration:
    """Every working set of at most ``m`` constraints, solved at once in floating point."""

    def __init__(self, m: int, k: int) -> None:
        """Lists the sets; a bound and its opposite never share one."""
        self.m = m
        self.sets = [
            np.array(
                [s for s in combinations(range(k + 2 * m), q) if not self._opposite(s, k)],
                dtype=int,
            ).reshape(-1, q)
            for q in range(1, m + 1)
        ]

    def _opposite(self, members: tuple[int, ...], k: int) -> bool:
        return any(i >= k and i + self.m in members for i in members)

    def candidates(self, p: Problem) -> list[tuple[int, ...]]:
        """Sets whose point meets all constraints to 1e-9, nearest point first."""
        N, d = _constraints(p)
        found: list[tuple[float, tuple[int, ...]]] = []
        if np.all(N @ p.u_nom >= d - 1e-9):
            found.append((0.0, ()))
        for sets in self.sets:
            n = N[sets] / np.sqrt(p.w)
            gram = n @ n.transpose(0, 2, 1)
            regular = np.linalg.det(gram) > 1e-13
            sets, n, gram = sets[regular], n[regular], gram[regular]
            gap = d[sets] - N[sets] @ p.u_nom
            lam = np.linalg.solve(gram, gap[..., None])
            u = p.u_nom + (n.transpose(0, 2, 1) @ lam)[..., 0] / np.sqrt(p.w)
            good = np.all(u @ N.T >= d - 1e-9, axis=1) & np.all(lam[..., 0] >= -1e-9, axis=1)
            cost = (p.w * (u - p.u_nom) ** 2).sum(axis=1)
            found += [(cost[i], tuple(int(c) for c in sets[i])) for i in np.flatnonzero(good)]
        return [members for _, members in sorted(found)]


def _constraints(p: Problem) -> tuple[np.ndarray, np.ndarray]:
    eye = np.eye(len(p.w))
    return np.vstack((p.A, eye, -eye)), np.concatenate((p.b, p.lower, -p.upper))


def _eliminate(matrix: list[list[Fraction]]) -> list[Fraction] | None:
    """Solves a square system given with its right-hand side as the last column."""
    n = len(matrix)
    for c in range(n):
        pivot = next((r for r in range(c, n) if matrix[r][c]), None)
        if pivot is None:
            return None
        matrix[c], matrix[pivot] = matrix[pivot], matrix[c]
        head = matrix[c][c]
        matrix[c] = [x / head for x in matrix[c]]
        for r in range(n):
            if r != c and matrix[r][c]:
                factor = matrix[r][c]
                matrix[r] = [x - factor * y for x, y in zip(matrix[r], matrix[c], strict=True)]
    return [row[n] for row in matrix]


def _rational(p: Problem) -> tuple[list[list[Fraction]], list[Fraction]]:
    N, d = _constraints(p)
    return [[Fraction(x) for x in row] for row in N.tolist()], [Fraction(x) for x in d.tolist()]


def prove_optimum(p: Problem, members: tuple[int, ...]) -> np.ndarray | None:
    """The exact optimum rounded to doubles if the working set proves it."""
    N, d = _rational(p)
    w, start = ([Fraction(x) for x in a.tolist()] for a in (p.w, p.u_nom))

    def dot(x: list[Fraction], y: list[Fraction]) -> Fraction:
        return sum((a * c for a, c in zip(x, y, strict=True)), Fraction(0))

    over = [[x / y for x, y in zip(N[i], w, strict=True)] for i in members]
    system = [[dot(N[i], column) for column in over] + [d[i] - dot(N[i], start)] for i in members]
    lam = _eliminate(system)
    if lam is None or min(lam, default=Fraction(0)) < 0:
        return None
    u = [
        s + sum((y * column[j] for y, column in zip(lam, over, strict=True)), Fraction(0))
        for j, s in enumerate(start)
    ]
    if any(dot(row, u) < bound for row, bound in zip(N, d, strict=True)):
        return None
    return np.array([float(x) for x in u])


def prove_contradiction(p: Problem) -> bool:
    """Whether multipliers that no linear programme has rounded prove infeasibility."""
    N, d = _constraints(p)
    m, length = len(p.w), np.linalg.norm(N, axis=1)
    guess = linprog(
        np.append(np.zeros(m), -1.0),
        A_ub=np.hstack((-N / length[:, None], np.ones((len(N), 1)))),
        b_ub=-d / length,
        bounds=(None, None),
        method="highs-ds",
    )
    share = -guess.ineqlin.marginals
    members = [int(i) for i in np.flatnonzero(share > 1e-12)]
    rows, offsets = _rational(p)
    # y of the last member is 1, the others cancel it; fewer members than m + 1 leave equations
    # over, which are then checked.
    for last in members:
        others = [i for i in members if i != last]
        for equations in combinations(range(m), len(others)):
            system = [[rows[i][j] for i in others] + [-rows[last][j]] for j in equations]
            y = _eliminate(system)
            if y is None or min(y, default=Fraction(0)) < 0:
                continue
            left = [
                rows[last][j] + sum((a * rows[i][j] for a, i in zip(y, others, strict=True)))
                for j in range(m)
            ]
            asked = offsets[last] + sum((a * offsets[i] for a, i in zip(y, others, strict=True)))
            # What is left over is at most its largest value over the box.
            box = sum(
                (abs(x) * Fraction(bound) for x, bound in zip(left, p.upper.tolist(), strict=True))
            )
            if asked > box:
                return True
    return False


def exact(p: Problem, sets: Enumeration) -> Problem:
    """The programme with its exact answer, None where it is infeasible.

    Raises:
        RuntimeError: If neither could be proved.
    """
    for members in sets.candidates(p):
        u = prove_optimum(p, members)
        if u is not None:
            return Problem(p.u_nom, p.w, p.A, p.b, p.lower, p.upper, u)
    if prove_contradiction(p):
        return p
    raise RuntimeError("a programme was proved neither optimal nor infeasible")
