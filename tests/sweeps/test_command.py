"""``hiera sweep`` on real scenarios, as a process and in this one."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from rich.console import Console

from hiera.cli.sweep_progress import SweepProgress, duration, line
from hiera.sweeps.store import FILE
from hiera.sweeps.sweep import Progress
from hiera.sweeps.task import RowStatus
from tests.cli.calling import Said, ended, spawn
from tests.cli.conftest import Invoke

SMALL = ("hop", "world.size_m=[20,15]")
TWO = ("--grid", "controller.kind=nearest,utility", "--seeds", "0:3", "--jobs", "2")


def only(out: Path) -> Path:
    """The one sweep directory below a folder."""
    (found,) = (path.parent for path in out.glob(f"*/*/{FILE}"))
    return found


def results(folder: Path) -> list[tuple[Any, ...]]:
    """All of the results that must not depend on when and where they were computed."""
    with sqlite3.connect(folder / FILE) as db:
        return db.execute("SELECT key, status, metrics, error FROM results ORDER BY key").fetchall()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    said = ended(spawn("sweep", *SMALL, *TWO, "--out", out))
    assert said.code == 0, said
    return only(out)


def test_a_sweep_says_and_keeps_what_its_rows_said(undisturbed: Path, hiera: Invoke) -> None:
    said = hiera("sweep", undisturbed, "--json").json
    assert (said["rows"], said["computed"], said["failed"], said["pending"]) == (6, 6, 0, 0)
    assert [group["factors"] for group in said["groups"]] == [["nearest"], ["utility"]]
    names = {path.name for path in undisturbed.iterdir()}
    assert {"sweep.yaml", "manifest.json", "report.html", FILE} <= names
    assert "runs" not in names


def test_a_row_has_the_metrics_of_the_same_run(
    undisturbed: Path, hiera: Invoke, tmp_path: Path
) -> None:
    run = hiera(
        "run", *SMALL, "controller.kind=utility", "report.html=false", "report.gif=false",
        "--seed", "2", "--out", tmp_path, "--json",
    ).json  # fmt: skip
    with sqlite3.connect(undisturbed / FILE) as db:
        (found,) = db.execute(
            "SELECT metrics FROM results JOIN rows USING (key) JOIN points ON number = point"
            " WHERE seed = 2 AND settings LIKE '%utility%'"
        ).fetchall()
    metrics = json.loads(found[0])
    assert metrics == {k: v for k, v in run.items() if k not in ("wall_time_s", "run")}


def test_run_directories_are_kept_if_asked(hiera: Invoke, tmp_path: Path) -> None:
    said = hiera("sweep", *SMALL, *TWO, "--seeds", "0:2", "--keep-runs", "--out", tmp_path)
    assert said.code == 0, said
    runs = [path.parent for path in only(tmp_path).glob("runs/*/*/metrics.json")]
    assert len(runs) == 4
    assert hiera("report", runs[0]).code == 0


def test_a_dry_run_prints_the_rows_and_runs_none(hiera: Invoke, tmp_path: Path) -> None:
    said = hiera("sweep", *SMALL, *TWO, "--dry-run", "--out", tmp_path / "out")
    assert "6 rows: 2 points × 3, seeds 0 to 2" in said.out
    assert "nearest" in said.out
    assert "nothing was run" in said.out
    plain = hiera("sweep", *SMALL, *TWO, "--dry-run", "--json").json
    assert (plain["rows"], plain["different"], plain["seeds"]) == (6, 6, [0, 1, 2])
    twice = hiera("sweep", *SMALL, "--grid", "hop.cap=9,9", "--dry-run").out
    assert "1 of them differ and are computed" in twice
    assert hiera("sweep", *SMALL, *TWO, "--dry-run", "--quiet").out == ""
    search = ("--falsify", "distance_m", "--worst", "max", "--budget", "50")
    assert "a search of up to 50 rows" in hiera("sweep", *SMALL, *TWO, *search, "--dry-run").out
    assert not (tmp_path / "out").exists()


def test_quiet_prints_nothing_and_an_export_is_written(hiera: Invoke, tmp_path: Path) -> None:
    table = tmp_path / "rows.parquet"
    words = ("--out", tmp_path, "--export", table)
    said = hiera("sweep", *SMALL, "--seed", "1", *words, "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert pq.read_table(table)["seed"].to_pylist() == [1]
    again = ("sweep", only(tmp_path), "--export", tmp_path / "again.csv")
    shown = hiera(*again, "--metric", "nothing")
    assert shown.mistake().startswith("--metric: no row has a metric 'nothing'")
    shown = hiera(*again)
    assert "again.csv" in shown.out
    assert (tmp_path / "again.csv").read_text().count("\n") == 2


def free_map(path: Path) -> None:
    room = np.zeros((60, 80), dtype=np.uint8)
    room[5:55, 5:75] = 255
    Image.fromarray(room).save(path)


def test_a_row_that_cannot_be_built_is_a_row_and_can_be_tried_again(
    hiera: Invoke, tmp_path: Path
) -> None:
    here, later = tmp_path / "here.png", tmp_path / "later.png"
    free_map(here)
    config = tmp_path / "mine.yaml"
    config.write_text("family: exploration\nmotion: hop\nworld: {kind: file, resolution_m: 0.4}\n")
    said = hiera("sweep", config, "--grid", f"world.path={here},{later}", "--out", tmp_path)
    assert said.code == 1, said
    assert f"error: world: {later}: there is no such file, expected a map" in said.out
    assert "1 row failed" in said.out
    folder = only(tmp_path)
    assert "1 row failed" in hiera("sweep", "--resume", folder).out
    free_map(later)
    assert hiera("sweep", "--resume", folder).code == 1, "a failure is a result, kept until asked"
    said = hiera("sweep", "--resume", folder, "--retry-failed", "--json")
    assert (said.code, said.json["computed"], said.json["failed"]) == (0, 2, 0)


def test_rows_that_take_too_long_are_rows(hiera: Invoke, tmp_path: Path) -> None:
    said = hiera("sweep", *SMALL, "--timeout", "0.001", "--out", tmp_path, "--json")
    assert said.code == 1
    assert said.json["failures"] == [
        {"status": "timeout", "error": "took longer than 0.001 s", "rows": 1}
    ]


def wait_for_results(process: Any, out: Path, wanted: int) -> Path:
    """Waits until so many rows of a sweep have a result."""
    while process.poll() is None:
        for file in out.glob(f"*/*/{FILE}"):
            try:
                with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
                    (count,) = db.execute("SELECT count(*) FROM results").fetchone()
            except sqlite3.Error:
                continue
            if count >= wanted:
                return file.parent
        time.sleep(0.001)
    raise AssertionError(f"the sweep ended by itself: {ended(process)}")


def test_a_sweep_killed_and_resumed_has_the_rows_of_an_undisturbed_one(
    undisturbed: Path, hiera: Invoke, tmp_path: Path
) -> None:
    process = spawn("sweep", *SMALL, *TWO, "--out", tmp_path, "--quiet")
    folder = wait_for_results(process, tmp_path, int(np.random.default_rng().integers(1, 4)))
    process.kill()
    ended(process)
    known = results(folder)
    assert 1 <= len(known) < 6
    with sqlite3.connect(folder / FILE) as db:
        before = dict(db.execute("SELECT key, finished FROM results").fetchall())
    assert hiera("sweep", "--resume", folder, "--quiet").code == 0
    assert results(folder) == results(undisturbed)
    with sqlite3.connect(folder / FILE) as db:
        after = dict(db.execute("SELECT key, finished FROM results").fetchall())
    assert {key: after[key] for key in before} == before


def test_ctrl_c_stops_in_good_order_and_keeps_finished_rows(
    undisturbed: Path, hiera: Invoke, tmp_path: Path
) -> None:
    process = spawn("sweep", *SMALL, *TWO, "--jobs", "1", "--out", tmp_path)
    folder = wait_for_results(process, tmp_path, 1)
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert said.code == 130, said
    assert said.err == "stopping in good order; Ctrl-C again to stop at once\n"
    assert f"go on with it: hiera sweep --resume {folder}" in said.out.replace("\n", "")
    assert 1 <= len(results(folder)) < 6
    assert hiera("sweep", "--resume", folder, "--quiet").code == 0
    assert results(folder) == results(undisturbed)


def test_ctrl_c_twice_stops_at_once(tmp_path: Path) -> None:
    process = spawn("sweep", "people", "--seeds", "0:3", "--jobs", "1", "--out", tmp_path)
    while not list(tmp_path.glob(f"*/*/{FILE}")):
        assert process.poll() is None, ended(process)
        time.sleep(0.01)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "Ctrl-C again" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert said.code == 130, said
    assert "stopped at once; finished rows are kept: hiera sweep --resume" in said.err


def test_rows_of_other_code_are_said_to_be_so(hiera: Invoke, tmp_path: Path) -> None:
    assert hiera("sweep", *SMALL, "--out", tmp_path, "--quiet").code == 0
    folder = only(tmp_path)
    assert hiera("sweep", "--resume", folder).err == ""
    with sqlite3.connect(folder / FILE) as db:
        db.execute("UPDATE results SET code = '0.0.9+abc'")
    said = hiera("sweep", "--resume", folder, "--quiet")
    assert said.err.startswith("warning: rows were computed by hiera 0.0.9+abc, not by this one (")
    assert hiera("sweep", "--resume", folder, "--force", "--quiet").err == ""
    with sqlite3.connect(folder / FILE) as db:
        assert db.execute("SELECT code FROM results").fetchone() != ("0.0.9+abc",)


def test_a_resumed_sweep_can_be_given_more_rows(hiera: Invoke, tmp_path: Path) -> None:
    assert hiera("sweep", *SMALL, "--seeds", "0:2", "--out", tmp_path, "--quiet").code == 0
    folder = only(tmp_path)
    first = results(folder)
    said = hiera("sweep", *SMALL, "--seeds", "0:3", "--resume", folder, "--json")
    assert (said.json["rows"], said.json["computed"]) == (3, 3)
    assert set(first) < set(results(folder))


def test_a_metric_that_no_row_has_is_a_warning_at_the_end(hiera: Invoke, tmp_path: Path) -> None:
    said = hiera("sweep", *SMALL, "--metric", "distance", "--out", tmp_path)
    assert said.code == 0
    assert said.err == "warning: no row has a metric 'distance' (did you mean 'distance_m'?)\n"


def test_the_worst_case_is_found_written_and_runs_again_to_the_same_value(
    hiera: Invoke, tmp_path: Path
) -> None:
    search = ("--falsify", "distance_m", "--worst", "max", "--budget", "12", "--jobs", "2")
    words = ("--lhs", "hop.cap=3:9:int", "--grid", "controller.kind=nearest,utility")
    said = hiera("sweep", *SMALL, *words, *search, "--out", tmp_path / "a", "--json")
    assert said.code == 0, said
    found = said.json["search"]
    assert not found["violation"]
    run = hiera("run", found["worst"], "--out", tmp_path / "b", "--json").json
    assert run["distance_m"] == found["value"]
    again = hiera("sweep", "--resume", only(tmp_path / "a"), "--json").json
    assert again["search"]["value"] == found["value"]
    assert again["rows"] == said.json["rows"]
    bad = hiera(
        "sweep", *SMALL, *words, *search, "--stop-at", "1", "--out", tmp_path / "c", "--json"
    )
    assert (bad.code, bad.json["search"]["violation"]) == (1, True)


def test_what_is_written_can_be_swept_again(
    undisturbed: Path, hiera: Invoke, tmp_path: Path
) -> None:
    written = undisturbed / "sweep.yaml"
    assert yaml.safe_load(written.read_text())["seeds"] == "0:3"
    said = hiera("sweep", written, "--out", tmp_path, "--quiet")
    assert said.code == 0, said
    assert results(only(tmp_path)) == results(undisturbed)


def test_plain_progress_says_where_it_is_and_how_long_it_takes() -> None:
    out = io.StringIO()
    progress = Progress(total=10, known=2)
    with SweepProgress(Console(file=out, width=200), every_s=0.0) as watch:
        watch.update(progress)
        progress.add([RowStatus.OK])
        watch.update(progress)
        progress.add([RowStatus.OK, RowStatus.DIED])
        progress.paces[:] = [(100.0, 1), (110.0, 3)]
        watch.update(progress)
    lines = out.getvalue().splitlines()
    assert lines[0] == "2 of 10 rows · 2 known before"
    assert lines[1] == "3 of 10 rows · 2 known before"
    assert lines[2] == "5 of 10 rows · 2 known before · 1 died · 25 s left"
    progress.add([RowStatus.OK] * 5)
    assert line(progress) == "10 of 10 rows · 2 known before · 1 died"
    assert [duration(s) for s in (9.4, 75, 7500)] == ["9 s", "1 min 15 s", "2 h 5 min"]


def test_a_terminal_gets_a_bar() -> None:
    out = io.StringIO()
    progress = Progress(total=4, known=1)
    console = Console(file=out, width=120, force_terminal=True)
    with SweepProgress(console) as watch:
        watch.update(progress)
    assert " 25.0%" in out.getvalue()
    assert "1 of 4 rows" in out.getvalue()
    assert isinstance(watch, SweepProgress)


def test_help_names_the_options(hiera: Invoke) -> None:
    said: Said = hiera("sweep", "--help")
    for option in ("--grid", "--lhs", "--list", "--seeds", "--resume", "--falsify", "--engine"):
        assert option in said.out
