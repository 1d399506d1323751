"""Plans arrive when they should: at once, late, as late as they took, or as once recorded."""

from __future__ import annotations

import threading

import pytest

from hiera.clock import Clock
from hiera.planners import Plan, PlanStatus, Provenance
from hiera.planning import Delivery, LatencyKind, PlanRunner


class Slow:
    """A planner that answers when it is let."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.calls = 0

    def reset(self, seed: int) -> None:
        self.calls = 0

    def plan(self, belief: int, deadline_s: float) -> Plan[int]:
        self.gate.wait(10.0)
        self.calls += 1
        return Plan([belief], PlanStatus.OK, Provenance.NUMERIC, belief_version=belief)


class Wall:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def runner(planner: Slow, clock: Clock, kind: LatencyKind, **more: object) -> PlanRunner[int, int]:
    return PlanRunner(
        planner,
        clock,
        latency=kind,
        latency_s=0.5,
        deadline_s=1.0,
        **more,  # type: ignore[arg-type]
    )


def test_zero_latency_hands_the_plan_over_in_the_same_tick() -> None:
    clock = Clock(0.1)
    plans = runner(Slow(), clock, LatencyKind.ZERO)
    plans.request(7)
    arrived = plans.poll()
    assert arrived is not None
    assert arrived[0].belief_version == 7
    assert not plans.pending


def test_fixed_latency_is_counted_in_simulated_time() -> None:
    clock = Clock(0.1)
    plans = runner(Slow(), clock, LatencyKind.FIXED)
    plans.request(7)
    for tick in range(10):
        clock.tick = tick
        arrived = plans.poll()
        if arrived is not None:
            break
    assert clock.tick == 5


def test_measured_latency_never_lets_simulated_time_overtake_the_planner() -> None:
    clock, planner, wall = Clock(0.1), Slow(), Wall()
    planner.gate.clear()
    plans = runner(planner, clock, LatencyKind.MEASURED, wall=wall)
    plans.request(7)
    wall.now = 10.0
    clock.tick = 20
    assert plans.poll() is None
    planner.gate.set()
    for thread in threading.enumerate():
        if thread.name == "hiera-planner":
            thread.join(10.0)
    for tick in range(20, 200):
        clock.tick = tick
        arrived = plans.poll()
        if arrived is not None:
            break
    assert arrived is not None
    assert arrived[1].latency_s == pytest.approx(10.0)
    assert clock.tick == 100


def test_a_recorded_plan_arrives_at_its_recorded_tick() -> None:
    clock = Clock(0.1)
    recorded = [Delivery(index=0, requested=3, delivered=17, latency_s=99.0)]
    plans = runner(Slow(), clock, LatencyKind.MEASURED, recorded=recorded)
    clock.tick = 3
    plans.request(1)
    arrivals = []
    for tick in range(3, 30):
        clock.tick = tick
        if plans.poll() is not None:
            arrivals.append(tick)
    assert arrivals == [17]


def test_what_the_planner_raises_reaches_the_loop() -> None:
    class Broken(Slow):
        def plan(self, belief: int, deadline_s: float) -> Plan[int]:
            raise RuntimeError("the planner broke")

    clock = Clock(0.1)
    plans = runner(Broken(), clock, LatencyKind.MEASURED)
    plans.request(1)
    clock.tick = 1
    clock.tick = 10_000
    with pytest.raises(RuntimeError, match="the planner broke"):
        plans.poll()
