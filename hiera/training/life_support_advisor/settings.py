"""Everything a person can set in a training of the advisor."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hiera.config.settings import Count, Fraction, NonNegative, Positive, Settings

One = Annotated[int, Field(ge=1)]


class RewardSettings(Settings):
    """What a decision is worth, in minutes; formula in `vector`."""

    enriched: Fraction = 0.25
    """Taken off per minute above the strict fire ceiling."""
    alarmed: Fraction = 0.25
    """Taken off per minute above the CO2 alarm."""
    hard: NonNegative = 10.0
    """Taken off when a hard limit ends the episode."""
    shaping: NonNegative = 1.0
    """Weight of the potential; 0 for none."""


class WorldSettings(Settings):
    """The batched sets to train on."""

    sets: One = 64
    """How many live at once."""
    period_s: One = 30
    """Between decisions [s]."""
    max_time_s: Positive = 14400.0
    """When an episode is cut off [s]."""
    spread: NonNegative = 1.0
    """Multiplies how far plants and beliefs differ."""
    missions: tuple[int, int] = (0, 900)
    """Seeds ``[first, last)`` of the missions to train on."""
    held_out: tuple[int, int] = (900, 1000)
    """Seeds ``[first, last)`` of the missions to choose the best weights by."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        (a, b), (c, d) = self.missions, self.held_out
        if not 0 <= a < b or not 0 <= c < d:
            raise ValueError("missions and held_out must be [first, last) with first < last")
        if max(a, c) < min(b, d):
            raise ValueError("missions and held_out must have no seed in common")
        if max(b, d) > 1000:
            raise ValueError("seeds from 1000 on are kept for comparisons of controllers")
        return self


class AdvisorTrainingSettings(Settings):
    """A training of the advisor."""

    train: Literal["life_support_advisor"] = "life_support_advisor"
    """What is trained."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "life_support_advisor"
    """Folder of the training under ``--out``."""
    seed: Count = 0
    """Everything random follows from it."""
    algorithm: Literal["sac", "dsac_t"] = "sac"
    """Stable-Baselines3's soft actor-critic, or `hiera.controllers.rl.dsac`."""
    steps: One = 40_000
    """Decisions of all sets together."""
    updates: One = 8
    """Critic steps after each decision of all sets."""
    warm_up: Count = 6400
    """Decisions made at random first."""
    hidden: tuple[int, int] = (128, 128)
    """Widths of the networks' layers."""
    batch: One = 256
    """Decisions per critic step."""
    buffer: One = 100_000
    """Decisions that are remembered."""
    temperature: Positive = 0.02
    """Weight of the policy's entropy to begin with, in minutes; it is learned."""
    rate: Positive = 5e-4
    """Learning rate of actor and critics."""
    discount: Fraction = 0.97
    """Discount of later rewards per decision."""
    score_every: One = 10_000
    """Held-out missions are lived every so many decisions; the best weights are kept."""
    world: WorldSettings = WorldSettings()
    reward: RewardSettings = RewardSettings()
    threads: One = 1
    """CPU threads of PyTorch."""
