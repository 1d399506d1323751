"""The rows of a `CbfFilter` at run time: fixed barriers, one row an obstacle, opaque functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import OVER_PARAMETERS, Barrier
from hiera.safety.barriers.curvature import known_curvature
from hiera.safety.barriers.opaque import OpaqueBarrier, check_gradient, is_opaque
from hiera.safety.barriers.rows import RowProgram, compile_rows
from hiera.safety.contract import Context, FloatArray
from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.filters import cbf_decision as decision
from hiera.safety.filters import cbf_kernel as kernel
from hiera.safety.filters import cbf_margins as margins
from hiera.safety.filters import cbf_narrowing as narrowing
from hiera.safety.filters.packed import Packed, pack, within_domain
from hiera.safety.qp.dual_active_set import workspace_size
from hiera.safety.qp.verify import is_contradiction
from hiera.safety.tape.program import IntArray
from hiera.safety.verify.viability import Viability, prove_viability

Domain = tuple[ArrayLike, ArrayLike]


class Rows:
    """Evaluates the rows of all barriers.

    Attributes:
        ints: Packed problem of the fixed rows.
        floats: Packed problem of the fixed rows.
        out: What the last call left: ``u, h, least psi, A, b, multipliers``.
        scratch: For the kernel.
        fixed: Number of rows that are always there.
        count: Number of rows in the last call.
        q: Parameters that the context must hold.
        varying: Whether there are rows beyond the fixed ones.
        priorities: Of the fixed rows.
        viability: What was proved about gains of relative degree 2 and more, if there are any.
    """

    def __init__(
        self,
        system: ControlAffine,
        barriers: Sequence[Barrier],
        tick_s: float,
        weights: FloatArray,
        uncertainty: FloatArray,
        domain: Domain | None,
        rest: FloatArray,
        *,
        sampled: bool,
        unproven: bool,
    ) -> None:
        opaque = [b for b in barriers if b.over is None and is_opaque(system, b)]
        fixed = [b for b in barriers if b.over is None and b not in opaque]
        for barrier in fixed:
            check_gradient(system, barrier)
        groups = [b for b in barriers if b.over is not None]
        low, high = np.asarray(system.u_min), np.asarray(system.u_max)

        def build(chosen: Sequence[Barrier]) -> tuple[RowProgram, Packed]:
            if not sampled:
                chosen = [replace(b, curvature=0.0, sampled=False) for b in chosen]
            program = compile_rows(system, chosen)
            curvature = known_curvature(system, program, domain, tick_s)
            _check_gains(program, chosen, tick_s, sampled, domain, unproven)
            moves = sampled and any(b.sampled for b in chosen)
            box = None
            if domain is not None:
                box = (np.asarray(domain[0], float), np.asarray(domain[1], float))
            return program, pack(
                program, low, high, weights, uncertainty, tick_s, moves, curvature, rest, box
            )

        self.program, packed = build(fixed)
        self.ints, self.floats = packed.ints, packed.floats
        self.viability: Viability | None = None
        if domain is not None and not unproven and any(d > 1 for d in self.program.degrees):
            self.viability = _prove(
                system, self.program, domain, tick_s if sampled else 0.0, uncertainty
            )
        self.groups = [(b, *build([b])) for b in groups]
        self.opaque = [OpaqueBarrier(system, b, tick_s, sampled, uncertainty) for b in opaque]
        self.fixed, self.count, self.q = self.program.k, self.program.k, self.program.q
        self.varying = bool(groups or opaque)
        self.priorities = self.program.priorities
        self._m, self._n = system.m, system.n
        self._low, self._high, self._weights = low, high, weights
        self._registers = max([packed.registers, *(g[2].registers for g in self.groups)])
        self._labels: list[str] = list(self.program.labels)
        self._levels = np.array(self.priorities, dtype=np.int64)
        self._gains = np.array(self.program.gains)
        self.out = np.zeros(0)
        self.scratch = np.zeros(0)
        self._names: dict[int, tuple[str, ...]] = {}
        self._reserve(self.count)

    def _reserve(self, count: int) -> None:
        """Makes room for rows; grows only."""
        m = self._m
        need = m + count * (m + 3) + count + 2 * m
        rows = max(
            [
                margins.scratch_size(self.ints, self._registers),
                *(margins.scratch_size(g[2].ints, self._registers) for g in self.groups),
            ]
        )
        if self.out.size < need:
            self.out = np.zeros(2 * need)
            self.scratch = np.zeros(max(rows, workspace_size(2 * count + 8, m)))

    def evaluate_all(self, inputs: FloatArray, context: Context) -> int:
        """One call with rows beyond the fixed ones; what `filter_packed` returns."""
        n, m = self._n, self._m
        if not np.all(np.isfinite(inputs)):
            return decision.NOT_FINITE
        x, u = inputs[:n], inputs[len(inputs) - m :]
        low, high = self._low, self._high
        if not self._assemble(inputs[: len(inputs) - m], context, low, high, 1.0):
            return decision.NOT_FINITE
        code = self._decide(u, low, high)
        if code == decision.FAILED:
            code = self._narrowed(inputs[: len(inputs) - m], u, context)
        if not within_domain(x, self.ints, self.floats):
            code |= 1 << kernel.STRAYED
        k = self.count
        least = self.out[m + k : m + 2 * k]
        return int(code | kernel.flags(least, self._levels, self._multipliers()))

    def _decide(self, u: FloatArray, low: FloatArray, high: FloatArray) -> int:
        A, b = self.matrix()
        return int(
            decision.decide(
                u,
                self._weights,
                A,
                b,
                low,
                high,
                self.out[: self._m],
                self._multipliers(),
                self.scratch,
            )
        )

    def _narrowed(self, z: FloatArray, u: FloatArray, context: Context) -> int:
        """As the kernel's: smaller boxes, round inputs that leave much margin."""
        low, high, m = self._low, self._high, self._m
        wide = self.matrix()[1].copy()
        self._assemble(z, context, low, high, 0.0)
        A, instant = self.matrix()
        middle, holding, centre = np.empty(m), np.empty(m), np.empty(m)
        shared = (low, high), (self._multipliers(), self.scratch)
        if narrowing.with_most_margin(
            u, self._weights, A, wide, instant, *shared[0], middle, *shared[1]
        ):
            psi = self.out[m + self.count : m + 2 * self.count].copy()
            if not narrowing.with_no_loss(
                u, self._weights, A, instant, self._gains, psi, *shared[0], holding, *shared[1]
            ):
                holding[:] = middle
            which = 0
            while narrowing.candidate(which, self.ints, self.floats, holding, middle, centre):
                for share in narrowing.NARROWER:
                    half = share * (high - low)
                    least, most = np.maximum(low, centre - half), np.minimum(high, centre + half)
                    fits = self._assemble(z, context, least, most, share)
                    if fits and self._decide(u, least, most) != decision.FAILED:
                        return decision.FILTERED
                which += 1
            if self._searched(z, context, holding):
                return self._decide(u, holding, holding)
        self._assemble(z, context, low, high, 1.0)
        return self._decide(u, low, high)

    def _searched(self, z: FloatArray, context: Context, u: FloatArray) -> bool:
        """As the kernel's: moves an input along the axes until it satisfies every row."""
        trial, best = u.copy(), self._gap(z, context, u)
        for _ in range(narrowing.SWEEPS):
            which = 0
            while best < 0.0 and narrowing.tried(which, self._low, self._high, u, trial):
                gap = self._gap(z, context, trial)
                if gap > best:
                    best, u[:] = gap, trial
                which += 1
        return self._gap(z, context, u) >= 0.0

    def _gap(self, z: FloatArray, context: Context, u: FloatArray) -> float:
        self._assemble(z, context, u, u, 0.5)
        A, b = self.matrix()
        gap = float(np.min(A @ u - b, initial=np.inf))
        return gap if gap == gap else -np.inf

    def _assemble(
        self, z: FloatArray, context: Context, low: FloatArray, high: FloatArray, share: float
    ) -> bool:
        """Fills `out` with the rows of everything, for a box of inputs; False if not finite.

        Args:
            z: State and parameters.
            context: Obstacles.
            low: Lower end of the inputs that the rows are for.
            high: Upper end.
            share: Part of the input range that the box is; 0 leaves the time in the tick out.
        """
        m, x = self._m, z[: self._n]
        parts, labels, levels = [], list(self.program.labels), list(self.priorities)
        gains, known = list(self.program.gains), True
        jobs = [(self.ints, self.floats, self.program.k, z)] if self.program.k else []
        for barrier, program, packed in self.groups:
            items = _items(barrier, context)
            gains += list(program.gains) * len(items)
            jobs += [(packed.ints, packed.floats, 1, np.concatenate((x, i))) for i in items]
            labels += [barrier.label] * len(items)
            levels += [barrier.priority] * len(items)
        for ints, floats, k, at in jobs:
            rows = np.empty(k * (m + 3))
            if share > 0.0:
                whole = share == 1.0
                known &= margins.rows_at(at, ints, floats, low, high, whole, rows, self.scratch)
            else:
                margins.rows_at_instant(at, ints, floats, rows, self.scratch)
            parts.append(
                (rows[:k], rows[k : 2 * k], rows[2 * k : (2 + m) * k], rows[(2 + m) * k :])
            )
        for opaque in self.opaque:
            parts.append(opaque.row(x))
            known &= all(bool(np.isfinite(part).all()) for part in parts[-1])
            gains.append(opaque.gain)
            labels.append(opaque.label)
            levels.append(opaque.priority)
        self.count = k = len(labels)
        self._labels, self._levels = labels, np.array(levels, dtype=np.int64)
        self._gains = np.array(gains)
        self._reserve(k)
        for i, first in enumerate((0, k, 2 * k, (2 + m) * k)):
            block = np.concatenate([p[i] for p in parts]) if parts else np.zeros(0)
            self.out[m + first : m + first + len(block)] = block
        return known

    def assemble(self, inputs: FloatArray, context: Context, share: float) -> None:
        """Fills the rows for the whole range of inputs, without the tick's margin at share 0."""
        z = inputs[: len(inputs) - self._m]
        self._assemble(z, context, self._low, self._high, share)

    def gap(self, inputs: FloatArray, context: Context, u: FloatArray) -> float:
        """How far the worst hard row is from being met by one input held for a tick.

        Args:
            inputs: ``(x, p, u_nominal)``.
            context: Obstacles.
            u: The input, shape ``(m,)``.
        """
        self._assemble(inputs[: len(inputs) - self._m], context, u, u, 0.5)
        A, b = self.matrix()
        hard = self._levels == 0
        return float(np.min((A @ u - b)[hard], initial=np.inf))

    def corners(self) -> list[FloatArray]:
        """Rest, and the corners of the input limits as long as there are few."""
        nothing, found, which = np.zeros(self._m), [], 2
        corner = np.empty(self._m)
        while narrowing.candidate(which, self.ints, self.floats, nothing, nothing, corner):
            found.append(corner.copy())
            which += 1
        return found

    def at(self, inputs: FloatArray, context: Context) -> tuple[FloatArray, FloatArray]:
        """Copies of ``A`` and ``b`` for the whole range of inputs."""
        self.assemble(inputs, context, 1.0)
        A, b = self.matrix()
        return A.copy(), b.copy()

    def matrix(self) -> tuple[FloatArray, FloatArray]:
        """``A`` and ``b`` of the last call, shapes ``(k, m)`` and ``(k,)``."""
        m, k = self._m, self.count
        rows = self.out[m : m + k * (m + 3)]
        return rows[2 * k : (2 + m) * k].reshape(k, m), rows[(2 + m) * k :]

    def _multipliers(self) -> FloatArray:
        m, k = self._m, self.count
        return self.out[m + k * (m + 3) : m + k * (m + 3) + k + 2 * m]

    def row_priorities(self) -> IntArray:
        """Priority of each row of the last call, shape ``(k,)``."""
        return self._levels

    def active(self, bits: int) -> tuple[str, ...]:
        """What shaped the last answer: barriers, and the input limits.

        Args:
            bits: What the kernel returned.
        """
        bits >>= kernel.LIMITS
        names = self._names.get(bits)
        if names is None:
            names = self._shaping()
            if not self.varying and self.count <= kernel.NAMED_ROWS:
                self._names[bits] = names
        return names

    def _shaping(self) -> tuple[str, ...]:
        k, multipliers = self.count, self._multipliers()
        names = [self._labels[i] for i in np.flatnonzero(multipliers[:k] > 0.0)]
        if np.any(multipliers[k:] > 0.0):
            names.append("input_limits")
        return tuple(dict.fromkeys(names))

    def conflict(self) -> str:
        """Which rows cannot be met together, from the proof of infeasibility."""
        A, b = self.matrix()
        names = self._shaping()
        if not names or not is_contradiction(A, b, self._low, self._high, self._multipliers()):
            return "the programme's answer could not be verified"
        return f"no input within its limits satisfies {', '.join(names)}"

    def violated(self) -> tuple[str, ...]:
        """Hard barriers in whose safe set the state is not."""
        m, k = self._m, self.count
        negative = self.out[m + k : m + 2 * k] < 0.0
        hard = negative & (self._levels == 0)
        return tuple(dict.fromkeys(self._labels[i] for i in np.flatnonzero(hard)))

    def slackened(self, slack: FloatArray) -> tuple[str, ...]:
        """Soft barriers that gave way."""
        return tuple(dict.fromkeys(self._labels[i] for i in np.flatnonzero(slack > 0.0)))


def _items(barrier: Barrier, context: Context) -> FloatArray:
    if barrier.over == "points":
        return np.asarray(context.points, dtype=np.float64)
    width = len(OVER_PARAMETERS["movers"])
    if not len(context.movers):
        return np.zeros((0, width))
    return np.column_stack((context.movers, context.mover_radius, context.mover_speed))


def _check_gains(
    program: RowProgram,
    barriers: Sequence[Barrier],
    tick_s: float,
    sampled: bool,
    domain: Domain | None,
    unproven: bool,
) -> None:
    for label, gain, degree, barrier in zip(
        program.labels, program.gains, program.degrees, barriers, strict=True
    ):
        if sampled and barrier.sampled and gain * tick_s > 1.0 + 1e-12:
            raise ValueError(
                f"barrier {label}: alpha * tick_s must be at most 1, not "
                f"{gain:g} * {tick_s:g} = {gain * tick_s:g}"
            )
        if degree > 1 and barrier.priority == 0 and not unproven and (domain is None or program.q):
            raise ValueError(
                f"barrier {label} has relative degree {degree}: whether its gains fit the input "
                "limits can only be proved on a domain and without parameters; give "
                "domain=(low, high), use a barrier with the braking distance in it, or say "
                "unproven=True"
            )


def _prove(
    system: ControlAffine,
    program: RowProgram,
    domain: Domain,
    tick_s: float,
    uncertainty: FloatArray,
) -> Viability:
    """Proves that gains of relative degree 2 and more fit the input limits, or refuses them."""
    low, high = (np.asarray(side, dtype=np.float64) for side in domain)
    found = prove_viability(
        system, program, low, high, tick_s=tick_s, uncertainty=uncertainty, boxes=2000
    )
    if found.counterexample is not None:
        names = [label for label, d in zip(program.labels, program.degrees, strict=True) if d > 1]
        raise ValueError(
            f"gains of {', '.join(names)} do not fit the input limits: {found.sentence()}; use "
            "smaller gains, a smaller domain, or a barrier with the braking distance in it"
        )
    return found
