"""What the benchmark says of episodes is what the definitions say."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from hiera.bench.exploration.bounds import Bounded, bounded
from hiera.bench.exploration.episode import Episode
from hiera.bench.exploration.hopping import ADAPTIVE, LATTICE, Wavering, graph_of, hop
from hiera.bench.exploration.methods import METHODS, Models, chosen
from hiera.bench.exploration.summary import bound_line, interval, line, lower_bounds, peers
from hiera.controllers.viewpoint.contract import Choice
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop_ready import hop_ready
from hiera.errors import ConfigError
from tests.envs.test_hop import rooms


def episode(
    index: int,
    method: str,
    distance: float,
    *,
    explored: float = 1.0,
    shown: float = 1.0,
    status: str = "complete",
    decisions: int = 100,
) -> Episode:
    """An episode of which only that matters."""
    return Episode(
        index=index,
        map=f"map {index}",
        method=method,
        status=status,
        complete=status == "complete",
        distance_m=distance,
        time_s=math.nan,
        explored=explored,
        shown=shown,
        decisions=decisions,
        reversals=index,
        collisions=0,
        decision_ms=(1.0, 3.0),
        plan_ms=(),
        model_plans=0,
    )


def test_a_ratio_is_over_maps_where_both_saw_everything() -> None:
    episodes = [
        episode(0, "nearest", 100.0),
        episode(1, "nearest", 200.0),
        episode(2, "nearest", 50.0, explored=0.4, shown=0.5),
        episode(3, "nearest", 900.0, status="cap"),
        episode(0, "mine", 90.0),
        episode(1, "mine", 160.0, decisions=200),
        episode(2, "mine", 80.0),
        episode(3, "mine", 10.0),
    ]
    said = line("mine", episodes, {0: 60.0, 1: 100.0, 2: 40.0})
    assert said.runs == 4
    assert said.pairs == 2
    assert said.ratio == pytest.approx((0.9 + 0.8) / 2)
    assert said.ratio_of_means == pytest.approx(250.0 / 300.0)
    assert said.over_bound == pytest.approx((90.0 + 160.0 + 80.0) / 200.0)
    assert said.within_128 == 0.75
    assert said.early == 0
    base = line("nearest", episodes, {})
    assert base.over_bound is None
    assert base.early == 1
    assert base.unseen == pytest.approx(0.6)
    assert base.success == 0.75
    assert base.decision_ms == 2.0


def test_an_interval_is_students() -> None:
    values = np.array([0.9, 1.0, 0.95, 0.8])
    expected = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert interval(values) == pytest.approx(expected)
    assert interval(values[:1]) == (0.9, 0.9)


def test_the_better_of_two_bounds_counts_and_a_missing_one_does_not() -> None:
    results = [
        Bounded(0, "a", "bound", 10.0, math.inf, 10.0, "converged"),
        Bounded(0, "a", "optimum", 12.0, 12.0, 10.0, "proved"),
        Bounded(1, "b", "bound", math.nan, math.inf, math.nan, "too large"),
    ]
    assert lower_bounds(results) == {0: 12.0}
    assert bound_line("bound", results).distance_m == 10.0
    assert "1 of 1 proved" in bound_line("optimum", results).method


def test_peers_are_paired_with_their_own_base(tmp_path: Path) -> None:
    table = tmp_path / "measured.csv"
    table.write_text(
        "map,method,distance_m,steps\n0,nearest,100,9\n0,gt,80,7\n1,nearest,50,9\n1,gt,50,5\n"
        "2,gt,1,1\n"
    )
    nearest, gt = peers(table, 2, {0: 40.0})
    assert nearest.ratio == 1.0
    assert gt.ratio == pytest.approx(0.9)
    assert gt.over_bound == pytest.approx(2.0)
    assert gt.decisions == 6.0


def test_a_reversal_is_a_return_to_what_was_left_unfinished() -> None:
    wavering, useful = Wavering(), np.array([5, 5, 5, 0])
    for target in (0, 0, 1, 0, 3, 2, 3):
        wavering.note(Choice(target, (9, target)), useful, 9)
    assert wavering.reversals == 1
    assert wavering.turn_backs == 0


def test_going_round_by_something_is_no_turning_back_and_going_back_is() -> None:
    wavering, useful = Wavering(), np.full(9, 5)
    # Off to 8 from 0, by 1 and 2; then to 5, further on; then to 7, the way it came.
    for robot, target, after in ((0, 8, 1), (1, 8, 2), (2, 5, 3), (3, 7, 2)):
        wavering.note(Choice(target, (robot, after)), useful, robot)
    assert (wavering.reversals, wavering.turn_backs) == (0, 1)
    wavering.note(Choice(5, (2, 3)), np.zeros(9), 2)
    assert wavering.turn_backs == 1


def test_a_map_that_the_lattice_does_not_get_through_is_hopped_along_another_graph() -> None:
    place = two_halls()
    assert graph_of(place) == ADAPTIVE
    assert graph_of(rooms(1, side=70)) == LATTICE
    for name in ("nearest", "local_tour", "learned_waypoints"):
        done = hop(0, place, name, METHODS[name], ADAPTIVE, 400, 0)
        assert done.complete
        assert done.explored > 0.99


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_explores_a_map_no_shorter_than_the_bound(name: str) -> None:
    place = rooms(1, side=70)
    done = hop(0, place, name, METHODS[name], LATTICE, 400, 0)
    assert done.complete
    assert done.shown >= 0.99
    assert len(done.decision_ms) == done.decisions
    assert (len(done.plan_ms) > 0) == ("planner.kind=numeric" in METHODS[name].settings)
    found = bounded(0, place, "bound", 60.0)
    assert found.status == "converged"
    assert done.distance_m >= found.lower_m


def test_the_optimum_lies_between_bound_and_run() -> None:
    place = rooms(2, side=70)
    linear, best = (bounded(0, place, kind, 60.0) for kind in ("bound", "optimum"))
    assert best.status == "proved"
    assert linear.lower_m - 1e-6 <= best.lower_m
    assert best.walk_m <= hop(0, place, "nearest", METHODS["nearest"], LATTICE, 400, 0).distance_m


def two_halls() -> GridMap:
    """Two halls joined by a doorway one cell wide, off the lattice."""
    free = np.zeros((60, 110), np.bool_)
    free[2:58, 2:54] = free[2:58, 56:108] = True
    free[5, 50:60] = True
    return hop_ready(GridMap(free, 0.4, start_m=(10.2, 12.2)))


def test_a_doorway_that_the_lattice_misses_is_an_early_end() -> None:
    place = two_halls()
    done = hop(0, place, "nearest", METHODS["nearest"], LATTICE, 400, 0)
    assert done.ended
    assert done.early
    assert 0.4 < done.explored < 0.7
    assert done.shown > 0.95


def test_a_map_without_ways_out_ends_at_once() -> None:
    free = np.zeros((30, 30), np.bool_)
    free[4, 7] = True
    done = hop(0, hop_ready(GridMap(free, 0.4)), "nearest", METHODS["nearest"], LATTICE, 9, 0)
    assert (done.status, done.explored, done.distance_m) == ("complete", 1.0, 0.0)
    assert bounded(0, hop_ready(GridMap(free, 0.4)), "optimum", 9.0).lower_m == 0.0


def test_a_map_too_large_for_a_bound_says_so() -> None:
    place = hop_ready(GridMap(np.ones((600, 600), np.bool_), 0.4))
    assert bounded(0, place, "bound", 9.0).status == "too large"


def test_the_base_is_always_measured_and_models_only_when_asked() -> None:
    assert list(chosen(("local_tour", "bound"), Models(), hops=True)) == ["nearest", "local_tour"]
    ordinary = chosen((), Models(), hops=True)
    assert next(iter(ordinary)) == "nearest"
    assert not any("llm" in said for method in ordinary.values() for said in method.settings)
    asked = chosen(("nearest",), Models(ollama="some:1b"), hops=False)
    (led,) = (method for name, method in asked.items() if name.endswith("_ollama"))
    assert led.settings[-2:] == ("llm.backend=ollama", "llm.model=some:1b")


def test_what_hops_only_is_refused_to_drive() -> None:
    with pytest.raises(ConfigError, match="did you mean 'local_tour'"):
        chosen(("local_tuor",), Models(), hops=True)
    for name in ("bound", "no_search"):
        with pytest.raises(ConfigError, match="is for --protocol hop only"):
            chosen((name,), Models(), hops=False)
