"""A bound on the wall time of a call that has none of its own.

Clients bound the wait for the next byte, not for the whole answer; a server that dribbles would
hold a planner for ever. The call runs in a thread that is left behind when its time is up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Attempt(Generic[T]):
    """How a bounded call ended: with a value, with an error, or not in time."""

    value: T | None = None
    error: Exception | None = None
    in_time: bool = False


def within(timeout_s: float, call: Callable[[], T]) -> Attempt[T]:
    """Runs ``call`` for at most ``timeout_s`` [s]."""
    attempt: Attempt[T] = Attempt()

    def work() -> None:
        try:
            attempt.value = call()
        except Exception as error:  # noqa: BLE001 - handed to the caller, who names it
            attempt.error = error

    thread = threading.Thread(target=work, name="hiera-language-model", daemon=True)
    thread.start()
    thread.join(max(0.0, timeout_s))
    if thread.is_alive():
        return Attempt()
    attempt.in_time = True
    return attempt
