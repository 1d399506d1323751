"""A state that is too old is refused, whatever its stamp promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hiera.safety import Context, SafetyFilter, Status
from hiera.safety.embed.watchdog import WatchedGate
from hiera.testing import check_filter
from tests.embed.rail import RailGate


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def watched(clock: Clock, gate: Any = None, **settings: Any) -> WatchedGate:
    settings = {"max_age_s": 0.3, "stop": np.zeros(1)} | settings
    return WatchedGate(gate or RailGate(), now=clock, **settings)


def test_it_is_a_filter_and_keeps_the_contract() -> None:
    gate = watched(Clock(), max_age_s=1e9, ahead_s=1e9)
    assert isinstance(gate, SafetyFilter)
    states = [np.zeros(2), np.array([0.9, 0.3]), np.array([0.2, -0.1])]
    contexts = [Context(0.1 * k) for k in range(3)]
    check_filter(gate, states, [np.array([v]) for v in (0.1, 1.0, 5.0)], contexts)
    stale = watched(Clock(), max_age_s=0.1)
    late = [Context(0.1 * k - 9.0) for k in range(3)]
    check_filter(stale, states, [np.array([v]) for v in (0.1, 1.0, 5.0)], late)


def test_stamps_that_advance_but_arrive_late_are_refused() -> None:
    clock, inner = Clock(), RailGate()
    gate = watched(clock, inner)
    statuses = []
    for tick in range(10):
        clock.now = 0.1 * tick
        latency = 0.1 if tick < 5 else 0.5
        safe = gate.filter(np.zeros(2), np.array([0.2]), Context(clock.now - latency))
        statuses.append(safe.status)
    assert statuses == [Status.NOMINAL] * 5 + [Status.STOP] * 5
    assert safe.reason == "the state is 0.500 s old, 0.3 s are allowed"
    assert gate.counts == {"stale": 5}
    assert len(inner.times) == 5


@pytest.mark.parametrize(
    ("stamp", "kind"), [(9.0, "future"), (np.nan, "stale"), (np.inf, "future")]
)
def test_stamps_from_the_future_or_that_are_no_number_are_refused(stamp: float, kind: str) -> None:
    gate = watched(Clock())
    safe = gate.filter(np.zeros(2), np.array([0.2]), Context(stamp))
    assert safe.status is Status.STOP
    assert gate.counts == {kind: 1}
    np.testing.assert_array_equal(safe.u, np.zeros(1))


def test_a_clock_that_goes_back_resets_the_gate_inside() -> None:
    clock, inner = Clock(), RailGate()
    gate = watched(clock, inner)
    for now in (5.0, 5.1, 0.0, 0.1):
        clock.now = now
        assert gate.filter(np.zeros(2), np.array([0.2]), Context(now)).status is Status.NOMINAL
    assert inner.resets == 1
    assert gate.counts == {"clock_back": 1}


def test_mistakes_are_sentences() -> None:
    with pytest.raises(ValueError, match="max_age_s must be positive"):
        watched(Clock(), max_age_s=0.0)
    with pytest.raises(ValueError, match="the stop action must be finite"):
        watched(Clock(), stop=np.array([np.nan]))
