"""A run directory is readable whatever happens to the process that writes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from hiera.errors import RecordError
from hiera.record import Record
from hiera.recording import RunDirectory, read_wal

COLUMNS = ("tick", "x", "y")


def started(path: Path) -> RunDirectory:
    path.mkdir(parents=True, exist_ok=True)
    run = RunDirectory(path)
    run.write("config.yaml", "family: exploration\n")
    run.write_json("manifest.json", {"columns": list(COLUMNS)})
    return run


def test_rows_survive_into_parquet(tmp_path: Path) -> None:
    run = started(tmp_path / "run")
    for k in range(100):
        run.append_row((k, 0.1 * k, -k))
    run.close(COLUMNS)
    rows = Record.open(run.path).trajectory()
    np.testing.assert_allclose(rows["x"], 0.1 * np.arange(100))
    assert not (run.path / "trajectory.wal").exists()


def test_a_torn_last_row_and_a_torn_last_line_are_dropped(tmp_path: Path) -> None:
    run = started(tmp_path / "run")
    for k in range(5):
        run.append_row((k, k, k))
        run.append_line("events.jsonl", {"kind": "plan", "index": k})
    with (run.path / "trajectory.wal").open("ab") as stream:
        stream.write(b"\x01" * 13)
    with (run.path / "events.jsonl").open("ab") as stream:
        stream.write(b'{"kind": "pl')
    record = Record.open(run.path)
    assert len(record.trajectory()["tick"]) == 5
    assert [event["index"] for event in record.events("plan")] == list(range(5))
    assert not record.finished


def test_kill_minus_nine_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_recording import started
        run = started(Path({str(tmp_path / "run")!r}))
        k = 0
        while True:
            run.append_line("events.jsonl", {{"kind": "step", "index": k}})
            run.append_row((k, k, k))
            print(k, flush=True)
            k += 1
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(200):
        last = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    record = Record.open(tmp_path / "run")
    assert len(record.events("step")) > last
    assert len(read_wal(tmp_path / "run" / "trajectory.wal", COLUMNS)) > last


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    run = started(tmp_path / "run")
    (run.path / "events.jsonl").symlink_to("/dev/full")
    with pytest.raises(
        RecordError, match=r"events\.jsonl cannot be written: No space left"
    ) as info:
        run.append_line("events.jsonl", {"kind": "x"})
    assert "stays readable" in str(info.value)
    Record.open(run.path)


def test_two_runs_of_one_second_do_not_share_a_folder(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    paths = {RunDirectory.create(tmp_path, "a", "deadbeef", now).path.name for _ in range(3)}
    assert paths == {
        "20260102T030405Z-deadbeef",
        "20260102T030405Z-deadbeef-2",
        "20260102T030405Z-deadbeef-3",
    }


def test_an_unwritable_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordError, match="cannot be made"):
        RunDirectory.create(tmp_path / "file", "a", "deadbeef")


def test_what_is_no_run_directory_is_said_so(tmp_path: Path) -> None:
    started(tmp_path / "runs" / "b")
    with pytest.raises(RecordError, match=r"is no run directory.*did you mean .*runs/b"):
        Record.open(tmp_path / "runs")
    with pytest.raises(RecordError, match="there is no run directory"):
        Record.open(tmp_path / "nowhere")


def test_json_holds_no_nan(tmp_path: Path) -> None:
    run = started(tmp_path / "run")
    run.write_json("metrics.json", {"a": np.nan, "b": np.float64(0.1) + 0.2, "c": np.int64(3)})
    assert json.loads((run.path / "metrics.json").read_text()) == {"a": None, "b": 0.3, "c": 3}
