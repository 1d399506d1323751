"""Filters that look ahead: one tick, a backup policy's whole roll-out, and chains of filters."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.safety import Context, SafetyFilter, Status
from hiera.safety.barriers import Barrier
from hiera.safety.dynamics import ControlAffine
from hiera.safety.dynamics.discrete_time import DiscreteTime
from hiera.safety.filters import BackupCbf, CbfFilter, Chain, DiscreteCbf, Guard, RolloutPolicy
from hiera.testing import check_filter
from tests.safety.systems import double, drive, single, unicycle

CENTRE = np.array([1.0, 0.2])


def disc(x: np.ndarray) -> float:
    return (x[0] - CENTRE[0]) ** 2 + (x[1] - CENTRE[1]) ** 2 - 0.25


def braking(x: np.ndarray) -> float:
    return 3.0 - x[0] - np.maximum(x[1], 0.0) ** 2 / 4.0


def wall(x: np.ndarray) -> float:
    return 3.0 - x[0]


def chase(x: np.ndarray) -> np.ndarray:
    bearing = np.arctan2(CENTRE[1] - x[1], CENTRE[0] - x[0]) - x[2]
    return np.array([1.0, 3.0 * np.sin(bearing)])


def brake_policy(system: ControlAffine, tick: float, **more: float) -> RolloutPolicy:
    """Full braking, softened where one tick would reverse the speed."""
    return RolloutPolicy(
        system,
        lambda x: np.array([-2.0 * np.tanh(x[1] / (2.0 * tick))]),
        [Barrier(wall, name="wall")],
        [Barrier(lambda x: (2.0 * tick) ** 2 - x[1] ** 2, name="slow")],
        horizon_s=2.0,
        tick_s=tick,
        **more,
    )


@pytest.mark.parametrize("tick", [0.01, 0.05, 0.1, 0.2])
def test_one_tick_ahead_a_braking_barrier_is_kept_to_a_hundredth_of_a_millimetre(
    tick: float,
) -> None:
    system = double()
    gate = DiscreteCbf(system, [Barrier(braking)], tick_s=tick)
    for start in ([0.0, 0.0], [-3.0, 3.0]):
        run = drive(gate, system, start, lambda x: np.array([2.0]), [wall], tick_s=tick, ticks=300)
        assert run.worst >= -1e-5
        assert run.stopped() == 0


@pytest.mark.parametrize("tick", [0.01, 0.1])
def test_a_barrier_that_is_not_linear_in_the_input_is_kept(tick: float) -> None:
    system = unicycle()
    gate = DiscreteCbf(system, [Barrier(disc, name="disc", curvature=4.0)], tick_s=tick, gamma=0.5)
    for start in ([0.0, 0.0, 0.0], [-1.0, 2.0, 1.0]):
        run = drive(gate, system, start, chase, [disc], tick_s=tick, ticks=200)
        assert run.worst >= -1e-9
        assert run.stopped() == 0


def test_a_disturbance_is_bounded_over_its_whole_box() -> None:
    system = single(disturbance=[0.3, 0.3])
    gate = DiscreteCbf(system, [Barrier(disc)], tick_s=0.05, gamma=0.3)
    rng = np.random.default_rng(2)
    run = drive(gate, system, [-0.5, 0.0], lambda x: CENTRE - x, [disc], tick_s=0.05, rng=rng)
    assert run.worst >= -1e-9
    assert run.stopped() == 0


def test_a_map_from_tick_to_tick_is_filtered_as_it_stands() -> None:
    system = DiscreteTime(
        lambda x, u: np.array([x[0] + 0.1 * u[0], 0.9 * x[1] + u[0] ** 2]),
        2,
        [-1.0],
        [1.0],
        tick_s=0.1,
    )
    gate = DiscreteCbf(system, [Barrier(lambda x: 1.0 - x[1], name="load")], tick_s=0.1)
    x = np.array([0.0, 0.0])
    for k in range(50):
        safe = gate.filter(x, np.array([1.0]), Context(0.1 * k))
        assert safe.status in (Status.NOMINAL, Status.FILTERED)
        x = system.step(x, safe.u)
        assert x[1] <= 1.0 + 1e-9
    assert safe.u[0] == pytest.approx(np.sqrt(0.1), abs=1e-3)


@pytest.mark.parametrize("tick", [0.02, 0.05, 0.1])
def test_whatever_is_asked_the_backup_policy_can_take_over(tick: float) -> None:
    system = double()
    policy = brake_policy(system, tick)
    gate = BackupCbf(policy, alpha=5.0)
    for start in ([0.0, 0.0], [-3.0, 3.0]):
        run = drive(gate, system, start, lambda x: np.array([2.0]), [wall], tick_s=tick, ticks=150)
        assert run.worst >= -1e-9
        assert run.stopped() == 0
        assert run.last is not None
        assert policy.worst(np.array(start), np.zeros(0)) > 0.0


def test_where_the_policy_itself_fails_nothing_is_certified() -> None:
    system = double()
    gate = BackupCbf(brake_policy(system, 0.05), alpha=5.0)
    safe = gate.filter(np.array([2.9, 3.0]), np.array([2.0]), Context(0.0))
    assert safe.status is Status.STOP
    assert safe.backup == "policy"
    assert "roll-out falls" in safe.reason
    assert safe.u[0] == pytest.approx(-2.0, abs=1e-6)


def test_a_rolled_out_policy_backs_up_a_filter_that_has_no_answer() -> None:
    system = double()
    gate = CbfFilter(
        system,
        [Barrier(braking, 5.0, "wall"), Barrier(lambda x: x[1] - 0.5, 5.0, "in_a_hurry")],
        tick_s=0.05,
        guard=Guard(backups=[brake_policy(system, 0.05)]),
    )
    run = drive(gate, system, [0.0, 1.0], lambda x: np.array([2.0]), [wall], tick_s=0.05, ticks=200)
    assert run.counts["backup"] > 0
    assert run.worst >= -1e-9


def test_what_happens_between_the_parts_of_a_tick_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match=r"give curvature="):
        DiscreteCbf(unicycle(), [Barrier(disc, name="disc")], tick_s=0.1)


def test_policies_that_leave_the_limits_or_the_shape_are_refused() -> None:
    system = double()
    with pytest.raises(ValueError, match="outside the input limits"):
        RolloutPolicy(system, lambda x: np.array([9.0]), [Barrier(wall)], horizon_s=1.0, tick_s=0.1)
    with pytest.raises(TypeError, match=r"must return shape \(1,\)"):
        RolloutPolicy(system, lambda x: x, [Barrier(wall)], horizon_s=1.0, tick_s=0.1)


def test_a_chain_goes_round_until_all_agree() -> None:
    system = single()
    gates = [
        CbfFilter(system, [Barrier(disc, 5.0, "disc")], tick_s=0.05),
        CbfFilter(
            system, [Barrier(lambda x: 9.0 - x[0] ** 2 - x[1] ** 2, 5.0, "arena")], tick_s=0.05
        ),
    ]
    chain = Chain(gates)
    run = drive(chain, system, [-0.5, 0.0], lambda x: CENTRE - x, [disc], tick_s=0.05)
    assert run.worst >= -1e-9
    assert run.stopped() == 0
    assert run.last is not None
    assert len(run.last.margins) == 2


def test_a_chain_that_cannot_agree_says_so() -> None:
    system = single(1)
    gates = [
        CbfFilter(system, [Barrier(lambda x: x[0] + 0.0, 1.0, "right")], tick_s=0.1),
        CbfFilter(system, [Barrier(lambda x: -x[0] - 0.05, 1.0, "left")], tick_s=0.1),
    ]
    safe = Chain(gates).filter(np.zeros(1), np.zeros(1), Context(0.0))
    assert safe.status is Status.STOP
    assert safe.backup == "first_filter"
    assert "do not agree" in safe.reason


def filters() -> list[SafetyFilter]:
    system = double()
    return [
        CbfFilter(system, [Barrier(braking, 5.0, "wall")], tick_s=0.05),
        DiscreteCbf(system, [Barrier(braking, name="wall", curvature=4.0)], tick_s=0.05),
        BackupCbf(brake_policy(system, 0.05), alpha=5.0),
        Chain([CbfFilter(system, [Barrier(braking, 5.0, "wall")], tick_s=0.05)]),
    ]


@pytest.mark.parametrize("gate", filters(), ids=lambda gate: type(gate).__name__)
def test_every_filter_keeps_the_contract(gate: SafetyFilter) -> None:
    rng = np.random.default_rng(0)
    check_filter(
        gate,
        states=list(rng.uniform([-2.0, -1.0], [3.5, 3.0], (20, 2))),
        actions=list(rng.uniform(-4.0, 4.0, (20, 1))),
        contexts=[Context(time_s=0.05 * k) for k in range(20)],
    )


@pytest.mark.parametrize("gate", filters(), ids=lambda gate: type(gate).__name__)
def test_every_filter_refuses_what_is_stale(gate: SafetyFilter) -> None:
    gate.filter(np.zeros(2), np.zeros(1), Context(1.0))
    frozen = gate.filter(np.zeros(2), np.zeros(1), Context(1.0))
    assert frozen.status is Status.STOP
    assert "not newer" in frozen.reason
    late = gate.filter(np.zeros(2), np.zeros(1), Context(9.0))
    assert late.status is Status.STOP
    assert "no state arrived" in late.reason
