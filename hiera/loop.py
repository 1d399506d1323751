"""The one loop: plan, act, gate, step.

It is the only caller of ``env.step`` and takes nothing but a `SafeAction`; the record proves it:
actions executed == certificates issued.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from hiera.clock import Clock
from hiera.planning import Delivery, PlanRunner
from hiera.recording import RunDirectory
from hiera.safety import SafeAction, SafetyState, Status
from hiera.scenario import Outcome, Progress, Scenario

BASE_COLUMNS: Final = ("tick", "time_s", "status", "intervened", "gate_us")
STATUS_CODE: Final = {status: code for code, status in enumerate(Status)}
INTERRUPTED: Final = "interrupted"
"""Name of the outcome of a run that its user stopped."""
LAYERS: Final = ("plan", "observe", "act", "gate", "world", "record")


class Timings:
    """Wall time per layer, kept as a histogram with fixed memory."""

    def __init__(self) -> None:
        self.edges = np.geomspace(1e-6, 100.0, 161)
        self.counts = {layer: np.zeros(162, dtype=np.int64) for layer in LAYERS}
        self.totals = dict.fromkeys(LAYERS, 0.0)
        self.worst = dict.fromkeys(LAYERS, 0.0)

    def add(self, layer: str, seconds: float) -> None:
        """Books one call."""
        self.counts[layer][int(np.searchsorted(self.edges, seconds))] += 1
        self.totals[layer] += seconds
        self.worst[layer] = max(self.worst[layer], seconds)

    def _quantile(self, layer: str, q: float) -> float:
        counts = self.counts[layer]
        index = int(np.searchsorted(np.cumsum(counts), q * counts.sum()))
        return float(self.edges[min(index, len(self.edges) - 1)])

    def summary(self) -> dict[str, dict[str, float]]:
        """Calls, total, median, 99th percentile and maximum of each layer that was called [s]."""
        return {
            layer: {
                "calls": int(self.counts[layer].sum()),
                "total_s": self.totals[layer],
                "median_s": self._quantile(layer, 0.5),
                "p99_s": self._quantile(layer, 0.99),
                "max_s": self.worst[layer],
            }
            for layer in LAYERS
            if self.counts[layer].any()
        }


@dataclass(slots=True)
class Tally:
    """What the loop itself counts."""

    actions: int = 0
    certificates: int = 0
    interventions: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    backups: Counter[str] = field(default_factory=Counter)
    plans: Counter[str] = field(default_factory=Counter)
    rungs: Counter[str] = field(default_factory=Counter)

    def book(self, action: SafeAction) -> None:
        """Counts an action that is about to be executed."""
        self.actions += 1
        self.certificates += action.certified
        self.interventions += action.intervened
        self.statuses[str(action.status)] += 1
        if action.backup is not None:
            self.backups[action.backup] += 1

    def metrics(self) -> dict[str, Any]:
        """As they stand in ``metrics.json``."""
        return {
            "actions": self.actions,
            "certificates": self.certificates,
            "interventions": self.interventions,
            "gate_status": dict(sorted(self.statuses.items())),
            "gate_backups": dict(sorted(self.backups.items())),
            "plans": dict(sorted(self.plans.items())),
            "plan_rungs": dict(sorted(self.rungs.items())),
        }


class Loop:
    """Runs one scenario to its end, recording as it goes."""

    def __init__(
        self,
        scenario: Scenario[Any, Any, Any],
        clock: Clock,
        plans: PlanRunner[Any, Any],
        run: RunDirectory,
        *,
        act_period_s: float,
        on_progress: Callable[[Progress, Tally, float], None] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        snapshot_every_s: float = 2.0,
    ) -> None:
        self.scenario = scenario
        self.clock = clock
        self.tally = Tally()
        self.timings = Timings()
        self._plans = plans
        self._run = run
        self._act_period_s = act_period_s
        self._on_progress = on_progress
        self._should_stop = should_stop
        self._snapshot_every_s = snapshot_every_s
        self._last_status = Status.NOMINAL
        self._next_show = self._next_snapshot = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """Trajectory columns: the loop's own, then the scenario's."""
        return BASE_COLUMNS + self.scenario.columns

    def run(self) -> Outcome:
        """Steps until the scenario has an outcome or somebody asks to stop."""
        nominal = None
        while True:
            now_s = self.clock.now_s
            outcome = self.scenario.outcome(now_s)
            if outcome is None and self._should_stop():
                outcome = Outcome(INTERRUPTED, False, "stopped by the user")
            if outcome is not None:
                self._show(force=True)
                return outcome
            self._plan(now_s)
            observation = self._timed("observe", self.scenario.observe, self.clock.tick, now_s)
            if nominal is None or self.clock.due(self._act_period_s):
                nominal = self._timed(
                    "act", self.scenario.controller.act, observation, self.scenario.subgoal()
                )
            self._step(nominal, now_s)
            self._show()

    def _timed(self, layer: str, call: Callable[..., Any], *args: Any) -> Any:
        start = time.perf_counter()
        result = call(*args)
        self.timings.add(layer, time.perf_counter() - start)
        return result

    def _plan(self, now_s: float) -> None:
        start = time.perf_counter()
        if not self._plans.pending and self.scenario.wants_plan(now_s):
            self._plans.request(self.scenario.belief())
            self.timings.add("plan", time.perf_counter() - start)
        arrived = self._plans.poll()
        if arrived is None:
            return
        plan, delivery = arrived
        self.scenario.accept(plan, now_s)
        self.tally.plans[str(plan.provenance)] += 1
        self.tally.rungs.update(plan.rungs)
        self._run.append_line("events.jsonl", plan_event(plan, delivery, now_s))

    def _step(self, nominal: Any, now_s: float) -> None:
        env = self.scenario.env
        state: SafetyState = env.safety_state()
        action = self._timed("gate", self.scenario.gate.filter, state.x, nominal, state.context)
        if not isinstance(action, SafeAction):
            raise TypeError(f"a filter must return a SafeAction, not {type(action).__name__}")
        self.tally.book(action)
        observation, _, _, _, info = self._timed("world", env.step, action.u)
        self.clock.advance()
        start = time.perf_counter()
        self.scenario.after_step(observation, info, action, nominal, self.clock.now_s)
        self._record(action, now_s)
        self.timings.add("record", time.perf_counter() - start)

    def _record(self, action: SafeAction, now_s: float) -> None:
        row = (
            float(self.clock.tick - 1),
            now_s,
            float(STATUS_CODE[action.status]),
            float(action.intervened),
            action.solve_time_s * 1e6,
            *self.scenario.row(),
        )
        self._run.append_row(row)
        if action.status is not self._last_status:
            self._last_status = action.status
            self._run.append_line(
                "events.jsonl",
                {
                    "kind": "gate",
                    "tick": self.clock.tick - 1,
                    "time_s": now_s,
                    "status": str(action.status),
                    "backup": action.backup,
                    "reason": action.reason,
                    "active": list(action.active),
                },
            )
        for kind, fields in self.scenario.drain_events():
            self._run.append_line(
                "events.jsonl",
                {"kind": kind, "tick": self.clock.tick - 1, "time_s": now_s} | fields,
            )

    def _show(self, *, force: bool = False) -> None:
        wall = time.perf_counter()
        if force or wall >= self._next_snapshot:
            self._next_snapshot = wall + self._snapshot_every_s
            self.save_snapshot()
        if self._on_progress is not None and (force or wall >= self._next_show):
            self._next_show = wall + 0.1
            self._on_progress(self.scenario.progress(), self.tally, self.clock.now_s)

    def save_snapshot(self) -> None:
        """Writes the arrays the report needs and the timings so far."""
        arrays = self.scenario.snapshot()
        if arrays:
            self._run.write_arrays("map.npz", arrays)
        self._run.write_json("timing.json", {"layers": self.timings.summary()})


def plan_event(plan: Any, delivery: Delivery, now_s: float) -> dict[str, Any]:
    """A plan's line in ``events.jsonl``; enough to hand it over at the same tick again."""
    return {
        "kind": "plan",
        "index": delivery.index,
        "tick": delivery.delivered,
        "time_s": now_s,
        "requested_tick": delivery.requested,
        "latency_s": delivery.latency_s,
        "status": str(plan.status),
        "provenance": str(plan.provenance),
        "belief_version": plan.belief_version,
        "strategy": plan.strategy,
        "reason": plan.reason,
        "rungs": dict(plan.rungs),
        "subgoals": [subgoal_fields(subgoal) for subgoal in plan.subgoals],
    }


def subgoal_fields(subgoal: Any) -> Any:
    """A subgoal as plain data: a dataclass by its fields, anything else as text."""
    from dataclasses import asdict, is_dataclass

    if is_dataclass(subgoal) and not isinstance(subgoal, type):
        return asdict(subgoal)
    return str(subgoal)
