"""What a person writes in a sweep file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from hiera.config.settings import Bool, Count, Float, Positive, Settings

SEEDS_MOST = 10_000_000


class RangeSettings(Settings):
    """A range of numbers; ``[low, high]`` is short for it."""

    low: Float
    """Least value."""
    high: Float
    """Greatest value."""
    log: Bool = False
    """Equal factors instead of equal steps."""
    integer: Bool = False
    """Whole numbers only."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if isinstance(data, Sequence) and not isinstance(data, str) and len(data) == 2:
            return {"low": data[0], "high": data[1]}
        return data

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low must be less than high, not {self.low:g} and {self.high:g}")
        if self.log and self.low <= 0.0:
            raise ValueError(f"a logarithmic range must begin above 0, not at {self.low:g}")
        if self.integer and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError("an integer range must begin and end with whole numbers")
        return self


class LhsSettings(Settings):
    """A Latin hypercube over numbers."""

    n: Annotated[int, Field(ge=1, strict=True)]
    """Samples."""
    seed: Count = 0
    """Decides the samples; has nothing to do with the runs' seeds."""
    ranges: Annotated[dict[str, RangeSettings], Field(min_length=1)]
    """Key to range."""


class FalsifySettings(Settings):
    """A search for the worst case in place of all rows."""

    metric: str
    """What is looked at, dotted for what is nested, such as ``gate_status.recovering``."""
    worst: Literal["min", "max"]
    """Whether little or much of it is bad."""
    budget: Annotated[int, Field(ge=1, strict=True)] = 200
    """Rows, all seeds counted."""
    stop_at: Float | None = None
    """A value as bad as this is a violation and ends the search."""
    seed: Count = 0
    """Decides where the search looks."""


class SweepSettings(Settings):
    """Rows = ``list`` × ``grid`` × ``lhs`` × ``seeds``; what is left out counts once."""

    model_config = ConfigDict(populate_by_name=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "sweep"
    """Folder of the sweep under ``--out``."""
    base: Any
    """Config that every row begins with: a file, the name of a shipped one, or a mapping."""
    fixed: dict[str, Any] = Field(alias="set", default_factory=dict)
    """Key to value, the same in all rows."""
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    """Key to values; every combination is a row."""
    cases: list[dict[str, Any]] = Field(alias="list", default_factory=list)
    """Settings that go together, one mapping a row."""
    lhs: LhsSettings | None = None
    """Latin hypercube over numbers."""
    seeds: Any = None
    """``"0:20"``, ``"0:20:2"``, one seed or a list; left out: the config's own."""
    baseline: dict[str, Any] = Field(default_factory=dict)
    """Values of swept keys that the report compares the others with, pair by pair."""
    metrics: tuple[str, ...] = ()
    """What the report shows first; left out: every number that varies."""
    timeout_s: Positive | None = None
    """Longest wall time of a row [s]."""
    falsify: FalsifySettings | None = None
    """Search for the worst case instead."""

    @field_validator("base")
    @classmethod
    def _names_a_config(cls, value: Any) -> Any:
        if not isinstance(value, str | dict) or not value:
            raise ValueError("write the name of a config, or a mapping of settings")
        return value

    @field_validator("seeds")
    @classmethod
    def _parsed(cls, value: Any) -> tuple[int, ...] | None:
        return None if value is None else parse_seeds(value)

    @model_validator(mode="after")
    def _is_searchable(self) -> Self:
        if self.falsify is not None and not (self.lhs or self.grid or self.cases):
            raise ValueError("a search needs ranges: lhs.ranges, grid or list")
        return self


def parse_seeds(value: Any) -> tuple[int, ...]:
    """Seeds as a person writes them: ``"0:20"`` (without 20), ``"0:20:5"``, 3, or a list.

    Raises:
        ValueError: If they are none, or one stands twice.
    """
    problem = f"{value!r} are no seeds; write 0:20, one number or a list of them"
    if isinstance(value, str):
        parts = re.fullmatch(r"\s*(\d+)(?::(\d+))?(?::(\d+))?\s*", value)
        if parts is None:
            raise ValueError(problem)
        first, end, step = (int(p) if p is not None else None for p in parts.groups())
        assert first is not None
        if step == 0:
            raise ValueError(problem)
        listed = range(first, end if end is not None else first + 1, step or 1)
        if not listed or len(listed) > SEEDS_MOST:
            raise ValueError(f"{value!r} holds {len(listed)} seeds")
        return tuple(listed)
    found = value if isinstance(value, list | tuple) else [value]
    if not found or any(type(seed) is not int or seed < 0 for seed in found):
        raise ValueError(problem)
    if len(set(found)) < len(found):
        raise ValueError(f"{value!r} names a seed twice")
    return tuple(found)
