"""What every controller takes and gives back."""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

ObservationT_contra = TypeVar("ObservationT_contra", contravariant=True)
SubgoalT_contra = TypeVar("SubgoalT_contra", contravariant=True)


class Controller(Protocol[ObservationT_contra, SubgoalT_contra]):
    """Turns an observation and the current subgoal into a nominal action."""

    def reset(self, seed: int) -> None:
        """Starts a new episode with its own random stream."""
        ...

    def act(
        self, observation: ObservationT_contra, subgoal: SubgoalT_contra | None
    ) -> NDArray[np.float64]:
        """Returns the nominal action, shape ``(m,)``, in the environment's units.

        Args:
            observation: What the family hands the controller at this tick.
            subgoal: The slow layer's current subgoal, or None while there is none.
        """
        ...
