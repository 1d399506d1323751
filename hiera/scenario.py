"""What a family builds: the four parts, joined to the loop by a few questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hiera.config import Settings
from hiera.controllers import Controller
from hiera.envs import SafeEnv
from hiera.planners import Plan, Planner
from hiera.safety import SafeAction, SafetyFilter
from hiera.seeds import Seeds

ObservationT = TypeVar("ObservationT")
BeliefT = TypeVar("BeliefT")
SubgoalT = TypeVar("SubgoalT")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why an episode ended.

    Attributes:
        name: One word, such as ``complete`` or ``time_limit``.
        success: Whether the task was done.
        detail: One sentence for a person, empty if the name says it all.
    """

    name: str
    success: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of live progress.

    Attributes:
        fraction: How much of the task is done, 0 to 1.
        fields: Name and text of everything worth showing, in order.
    """

    fraction: float
    fields: Mapping[str, str]


class Scenario(ABC, Generic[ObservationT, BeliefT, SubgoalT]):
    """Planner, controller, filter and environment of one run, and how they hang together.

    The loop owns time and is the only caller of ``env.step``; a scenario answers its questions
    and keeps whatever belief and bookkeeping its family needs.
    """

    env: SafeEnv[Any]
    planner: Planner[BeliefT, SubgoalT]
    controller: Controller[ObservationT, SubgoalT]
    gate: SafetyFilter

    columns: tuple[str, ...] = ()
    """Names of the values of `row`, with their units."""

    @abstractmethod
    def reset(self) -> None:
        """Starts the episode: resets the parts with the run's seed streams."""

    @abstractmethod
    def observe(self, tick: int, now_s: float) -> ObservationT:
        """What the controller is handed at this tick."""

    @abstractmethod
    def belief(self) -> BeliefT:
        """A snapshot for the planner, which may keep it while the world moves on."""

    @abstractmethod
    def wants_plan(self, now_s: float) -> bool:
        """Whether the slow layer should be asked now."""

    @abstractmethod
    def accept(self, plan: Plan[SubgoalT], now_s: float) -> None:
        """Takes over a plan that has arrived, repaired to today's belief if it is older."""

    @abstractmethod
    def subgoal(self) -> SubgoalT | None:
        """The subgoal to pursue now."""

    @abstractmethod
    def after_step(
        self,
        observation: Any,
        info: Mapping[str, Any],
        action: SafeAction,
        nominal: NDArray[np.float64],
        now_s: float,
    ) -> None:
        """Takes in what the world answered to ``action``, which the gate made of ``nominal``."""

    @abstractmethod
    def outcome(self, now_s: float) -> Outcome | None:
        """Why the episode is over, or None while it goes on."""

    @abstractmethod
    def row(self) -> tuple[float, ...]:
        """Values of `columns` after the step."""

    @abstractmethod
    def progress(self) -> Progress:
        """What to show a person now."""

    @abstractmethod
    def metrics(self) -> dict[str, Any]:
        """The family's metrics, deterministic for a config and seed."""

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Arrays the report needs (maps and the like); written now and then during the run."""
        return {}

    def drain_events(self) -> list[tuple[str, dict[str, Any]]]:
        """Events since the last call, as ``(kind, fields)``, for the record."""
        return []


class Family(Protocol):
    """A family of scenarios, registered under ``hiera.families``."""

    @property
    def name(self) -> str:
        """The ``family`` of its configs."""
        ...

    @property
    def summary(self) -> str:
        """One line for ``hiera list``."""
        ...

    @property
    def settings(self) -> type[Settings]:
        """Its settings class."""
        ...

    def build(self, settings: Any, seeds: Seeds, wiring: Any) -> Scenario[Any, Any, Any]:
        """Builds the parts.

        Args:
            settings: An instance of `settings`.
            seeds: The run's streams.
            wiring: A `hiera.run.Wiring`: recorded exchanges and the sink for new ones.

        Raises:
            HieraError: If something named in the settings is not there, in one sentence.
        """
        ...
