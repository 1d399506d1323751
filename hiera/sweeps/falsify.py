"""Looking for the worst case over a sweep's ranges; every look is a row like any other.

The search is decided by its seed and by what the rows say. A search that was killed is therefore
gone through again from its beginning, with every row that is known answered from the store.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hiera.config import yaml_core
from hiera.errors import ConfigError, nearest
from hiera.sweeps.directory import SweepDirectory
from hiera.sweeps.expansion import Expansion
from hiera.sweeps.latin import scaled
from hiera.sweeps.plan import Plan, Point
from hiera.sweeps.search import Candidate, Search
from hiera.sweeps.settings import FalsifySettings
from hiera.sweeps.statistics import numbers_of
from hiera.sweeps.store import Store
from hiera.sweeps.sweep import Progress, compute
from hiera.sweeps.task import Engine, RowStatus, SweepError

WORST = "worst.yaml"
_STALE = 5


@dataclass(slots=True)
class Hunt:
    """What a search has found.

    Attributes:
        rows: Rows looked at, all seeds counted.
        refused: Candidates that the family's settings do not admit.
        failed: Rows without metrics.
        value: The worst value of the metric, NaN while there is none.
        key: The row that has it.
        violation: Whether it is as bad as ``stop_at``.
        exhausted: Whether nothing new was left to look at.
    """

    rows: int = 0
    refused: int = 0
    failed: int = 0
    value: float = math.nan
    key: str = ""
    violation: bool = False
    exhausted: bool = False
    first_refusal: ConfigError | None = None
    known: set[str] = field(default_factory=set)


def falsify(
    expansion: Expansion,
    folder: SweepDirectory,
    engine: Engine,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Hunt:
    """Searches until the budget is used up, a violation is found if asked, or nothing is new.

    Args:
        expansion: Whose settings hold a `FalsifySettings`.
        folder: Where rows are kept and ``worst.yaml`` is written.
        engine: Computes rows.
        on_progress: Called whenever rows have come in.
        should_stop: Ends the search after the rows that have begun.

    Raises:
        ConfigError: If the family refuses the whole first generation.
        SweepError: If rows have no such metric.
    """
    wanted = expansion.settings.falsify
    assert wanted is not None
    store, hunt = folder.store, Hunt()
    choices = expansion.choices()
    search = Search(len(expansion.ranges), len(choices), wanted.seed)
    store.lay_out(Plan([], expansion.seeds, expansion.factors, tuple(expansion.ranges)))
    store.put("falsify", wanted.model_dump())
    shown = Progress(wanted.budget, 0)
    stale = 0
    while hunt.rows + len(expansion.seeds) <= wanted.budget and not should_stop():
        fresh = _fresh(search.ask(), expansion, choices, hunt)
        fresh = fresh[: (wanted.budget - hunt.rows) // len(expansion.seeds)]
        stale = 0 if fresh else stale + 1
        if stale == _STALE:
            hunt.exhausted = True
            break
        keys = store.extend([point for _, point in fresh], expansion.seeds)
        watch = _Watch(store, keys, wanted, should_stop)
        before = shown.statuses.copy()

        def show(progress: Progress, before: Any = before) -> None:
            shown.statuses = before + progress.statuses
            shown.paces.append((time.monotonic(), shown.computed))
            on_progress(shown)

        compute(store, engine, on_progress=show, should_stop=watch)
        told = _book(fresh, keys, store, expansion, hunt)
        if hunt.violation or should_stop():
            break
        search.tell(told)
        shown.known = hunt.rows - shown.computed
    if hunt.key:
        _write_worst(folder, hunt, wanted)
    return hunt


def badness(value: float, wanted: FalsifySettings) -> float:
    """The greater the worse."""
    return value if wanted.worst == "max" else -value


def is_violation(value: float, wanted: FalsifySettings) -> bool:
    """Whether a value ends the search."""
    if wanted.stop_at is None:
        return False
    return badness(value, wanted) >= badness(wanted.stop_at, wanted)


def _fresh(
    asked: list[Candidate], expansion: Expansion, choices: list[Any], hunt: Hunt
) -> list[tuple[Candidate, Point]]:
    """Points of candidates that were not looked at before."""
    fresh = []
    for candidate in asked:
        spans = zip(expansion.ranges.items(), candidate.place, strict=True)
        settings = {key: scaled(span, float(u)) for (key, span), u in spans}
        try:
            point = expansion.point({**choices[candidate.choice], **settings})
        except ConfigError as error:
            hunt.refused += 1
            hunt.first_refusal = hunt.first_refusal or error
            continue
        if point.digest not in hunt.known:
            hunt.known.add(point.digest)
            fresh.append((candidate, point))
    if not hunt.known and hunt.first_refusal is not None:
        raise hunt.first_refusal
    return fresh


class _Watch:
    """Stops a generation as soon as one of its rows is a violation."""

    def __init__(
        self, store: Store, keys: list[str], wanted: FalsifySettings, asked: Callable[[], bool]
    ) -> None:
        self._store, self._keys, self._wanted, self._asked = store, keys, wanted, asked

    def __call__(self) -> bool:
        if self._asked():
            return True
        if self._wanted.stop_at is None:
            return False
        known = self._store.metrics(self._keys).values()
        values = (numbers_of(metrics).get(self._wanted.metric) for _, metrics in known)
        return any(value is not None and is_violation(value, self._wanted) for value in values)


def _book(
    fresh: list[tuple[Candidate, Point]],
    keys: list[str],
    store: Store,
    expansion: Expansion,
    hunt: Hunt,
) -> list[tuple[Candidate, float]]:
    """Takes a generation's rows into the hunt; how bad each candidate was over its seeds."""
    wanted = expansion.settings.falsify
    assert wanted is not None
    found = store.metrics(keys)
    hunt.rows += len(found)
    hunt.failed += sum(status is not RowStatus.OK for status, _ in found.values())
    bad: dict[int, float] = {}
    for place, key in enumerate(keys):
        status, metrics = found.get(key, (RowStatus.ERROR, {}))
        if status is not RowStatus.OK:
            continue
        value = _value(metrics, wanted.metric)
        number = place % len(fresh)
        bad[number] = max(bad.get(number, -math.inf), badness(value, wanted))
        if not hunt.key or badness(value, wanted) > badness(hunt.value, wanted):
            hunt.value, hunt.key = value, key
            hunt.violation = is_violation(value, wanted)
    return [(fresh[number][0], worst) for number, worst in bad.items()]


def _value(metrics: dict[str, Any], metric: str) -> float:
    numbers = numbers_of(metrics)
    if metric in numbers:
        return numbers[metric]
    if metric in metrics or not numbers:
        raise SweepError(f"metric {metric!r} is no number in every row")
    raise SweepError(f"no row has a metric {metric!r}{nearest(metric, numbers)}")


def _write_worst(folder: SweepDirectory, hunt: Hunt, wanted: FalsifySettings) -> None:
    config = folder.store.config_of(hunt.key)
    said = f"# The worst case that was found: {wanted.metric} is {hunt.value:.9g}.\n"
    folder.write(WORST, said + yaml_core.dump(config))
    folder.store.put("worst", hunt.key)
