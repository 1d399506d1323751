"""What every environment offers: Gymnasium's interface and the filter's view of the state."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from gymnasium import spaces
from numpy.typing import NDArray

from hiera.safety.contract import SafetyState

ObservationT_co = TypeVar("ObservationT_co", covariant=True)


class SafeEnv(Protocol[ObservationT_co]):
    """A Gymnasium environment with a `safety_state`."""

    action_space: spaces.Space[Any]
    observation_space: spaces.Space[Any]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObservationT_co, dict[str, Any]]:
        """Starts an episode; everything random in it follows from ``seed``."""
        ...

    def step(
        self, action: NDArray[Any]
    ) -> tuple[ObservationT_co, float, bool, bool, dict[str, Any]]:
        """Executes an action for one tick."""
        ...

    def safety_state(self) -> SafetyState:
        """State estimate and context for the filter, valid until the next `step`."""
        ...

    def close(self) -> None:
        """Releases what the environment holds."""
        ...
