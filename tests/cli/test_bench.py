"""``hiera bench exploration``: the table, its files, and mistakes in one sentence."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Invoke

BENCH = ("bench", "exploration")


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """A folder of two small maps."""
    folder = tmp_path / "maps"
    folder.mkdir()
    for k in (1, 2):
        free = np.zeros((70, 70), np.bool_)
        free[1:-1, 1:-1] = True
        free[30:32, : 14 * k] = free[: 14 * k, 45:47] = False
        np.savez(folder / f"{k}.npz", free=free, resolution_m=0.4)
    return folder


def episodes(file: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Rows of a CSV by map and method, without times."""
    with file.open(newline="") as lines:
        return {
            (row["name"], row["method"]): {k: v for k, v in row.items() if "_ms" not in k}
            for row in csv.DictReader(lines)
        }


def test_two_maps_give_a_line_a_method_over_the_bound(
    hiera: Invoke, maps: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "made" / "rows.csv"
    asked = (*BENCH, "--maps", maps, "--methods", "local_tour,bound,optimum", "--csv", rows)
    said = hiera(*asked, "--json")
    assert said.code == 0, said
    assert said.json["maps"] == ["1", "2"]
    nearest, tour, bound, optimum = said.json["methods"]
    assert nearest["method"] == "nearest"
    assert nearest["ratio"] == 1.0
    assert (tour["runs"], tour["success"], tour["early"]) == (2, 1.0, 0)
    assert tour["over_bound"] >= 1.0
    assert 0.0 < bound["distance_m"] <= optimum["distance_m"] + 1e-6
    assert len(episodes(rows)) == 8
    two = tmp_path / "two.csv"
    again = hiera(*BENCH, "--maps", maps, "--methods", "local_tour", "--csv", two, "--jobs", "2")
    assert again.code == 0, again
    assert "ratio to nearest" in again.out
    one = episodes(rows)
    assert episodes(two) == {k: v for k, v in one.items() if k[1] not in ("bound", "optimum")}


def test_a_generated_building_is_driven_in_with_and_without_waypoints(
    hiera: Invoke, tmp_path: Path
) -> None:
    small = ("--buildings", 1, "--sides-m", "16,18", "--methods", "local_tour_waypoints")
    said = hiera(*BENCH, *small, "--json", "--csv", tmp_path / "rows.csv")
    assert said.code == 0, said
    assert said.json["protocol"] == "kinematic"
    nearest, led = said.json["methods"]
    assert nearest["plan_ms"] is None
    assert led["plan_ms"] > 0.0
    assert led["time_s"] > 0.0
    assert led["collisions"] == 0
    hopped = hiera(*BENCH, *small, "--protocol", "hop", "--json")
    assert hopped.json["protocol"] == "hop"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "either --maps PATH or --buildings N"),
        (("--maps", "nowhere"), "there is no nowhere"),
        (("--buildings", "1", "--protocol", "hopp"), "did you mean 'hop'"),
        (("--buildings", "1", "--methods", "neerest"), "did you mean 'nearest'"),
        (("--buildings", "1", "--methods", "bound"), "for --protocol hop only"),
        (("--buildings", "1", "--sides-m", "9"), "expected two lengths"),
        (("--buildings", "1", "--max-time-s", "nan"), "expected a positive number"),
        (("--buildings", "1", "--bound-s", "0"), "expected a positive number"),
    ],
)
def test_a_mistake_is_one_sentence(hiera: Invoke, words: tuple[str, ...], expected: str) -> None:
    assert expected in hiera(*BENCH, *words).mistake()


def test_a_csv_that_cannot_be_written_and_a_file_that_is_no_map(
    hiera: Invoke, maps: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    assert "text.png" in hiera(*BENCH, "--maps", tmp_path / "text.png").mistake()
    asked = (*BENCH, "--maps", maps, "--methods", "nearest", "--csv", tmp_path)
    assert "cannot be written" in hiera(*asked).mistake()


def test_methods_are_listed_and_help_shows_examples(hiera: Invoke) -> None:
    listed = hiera(*BENCH, "--methods", "list")
    assert "local_tour_waypoints" in listed.out
    assert "optimum" in listed.out
    shown = hiera(*BENCH, "--help")
    assert "--maps" in shown.out
    assert "Examples" in shown.out
