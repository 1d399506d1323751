"""A backend that answers from a list, without a network."""

from __future__ import annotations

from collections.abc import Sequence

from hiera.planners.language import Completion, Diagnosis, Reply, ReplyStatus


class Scripted:
    """Gives one reply after the other, then the last one for ever; remembers what it was asked."""

    name = "scripted"

    def __init__(self, replies: Sequence[Reply | str]) -> None:
        self.replies = [Reply(r, ReplyStatus.OK, 1.0) if isinstance(r, str) else r for r in replies]
        self.requests: list[Completion] = []
        self.verdicts: list[str] = []

    def complete(self, request: Completion) -> Reply:
        self.requests.append(request)
        return self.replies[min(len(self.requests), len(self.replies)) - 1]

    def check(self) -> Diagnosis:
        return Diagnosis(True, "scripted")

    def judge(self, rung: str) -> None:
        self.verdicts.append(rung)
