"""A sweep that is killed -9 at any moment and resumed: no row lost, none computed twice."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hiera.sweeps.directory import SweepDirectory
from hiera.sweeps.plan import listed_points
from hiera.sweeps.store import FILE, Row, Store
from hiera.sweeps.sweep import EngineKind, compute, engine_for, sweep
from hiera.sweeps.task import Done, RowStatus
from tests.sweeps.driver import POINTS, SEEDS
from tests.sweeps.row_functions import Ledger, Measured

ROOT = Path(__file__).parents[2]
TOTAL = len(POINTS) * len(SEEDS)


def start(out: Path, ledger: Ledger, resume: Path | None = None) -> subprocess.Popen[bytes]:
    words = [str(out), str(ledger.path), str(resume or "-")]
    return subprocess.Popen([sys.executable, "-m", "tests.sweeps.driver", *words], cwd=ROOT)


def finished_rows(path: Path) -> int:
    """How many results are in the file, read while somebody else writes it."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM results").fetchone()[0])
    except sqlite3.Error:
        return 0


def said(rows: list[Row]) -> list[tuple[object, ...]]:
    """All of a row that must not depend on what happened to the sweep."""
    return [
        (r.position, r.key, dict(r.settings), r.seed, r.status, dict(r.metrics), r.error)
        for r in rows
    ]


def test_a_sweep_killed_again_and_again_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    rng = np.random.default_rng()
    folder: Path | None = None
    killed = 0
    for _ in range(6):
        process = start(tmp_path, ledger, folder)
        before = finished_rows(folder / FILE) if folder else 0
        wanted = before + int(rng.integers(1, 60))
        while process.poll() is None:
            found = list(tmp_path.glob(f"sweep/*/{FILE}"))
            if found and finished_rows(found[0]) >= min(wanted, TOTAL - 5):
                folder = found[0].parent
                break
            time.sleep(0.001)
        killed += process.poll() is None
        process.kill()
        process.wait()
        assert folder is not None
        store = Store(folder / FILE)
        known = {f"{r.settings['x']:g} {r.seed}" for r in store.rows(RowStatus.OK)}
        store.close()
        # Nothing that has a result is ever computed again: count it from here on.
        already = Counter(ledger.entries())
        assert all(already[entry] >= 1 for entry in known)
        frozen = {entry: already[entry] for entry in known}
        process = start(tmp_path, ledger, folder)
        time.sleep(float(rng.uniform(0.0, 0.6)))
        process.kill()
        process.wait()
        # Workers of a killed sweep end by themselves; wait for what they were at.
        time.sleep(0.1)
        later = Counter(ledger.entries())
        assert {entry: later[entry] for entry in known} == frozen
    assert killed
    resumed = sweep(Measured(ledger), POINTS, seeds=SEEDS, out=tmp_path, resume=folder)
    undisturbed = sweep(
        Measured(Ledger(tmp_path / "other")), POINTS, seeds=SEEDS, out=tmp_path / "whole", jobs=2
    )
    assert len(resumed) == TOTAL
    assert said(resumed) == said(undisturbed)
    assert {r.status for r in resumed if r.settings["x"] == 13.0} == {RowStatus.ERROR}
    assert {r.status for r in resumed if r.settings["x"] != 13.0} == {RowStatus.OK}


def test_a_finished_sweep_computes_nothing_when_it_is_resumed(
    tmp_path: Path, ledger: Ledger
) -> None:
    whole = sweep(Measured(ledger), POINTS[:5], seeds=range(3), out=tmp_path, jobs=2)
    entries = ledger.entries()
    assert len(entries) == len(set(entries)) == 15
    (folder,) = tmp_path.glob("sweep/*")
    again = sweep(Measured(ledger), POINTS[:5], seeds=range(3), out=tmp_path, resume=folder)
    assert said(again) == said(whole)
    assert ledger.entries() == entries


def test_more_seeds_and_points_keep_what_is_known(tmp_path: Path, ledger: Ledger) -> None:
    sweep(Measured(ledger), POINTS[:5], seeds=range(3), out=tmp_path, jobs=2)
    (folder,) = tmp_path.glob("sweep/*")
    more = sweep(Measured(ledger), POINTS[2:9], seeds=range(4), out=tmp_path, resume=folder)
    assert len(more) == 7 * 4
    assert {row.status for row in more} == {RowStatus.OK}
    assert len(ledger.entries()) == len(set(ledger.entries())) == 15 + 28 - 3 * 3


def test_the_same_row_said_twice_is_computed_once(tmp_path: Path, ledger: Ledger) -> None:
    rows = sweep(Measured(ledger), [{"x": 1.0}, {"x": 2.0}, {"x": 1.0}], out=tmp_path)
    assert [row.metrics["y"] for row in rows] == [1.0, 4.0, 1.0]
    assert sorted(ledger.entries()) == ["1 0", "2 0"]


def test_failed_rows_are_results_until_they_are_forgotten(tmp_path: Path, ledger: Ledger) -> None:
    rows = sweep(Measured(ledger), [{"x": 13.0}, {"x": 2.0}], out=tmp_path)
    assert [row.status for row in rows] == [RowStatus.ERROR, RowStatus.OK]
    assert rows[0].error == "ValueError: thirteen"
    assert "raise ValueError" in rows[0].traceback
    (path,) = tmp_path.glob("sweep/*")
    folder = SweepDirectory.open(path)
    assert [*folder.store.pending()] == []
    folder.store.forget(failed_only=True)
    assert [row.seed for row in folder.store.pending()] == [0]
    folder.store.forget(failed_only=False)
    assert len([*folder.store.pending()]) == 2
    folder.store.close()


def test_results_that_were_being_written_when_the_process_was_killed_do_not_count(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / FILE, create=True)
    store.lay_out(listed_points([{"x": 1.0}], range(100)))
    keys = [row.key for row in store.pending()]
    store.record([(keys[0], Done(0, RowStatus.OK, "{}"))])
    child = os.fork()
    if child == 0:
        # Half of the results have gone into the transaction when the process dies in it.
        mine = Store(tmp_path / FILE)

        def results() -> object:
            for number, key in enumerate(keys[1:]):
                if number == 50:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield key, Done(number, RowStatus.OK, "{}")

        mine.record(results())  # type: ignore[arg-type]
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert store.counts() == {"ok": 1, "pending": 99}
    store.close()
    again = Store(tmp_path / FILE)
    assert again.counts() == {"ok": 1, "pending": 99}
    again.close()


def test_stopping_keeps_what_is_finished(tmp_path: Path, ledger: Ledger) -> None:
    folder = SweepDirectory.create(tmp_path, "stopped", listed_points(POINTS[:10], range(40)))
    with engine_for(EngineKind.LOCAL, Measured(ledger, 0.001), jobs=2) as engine:
        progress = compute(
            folder.store, engine, should_stop=lambda: folder.store.counts().get("ok", 0) >= 20
        )
    assert 20 <= progress.computed < 400
    assert folder.store.counts() == {"ok": progress.computed, "pending": 400 - progress.computed}
    assert len(ledger.entries()) == progress.computed
    folder.store.close()


@pytest.mark.parametrize("jobs", [1, 2])
def test_ten_thousand_rows_are_all_kept(tmp_path: Path, jobs: int) -> None:
    points = [{"x": float(x)} for x in range(500) if x != 13]
    rows = sweep(
        Measured(Ledger(Path(os.devnull))), points, seeds=range(20), out=tmp_path, jobs=jobs
    )
    assert len(rows) == 499 * 20
    for row in rows:
        assert row.metrics["y"] == pytest.approx(row.settings["x"] ** 2 + row.seed, rel=1e-8)
