"""A run that is killed or stopped stays readable and can be gone on with."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hiera.record import Record
from tests.cli.calling import (
    Made,
    asking,
    backwards,
    ended,
    finished,
    only,
    spawn,
    wait_for_rows,
)
from tests.cli.conftest import Invoke
from tests.planners.ollama_server import Script, serving

PLACE = ("run", "fare_building", "world.size_m=[30,20]", "report.gif=false", "report.html=false")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return finished(tmp_path_factory.mktemp("whole"), *PLACE, "--quiet")


def killed(out: Path, rows: int, *words: object) -> Path:
    """Starts a run and kills it -9 after so many ticks."""
    process = spawn(*words)
    path = wait_for_rows(process, out, rows)
    process.kill()
    ended(process)
    return path


def test_a_killed_run_is_reported_resumed_killed_again_and_ends_as_if_nothing_had_been(
    tmp_path: Path, uninterrupted: Made, hiera: Invoke
) -> None:
    moments = np.random.default_rng().integers(1, 500, 2)

    run = killed(tmp_path, int(moments[0]), *PLACE, "--quiet", "--out", tmp_path)
    assert not (run / "metrics.json").exists()
    assert hiera("report", run).code == 0
    assert (run / "report.html").stat().st_size > 1000

    killed(tmp_path, int(moments[1]), "run", "--resume", run, "--quiet")
    assert not (run / "metrics.json").exists()

    resumed = hiera("run", "--resume", run, "--json")
    assert resumed.code == 0, resumed
    assert resumed.json["digest"] == uninterrupted.metrics["digest"]
    whole = Record.open(uninterrupted.path).trajectory()
    again = Record.open(run).trajectory()
    for name in set(whole) - {"gate_us"}:
        np.testing.assert_array_equal(again[name], whole[name])

    sentence = hiera("run", "--resume", run).mistake()
    assert sentence == f"{run} has finished; there is nothing to resume"


def test_ctrl_c_once_ends_a_run_in_good_order_and_its_replay_stops_there_too(
    tmp_path: Path, hiera: Invoke
) -> None:
    process = spawn(*PLACE, "--quiet", "report.html=true", "--out", tmp_path)
    run = wait_for_rows(process, tmp_path, 50)
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert said.code == 130, said
    assert said.err == "stopping in good order; Ctrl-C again to stop at once\n"
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["outcome"] == "interrupted"
    assert (
        metrics["actions"] == metrics["certificates"] == len(Record.open(run).trajectory()["tick"])
    )
    assert (run / "report.html").exists()

    replayed = hiera("replay", run, "--out", tmp_path / "again", "--json")
    assert replayed.json["identical"], replayed


def test_ctrl_c_twice_stops_even_while_a_model_is_being_waited_for(tmp_path: Path) -> None:
    script = Script(backwards)

    def never(body: dict[str, Any]) -> str:
        script.stop.wait(60.0)
        return backwards(body)

    script.answer = never
    with serving(script) as address:
        process = spawn(
            *PLACE, *asking(address), "clock.latency.kind=fixed", "--out", tmp_path, "--quiet"
        )
        while not any(request["path"] == "/api/chat" for request in script.requests):
            assert process.poll() is None, ended(process)
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Ctrl-C again" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = ended(process)
    assert said.code == 130, said
    assert said.err.endswith("stopped at once; the run directory is readable\n")
    assert not Record.open(only(tmp_path)).finished


def test_a_resumed_run_does_not_ask_the_model_again_for_what_it_has_said(
    tmp_path: Path, hiera: Invoke
) -> None:
    live = (*PLACE, "clock.latency.kind=fixed")
    with serving(Script(backwards)) as address:
        whole = finished(tmp_path / "whole", *live, *asking(address), "--quiet")
        said_before = len(Record.open(whole.path).exchanges())
        run = killed(tmp_path / "run", 300, *live, *asking(address), "--out", tmp_path / "run")
        said_until_killed = len(Record.open(run).exchanges())
    assert 0 < said_until_killed < said_before
    script = Script(backwards)
    host = address.rpartition(":")[2]
    with serving(script, port=int(host)):
        resumed = hiera("run", "--resume", run, "--json")
    assert resumed.json["digest"] == whole.metrics["digest"]
    asked = [request for request in script.requests if request["path"] == "/api/chat"]
    assert len(asked) == said_before - said_until_killed


def test_a_kill_while_the_record_is_set_aside_loses_nothing(
    tmp_path: Path, uninterrupted: Made, hiera: Invoke
) -> None:
    run = killed(tmp_path, 200, *PLACE, "--quiet", "--out", tmp_path)
    (run / ".interrupted.partial").mkdir()
    (run / ".interrupted.partial" / "events.jsonl").write_text("half a li")
    resumed = hiera("run", "--resume", run, "--json")
    assert resumed.json["digest"] == uninterrupted.metrics["digest"]


def test_a_run_killed_before_it_knew_its_config_is_no_run(tmp_path: Path, hiera: Invoke) -> None:
    assert "is no run directory: it has no config.yaml" in hiera("report", tmp_path).mistake()
    assert "there is no run directory" in hiera("run", "--resume", tmp_path / "x").mistake()
