"""Means, intervals and pairs, against SciPy and against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hiera.errors import HieraError
from hiera.sweeps.statistics import (
    chosen_metrics,
    cumulative,
    differences,
    find_baseline,
    grouped,
    missing_metrics,
    numbers_of,
    student,
    wilson,
)
from hiera.sweeps.store import Row
from hiera.sweeps.task import RowStatus

numbers = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40).filter(lambda v: np.std(v) > 1e-6)


def row(
    settings: dict[str, object],
    seed: int,
    status: RowStatus | None = RowStatus.OK,
    **metrics: object,
) -> Row:
    return Row(0, "", settings, seed, status, metrics, "", "", 0, 0.0, 0.0, "", "")


@given(numbers)
def test_a_mean_has_students_interval(values: list[float]) -> None:
    found = student(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6, abs=1e-6)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_a_share_has_wilsons_interval(case: tuple[int, int]) -> None:
    n, k = case
    found = wilson([1.0] * k + [0.0] * (n - k))
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert (found.mean, found.low, found.high) == pytest.approx((k / n, theirs.low, theirs.high))


def test_one_number_has_no_interval() -> None:
    assert student([3.0]).low is None


def test_groups_ignore_seeds_and_ranges_and_leave_failures_out_of_means() -> None:
    rows = [
        row({"kind": "a", "gain": 0.1}, 0, m=1.0),
        row({"kind": "b", "gain": 0.1}, 0, m=5.0),
        row({"kind": "a", "gain": 0.2}, 1, m=3.0),
        row({"kind": "a", "gain": 0.3}, 2, RowStatus.DIED),
        row({"kind": "b", "gain": 0.3}, 2, None),
    ]
    a, b = grouped(rows, ["kind"])
    assert (a.label, len(a.rows), a.failed, a.values["m"]) == ("kind=a", 3, 1, [1.0, 3.0])
    assert (b.label, len(b.rows), b.failed, b.values["m"]) == ("kind=b", 2, 0, [5.0])


def test_differences_are_taken_in_pairs_of_equal_seeds_and_ranges() -> None:
    rng = np.random.default_rng(1)
    world = rng.normal(0.0, 100.0, 30)
    gain = rng.normal(1.0, 0.5, 30)
    rows = [row({"kind": "old", "u": float(i % 3)}, i, m=float(w)) for i, w in enumerate(world)]
    rows += [
        row({"kind": "new", "u": float(i % 3)}, i, m=float(world[i] + gain[i]))
        for i in map(int, rng.permutation(30))
    ]
    rows += [row({"kind": "new", "u": 9.0}, 3, m=1e9), row({"kind": "new", "u": 0.0}, 99, m=1e9)]
    groups = grouped(rows, ["kind"])
    base = find_baseline(groups, {"kind": "old"})
    assert base is not None
    (found,) = differences(groups, base, ["m"])
    theirs = stats.ttest_1samp(gain, 0.0).confidence_interval()
    assert found.pairs == 30
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert found.percent == pytest.approx(100.0 * gain.mean() / abs(world.mean()))
    assert (found.higher, found.lower) == (int((gain > 0).sum()), int((gain < 0).sum()))
    unpaired = stats.ttest_ind(world + gain, world).confidence_interval()
    assert theirs.high - theirs.low < 0.05 * (unpaired.high - unpaired.low)


def test_a_pair_with_a_failure_is_no_pair() -> None:
    rows = [row({"k": k}, s, m=float(s + k)) for k in (0, 1) for s in range(4)]
    rows[2] = row({"k": 0}, 2, RowStatus.TIMEOUT)
    groups = grouped(rows, ["k"])
    (found,) = differences(groups, groups[0], ["m"])
    assert (found.pairs, found.mean) == (3, 1.0)


def test_metrics_are_flattened_and_only_numbers_count() -> None:
    metrics = {"a": 1, "b": {"c": 2.5, "d": {"e": True}}, "f": "text", "g": None, "h": float("inf")}
    assert numbers_of(metrics) == {"a": 1.0, "b.c": 2.5, "b.d.e": 1.0}


def test_metrics_that_vary_are_shown_unless_others_are_asked_for() -> None:
    groups = grouped([row({}, s, same=1.0, other=float(s)) for s in range(3)], [])
    assert chosen_metrics(groups, []) == ["other"]
    assert chosen_metrics(groups, ["same", "othr"]) == ["same"]
    assert missing_metrics(groups, ["same", "othr"]) == [
        "no row has a metric 'othr' (did you mean 'other'?)"
    ]


def test_a_baseline_names_one_group() -> None:
    groups = grouped([row({"a": a, "b": b}, 0) for a in (1, 2) for b in (1, 2)], ["a", "b"])
    assert find_baseline(groups, {}) is None
    assert find_baseline(groups, {"a": 2, "b": 1}) is groups[2]
    with pytest.raises(HieraError, match="more than one"):
        find_baseline(groups, {"a": 2})
    with pytest.raises(HieraError, match="fits no group"):
        find_baseline(groups, {"a": 3})


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30))
def test_the_share_at_or_below_rises_from_0_to_1(values: list[float]) -> None:
    steps = cumulative(values)
    assert steps.shape == (2 * len(values), 2)
    assert (np.diff(steps, axis=0) >= 0.0).all()
    assert (steps[0, 1], steps[-1, 1]) == pytest.approx((0.0, 1.0), abs=1e-12)
