"""The report and the tables hold what the rows say, failures and their reasons among it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hiera.sweeps.directory import SweepDirectory
from hiera.sweeps.export import export
from hiera.sweeps.page import sweep_data, write_sweep_report
from hiera.sweeps.plan import Plan, Point
from hiera.sweeps.task import Done, RowStatus


@pytest.fixture
def folder(tmp_path: Path) -> SweepDirectory:
    """Two kinds, a range and six seeds, the second kind better by 2; three rows failed."""
    points = [
        Point.of(settings, settings)
        for settings in ({"kind": k, "u": u} for k in ("old", "<b>new") for u in (0.25, 0.75))
    ]
    plan = Plan(points, range(6), ("kind",), ("u",))
    made = SweepDirectory.create(tmp_path, "made", plan, written={"base": "hop"})
    results = []
    for index, pending in enumerate(made.store.pending()):
        config, seed = json.loads(pending.config), pending.seed
        if (config["kind"], config["u"], seed) == ("old", 0.25, 5):
            done = Done(index, RowStatus.TIMEOUT, None, "took longer than 3 s", "in a_loop")
        elif config["u"] == 0.75 and seed == 4:
            done = Done(index, RowStatus.ERROR, None, "ValueError: </script>", "line 7")
        else:
            cost = 10.0 * seed + 4.0 * config["u"] - 2.0 * (config["kind"] != "old")
            metrics = {"cost": cost, "good": seed % 2 == 0, "deep": {"n": seed}, "word": "x"}
            done = Done(index, RowStatus.OK, json.dumps(metrics), wall_s=0.5, code="1+a")
        results.append((pending.key, done))
    made.store.record(results)
    made.store.put("baseline", {"kind": "old"})
    return made


def test_the_page_holds_everything_and_needs_nothing(folder: SweepDirectory) -> None:
    page = write_sweep_report(folder).read_text(encoding="utf-8")
    assert not re.search(r"(src|href)\s*=|@import|url\(|fetch\(|XMLHttp", page)
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    shown: dict[str, Any] = json.loads(data.group(1))
    assert shown["counts"] == {"ok": 21, "error": 2, "timeout": 1}
    assert shown["failures"][0]["error"] == "ValueError: </script>"
    assert "<b>new" in {group["factors"][0] for group in shown["groups"]}
    assert shown["settings"] == "base: hop\n"


def test_groups_differences_and_failures_are_what_the_rows_say(folder: SweepDirectory) -> None:
    data = sweep_data(folder)
    assert [(g["factors"], g["rows"], g["failed"]) for g in data["groups"]] == [
        (["old"], 12, 2),
        (["<b>new"], 12, 1),
    ]
    assert data["metrics"] == ["cost", "good", "deep.n"]
    old, new = (group["values"]["cost"] for group in data["groups"])
    assert (old[3], new[3]) == (10, 11)
    assert data["baseline"] == "kind=old"
    cost = next(d for d in data["differences"] if d["metric"] == "cost")
    assert (cost["pairs"], cost["higher"], cost["lower"]) == (10, 0, 10)
    assert (cost["mean"], cost["low"], cost["high"]) == pytest.approx((-2.0, -2.0, -2.0))
    assert [(f["status"], f["rows"]) for f in data["failures"]] == [("error", 2), ("timeout", 1)]
    assert data["failures"][1]["error"] == "took longer than 3 s"
    assert data["failures"][1]["examples"][0]["traceback"] == "in a_loop"
    assert {chart["key"] for chart in data["scatter"]} == {"u"}
    assert {chart["title"] for chart in data["curves"]} == {"cost", "deep.n"}
    assert data["codes"] == ["1+a"]


def test_an_export_has_a_line_a_row_and_a_column_a_key_and_metric(
    folder: SweepDirectory, tmp_path: Path
) -> None:
    rows = list(folder.store.rows())
    export(rows, tmp_path / "deep" / "rows.parquet")
    table = pq.read_table(tmp_path / "deep" / "rows.parquet").to_pylist()
    assert len(table) == 24
    for row, line in zip(rows, table, strict=True):
        assert (line["key"], line["seed"], line["kind"], line["u"]) == (
            row.key,
            row.seed,
            row.settings["kind"],
            row.settings["u"],
        )
        assert line["status"] == row.status
        assert line["metrics.cost"] == row.metrics.get("cost")
        assert line["metrics.deep.n"] == row.metrics.get("deep", {}).get("n")
        assert line["error"] == row.error
    export(rows, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["key"] for line in lines] == [row.key for row in rows]
    assert {line["metrics.cost"] for line in lines if line["status"] != "ok"} == {""}


def test_columns_of_mixed_values_become_text(tmp_path: Path) -> None:
    listed: list[dict[str, Any]] = [{"a": 1}, {"a": "x"}, {"a": [1, 2]}, {"a": None}, {"b": 2.5}]
    plan = Plan([Point.of(settings, settings) for settings in listed], (0,), ("a", "b"))
    made = SweepDirectory.create(tmp_path, "mixed", plan)
    export(made.store.rows(), tmp_path / "rows.parquet")
    table = pq.read_table(tmp_path / "rows.parquet").to_pydict()
    assert table["a"] == ["1", "x", "[1, 2]", None, None]
    assert table["b"] == [None, None, None, None, 2.5]
    assert set(table["status"]) == {"pending"}
