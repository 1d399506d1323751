"""Which rows a sweep has, and which of them are the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hiera.config import yaml_core
from hiera.sweeps.expansion import Expansion
from hiera.sweeps.load import Words, load_sweep
from hiera.sweeps.plan import listed_points
from hiera.sweeps.settings import parse_seeds
from hiera.sweeps.task import SweepError

SHIPPED = Path(__file__).parents[2] / "configs" / "sweeps"


def expansion(folder: Path, text: str, **words: object) -> Expansion:
    """A sweep from a file."""
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return load_sweep(str(path), Words(**words))  # type: ignore[arg-type]


def test_rows_are_list_times_grid_times_hypercube_times_seeds(tmp_path: Path) -> None:
    found = expansion(
        tmp_path,
        "base: people\n"
        "list:\n"
        "  - {controller.kind: nearest, planner.kind: none}\n"
        "  - {controller.kind: local_tour}\n"
        "grid: {people.count: [0, 3, 9], gate.kind: [lidar_cbf, pass_through]}\n"
        "lhs: {n: 5, ranges: {robot.v_max: [0.5, 2.0]}}\n"
        'seeds: "10:14"\n',
    ).plan()
    assert len(found.points) == 2 * 3 * 2 * 5
    assert len(found) == 2 * 3 * 2 * 5 * 4
    assert found.seeds == (10, 11, 12, 13)
    assert found.factors == ("controller.kind", "planner.kind", "people.count", "gate.kind")
    assert found.ranges == ("robot.v_max",)
    configs = [point.resolved(10) for point in found.points]
    for point, config in zip(found.points, configs, strict=True):
        assert config["controller"]["kind"] == point.settings["controller.kind"]
        assert config["people"]["count"] == point.settings["people.count"]
        assert config["gate"]["kind"] == point.settings["gate.kind"]
        assert config["robot"]["v_max"] == point.settings["robot.v_max"]
        assert config["seed"] == 10
    planners = {config["controller"]["kind"]: config["planner"]["kind"] for config in configs}
    assert planners == {"nearest": "none", "local_tour": "fare"}
    keys = {point.key(seed) for point in found.points for seed in found.seeds}
    assert len(keys) == len(found)


def test_all_points_of_a_seed_come_before_the_next_seed(tmp_path: Path) -> None:
    found = expansion(tmp_path, "base: hop\ngrid: {hop.cap: [1, 2]}\nseeds: [5, 3]\n").plan()
    assert list(found.rows()) == [(0, 5), (1, 5), (0, 3), (1, 3)]


def test_a_row_is_known_by_what_decides_its_result(tmp_path: Path) -> None:
    def key(text: str, *overrides: str) -> str:
        return expansion(tmp_path, text, overrides=overrides).plan().points[0].key(0)

    plain = key("base: hop\n")
    assert key("base: hop\nset: {name: other, report.gif: false}\n") == plain
    assert key("base: hop\nname: elsewhere\n", "report.html=false") == plain
    assert key("base: hop\n", "hop.cap=512") == plain, "512 is what the config says anyway"
    assert key("base: hop\n", "hop.cap=511") != plain
    written = tmp_path / "resolved.yaml"
    written.write_text(yaml.safe_dump(load_sweep("hop").plan().points[0].resolved(0)))
    assert key(f"base: {written}\n") == plain


def test_the_seed_of_the_config_or_the_command_line_is_the_default(tmp_path: Path) -> None:
    assert expansion(tmp_path, "base: {family: exploration, seed: 7}\n").seeds == (7,)
    assert expansion(tmp_path, "base: hop\n").seeds == (0,)
    assert expansion(tmp_path, "base: hop\n", overrides=("seed=4",)).seeds == (4,)
    assert expansion(tmp_path, "base: hop\nseeds: 2\n", seeds="0:3").seeds == (0, 1, 2)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("0:4", (0, 1, 2, 3)), ("2:9:3", (2, 5, 8)), (6, (6,)), ("6", (6,)), ([3, 1], (3, 1))],
)
def test_seeds_as_they_are_written(written: object, meant: tuple[int, ...]) -> None:
    assert parse_seeds(written) == meant


@pytest.mark.parametrize("written", ["4:4", "a", "0:9:0", -1, [1, 1], [], [1.5], True, "1:2:3:4"])
def test_what_are_no_seeds(written: object) -> None:
    with pytest.raises(ValueError, match="seed"):
        parse_seeds(written)


def test_a_base_lies_beside_its_sweep(tmp_path: Path) -> None:
    (tmp_path / "place.yaml").write_text("family: exploration\nmotion: hop\nhop: {cap: 33}\n")
    (point,) = expansion(tmp_path, "base: place.yaml\n").plan().points
    assert point.resolved(0)["hop"]["cap"] == 33


def test_the_command_line_makes_the_same_rows_as_a_file(tmp_path: Path) -> None:
    filed = expansion(
        tmp_path,
        "base: people\n"
        "set: {clock.max_time_s: 20}\n"
        "list: [{controller.kind: nearest, planner.kind: none}]\n"
        "grid: {'world.size_m': [[20, 15], [30, 20]]}\n"
        "lhs:\n  n: 4\n  seed: 9\n  ranges:\n"
        "    gate.alpha: {low: 0.5, high: 8, log: true}\n"
        "    people.count: {low: 0, high: 6, integer: true}\n"
        'seeds: "0:2"\n',
    ).plan()
    words = Words(
        overrides=("clock.max_time_s=20",),
        cases=("controller.kind=nearest planner.kind=none",),
        grid=("world.size_m=[20,15],[30,20]",),
        ranges=("gate.alpha=0.5:8:log", "people.count=0:6:int"),
        samples=4,
        design_seed=9,
        seeds="0:2",
    )
    said = load_sweep("people", words).plan()
    assert [point.digest for point in said.points] == [point.digest for point in filed.points]
    assert said.seeds == filed.seeds


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_sweep_is_valid_and_says_so_again_from_what_is_written(
    path: Path, tmp_path: Path
) -> None:
    first = load_sweep(str(path))
    plan = first.plan()
    assert len(plan) > 20
    again = tmp_path / "sweep.yaml"
    again.write_text(yaml_core.dump(first.written()), encoding="utf-8")
    second = load_sweep(str(again))
    assert [p.digest for p in second.plan().points] == [p.digest for p in plan.points]
    assert second.seeds == plan.seeds
    assert second.settings.baseline == first.settings.baseline


def test_points_of_a_function_of_ones_own_must_be_plain() -> None:
    assert len(listed_points([{"x": 1}, {"x": 2}], range(3))) == 6
    with pytest.raises(SweepError, match="plain data"):
        listed_points([{"x": object()}])
