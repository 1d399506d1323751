"""Tasks that wait: read a few ahead from an iterator, in front of them those that came back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from hiera.sweeps.task import Task


class Queue:
    """Tasks in the order in which they are to be computed.

    Args:
        tasks: Read lazily.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._source = iter(tasks)
        self._front: deque[Task] = deque()

    def __bool__(self) -> bool:
        return self.at_hand(1) > 0

    def at_hand(self, most: int) -> int:
        """How many tasks there are, counted up to ``most``."""
        while len(self._front) < most:
            following = next(self._source, None)
            if following is None:
                break
            self._front.append(following)
        return min(len(self._front), most)

    def put_back(self, tasks: list[Task]) -> None:
        """Tasks that were not computed after all; they are the next."""
        self._front.extendleft(reversed(tasks))

    def take(self, most: int, deaths: dict[int, int]) -> list[Task]:
        """Up to so many tasks; one under which a worker died goes alone."""
        taken: list[Task] = []
        while len(taken) < most and self:
            if self._front[0].index in deaths and taken:
                break
            taken.append(self._front.popleft())
            if taken[-1].index in deaths:
                break
        return taken
