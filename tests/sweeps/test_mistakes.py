"""Whatever is wrong with a sweep is one sentence, exit code 2, and nothing has been run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hiera.sweeps.directory import SweepDirectory
from hiera.sweeps.plan import listed_points
from tests.cli.conftest import Invoke

GOOD = "base: hop\ngrid: {hop.cap: [5, 6]}\n"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Where sweeps would go, if there were any."""
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "base: hop\ngrid:\n  controller.knd: [nearest]\n",
            "{file}:3: there is no setting 'controller.knd' (did you mean 'kind'?)",
        ),
        (
            "base: hop\ngrid:\n  controler.kind: [nearest]\n",
            "{file}:3: there is no setting 'controler' (did you mean 'controller'?)",
        ),
        (
            "base: hop\nlist:\n  - {controller.kind: nearest}\n  - {controller.kind: neerest}\n",
            "{file}:3: controller.kind is 'neerest', which is not known (did you mean 'nearest'?)",
        ),
        (
            "base: hop\nset:\n  hop.cop: 3\n",
            "{file}:3: there is no setting 'hop.cop' (did you mean 'cap'?)",
        ),
        (
            "base: people\nlhs:\n  n: 3\n  ranges:\n    gate.alhpa: [1, 2]\n",
            "{file}:5: there is no setting 'gate.alhpa' (did you mean 'alpha'?)",
        ),
        (
            "base: people\nlhs:\n  n: 3\n  ranges:\n    people.count: [1, 5]\n",
            "{file}:5: 'people.count' should be a valid integer",
        ),
        (
            "base: people\nlhs:\n  n: 3\n  ranges:\n    gate.alpha: [11, 30]\n",
            "gate: alpha * tick_s must lie in (0, 1], not",
        ),
        ("base: hop\ngird: {hop.cap: [1]}\n", "{file}:2: there is no setting 'gird' (did you me"),
        (
            "base: hop\nlhs:\n  n: 3\n  ranges:\n    hop.cap: {low: 1, high: 9, intger: true}\n",
            "{file}:5: there is no setting 'lhs.ranges.hop.cap.intger' (did you mean 'integer'?)",
        ),
        ("grid: {hop.cap: [1]}\n", "{file}: 'base' is missing"),
        ("base: hap.yaml\n", "there is no config file hap.yaml (did you mean 'hop.yaml'?)"),
        ("base: 3\n", "{file}:1: base: write the name of a config, or a mapping of settings"),
        ("base: {family: explore}\n", "there is no scenario family 'explore'"),
        (
            "base: hop\ngrid: {hop.cap: []}\n",
            "{file}:2: 'grid.hop.cap' list should have at least 1",
        ),
        ("base: hop\ngrid: {hop.cap: 3}\n", "{file}:2: 'grid.hop.cap' should be a valid list"),
        (
            "base: hop\ngrid: {seed: [1, 2]}\n",
            "{file}:2: 'seed' is swept by 'seeds', not by 'grid'",
        ),
        ("base: hop\ngrid: {name: [a, b]}\n", "{file}:2: 'name' changes no result"),
        ("base: hop\ngrid: {report.gif: [true]}\n", "{file}:2: 'report.gif' changes no result"),
        ("base: hop\ngrid: {.cap: [1]}\n", "{file}:2: '.cap' is no key; write it as a.b"),
        ("base: hop\nseeds: '3:1'\n", "{file}:2: seeds: '3:1' holds 0 seeds"),
        ("base: hop\nseeds: [1, 1]\n", "{file}:2: seeds: [1, 1] names a seed twice"),
        (
            "base: hop\nseeds: many\n",
            "seeds: 'many' are no seeds; write 0:20, one number or a list",
        ),
        (
            "base: hop\nset: {hop.cap: 3}\ngrid: {hop.cap: [1, 2]}\n",
            "{file}:3: 'hop.cap' stands in 'set' and in 'grid'",
        ),
        (
            "base: people\ngrid: {gate.alpha: [1]}\nlhs: {n: 2, ranges: {gate.alpha: [1, 2]}}\n",
            "{file}:3: 'gate.alpha' stands in 'grid' and in 'lhs'",
        ),
        (
            "base: people\nlhs: {n: 2, ranges: {gate.alpha: [2, 1]}}\n",
            "{file}:2: lhs.ranges.gate.alpha: low must be less than high, not 2 and 1",
        ),
        (
            "base: people\nlhs: {n: 2, ranges: {gate.alpha: {low: 0, high: 1, log: true}}}\n",
            "a logarithmic range must begin above 0, not at 0",
        ),
        (
            "base: hop\nlhs: {n: 2, ranges: {hop.cap: {low: 1.5, high: 3, integer: true}}}\n",
            "an integer range must begin and end with whole numbers",
        ),
        ("base: hop\nlhs: {n: 0, ranges: {hop.cap: [1, 2]}}\n", "'lhs.n' should be greater than"),
        ("base: hop\nlhs: {n: 2, ranges: {}}\n", "'lhs.ranges' dictionary should have at least 1"),
        ("base: hop\ntimeout_s: 0\n", "{file}:2: 'timeout_s' should be greater than 0, not 0"),
        ("base: hop\nname: ../elsewhere\n", "{file}:2: 'name' string should match"),
        (
            GOOD + "baseline: {hop.cap: 7}\n",
            "baseline: hop.cap=7 fits no group (groups: hop.cap=5; hop.cap=6)",
        ),
        (
            "base: hop\ngrid: {hop.cap: [5, 6], motion: [hop]}\nbaseline: {motion: hop}\n",
            "baseline: motion=hop fits more than one group",
        ),
        (
            "base: hop\nfalsify: {metric: distance_m, worst: max}\n",
            "a search needs ranges: lhs.ranges, grid or list",
        ),
        (
            GOOD + "falsify: {metric: distance_m, worst: most}\n",
            "'falsify.worst' should be 'min' or",
        ),
        (GOOD + "falsify: {metric: distance_m}\n", "'falsify.worst' is missing"),
        ("base: [\n", "is not YAML"),
        ("- base\n", "must hold a mapping of settings"),
    ],
)
def test_a_mistake_in_a_sweep_file(
    hiera: Invoke,
    tmp_path: Path,
    runs: Path,
    text: str,
    expected: str,
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    sentence = hiera("sweep", file, "--out", runs).mistake()
    assert expected.replace("{file}", str(file)) in sentence
    assert not runs.exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ("--grid", "hop.cop=1,2"),
            "command line: there is no setting 'hop.cop' (did you mean 'cap'",
        ),
        (("--grid", "hop.cap"), "--grid 'hop.cap' is none; write for example --grid controller."),
        (("--grid", "hop.cap=[1"), "the value of 'hop.cap=[1' is not YAML"),
        (("--lhs", "hop.cap=1"), "--lhs 'hop.cap=1' is no range; write key=low:high"),
        (("--lhs", "hop.cap=1:9:lin"), "--lhs 'hop.cap=1:9:lin' is no range"),
        (
            ("--lhs", "hop.cap=a:b"),
            "command line: 'lhs.ranges.hop.cap.low' should be a valid number",
        ),
        (("--samples", "5"), "'lhs.ranges' is missing"),
        (("--list", "hop.cap"), "'hop.cap' is no setting; write key=value"),
        (("--list", " "), "--list needs settings"),
        (("--seeds", "x"), "command line: seeds: 'x' are no seeds"),
        (
            ("--grid", "hop.cap=1,2", "hop.cap=3"),
            "command line: 'hop.cap' is set, but swept by 'grid'",
        ),
        (("hop.cop=1",), "command line: there is no setting 'hop.cop' (did you mean 'cap'?)"),
        (("hop.cap.x=1",), "command line: hop.cap is a single value, so hop.cap.x cannot be set"),
        (("--baseline", "hop.cap"), "--baseline 'hop.cap' is none"),
        (("--falsify", "distance_m"), "falsify.worst' is missing"),
        (("--worst", "max"), "'falsify.metric' is missing"),
        (("--engine", "dask"), "--engine: there is no engine 'dask' (known: local, ray)"),
        (("--address", "auto"), "--address is where a Ray cluster is; it goes with --engine ray"),
        (("--export", "rows.xls"), "rows.xls cannot be exported to: name a .parquet or .csv file"),
        (("--force",), "--force and --retry-failed go with --resume and its sweep directory"),
        (
            ("--retry-failed",),
            "--force and --retry-failed go with --resume and its sweep directory",
        ),
    ],
)
def test_a_mistake_on_the_command_line(
    hiera: Invoke,
    runs: Path,
    words: tuple[str, ...],
    expected: str,
) -> None:
    assert expected in hiera("sweep", "hop", *words, "--out", runs).mistake()
    assert not runs.exists()


def test_no_sweep_and_no_such_sweep(hiera: Invoke, runs: Path) -> None:
    assert "name a sweep" in hiera("sweep", "--out", runs).mistake()
    sentence = hiera("sweep", "sweeps/hop_polices", "--out", runs).mistake()
    assert "(did you mean 'sweeps/hop_policies.yaml'?)" in sentence
    assert not runs.exists()


def test_an_export_in_the_way_is_found_before_anything_runs(
    hiera: Invoke,
    tmp_path: Path,
    runs: Path,
) -> None:
    (tmp_path / "rows.csv").write_text("mine")
    sentence = hiera("sweep", "hop", "--export", tmp_path / "rows.csv", "--out", runs).mistake()
    assert sentence.endswith("rows.csv is there already; --force replaces it")
    assert (tmp_path / "rows.csv").read_text() == "mine"
    assert not runs.exists()


def test_what_is_no_sweep_directory(hiera: Invoke, tmp_path: Path) -> None:
    assert "there is no sweep directory" in hiera("sweep", "--resume", tmp_path / "x").mistake()
    assert "it has no rows.sqlite" in hiera("sweep", "--resume", tmp_path).mistake()
    folder = SweepDirectory.create(tmp_path, "one", listed_points([{"x": 1}]))
    folder.store.close()
    sentence = hiera("sweep", "--resume", tmp_path / "one").mistake()
    assert sentence.endswith(f"did you mean {folder.path}?")
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "rows.sqlite").write_bytes(b"this is no database, " * 100)
    assert "cannot be opened as a sweep" in hiera("sweep", "--resume", torn).mistake()
    (torn / "rows.sqlite").write_bytes(b"")
    assert "is no sweep that this version" in hiera("sweep", "--resume", torn).mistake()


def test_what_does_not_go_with_resume_and_with_a_sweep_directory(
    hiera: Invoke,
    tmp_path: Path,
) -> None:
    folder = SweepDirectory.create(tmp_path, "one", listed_points([{"x": 1}, {"x": 2}]))
    folder.store.close()
    for words in (("--dry-run",), ("--seeds", "0:3")):
        sentence = hiera("sweep", "--resume", folder.path, *words).mistake()
        assert sentence.startswith("--resume takes its rows from the sweep directory")
    assert "--resume computes what it lacks" in hiera("sweep", folder.path, "--dry-run").mistake()
    assert "--resume computes" in hiera("sweep", folder.path, "--grid", "x=1,2").mistake()
    sentence = hiera("sweep", folder.path, "--baseline", "x=3").mistake()
    assert sentence == "baseline: x=3 fits no group (groups: x=1; x=2)"


def test_a_sweep_that_is_being_computed_is_left_alone(
    hiera: Invoke,
    tmp_path: Path,
) -> None:
    folder = SweepDirectory.create(tmp_path, "one", listed_points([{"x": 1}]))
    with folder.held():
        sentence = hiera("sweep", "--resume", folder.path).mistake()
    assert f"is being computed by process {os.getpid()}; wait for it or stop it" in sentence


def test_ray_that_is_not_installed_is_named_with_its_extra(
    hiera: Invoke,
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    sentence = hiera("sweep", "hop", "--engine", "ray", "--out", runs).mistake()
    assert sentence == "ray is not installed: pip install 'hiera[ray]'"
    assert not runs.exists()
