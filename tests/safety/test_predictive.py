"""Predictive filters: some plan that stays safe for ever always begins with what leaves."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.safety import Context, Status
from hiera.safety.barriers import Barrier
from hiera.safety.dynamics.discrete_time import DiscreteTime
from hiera.safety.filters.linear import Polytope, invariant_set
from hiera.safety.filters.predictive import PredictiveFilter
from hiera.testing import check_filter

DT = 0.1
A = np.eye(4)
A[0, 2] = A[1, 3] = DT
B = np.array([[DT * DT / 2, 0.0], [0.0, DT * DT / 2], [DT, 0.0], [0.0, DT]])


def planar(disturbance: list[float] | None = None) -> DiscreteTime:
    return DiscreteTime(
        lambda x, u: A @ x + B @ u, 4, [-2.0, -2.0], [2.0, 2.0], tick_s=DT, disturbance=disturbance
    )


ROOM = [
    Barrier(lambda x: 3.0 - x[0], name="east"),
    Barrier(lambda x: 3.0 + x[0], name="west"),
    Barrier(lambda x: 3.0 - x[1], name="north"),
    Barrier(lambda x: 3.0 + x[1], name="south"),
    Barrier(lambda x: 2.0 - x[2], name="fast_east"),
    Barrier(lambda x: 2.0 + x[2], name="fast_west"),
]


@pytest.mark.parametrize("noise", [None, [0.002, 0.002, 0.01, 0.01]])
def test_constraints_hold_whatever_is_asked_and_whatever_disturbs(
    noise: list[float] | None,
) -> None:
    system = planar(noise)
    gate = PredictiveFilter(system, ROOM, horizon=15)
    rng = np.random.default_rng(4)
    x = np.zeros(4)
    for k in range(250):
        wanted = 3.0 * rng.normal(size=2) + [2.0 * np.sin(k / 40), 2.0]
        safe = gate.filter(x, wanted, Context(k * DT))
        assert safe.certified, safe.reason
        assert np.all(np.abs(safe.u) <= 2.0)
        w = np.asarray(system.disturbance) * np.sign(rng.normal(size=4))
        x = system.step(x, safe.u, w=w)
        assert min(b.h(x) for b in ROOM) >= -1e-9


def test_a_plan_that_exists_passes_the_nominal_input_unchanged() -> None:
    gate = PredictiveFilter(planar(), ROOM, horizon=15)
    wanted = np.array([1.7, -0.3])
    safe = gate.filter(np.zeros(4), wanted, Context(0.0))
    assert safe.status is Status.NOMINAL
    np.testing.assert_array_equal(safe.u, wanted)


def test_the_answer_is_the_nearest_that_cvxpy_finds() -> None:
    cp = pytest.importorskip("cvxpy")
    gate = PredictiveFilter(planar(), ROOM, horizon=10)
    x, wanted = np.array([2.0, 0.0, 1.5, 0.0]), np.array([2.0, 1.0])
    safe = gate.filter(x, wanted, Context(0.0))
    U, z = cp.Variable((10, 2)), x
    rows = [U >= -2.0, U <= 2.0]
    for k in range(10):
        z = A @ z + B @ U[k]
        rows += [gate.constraints.C @ z + gate.constraints.d >= 0.0]
    rows += [gate.terminal.C @ z + gate.terminal.d >= 0.0]
    cp.Problem(cp.Minimize(cp.sum_squares(U[0] - wanted)), rows).solve(solver="CLARABEL")
    assert safe.status is Status.FILTERED
    np.testing.assert_allclose(safe.u, U[0].value, atol=2e-3)


def test_the_last_plan_goes_on_where_no_new_one_is_found() -> None:
    system = planar()
    gate = PredictiveFilter(system, ROOM, horizon=15)
    x = np.array([1.0, 0.0, 1.9, 0.0])
    safe = gate.filter(x, np.array([2.0, 0.0]), Context(0.0))
    assert safe.certified
    gate._solve = lambda: (None, False)  # type: ignore[method-assign]
    for k in range(1, 60):
        x = system.step(x, safe.u)
        safe = gate.filter(x, np.array([2.0, 0.0]), Context(k * DT))
        assert safe.status is Status.BACKUP
        assert safe.backup in ("shifted_plan", "terminal_gain")
        assert min(b.h(x) for b in ROOM) >= -1e-9


def test_a_hopeless_state_is_not_certified() -> None:
    gate = PredictiveFilter(planar(), ROOM, horizon=15)
    safe = gate.filter(np.array([2.9, 0.0, 2.0, 0.0]), np.zeros(2), Context(0.0))
    assert safe.status is Status.STOP
    assert safe.backup == "uncertified_gain"


def test_what_is_not_linear_is_named() -> None:
    with pytest.raises(ValueError, match="barrier bent is not linear"):
        PredictiveFilter(planar(), [Barrier(lambda x: 1.0 - x[0] ** 2, name="bent")])
    with pytest.raises(ValueError, match="too large"):
        PredictiveFilter(planar([0.3, 0.3, 0.5, 0.5]), ROOM)


def test_the_invariant_set_is_invariant() -> None:
    step = np.array([[0.9, 0.3], [-0.2, 0.8]])
    noise = np.diag([0.01, 0.02])
    box = Polytope(np.vstack((np.eye(2), -np.eye(2))), np.array([1.0, 0.5, 1.0, 0.5]))
    found = invariant_set(box, step, noise)
    rng = np.random.default_rng(0)
    points = rng.uniform(-1.0, 1.0, (20000, 2))
    inside = points[[bool(np.all(found.slack(p) >= 0.0)) for p in points]]
    assert len(inside) > 1000
    for p in inside[:2000]:
        for sign in ([1, 1], [1, -1], [-1, 1], [-1, -1]):
            assert np.all(found.slack(step @ p + noise @ np.array(sign)) >= -1e-9)


def test_the_predictive_filter_keeps_the_contract() -> None:
    rng = np.random.default_rng(0)
    check_filter(
        PredictiveFilter(planar(), ROOM, horizon=8),
        states=list(rng.uniform(-1.5, 1.5, (15, 4))),
        actions=list(rng.uniform(-4.0, 4.0, (15, 2))),
        contexts=[Context(time_s=DT * k) for k in range(15)],
    )


def test_a_nonlinear_system_is_shielded_through_casadi() -> None:
    pytest.importorskip("casadi")
    from hiera.safety.filters.predictive_nonlinear import NonlinearPredictiveFilter

    system = DiscreteTime(
        lambda x, u: np.array(
            [
                x[0] + DT * x[3] * np.cos(x[2]),
                x[1] + DT * x[3] * np.sin(x[2]),
                x[2] + DT * u[1],
                x[3] + DT * u[0],
            ]
        ),
        4,
        [-2.0, -2.0],
        [2.0, 2.0],
        tick_s=DT,
    )

    def disc(x: np.ndarray) -> float:
        return (x[0] - 2.0) ** 2 + (x[1] - 0.1) ** 2 - 0.36

    gate = NonlinearPredictiveFilter(
        system,
        [Barrier(disc, name="disc"), Barrier(lambda x: 1.5 - x[3], name="fast")],
        terminal=[Barrier(lambda x: 1e-4 - x[3] ** 2, name="standing")],
        policy=lambda x: np.array([-x[3] / DT, 0.0]),
        horizon=12,
    )
    x, worst, statuses = np.zeros(4), np.inf, set()
    for k in range(40):
        safe = gate.filter(x, np.array([2.0, 0.0]), Context(k * DT))
        assert safe.certified, safe.reason
        statuses.add(safe.status)
        x = system.step(x, safe.u)
        worst = min(worst, disc(x), 1.5 - x[3])
    assert worst >= -1e-9
    assert Status.FILTERED in statuses
