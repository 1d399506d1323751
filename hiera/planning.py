"""The slow layer beside the loop: requests, latency, deadline, and the same again from a record.

A plan made from the belief of time t acts from time t + latency on. The latency is zero, fixed,
measured (the model's slowness is then part of the result: simulated time may not overtake the
clock on the wall while a plan is pending) or recorded (a replay gives every plan to the loop at
the tick at which it once arrived).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from hiera.clock import Clock
from hiera.planners import Plan, Planner

BeliefT = TypeVar("BeliefT")
SubgoalT = TypeVar("SubgoalT")


class LatencyKind(StrEnum):
    """Where the time between request and arrival of a plan comes from."""

    ZERO = "zero"
    FIXED = "fixed"
    MEASURED = "measured"


@dataclass(frozen=True, slots=True)
class Delivery:
    """When a plan was asked for and when it arrived.

    Attributes:
        index: Number of the plan, from 0.
        requested: Tick of the request.
        delivered: Tick from which it was in force.
        latency_s: Wall time the planner took [s].
    """

    index: int
    requested: int
    delivered: int
    latency_s: float


@dataclass(slots=True)
class _Pending(Generic[SubgoalT]):
    requested: int
    started: float
    thread: threading.Thread | None = None
    plan: Plan[SubgoalT] | None = None
    error: BaseException | None = None
    took_s: float = 0.0


class PlanRunner(Generic[BeliefT, SubgoalT]):
    """Asks the planner and hands each plan over at the right tick; one request at a time."""

    def __init__(
        self,
        planner: Planner[BeliefT, SubgoalT],
        clock: Clock,
        *,
        latency: LatencyKind,
        latency_s: float,
        deadline_s: float,
        recorded: Sequence[Delivery] = (),
        live: bool = True,
        wall: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Sets the runner up.

        Args:
            planner: The slow layer.
            clock: The loop's clock.
            latency: Where the latency comes from, once `recorded` is used up.
            latency_s: The latency if it is fixed [s].
            deadline_s: What the planner is given [s].
            recorded: Deliveries of an earlier run to be repeated tick for tick.
            live: Whether plans are made beyond `recorded`; without it a plan that was still on
                its way when the earlier run ended never arrives, as it never did.
            wall: Clock for measuring [s].
        """
        self._planner = planner
        self._clock = clock
        self._latency = latency
        self._latency_s = latency_s
        self._deadline_s = deadline_s
        self._recorded = {delivery.index: delivery for delivery in recorded}
        self._live = live
        self._wall = wall
        self._pending: _Pending[SubgoalT] | None = None
        self._index = 0

    @property
    def pending(self) -> bool:
        """Whether a plan is on its way."""
        return self._pending is not None

    def request(self, belief: BeliefT) -> None:
        """Starts planning from a snapshot."""
        job = _Pending[SubgoalT](self._clock.tick, self._wall())
        self._pending = job
        known = self._index in self._recorded
        if not known and not self._live:
            return
        if self._latency is LatencyKind.MEASURED and not known:
            job.thread = threading.Thread(
                target=self._work, args=(job, belief), name="hiera-planner", daemon=True
            )
            job.thread.start()
        else:
            self._work(job, belief)

    def _work(self, job: _Pending[SubgoalT], belief: Any) -> None:
        try:
            plan = self._planner.plan(belief, self._deadline_s)
        except BaseException as error:  # noqa: BLE001 - handed to the loop's thread by poll()
            job.error = error
        else:
            job.took_s = self._wall() - job.started
            job.plan = plan

    def poll(self) -> tuple[Plan[SubgoalT], Delivery] | None:
        """The plan that comes into force at this tick, if one does.

        Raises:
            BaseException: Whatever the planner raised.
        """
        job = self._pending
        if job is None:
            return None
        elapsed_s = (self._clock.tick - job.requested) * self._clock.tick_s
        if job.thread is not None:
            job.thread.join(max(0.0, elapsed_s - (self._wall() - job.started)))
        if job.error is not None:
            self._pending = None
            raise job.error
        if job.plan is None or not self._arrived(job, elapsed_s):
            return None
        self._pending = None
        delivery = Delivery(self._index, job.requested, self._clock.tick, job.took_s)
        self._index += 1
        return job.plan, delivery

    def _arrived(self, job: _Pending[SubgoalT], elapsed_s: float) -> bool:
        recorded = self._recorded.get(self._index)
        if recorded is not None:
            return self._clock.tick >= recorded.delivered
        needed = {
            LatencyKind.ZERO: 0.0,
            LatencyKind.FIXED: self._latency_s,
            LatencyKind.MEASURED: job.took_s,
        }[self._latency]
        return elapsed_s >= needed - 1e-9
