"""`hiera run`, `replay` and `report` leave what they promise and print what was asked for."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.calling import Made, only, small
from tests.cli.conftest import Invoke

FILES = {
    "config.yaml",
    "events.jsonl",
    "manifest.json",
    "map.npz",
    "metrics.json",
    "report.html",
    "run.gif",
    "timing.json",
    "trajectory.parquet",
}
METRICS = {
    "explored_fraction",
    "distance_m",
    "sim_time_s",
    "wall_time_s",
    "collisions",
    "actions",
    "certificates",
    "interventions",
    "plan_rungs",
    "digest",
}
HOP = ("run", "hop", "world.size_m=[24,24]", "hop.cap=12", "report.gif=false", "report.html=false")


def without_wall_time(path: Path) -> list[str]:
    lines = (path / "metrics.json").read_text().splitlines()
    kept = [line for line in lines if '"wall_time_s"' not in line]
    assert len(kept) == len(lines) - 1
    return kept


def test_a_run_leaves_every_file_and_every_metric(whole_run: Made) -> None:
    assert {path.name for path in whole_run.path.iterdir()} == FILES
    assert whole_run.metrics.keys() >= METRICS
    assert whole_run.metrics["outcome"] == "complete"
    assert whole_run.metrics["explored_fraction"] > 0.99


def test_every_action_was_certified_and_nothing_was_hit(whole_run: Made) -> None:
    metrics = whole_run.metrics
    assert metrics["actions"] == metrics["certificates"] > 0
    assert metrics["collisions"] == 0
    assert sum(metrics["gate_status"].values()) == metrics["actions"]


def test_json_prints_json_and_nothing_else(whole_run: Made) -> None:
    printed = whole_run.said.json
    assert printed.pop("run") == str(whole_run.path)
    assert printed == whole_run.metrics
    assert whole_run.said.err == ""


def test_the_same_config_and_seed_give_the_same_metrics_another_seed_others(
    whole_run: Made, hiera: Invoke, tmp_path: Path
) -> None:
    assert hiera(*small(gif=True), "--out", tmp_path / "same", "--quiet").code == 0
    again = only(tmp_path / "same")
    assert without_wall_time(again) == without_wall_time(whole_run.path)
    hiera(*small(), "--out", tmp_path / "other", "--quiet", "--seed", 1)
    other = json.loads((only(tmp_path / "other") / "metrics.json").read_text())
    assert other["digest"] != whole_run.metrics["digest"]


def test_a_replay_has_the_same_bytes(whole_run: Made, hiera: Invoke, tmp_path: Path) -> None:
    said = hiera("replay", whole_run.path, "--out", tmp_path, "--json")
    assert said.code == 0
    assert said.json == {"run": str(only(tmp_path)), "identical": True}
    before = (whole_run.path / "metrics.json").read_bytes()
    assert (only(tmp_path) / "metrics.json").read_bytes() == before


def test_a_hop_run_is_gated_recorded_and_replayed_like_any_other(
    hiera: Invoke, tmp_path: Path
) -> None:
    metrics = hiera(*HOP, "--out", tmp_path, "--json").json
    assert metrics["actions"] == metrics["certificates"] > 0
    said = hiera("replay", metrics["run"], "--out", tmp_path / "again", "--json")
    assert said.json["identical"]


def test_a_replay_that_differs_exits_with_1(hiera: Invoke, tmp_path: Path) -> None:
    path = Path(hiera(*HOP, "--out", tmp_path, "--json").json["run"])
    file = path / "metrics.json"
    file.write_text(file.read_text().replace('"collisions": 0', '"collisions": 1'))
    said = hiera("replay", path, "--out", tmp_path / "again")
    assert said.code == 1
    assert "differs" in said.out


def test_quiet_prints_nothing_and_the_default_tells_a_person(hiera: Invoke, tmp_path: Path) -> None:
    quiet = hiera(*HOP, "--out", tmp_path / "a", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    chatty = hiera(*HOP, "--out", tmp_path / "b")
    assert str(only(tmp_path / "b")) in chatty.out
    assert "explored_fraction" in chatty.out


def test_a_dry_run_builds_everything_and_leaves_nothing(hiera: Invoke, tmp_path: Path) -> None:
    said = hiera(*small(), "--dry-run", "--out", tmp_path / "runs")
    assert said.code == 0
    assert "size_m" in said.out
    assert hiera(*small(), "--dry-run", "--json", "--out", tmp_path / "runs").json["seed"] == 0
    assert list(tmp_path.iterdir()) == []


def test_the_config_in_a_run_directory_runs_again(
    whole_run: Made, hiera: Invoke, tmp_path: Path
) -> None:
    said = hiera("run", whole_run.path / "config.yaml", "--dry-run", "--json", "--out", tmp_path)
    assert said.json["world"]["size_m"] == [20.0, 15.0]


def test_report_writes_the_page_of_one_run_again(whole_run: Made, hiera: Invoke) -> None:
    (whole_run.path / "report.html").unlink()
    said = hiera("report", whole_run.path, "--json")
    assert said.json["written"] == [
        str(whole_run.path / "report.html"),
        str(whole_run.path / "run.gif"),
    ]
    page = (whole_run.path / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    for remote in ('src="http', "src='http", 'href="http', "@import", "fetch("):
        assert remote not in page


def test_report_of_several_runs_compares_them_on_one_page(
    whole_run: Made, hiera: Invoke, tmp_path: Path
) -> None:
    other = hiera(*HOP, "--out", tmp_path, "--json").json["run"]
    page = tmp_path / "pages" / "compare.html"
    said = hiera("report", whole_run.path, other, "--out", page, "--json")
    assert said.json["written"] == [str(page)]
    text = page.read_text(encoding="utf-8")
    assert whole_run.path.name in text
    assert "action_mask" in text


def test_two_runs_within_one_second_get_two_directories(hiera: Invoke, tmp_path: Path) -> None:
    runs = {hiera(*HOP, "hop.cap=1", "--out", tmp_path, "--json").json["run"] for _ in range(3)}
    assert len(runs) == 3
