"""What a sidecar promises to do when nobody asks, and what it does then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hiera.safety.contract import FloatArray, SafeAction, Status
from hiera.safety.sidecar.protocol import MAX_NUMBERS

Backup = Callable[[FloatArray], FloatArray]
"""From the last state that was sent, shape ``(n,)``, to an action, shape ``(m,)``."""


@dataclass(frozen=True, slots=True)
class Duties:
    """What a sidecar promises.

    Attributes:
        state_size: Numbers in a state, n.
        resting: Action that is safest when nothing is known, shape ``(m,)``.
        budget_s: After how long without a request the backup acts [s].
        backup: Acts instead of the resting action when the watchdog trips; you vouch for it.
        on_backup: Is handed the action when the watchdog trips, to send it to the machine.
    """

    state_size: int
    resting: FloatArray
    budget_s: float = 0.02
    backup: Backup | None = None
    on_backup: Callable[[SafeAction], None] | None = None

    def __post_init__(self) -> None:
        resting = np.array(self.resting, dtype=np.float64)
        if resting.ndim != 1 or not 0 < len(resting) <= MAX_NUMBERS:
            raise ValueError(f"the resting action has shape (m,), not {resting.shape}")
        if not np.all(np.isfinite(resting)):
            raise ValueError(f"the resting action must be finite, not {resting.tolist()}")
        if not 0 < self.state_size <= MAX_NUMBERS:
            raise ValueError(f"a state has 1 to {MAX_NUMBERS} numbers, not {self.state_size}")
        if not 0.0 < self.budget_s < np.inf:
            raise ValueError(f"the budget must be positive, not {self.budget_s} s")
        object.__setattr__(self, "resting", resting)

    def rest(self, backup: str, reason: str) -> SafeAction:
        """The resting action, for which nothing vouches."""
        return SafeAction(self.resting, Status.STOP, True, backup=backup, reason=reason)

    def act(self, x: FloatArray | None) -> tuple[SafeAction, bool]:
        """Acts because no request arrived.

        Args:
            x: The last state that was sent, shape ``(n,)``.

        Returns:
            The action, and whether everything that was called did its work.
        """
        action, flawless = self._choose(x)
        if self.on_backup is not None:
            try:
                self.on_backup(action)
            except Exception:  # noqa: BLE001 - a broken callback must not end the server
                flawless = False
        return action, flawless

    def _choose(self, x: FloatArray | None) -> tuple[SafeAction, bool]:
        reason = f"no request arrived for {1e3 * self.budget_s:g} ms"
        if self.backup is None or x is None:
            return self.rest("watchdog", reason), True
        try:
            u = np.array(self.backup(x.copy()), dtype=np.float64)
        except Exception as error:  # noqa: BLE001 - whatever it raises, rest is left
            reason += f"; the backup raised {type(error).__name__}: {error}"
            return self.rest("watchdog", reason), False
        if u.shape != self.resting.shape or not np.all(np.isfinite(u)):
            return self.rest("watchdog", f"{reason}; the backup returned no action"), False
        return SafeAction(u, Status.BACKUP, True, backup="policy", reason=reason), True
