"""Everything a person can set in a viewpoint training."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hiera.config.settings import Bool, Count, Fraction, NonNegative, Positive, Settings

One = Annotated[int, Field(ge=1)]


class MapsSettings(Settings):
    """Where episodes take place; a map is for training or held out, never both."""

    dare: str | None = None
    """Packed DARE training maps (npz); relative to the working directory. None: only buildings."""
    dare_train: Annotated[tuple[int, int], Field()] = (0, 3760)
    """Maps ``[first, last)`` of it to train on, without those that are a held-out one turned or
    mirrored."""
    dare_held_out: Annotated[tuple[int, int], Field()] = (3760, 4000)
    """Maps ``[first, last)`` of it to choose the best weights by, one of each layout."""
    buildings: Fraction = 0.2
    """Share of the episodes in generated warehouses, drawn anew for each; all of them without
    ``dare``."""
    buildings_held_out: One = 20
    """How many warehouses to choose by where there are no dare maps."""
    led: Bool = False
    """Whether the numeric planner's waypoints lead the network on the held-out maps."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        (a, b), (c, d) = self.dare_train, self.dare_held_out
        if not 0 <= a < b or not 0 <= c < d:
            raise ValueError("dare_train and dare_held_out must be [first, last) with first < last")
        if max(a, c) < min(b, d):
            raise ValueError("dare_train and dare_held_out must have no map in common")
        if self.dare is None and self.buildings == 0.0:
            raise ValueError("buildings must not be 0 where no dare maps are given")
        return self


class EpisodeSettings(Settings):
    """How episodes are drawn."""

    cap: One = 200
    """Most decisions in an episode."""
    random_start: Fraction = 0.15
    """Share of the episodes that start at a random viewpoint."""
    waypoints: Fraction = 0.4
    """Share of the episodes led by the numeric planner's waypoints."""


class NetworkSettings(Settings):
    """Sizes of the network."""

    width: One = 64
    """Width of a token."""
    heads: One = 4
    """Attention heads."""
    layers: One = 3
    """Attention layers."""
    hidden: One = 128
    """Hidden width of the layers' perceptrons."""
    channels: tuple[int, int, int] = (16, 32, 64)
    """Channels of the three levels of the picture."""

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        if self.width % self.heads:
            raise ValueError("width must be a multiple of heads")
        return self


class TeachSettings(Settings):
    """First the network learns from one who knows the map.

    It learns what each choice costs, what later ones will, and to guess the unknown ground.
    """

    episodes: Count = 270
    """Episodes of the local tour; 0 leaves the teaching out and begins as the tour itself."""
    random_choice: Fraction = 0.1
    """Share of the decisions made at random."""
    every: One = 2
    """Every so manieth decision is labelled."""
    batch: One = 128
    """Decisions per step."""
    epochs: Positive = 6.0
    """Passes over the decisions, each turned or mirrored at random."""
    rate: Positive = 1e-3
    """Greatest learning rate (AdamW, one cycle)."""
    decay: NonNegative = 0.01
    """Weight decay."""
    guess: NonNegative = 0.3
    """Weight of guessing the unknown part of the map."""
    value: NonNegative = 0.05
    """Weight of the value's error."""
    clip_m: Positive = 40.0
    """Choices worse than this count as this bad [m]."""


class RewardSettings(Settings):
    """What a decision is worth, in units of 10 m; formula in `rollouts`."""

    metre: NonNegative = 1.0
    """Taken off per metre travelled."""
    square_metre: NonNegative = 0.0
    """Added per square metre of free ground newly seen."""
    finish_m: NonNegative = 0.0
    """Added on completion."""
    adherence: NonNegative = 0.0
    """Added per metre of progress towards the waypoint."""
    shaped: Bool = True
    """Shape by the known-map expert's cost to go, so that what a decision loses shows at once."""


class SoftActorCriticSettings(Settings):
    """Soft actor-critic: off-policy, from a replay buffer."""

    updates: One = 60
    """Gradient steps per iteration."""
    replay: One = 20000
    """Decisions that are remembered; the oldest iterations go first."""
    temperature: Positive = 0.2
    """Temperature to begin with [10 m]."""
    entropy_share: Fraction = 0.2
    """Entropy to aim at, as a share of the logarithm of the number of candidates."""
    temperature_rate: Positive = 3e-3
    """Learning rate of the temperature's logarithm (Adam)."""
    critic_rate: Positive = 1e-3
    """Learning rate of the critics (Adam)."""
    target: Positive = 0.02
    """Share of the critics that their targets take over at each step."""
    critics_first: Count = 1
    """Iterations in which only the critics learn."""


class ReinforceSettings(Settings):
    """Then it learns by doing."""

    algorithm: Literal["ppo", "sac"] = "ppo"
    """Proximal policy optimisation, or discrete soft actor-critic."""
    iterations: Count = 40
    """Iterations of gathering and improving."""
    episodes: One = 40
    """Episodes in each."""
    discount: Fraction = 0.98
    """Discount of later rewards per decision."""
    trace: Fraction = 0.9
    """Lambda of the generalised advantage."""
    batch: One = 128
    """Decisions per step."""
    rate: Positive = 1e-3
    """Learning rate of the policy (Adam)."""
    epochs: One = 3
    """Passes over an iteration's decisions; PPO only."""
    clip: Positive = 0.2
    """How far the probability ratio may move and still count; PPO only."""
    value: NonNegative = 0.05
    """Weight of the value's error; PPO only."""
    entropy: NonNegative = 0.0
    """Weight of the policy's entropy; PPO only."""
    sac: SoftActorCriticSettings = SoftActorCriticSettings()
    score_every: One = 10
    """Held-out maps are driven every so many iterations; the best weights are kept."""
    reward: RewardSettings = RewardSettings()


class ViewpointTrainingSettings(Settings):
    """A training of the viewpoint policy."""

    train: Literal["viewpoint"] = "viewpoint"
    """What is trained."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "viewpoint"
    """Folder of the training under ``--out``."""
    seed: Count = 0
    """Everything random follows from it."""
    maps: MapsSettings = MapsSettings()
    episode: EpisodeSettings = EpisodeSettings()
    network: NetworkSettings = NetworkSettings()
    teach: TeachSettings = TeachSettings()
    reinforce: ReinforceSettings = ReinforceSettings()
    device: str = "auto"
    """``auto`` (a GPU where there is one), ``cpu``, ``cuda``."""
    threads: One = 1
    """CPU threads of PyTorch."""
    start_from: str | None = None
    """Weights file to begin with, which leaves the teaching out; None begins from nothing."""
