"""The ladder below the optimum: what may act when the rows cannot all be met."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from hiera.safety.contract import Context, FloatArray


@runtime_checkable
class Backup(Protocol):
    """A policy that is asked when the programme has no answer, in the order of the list."""

    @property
    def name(self) -> str:
        """Stands in `SafeAction.backup`."""
        ...

    def propose(self, x: FloatArray, context: Context) -> tuple[FloatArray | None, str]:
        """A certified action, or None and the reason why there is none.

        Args:
            x: State estimate, shape ``(n,)``.
            context: Time, parameters, obstacles.
        """
        ...
