"""Which rows a sweep has: points of the swept keys, each with a resolved config, times seeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from hiera.sweeps.task import SweepError

Settings = Mapping[str, Any]
"""Dotted key to value."""

OUTPUT_ONLY: Final = ("name", "report")
"""Blocks of a config that say where results go, not what they are; no part of a row's key."""


@dataclass(frozen=True, slots=True)
class Point:
    """One choice of the swept keys.

    Attributes:
        settings: Swept key to value.
        config: The resolved config as JSON, without its seed.
        digest: Fingerprint of what in the config decides the result.
    """

    settings: Settings
    config: str
    digest: str

    @classmethod
    def of(cls, settings: Settings, config: Mapping[str, Any]) -> Self:
        """A point; seed and output settings in the config do not count."""
        data = {key: value for key, value in config.items() if key != "seed"}
        deciding = {key: value for key, value in data.items() if key not in OUTPUT_ONLY}
        canonical = _json(deciding, sort_keys=True)
        return cls(settings, _json(data), hashlib.sha256(canonical.encode()).hexdigest())

    def resolved(self, seed: int) -> dict[str, Any]:
        """The whole config of a row."""
        data: dict[str, Any] = json.loads(self.config)
        return data | {"seed": seed}

    def key(self, seed: int) -> str:
        """Sixteen hexadecimal digits: equal configs and seeds, equal key, whatever their names."""
        return hashlib.sha256(f"{self.digest}#{seed}".encode()).hexdigest()[:16]


def _json(data: Mapping[str, Any], *, sort_keys: bool = False) -> str:
    """JSON that gives every float back as it was; NumPy's scalars become Python's."""
    return json.dumps(
        data, sort_keys=sort_keys, separators=(",", ":"), default=lambda value: value.item()
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """All rows of a sweep: every point with every seed.

    Attributes:
        points: In order.
        seeds: In order.
        factors: Swept keys that take listed values, by which rows are grouped.
        ranges: Swept keys that take values out of a range.
    """

    points: Sequence[Point]
    seeds: Sequence[int]
    factors: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.points) * len(self.seeds)

    def rows(self) -> Iterator[tuple[int, int]]:
        """Number of the point and seed; all points of a seed come before the next seed.

        A sweep that is stopped early has thus compared everything on the same seeds.
        """
        for seed in self.seeds:
            for number in range(len(self.points)):
                yield number, seed


def listed_points(listed: Iterable[Settings], seeds: Sequence[int] = (0,)) -> Plan:
    """A plan for a function of one's own: the settings are the config.

    Raises:
        SweepError: If a setting is no plain data.
    """
    try:
        points = [Point.of(dict(settings), settings) for settings in listed]
    except (AttributeError, TypeError) as error:
        raise SweepError(f"a point must be a mapping of plain data: {error}") from error
    factors = tuple(dict.fromkeys(key for point in points for key in point.settings))
    return Plan(points, tuple(seeds), factors)
