"""What a filter is and will cost as C."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiera.safety.export.refusal import check_gate
from hiera.safety.filters.cbf import CbfFilter
from hiera.safety.filters.packed import BOUNDED, KNOWN, MOVES, UNSURE

_OF_INTERVAL = 6
"""Operations on numbers that one on intervals comes to, roughly."""
_FRAMES = 2048
"""What a compiler adds for calls and registers, roughly [bytes]."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Sizes of an exported filter.

    Attributes:
        states: Numbers in a state.
        inputs: Numbers in an input.
        parameters: Numbers that the barriers take besides the state.
        rows: Barriers.
        soft: Whether some may give way.
        moves: Whether the time within a tick counts.
        unsure: Whether there is an estimation error.
        bounded: Whether there is a domain.
        known: Whether every row's curvature is a constant.
        flops: Operations of a call in which the nominal input passes, an estimate.
        stack_bytes: Most that a call holds on the stack, an estimate [bytes].
    """

    states: int
    inputs: int
    parameters: int
    rows: int
    soft: bool
    moves: bool
    unsure: bool
    bounded: bool
    known: bool
    flops: int
    stack_bytes: int


def facts(gate: CbfFilter) -> Facts:
    """Sizes of a filter as C.

    Raises:
        ExportError: If it cannot be exported.
    """
    rows, ints = check_gate(gate).rows, gate.rows.ints
    program = rows.program
    n, m, q, k = gate.system.n, gate.system.m, program.q, program.k
    moves, known, unsure, bounded = (bool(ints[i]) for i in (MOVES, KNOWN, UNSURE, BOUNDED))
    flops = len(program.rows.code) + 2 * k * m
    if unsure:
        flops += _OF_INTERVAL * len(program.rows.code) + 10 * k * m
    if moves and not known:
        flops += _OF_INTERVAL * (len(program.motion.code) + 2 * len(program.flow.code))
    # The widest programme: one slack a row.
    wide = m + k
    numbers = 2 * wide * wide + 2 * k * wide + 17 * wide + 5 * k
    numbers += 6 * k * (m + 3) + 8 * (n + q) + 2 * m * m + k * m + 16 * m + 12 * k
    return Facts(
        n,
        m,
        q,
        k,
        bool(np.any(np.asarray(program.priorities) > 0)),
        moves,
        unsure,
        bounded,
        known,
        flops,
        8 * numbers + _FRAMES + 8 * max(len(p.code) for p in (program.rows, program.motion)),
    )
