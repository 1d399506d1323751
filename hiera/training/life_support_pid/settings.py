"""Everything a person can set in a tuning of the PID baseline."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hiera.config.settings import Count, Fraction, NonNegative, Settings

One = Annotated[int, Field(ge=1, strict=True)]
HELD_OUT = 1000
"""Missions from this number on are for comparisons and nobody tunes on them."""


class TuningMissionsSettings(Settings):
    """Missions to tune on."""

    first: Count = 0
    """Number of the first; `mission:NUMBER` of the catalogue, the set drawn from the same seed."""
    count: One = 48
    """How many."""
    longest_s: One = 14400
    """Simulated time after which an episode is cut off [s]."""

    @model_validator(mode="after")
    def _not_held_out(self) -> Self:
        if self.first + self.count > HELD_OUT:
            raise ValueError(
                f"missions from {HELD_OUT} on are held out: first + count is too large"
            )
        return self


class SearchSettings(Settings):
    """Differential evolution."""

    population: Annotated[int, Field(ge=5, strict=True)] = 24
    """Candidates side by side."""
    generations: One = 20
    """How often each is challenged, without feed-forward."""
    forward_generations: One = 8
    """The same with feed-forward, which goes on with the population found without."""
    factor: Annotated[float, Field(gt=0, le=2, strict=True)] = 0.6
    """Weight of a difference of two candidates."""
    crossing: Fraction = 0.8
    """Share of the gains that a challenger takes over."""


class PidTuningSettings(Settings):
    """A tuning of the PID baseline, without and with feed-forward."""

    train: Literal["life_support_pid"] = "life_support_pid"
    """What is trained."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "life_support_pid"
    """Folder of the training under ``--out``."""
    seed: Count = 0
    """Everything random follows from it."""
    missions: TuningMissionsSettings = TuningMissionsSettings()
    search: SearchSettings = SearchSettings()
    violation: NonNegative = 0.1
    """Taken off the logarithm of the endurance where a hard limit ended the episode."""
