"""A sweep's settings become points: every combination, every one validated by its family."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hiera.config.load import Raw, Said, resolve
from hiera.errors import ConfigError
from hiera.sweeps.latin import latin_hypercube, scaled
from hiera.sweeps.plan import OUTPUT_ONLY, Plan, Point, Settings
from hiera.sweeps.settings import SweepSettings


class Expansion:
    """A sweep's settings, and how they become configs of its family.

    Args:
        settings: The sweep.
        base: The config that rows begin with.
        said: Settings from the command line, the same in all rows.
        places: Where each block of the sweep stands, for messages: path in the file to place.
    """

    def __init__(
        self,
        settings: SweepSettings,
        base: Raw,
        said: Sequence[Said] = (),
        places: Mapping[tuple[str, ...], str] | None = None,
    ) -> None:
        self.settings = settings
        self._base = base
        self._places = places or {}
        fixed = [self._said("set", k, v) for k, v in settings.fixed.items()]
        self._always = [*fixed, *said]
        self._refuse_twice(said)
        self.ranges = dict(settings.lhs.ranges) if settings.lhs else {}
        cases = [key for case in settings.cases for key in case]
        self.factors = tuple(dict.fromkeys([*cases, *settings.grid]))
        self.seeds: tuple[int, ...] = settings.seeds or (self._own_seed(),)

    def _said(self, block: str, key: str, value: Any) -> Said:
        path = tuple(key.split("."))
        place = self._places.get((block, key), self._places.get((block,), self._base.source))
        if not all(path):
            raise ConfigError(f"{place}: {key!r} is no key; write it as a.b")
        if key == "seed":
            raise ConfigError(f"{place}: 'seed' is swept by 'seeds', not by {block!r}")
        if path[0] in OUTPUT_ONLY and block != "set":
            raise ConfigError(f"{place}: {key!r} changes no result, so there is nothing to sweep")
        return Said(path, value, place)

    def _refuse_twice(self, said: Sequence[Said]) -> None:
        """A key may be swept in one way only, and not be fixed as well."""
        settings = self.settings
        blocks: dict[str, set[str]] = {
            "set": set(settings.fixed),
            "list": {key for case in settings.cases for key in case},
            "grid": set(settings.grid),
            "lhs": set(settings.lhs.ranges) if settings.lhs else set(),
        }
        for (one, keys), (other, others) in itertools.combinations(blocks.items(), 2):
            for key in sorted(keys & others):
                place = self._places.get((other,), self._base.source)
                raise ConfigError(f"{place}: {key!r} stands in {one!r} and in {other!r}")
        for item in said:
            key = ".".join(item.path)
            swept = [block for block in ("list", "grid", "lhs") if key in blocks[block]]
            if swept:
                raise ConfigError(f"{item.place}: {key!r} is set, but swept by {swept[0]!r} too")

    def _own_seed(self) -> int:
        seed = self._base.data.get("seed", 0)
        for item in self._always:
            if item.path == ("seed",):
                seed = item.value
        return seed if type(seed) is int else 0

    def choices(self) -> list[Settings]:
        """Combinations of what is listed, cases first."""
        cases: list[dict[str, Any]] = self.settings.cases or [{}]
        grid = self.settings.grid
        return [
            {**case, **dict(zip(grid, values, strict=True))}
            for case in cases
            for values in itertools.product(*grid.values())
        ]

    def samples(self) -> list[Settings]:
        """Samples of the Latin hypercube, one empty one if there is none."""
        lhs = self.settings.lhs
        if lhs is None:
            return [{}]
        unit = latin_hypercube(lhs.n, len(lhs.ranges), np.random.default_rng(lhs.seed))
        spans = lhs.ranges.items()
        return [
            {key: scaled(span, u) for (key, span), u in zip(spans, row, strict=True)}
            for row in unit
        ]

    def point(self, settings: Settings) -> Point:
        """A point with its config, validated by the family.

        Raises:
            ConfigError: With file, line and key.
        """
        said = [*self._always]
        for key, value in settings.items():
            block = "lhs" if key in self.ranges else "grid" if key in self.settings.grid else "list"
            said.append(self._said(block, key, value))
        base = self._base
        return Point.of(
            settings, resolve(base.data, said, source=base.source, lines=base.lines).data
        )

    def plan(self) -> Plan:
        """Every row.

        Raises:
            ConfigError: If the family refuses one.
        """
        points = [self.point({**a, **b}) for a in self.choices() for b in self.samples()]
        return Plan(points, self.seeds, self.factors, tuple(self.ranges))

    def first(self) -> Point:
        """A point to try: the first combination, in the middle of every range.

        Raises:
            ConfigError: If the family refuses it.
        """
        middle = {key: scaled(span, 0.5) for key, span in self.ranges.items()}
        return self.point({**self.choices()[0], **middle})

    def written(self) -> dict[str, Any]:
        """The sweep as a file of its own, command line included."""
        data = self.settings.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        fixed = {".".join(item.path): item.value for item in self._always}
        fixed.pop("seed", None)
        data |= {"base": self._base.data, "set": fixed, "seeds": _short(self.seeds)}
        return {key: value for key, value in data.items() if value not in ({}, [], None)}


def _short(seeds: Sequence[int]) -> Any:
    """``0:20`` for a run of seeds, else the list."""
    first, count = seeds[0], len(seeds)
    if count > 1 and list(seeds) == list(range(first, first + count)):
        return f"{first}:{first + count}"
    return list(seeds)
