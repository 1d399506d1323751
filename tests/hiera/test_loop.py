"""The loop gates every action, counts every certificate and records everything."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from hiera.clock import Clock
from hiera.loop import Loop
from hiera.planning import LatencyKind, PlanRunner
from hiera.record import Record
from hiera.recording import RunDirectory

sys.path.insert(0, str(Path(__file__).parent))
from toy import Line


def looped(scenario: Line, path: Path, **more: object) -> Loop:
    path.mkdir(exist_ok=True)
    clock = Clock(0.1)
    plans = PlanRunner(
        scenario.planner, clock, latency=LatencyKind.ZERO, latency_s=0.0, deadline_s=1.0
    )
    run = RunDirectory(path)
    run.write("config.yaml", "family: line\n")
    loop = Loop(scenario, clock, plans, run, act_period_s=0.1, **more)  # type: ignore[arg-type]
    run.write_json("manifest.json", {"columns": list(loop.columns)})
    return loop


def test_every_executed_action_went_through_the_gate(tmp_path: Path) -> None:
    scenario = Line(steps=20)
    loop = looped(scenario, tmp_path)
    assert loop.run().success
    assert scenario.line.x <= 1.0 + 1e-12
    assert max(scenario.line.executed) <= 0.3 + 1e-9
    assert loop.tally.actions == loop.tally.certificates == len(scenario.line.executed) == 20
    assert 0 < loop.tally.interventions < 20
    assert loop.tally.statuses == {"nominal": 3, "filtered": 17}


def test_the_record_holds_every_tick_and_every_plan(tmp_path: Path) -> None:
    scenario = Line(steps=12)
    looped(scenario, tmp_path).run()
    record = Record.open(tmp_path)
    rows = record.trajectory()
    np.testing.assert_array_equal(rows["tick"], np.arange(12))
    assert rows["x"][-1] == scenario.line.x
    plans = record.events("plan")
    assert [plan["index"] for plan in plans] == list(range(12))
    assert plans[0]["rungs"] == {"tour": 1}
    assert [event["status"] for event in record.events("gate")] == ["filtered"]


def test_a_request_to_stop_ends_the_run_in_good_order(tmp_path: Path) -> None:
    scenario = Line(steps=1000)
    loop = looped(scenario, tmp_path, should_stop=lambda: len(scenario.line.executed) == 7)
    outcome = loop.run()
    assert outcome.name == "interrupted"
    assert not outcome.success
    assert loop.tally.actions == 7


def test_an_action_without_a_certificate_does_not_reach_the_world(tmp_path: Path) -> None:
    scenario = Line()

    class Careless:
        def reset(self) -> None:
            return None

        def filter(self, x: object, u_nominal: object, context: object) -> object:
            return u_nominal

    scenario.gate = Careless()  # type: ignore[assignment]
    with pytest.raises(TypeError, match="must return a SafeAction"):
        looped(scenario, tmp_path).run()
    assert scenario.line.executed == []


def test_a_pass_through_is_executed_but_never_counted_as_certified(tmp_path: Path) -> None:
    from hiera.safety.filters import PassThrough

    scenario = Line(steps=5)
    scenario.gate = PassThrough()
    loop = looped(scenario, tmp_path)
    loop.run()
    assert (loop.tally.actions, loop.tally.certificates) == (5, 0)
