"""The hunt finds what is wrong, finds nothing where nothing is, and proves what it can."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from hiera.safety import Context, Status
from hiera.safety.barriers import Barrier, braking_limit, keep_out_ball
from hiera.safety.barriers.rows import compile_rows
from hiera.safety.dynamics import double_integrator, single_integrator
from hiera.safety.filters import CbfFilter, DiscreteCbf
from hiera.safety.filters.batch import STATUSES
from hiera.safety.verify import Finding, Hunt, hunt, prove_viability
from tests.safety.systems import double

CONTACT = Barrier(lambda x: 3.0 - x[0], name="contact")
SMALL = {"ticks": 40, "episodes": 64, "rounds": 3}


def braking() -> Barrier:
    return braking_limit(0, 1, 2.0, upper=3.0, alpha=5.0, name="wall")


def test_a_sound_filter_survives_the_hunt() -> None:
    gate = CbfFilter(double(), [braking()], tick_s=0.05)
    found = hunt(gate, Hunt([-3, -3], [3, 3], **SMALL), truths=(CONTACT,))
    assert found.clean
    assert 0.0 <= found.margin < 0.2
    assert found.barrier == "contact"
    assert found.steps == 64 * 40 * 7
    assert found.coverage > 0.5
    assert set(found.margins) == {"random", "greedy", "cross-entropy"}
    assert "no violation" in found.sentence()


def test_a_deliberately_wrong_barrier_is_caught() -> None:
    """It forgets the braking distance, and so runs out of inputs."""
    wrong = Barrier(lambda x: 3.0 - x[0] - 0.1 * x[1], 5.0, "forgets_braking")
    gate = CbfFilter(double(), [wrong], tick_s=0.05)
    found = hunt(gate, Hunt([-3, -3], [3, 3], **SMALL), truths=(CONTACT,))
    assert not found.clean
    assert found.dead_ends > 0
    assert found.dead_end is not None


def test_a_barrier_that_does_not_stand_for_the_truth_is_caught() -> None:
    too_far = braking_limit(0, 1, 2.0, upper=3.2, alpha=5.0, name="wall_drawn_too_far")
    gate = CbfFilter(double(), [too_far], tick_s=0.05)
    found = hunt(gate, Hunt([-3, -3], [3, 3], **SMALL), truths=(CONTACT,))
    assert found.violations > 0
    assert found.margin == pytest.approx(-0.2, abs=0.05)


def test_leaving_out_the_time_between_ticks_is_caught() -> None:
    gate = CbfFilter(double(), [braking()], tick_s=0.2, sampled=False)
    found = hunt(gate, Hunt([-3, -3], [3, 3], **SMALL), truths=(CONTACT,))
    assert found.violations > 0


def test_a_disturbance_beyond_the_declared_one_is_not_the_hunts_business() -> None:
    system = single_integrator(d=2, speed=1.0, disturbance=[0.2, 0.2])
    gate = CbfFilter(
        system, [keep_out_ball([1.0, 0.0], 0.5, alpha=4.0)], tick_s=0.05, uncertainty=[0.01, 0.01]
    )
    found = hunt(gate, Hunt([-2, -2], [2, 2], **SMALL))
    assert found.violations == 0


def test_filters_without_batches_are_hunted_on_as_well() -> None:
    gate = DiscreteCbf(double(), [braking()], tick_s=0.05)
    found = hunt(gate, Hunt([-3, -3], [3, 3], ticks=30, episodes=8, rounds=1), truths=(CONTACT,))
    assert found.violations == 0


def test_the_worst_episode_replays_action_by_action() -> None:
    gate = CbfFilter(double(), [braking()], tick_s=0.05)
    found = hunt(gate, Hunt([-3, -3], [3, 3], **SMALL))
    worst = found.trajectory
    for k, x in enumerate(worst["x"]):
        answer = gate.filter(x, worst["u_nominal"][k], Context(float(worst["t"][k])))
        np.testing.assert_allclose(answer.u, worst["u"][k], atol=1e-9)
        assert STATUSES[int(worst["status"][k])] is answer.status


def test_the_same_seed_finds_the_same() -> None:
    def once() -> Finding:
        gate = CbfFilter(double(), [braking()], tick_s=0.05)
        return hunt(gate, Hunt([-3, -3], [3, 3], seed=7, **SMALL))

    assert once().margin == once().margin


def test_viability_is_proved_where_gains_fit_and_refuted_where_they_do_not() -> None:
    system = double_integrator(d=1, acceleration=2.0)
    fits = compile_rows(system, [Barrier(lambda x: 3.0 - x[0], (1.0, 1.0))])
    low, high = np.array([-3.0, -1.9]), np.array([3.0, 1.9])
    good = prove_viability(system, fits, low, high, tick_s=0.01, boxes=1500)
    assert good.counterexample is None
    assert good.proved > 0.5
    assert good.proved + good.outside + good.undecided == pytest.approx(1.0)
    eager = compile_rows(system, [Barrier(lambda x: 3.0 - x[0], (5.0, 5.0))])
    bad = prove_viability(system, eager, low, high, tick_s=0.01, boxes=1500)
    assert bad.counterexample is not None
    rows = eager.rows(bad.counterexample)
    assert rows[1] >= 0.0  # In the safe set,
    assert rows[2] * -2.0 < rows[3]  # and not even full braking is enough.


def test_a_proved_box_holds_at_random_states() -> None:
    system = double_integrator(d=1, acceleration=2.0)
    rows = compile_rows(system, [braking()])
    gate = CbfFilter(system, [braking()], tick_s=0.02)
    low, high = np.array([-3.0, -3.0]), np.array([0.0, 3.0])
    found = prove_viability(system, rows, low, high, tick_s=0.02, boxes=3000)
    assert found.proved > 0.9
    rng = np.random.default_rng(0)
    batch = gate.filter_batch(rng.uniform(low, high, (2000, 2)), rng.uniform(-3, 3, (2000, 1)))
    assert np.all(batch.status <= STATUSES.index(Status.FILTERED))


def test_a_copied_filter_answers_like_the_first() -> None:
    """Copying tears NumPy views from their array; a torn filter would certify anything."""
    for gate in (
        CbfFilter(double(), [braking()], tick_s=0.05),
        DiscreteCbf(double(), [braking()], tick_s=0.05),
    ):
        x, u = np.array([2.9, 0.5]), np.array([2.0])
        expected = gate.unwatched().filter(x, u, Context(0.0))
        assert expected.status is not Status.NOMINAL
        for other in (copy.deepcopy(gate), copy.copy(gate)):
            answer = other.filter(x, u, Context(1.0))
            np.testing.assert_array_equal(answer.u, expected.u)
            other.reset()
