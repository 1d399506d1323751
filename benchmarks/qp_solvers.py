"""One table: how fast, how exact and how honest are solvers of a safety filter's programme.

Run it as ``python benchmarks/qp_solvers.py [--n 10000] [--quick] [--only NAME ...]``. The peers
come with ``pip install quadprog piqp proxsuite==0.8.0 osqp clarabel cvxpy cbfpy`` (cbfkit is not
on the package index); what is missing is a row that says so.

    minimise 1/2 sum_j w_j (u_j - u_nom_j)^2   subject to   A u >= b,   -1 <= u <= 1

Programmes are random: 70 % feasible, 10 % with a feasible slab 1e-7 to 1e-3 thin, 20 % infeasible
by a gap of 1e-6 to 1e-1. The reference is exact: rational arithmetic proves each answer (see
``qp_exact.py``). Every solver gets the first programmes of the same list, slow ones fewer (column
N), ProxQP three infeasible ones, which take it seconds. Times are CPU microseconds of the process
around the call alone, arrays made ready before, clock subtracted, the least of three rounds;
solvers take turns in blocks, on one core. A point outside the box or the rows counts where the
solver calls it solved; a solver without a verdict (*) is taken to say solved whatever finite point
it returns. "wrong yes" is solved where nothing is feasible (a gap under the solver's tolerance
among them), "wrong no" infeasible where something is, "none" neither.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass, field

import numpy as np
from qp_exact import Enumeration, Problem, draw, exact
from qp_peers import NO, NONE, PEERS, YES, Peer
from rich.console import Console
from rich.table import Table

SHAPES = ((2, 2), (3, 4), (3, 10))
BLOCK = 100
ROUNDS = 3
SLOW_NS = 5_000_000


@dataclass
class Score:
    """What one solver did on the programmes of one shape.

    Attributes:
        nanos: Least time of each call [ns]; NaN where it was not made.
        errors: Distance to the exact answer where there is one and the solver gave a point.
        box: Largest excess over a bound among points called solved.
        rows: Largest distance outside a row among them.
        wrong_yes: Solved, where nothing is feasible.
        wrong_no: Infeasible, where something is.
        none: No answer at all.
    """

    nanos: np.ndarray
    errors: list[float] = field(default_factory=list)
    box: float = 0.0
    rows: float = 0.0
    wrong_yes: int = 0
    wrong_no: int = 0
    none: int = 0

    def judge(self, p: Problem, u: np.ndarray, verdict: str) -> None:
        """Holds one answer against the exact one."""
        self.none += verdict == NONE
        self.wrong_no += verdict == NO and p.exact is not None
        if verdict != YES:
            return
        self.box = max(self.box, float(np.max(np.abs(u))) - 1.0)
        length = np.linalg.norm(p.A, axis=1)
        self.rows = max(self.rows, float(np.max((p.b - p.A @ u) / length)))
        if p.exact is None:
            self.wrong_yes += 1
        else:
            self.errors.append(float(np.max(np.abs(u - p.exact))))


def clock_cost() -> int:
    """CPU time of reading the clock twice [ns]."""
    costs = []
    for _ in range(2000):
        start = time.process_time_ns()
        costs.append(time.process_time_ns() - start)
    return int(np.median(costs))


def run_block(peer: Peer, block: list[tuple[int, Problem]], score: Score, first: bool) -> None:
    """One round over one block; answers are judged in the first, very slow calls not repeated."""
    for i, p in block:
        if np.isnan(score.nanos[i]) or SLOW_NS < score.nanos[i] < np.inf:
            continue
        ready = peer.prepare(p)
        start = time.process_time_ns()
        raw = peer.call(ready)
        took = time.process_time_ns() - start
        score.nanos[i] = min(score.nanos[i], took)
        if first:
            score.judge(p, *peer.read(raw))


def measure(problems: list[Problem], names: list[str]) -> dict[str, tuple[Peer, Score] | str]:
    """Scores of all solvers on programmes of one shape; a sentence for those not installed."""
    k, m = problems[0].A.shape
    rows: dict[str, tuple[Peer, Score] | str] = {}
    for name in names:
        try:
            peer = PEERS[name](m, k)
        except ImportError:
            rows[name] = "not installed"
            continue
        for p in problems[:3]:
            peer.call(peer.prepare(p))
        asked = problems[: max(1, round(peer.share * len(problems)))]
        left = np.cumsum([p.exact is None for p in asked])
        skip = [
            p.exact is None and peer.infeasible is not None and left[i] > peer.infeasible
            for i, p in enumerate(asked)
        ]
        rows[name] = (peer, Score(np.where(skip, np.nan, np.inf)))
    for turn in range(ROUNDS):
        for first in range(0, len(problems), BLOCK):
            for row in rows.values():
                if not isinstance(row, str):
                    peer, score = row
                    end = min(first + BLOCK, len(score.nanos))
                    block = [(i, problems[i]) for i in range(first, end)]
                    run_block(peer, block, score, turn == 0)
    return rows


def add_rows(table: Table, rows: dict[str, tuple[Peer, Score] | str], clock: int) -> None:
    """Prints one shape's rows."""
    for name, row in rows.items():
        if isinstance(row, str):
            table.add_row(f"{name}: {row}")
            continue
        peer, score = row
        micros = np.maximum(score.nanos[~np.isnan(score.nanos)] - clock, 0.0) / 1e3
        errors = np.array(score.errors) if score.errors else np.array([np.nan])
        table.add_row(
            name if peer.verdict else f"{name} *",
            f"{len(micros):,}",
            f"{np.median(micros):,.1f}",
            f"{np.percentile(micros, 99):,.1f}",
            f"{100 * np.mean(errors > 1e-3):.2f}",
            f"{100 * np.mean(errors > 1e-6):.2f}",
            f"{np.max(errors):.0e}",
            f"{max(score.box, 0.0):.0e}",
            f"{max(score.rows, 0.0):.0e}",
            *(f"{x:,}" for x in (score.wrong_yes, score.wrong_no, score.none)),
        )


def main() -> None:
    """Draws the programmes, proves their answers, measures and prints."""
    parser = argparse.ArgumentParser(description="Speed, exactness and honesty of QP solvers.")
    parser.add_argument("--n", type=int, default=10_000, help="programmes per shape")
    parser.add_argument("--quick", action="store_true", help="300 programmes, a smoke test")
    parser.add_argument("--only", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    console = Console(width=150)
    count = 300 if options.quick else options.n
    for m, k in SHAPES:
        rng, sets = np.random.default_rng([options.seed, m, k]), Enumeration(m, k)
        problems = [exact(draw(rng, m, k), sets) for _ in range(count)]
        infeasible = sum(p.exact is None for p in problems)
        table = Table(
            title=f"{m} inputs, {k} rows: {count:,} programmes, {infeasible:,} infeasible"
        )
        table.add_column("solver", no_wrap=True)
        for column in (
            "N", "median us", "p99 us", "% off 1e-3", "% off 1e-6", "worst error", "worst box",
            "worst row", "wrong yes", "wrong no", "none",
        ):  # fmt: skip
            table.add_column(column, justify="right")
        add_rows(table, measure(problems, options.only), clock_cost())
        console.print(table)


if __name__ == "__main__":
    main()
