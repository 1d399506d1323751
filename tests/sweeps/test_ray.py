"""The same promises on a Ray cluster; skipped where Ray is not installed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hiera.sweeps.on_ray import RayEngine
from hiera.sweeps.store import FILE
from hiera.sweeps.sweep import EngineKind, sweep
from hiera.sweeps.task import Done, RowStatus, SweepError, Target, Task
from tests.cli.conftest import Invoke
from tests.sweeps import row_functions as rows

ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'hiera[ray]'")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One cluster for all tests of this file; engines that find one do not end it."""
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, log_to_driver=False,
        logging_level="ERROR",
    )  # fmt: skip
    yield
    ray.shutdown()


def computed(target: Target, count: int, timeout_s: float | None = None) -> dict[int, Done]:
    """Rows ``0 … count-1``, each of which must be answered exactly once."""
    found: dict[int, Done] = {}
    with RayEngine(target, 2, timeout_s=timeout_s) as engine:
        for arrived in engine.as_completed(Task(i, i) for i in range(count)):
            for done in arrived:
                assert done.index not in found
                found[done.index] = done
    assert found.keys() == set(range(count))
    return found


def test_ten_thousand_rows_are_all_answered_and_right() -> None:
    found = computed(rows.double, 10_000)
    assert all(done.value == 2 * index for index, done in found.items())


def test_errors_and_dying_processes_are_rows(ledger: rows.Ledger) -> None:
    found = computed(rows.raises, 8)
    assert found[3].error == "ValueError: three is no good"
    assert found[5].value == 5
    found = computed(rows.Deadly(ledger, victim=70), 100)
    assert found[70].status is RowStatus.DIED
    assert found[70].error == "its process died 2 times, last killed by SIGKILL"
    assert sum(done.status is RowStatus.OK for done in found.values()) == 99


def test_a_row_that_hangs_is_ended(ledger: rows.Ledger) -> None:
    found = computed(rows.Hangs(ledger, victim=3), 5, timeout_s=1.0)
    assert found[3].status is RowStatus.TIMEOUT
    assert "in a_place_to_hang_in" in found[3].traceback


def test_a_ray_worker_that_dies_once_costs_nothing(ledger: rows.Ledger) -> None:
    found = computed(rows.KillsItsHost(ledger, victim=0, once=True), 10)
    assert {done.status for done in found.values()} == {RowStatus.OK}
    assert found[0].deaths == 1
    assert len(ledger.entries()) == 2


def test_a_ray_worker_that_dies_again_and_again_costs_only_its_row(ledger: rows.Ledger) -> None:
    found = computed(rows.KillsItsHost(ledger, victim=40, once=False), 60)
    died = found.pop(40)
    assert died.status is RowStatus.DIED
    assert died.error.startswith("its Ray worker died 2 times: ")
    assert {done.status for done in found.values()} == {RowStatus.OK}


def test_a_sweep_on_ray_has_the_rows_of_a_local_one(tmp_path: Path) -> None:
    points = [{"x": float(x)} for x in range(15)]
    measured = rows.Measured(rows.Ledger(tmp_path / "ledger"))
    local, there = (
        [
            (row.key, row.status, row.metrics, row.error)
            for row in sweep(measured, points, seeds=range(4), out=tmp_path, jobs=2, kind=kind)
        ]
        for kind in (EngineKind.LOCAL, EngineKind.RAY)
    )
    assert local == there


def test_the_command_line_uses_ray(hiera: Invoke, tmp_path: Path) -> None:
    words = ("hop", "world.size_m=[20,15]", "--grid", "hop.cap=2,5", "--seeds", "0:2")
    found = []
    for engine in ("local", "ray"):
        out = tmp_path / engine
        said = hiera("sweep", *words, "--jobs", "2", "--engine", engine, "--out", out, "--json")
        assert said.code == 0, said
        assert said.json["computed"] == 4
        (file,) = out.glob(f"*/*/{FILE}")
        with sqlite3.connect(file) as db:
            found.append(db.execute("SELECT key, metrics FROM results ORDER BY key").fetchall())
    assert found[0] == found[1]


def test_a_target_that_breaks_on_the_cluster_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "fragile_ray_rows.py"
    module.write_text("def row(payload):\n    return payload\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import fragile_ray_rows  # type: ignore[import-not-found]

    with RayEngine(fragile_ray_rows.row, 1) as engine:
        module.write_text("raise RuntimeError('not today')\n")
        with pytest.raises(SweepError, match="no worker can load the row function: Runt"):
            list(engine.as_completed([Task(0, 0)]))


def test_a_cluster_that_is_not_there_is_one_sentence() -> None:
    ray.shutdown()
    try:
        with pytest.raises(SweepError, match=r"no Ray cluster can be used at 127\.0\.0\.1:1: "):
            RayEngine(rows.double, 1, address="127.0.0.1:1")
    finally:
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
