"""Everything a person can set in a training of the metabolic model."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hiera.config.settings import Count, Fraction, NonNegative, Positive, Settings

One = Annotated[int, Field(ge=1)]


class GatherSettings(Settings):
    """Missions to learn from; a seed is for training or held out, never both."""

    missions: tuple[int, int] = (0, 150)
    """Seeds ``[first, last)`` of the missions to learn from."""
    held_out: tuple[int, int] = (900, 1000)
    """Seeds ``[first, last)`` of the missions to judge by."""
    widen: Fraction = 0.2
    """Share of the missions to learn from, the last ones, that only says how sure forecasts are."""
    longest_s: Annotated[float, Field(gt=300.0)] = 1800.0
    """After which a mission is left [s]; work begins again where it ends."""
    every_s: One = 10
    """Between two moments [s]."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        (a, b), (c, d) = self.missions, self.held_out
        if not 0 <= a < b or not 0 <= c < d:
            raise ValueError("missions and held_out must be [first, last) with first < last")
        if max(a, c) < min(b, d):
            raise ValueError("missions and held_out must have no seed in common")
        if max(b, d) > 1000:
            raise ValueError("seeds from 1000 on are kept for comparisons of controllers")
        if not 1 <= self.apart < b - a:
            raise ValueError("widen must leave a mission to learn from and one to widen by")
        return self

    @property
    def apart(self) -> int:
        """How many missions only say how wide deviations are."""
        return max(1, round(self.widen * (self.missions[1] - self.missions[0])))


class FitSettings(Settings):
    """How the network is fitted."""

    hidden: One = 32
    """Width of both hidden layers."""
    epochs: One = 15
    """Passes over the moments."""
    batch: One = 256
    """Moments per step."""
    rate: Positive = 2e-3
    """Greatest learning rate (Adam, cosine)."""
    decay: NonNegative = 1e-3
    """Weight decay."""
    hide_heart: Fraction = 0.3
    """Share of the moments in which the heart rate is hidden."""
    jitter: NonNegative = 0.5
    """Noise on the features while learning, in their spreads."""


class MetabolismTrainingSettings(Settings):
    """A training of the metabolic model."""

    train: Literal["life_support_metabolism"] = "life_support_metabolism"
    """What is trained."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "life_support_metabolism"
    """Folder of the training under ``--out``."""
    seed: Count = 0
    """Start and order of the fit follow from it."""
    gather: GatherSettings = GatherSettings()
    fit: FitSettings = FitSettings()
