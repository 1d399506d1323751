"""What an engine takes in and gives back; every failure is a `Done` with a status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol, Self

from hiera.errors import HieraError

Target = Callable[[Any], Any]
"""Computes a row from its payload; module-level or an instance of a module-level class, so that
it can be pickled, and so must be what it takes and returns."""

RETRIES = 1
"""How often a row whose worker died is tried again."""


class SweepError(HieraError):
    """A sweep cannot be started or read; the text is one sentence."""


class RowStatus(StrEnum):
    """How the computation of a row ended."""

    OK = "ok"
    """It returned."""
    ERROR = "error"
    """It raised."""
    TIMEOUT = "timeout"
    """It took longer than allowed and was ended."""
    DIED = "died"
    """Its process died under it, twice."""


@dataclass(frozen=True, slots=True)
class Task:
    """A row to compute.

    Attributes:
        index: The caller's number for it.
        payload: What the target is called with.
    """

    index: int
    payload: Any


@dataclass(frozen=True, slots=True)
class Done:
    """A row that was computed, or could not be.

    Attributes:
        index: Of the `Task`.
        status: How it ended.
        value: What the target returned, None unless ``OK``.
        error: Why it failed, in one line.
        traceback: Where; for a process that was ended, what it last printed.
        wall_s: Wall time in the worker [s]; 0 if it died.
        cpu_s: CPU time of the worker [s]; 0 if it did not return.
        deaths: Processes that died under it.
        code: Version of the code that computed it.
    """

    index: int
    status: RowStatus
    value: Any = None
    error: str = ""
    traceback: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    deaths: int = 0
    code: str = ""


class Engine(Protocol):
    """Computes rows somewhere; a context manager that ends every process it started."""

    def as_completed(
        self, tasks: Iterable[Task], should_stop: Callable[[], bool] = ...
    ) -> Iterator[list[Done]]:
        """Takes tasks as it can use them and yields what is done, in no particular order.

        Args:
            tasks: Read lazily.
            should_stop: Once it is true no further task is taken; those begun are waited for.

        Raises:
            SweepError: If no worker can be started at all.
        """
        ...

    def __enter__(self) -> Self:
        """Itself; workers start with the first task."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends all workers and whatever they started, at once."""
        ...
