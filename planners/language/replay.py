"""Answers from a record, in order: a run again without the model.

Failures and latencies come back as they were; nothing waits. A prompt that is not the recorded
one means that the run has taken another course, which is said and not papered over.
"""

from __future__ import annotations

from collections.abc import Sequence

from hiera.planners.language.contract import Completion, Diagnosis, Reply, ReplyStatus
from hiera.planners.language.recorder import Exchange


class ReplayBackend:
    """Repeats recorded exchanges."""

    def __init__(self, exchanges: Sequence[Exchange], *, strict: bool = True) -> None:
        """Takes the record.

        Args:
            exchanges: Of one run, in order.
            strict: Answer a prompt that differs from the record with `ReplyStatus.ERROR`;
                otherwise give the recorded answer all the same. Either way it is counted.
        """
        self._exchanges = tuple(exchanges)
        self._strict = strict
        self._next = 0
        self.divergences = 0
        """Prompts so far that differed from the record or went beyond it."""

    @property
    def name(self) -> str:
        """Says what is replayed."""
        original = self._exchanges[0].backend if self._exchanges else "nothing"
        return f"replay of {original}"

    def complete(self, request: Completion) -> Reply:
        """The recorded answer to this prompt."""
        index = self._next
        self._next += 1
        if index >= len(self._exchanges):
            self.divergences += 1
            return Reply(
                "",
                ReplyStatus.ERROR,
                error=f"the record holds {len(self._exchanges)} exchanges, this is number "
                f"{index + 1}",
            )
        exchange = self._exchanges[index]
        if exchange.digest != request.digest():
            self.divergences += 1
            if self._strict:
                return Reply(
                    "",
                    ReplyStatus.ERROR,
                    latency_s=exchange.reply.latency_s,
                    error=f"prompt {index + 1} is not the recorded one: the run has diverged",
                )
        return exchange.reply

    def check(self) -> Diagnosis:
        """A record with at least one exchange can be replayed."""
        if not self._exchanges:
            return Diagnosis(False, "the record holds no exchange with a language model")
        return Diagnosis(True, f"{len(self._exchanges)} recorded exchanges")
