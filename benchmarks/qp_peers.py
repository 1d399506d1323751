"""The solvers that `qp_solvers.py` measures, each as its own documentation says to call it.

A `Peer` turns a programme into its solver's own arrays (not timed), calls the solver (timed) and
reads the answer (not timed). Tolerances are the solvers' defaults where the name says nothing
else; warm starts from the programme before are off, since these programmes are unrelated.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from qp_exact import Problem

from hiera.safety.qp import (
    INFEASIBLE,
    SOLVED,
    QpStatus,
    nearest,
    solve_checked,
    solve_qp,
    workspace_size,
)

YES, NO, NONE = "solved", "infeasible", "gave up"
# As cbfpy advises for precision and speed.
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

Read = Callable[[Any], tuple[np.ndarray, str]]


@dataclass(frozen=True)
class Peer:
    """How one solver is asked.

    Attributes:
        prepare: A programme in the solver's own arrays; not timed.
        call: The timed call.
        read: The point and what the solver says of it.
        share: Part of the programmes it is asked, less than 1 for slow ones.
        infeasible: How many infeasible programmes it is asked at most, for solvers that take
            seconds to give one up.
        verdict: False if the solver never says whether it solved; then all it returns is taken
            for an answer, as its user would.
    """

    prepare: Callable[[Problem], Any]
    call: Callable[[Any], Any]
    read: Read
    share: float = 1.0
    infeasible: int | None = None
    verdict: bool = True


def _hiera_kernel(m: int, k: int) -> Peer:
    u, lam, work = np.empty(m), np.empty(k + 2 * m), np.empty(workspace_size(k, m))
    names = {SOLVED: YES, INFEASIBLE: NO}
    return Peer(
        lambda p: (p.u_nom, p.w, p.A, p.b, p.lower, p.upper, u, lam, work),
        lambda x: solve_checked(*x),
        lambda code: (u.copy(), names.get(code, NONE)),
    )


def _hiera_answer(answer: Any) -> tuple[np.ndarray, str]:
    names = {QpStatus.SOLVED: YES, QpStatus.INFEASIBLE: NO}
    return answer.u, names.get(answer.status, NONE)


def _hiera_nearest(m: int, k: int) -> Peer:
    return Peer(
        lambda p: (p.u_nom, p.w, p.A, p.b, p.lower, p.upper), lambda x: nearest(*x), _hiera_answer
    )


def _hiera_solve_qp(m: int, k: int) -> Peer:
    return Peer(
        lambda p: (np.diag(p.w), -p.w * p.u_nom, p.A, p.b, p.lower, p.upper),
        lambda x: solve_qp(*x),
        _hiera_answer,
    )


def _daqp_data(p: Problem) -> tuple[np.ndarray, ...]:
    high = np.concatenate((p.upper, np.full(len(p.b), 1e30)))
    low = np.concatenate((p.lower, p.b))
    sense = np.zeros(len(low), dtype=np.int32)
    return np.diag(p.w), -p.w * p.u_nom, p.A, high, low, sense


def _daqp_read(answer: Any) -> tuple[np.ndarray, str]:
    return np.array(answer[0]), YES if answer[2] > 0 else NO if answer[2] == -1 else NONE


def _daqp_solve(m: int, k: int) -> Peer:
    daqp = importlib.import_module("daqp")
    return Peer(_daqp_data, lambda x: daqp.solve(*x), _daqp_read)


def _daqp_model(m: int, k: int) -> Peer:
    model = importlib.import_module("daqp").Model()
    first = Problem(np.zeros(m), np.ones(m), np.ones((k, m)), np.zeros(k), -np.ones(m), np.ones(m))
    model.setup(*_daqp_data(first))

    def call(x: Any) -> Any:
        model.update(*x)
        return model.solve()

    return Peer(_daqp_data, call, _daqp_read)


def _quadprog(m: int, k: int) -> Peer:
    quadprog = importlib.import_module("quadprog")

    def call(x: Any) -> Any:
        try:
            return quadprog.solve_qp(*x)[0]
        except ValueError:
            return None

    return Peer(
        lambda p: (
            np.diag(p.w),
            p.w * p.u_nom,
            np.ascontiguousarray(np.vstack((p.A, np.eye(m), -np.eye(m))).T),
            np.concatenate((p.b, p.lower, -p.upper)),
        ),
        call,
        lambda u: (np.full(m, np.nan), NO) if u is None else (u, YES),
    )


def _piqp(m: int, k: int) -> Peer:
    piqp = importlib.import_module("piqp")
    solver = piqp.DenseSolver()
    names = {piqp.PIQP_SOLVED: YES, piqp.PIQP_PRIMAL_INFEASIBLE: NO}

    def prepare(p: Problem) -> Any:
        return {
            "P": np.asfortranarray(np.diag(p.w)), "c": -p.w * p.u_nom,
            "G": np.asfortranarray(p.A), "h_l": p.b, "h_u": np.full(k, np.inf),
            "x_l": p.lower, "x_u": p.upper,
        }  # fmt: skip

    first = Problem(np.zeros(m), np.ones(m), np.ones((k, m)), -np.ones(k), -np.ones(m), np.ones(m))
    solver.setup(**prepare(first))

    def call(x: Any) -> Any:
        solver.update(**x)
        return solver.solve()

    return Peer(prepare, call, lambda status: (np.array(solver.result.x), names.get(status, NONE)))


def _proxqp(check_gap: bool) -> Callable[[int, int], Peer]:
    def build(m: int, k: int) -> Peer:
        proxqp = importlib.import_module("proxsuite").proxqp
        names = {
            proxqp.PROXQP_SOLVED: YES, proxqp.PROXQP_PRIMAL_INFEASIBLE: NO,
        }  # fmt: skip
        far = np.full(k, 1e30)

        def call(x: Any) -> Any:
            qp = proxqp.dense.QP(m, 0, k, True)
            qp.settings.check_duality_gap = check_gap
            qp.init(*x)
            qp.solve()
            return qp

        return Peer(
            lambda p: (
                np.diag(p.w), -p.w * p.u_nom, None, None, p.A, p.b, far, p.lower, p.upper
            ),
            call,
            lambda qp: (np.array(qp.results.x), names.get(qp.results.info.status, NONE)),
            share=0.2,
            infeasible=3,
        )  # fmt: skip

    return build


def _osqp(eps: float | None) -> Callable[[int, int], Peer]:
    def build(m: int, k: int) -> Peer:
        osqp, sparse = importlib.import_module("osqp"), importlib.import_module("scipy.sparse")
        tight = {} if eps is None else {"eps_abs": eps, "eps_rel": eps}
        solver = osqp.OSQP()
        rows = sparse.csc_matrix(np.vstack((np.ones((k, m)), np.eye(m))))
        pattern = rows.nonzero()
        order = np.lexsort(pattern)
        at = (pattern[0][order], pattern[1][order])
        solver.setup(
            sparse.csc_matrix(np.eye(m)), np.zeros(m), rows, -np.ones(k + m), np.ones(k + m),
            verbose=False, warm_starting=False, **tight,
        )  # fmt: skip

        def prepare(p: Problem) -> Any:
            both = np.vstack((p.A, np.eye(m)))
            return {
                "Px": p.w, "q": -p.w * p.u_nom, "Ax": both[at],
                "l": np.concatenate((p.b, p.lower)),
                "u": np.concatenate((np.full(k, np.inf), p.upper)),
            }  # fmt: skip

        def call(x: Any) -> Any:
            solver.update(**x)
            return solver.solve()

        def read(answer: Any) -> tuple[np.ndarray, str]:
            status = answer.info.status
            return answer.x, YES if status == "solved" else NO if status == (
                "primal infeasible"
            ) else NONE

        return Peer(prepare, call, read, share=0.2)

    return build


def _clarabel(m: int, k: int) -> Peer:
    clarabel, sparse = importlib.import_module("clarabel"), importlib.import_module("scipy.sparse")
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    cones = [clarabel.NonnegativeConeT(k + 2 * m)]

    def read(answer: Any) -> tuple[np.ndarray, str]:
        status = str(answer.status)
        return np.array(answer.x), YES if status == "Solved" else NO if status == (
            "PrimalInfeasible"
        ) else NONE

    return Peer(
        lambda p: (
            sparse.csc_matrix(np.diag(p.w)), -p.w * p.u_nom,
            sparse.csc_matrix(np.vstack((-p.A, -np.eye(m), np.eye(m)))),
            np.concatenate((-p.b, -p.lower, p.upper)), cones, settings,
        ),
        lambda x: clarabel.DefaultSolver(*x).solve(),
        read,
        share=0.2,
    )  # fmt: skip


def _cvxpy(m: int, k: int) -> Peer:
    cp = importlib.import_module("cvxpy")
    u = cp.Variable(m)
    root, pull = cp.Parameter(m, nonneg=True), cp.Parameter(m)
    A, b = cp.Parameter((k, m)), cp.Parameter(k)
    problem = cp.Problem(
        cp.Minimize(0.5 * cp.sum_squares(cp.multiply(root, u) - pull)),
        [A @ u >= b, u >= -1.0, u <= 1.0],
    )

    def call(x: Any) -> Any:
        root.value, pull.value, A.value, b.value = x
        try:
            problem.solve()
        except cp.error.SolverError:
            return "gave up"
        return problem.status

    def read(status: str) -> tuple[np.ndarray, str]:
        point = np.full(m, np.nan) if u.value is None else np.array(u.value)
        return point, YES if status == "optimal" else NO if status == "infeasible" else NONE

    return Peer(lambda p: (np.sqrt(p.w), np.sqrt(p.w) * p.u_nom, p.A, p.b), call, read, share=0.02)


def _cbfpy(relax: bool) -> Callable[[int, int], Peer]:
    def build(m: int, k: int) -> Peer:
        cbfpy, jax = importlib.import_module("cbfpy"), importlib.import_module("jax")
        jnp = jax.numpy

        class Rows(cbfpy.CBFConfig):  # type: ignore[misc, name-defined]
            """The state carries a point at zero, ``A``, ``b`` and ``w``: h(z) = A p - b."""

            def __init__(self) -> None:
                super().__init__(
                    m + k * m + k + m, m, u_min=-np.ones(m), u_max=np.ones(m), relax_qp=relax
                )

            def f(self, z: Any) -> Any:
                return jnp.zeros_like(z)

            def g(self, z: Any) -> Any:
                return jnp.vstack((jnp.eye(m), jnp.zeros((len(z) - m, m))))

            def h_1(self, z: Any) -> Any:
                A, b = z[m : m + k * m].reshape(k, m), z[m + k * m : m + k * m + k]
                return A @ z[:m] - b

            def P(self, z: Any, u_des: Any) -> Any:  # noqa: N802
                return jnp.diag(z[-m:])

            def q(self, z: Any, u_des: Any) -> Any:
                return -z[-m:] * u_des

        cbf = cbfpy.CBF.from_config(Rows())
        call = jax.jit(cbf.safety_filter)
        return Peer(
            lambda p: (np.concatenate((np.zeros(m), p.A.ravel(), p.b, p.w)), p.u_nom),
            lambda x: np.asarray(call(*x)),
            lambda u: (u.astype(np.float64), YES if np.all(np.isfinite(u)) else NONE),
            share=0.2,
            verdict=False,
        )

    return build


def _cbfkit(m: int, k: int) -> Peer:
    raise ImportError("cbfkit is not on the package index")


PEERS: dict[str, Callable[[int, int], Peer]] = {
    "hiera solve_checked": _hiera_kernel,
    "hiera nearest": _hiera_nearest,
    "hiera solve_qp": _hiera_solve_qp,
    "daqp.solve": _daqp_solve,
    "daqp.Model": _daqp_model,
    "quadprog": _quadprog,
    "PIQP": _piqp,
    "ProxQP box": _proxqp(False),
    "ProxQP box, gap checked": _proxqp(True),
    "OSQP": _osqp(None),
    "OSQP 1e-5": _osqp(1e-5),
    "Clarabel": _clarabel,
    "CVXPY DPP": _cvxpy,
    "cbfpy hard": _cbfpy(False),
    "cbfpy relaxed": _cbfpy(True),
    "cbfkit fast": _cbfkit,
}
