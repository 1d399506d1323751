"""Every exchange with a language model, as it will stand in ``llm.jsonl``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast

from hiera.planners.language.contract import (
    Completion,
    Diagnosis,
    LanguageBackend,
    Message,
    Reply,
    ReplyStatus,
)

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its answer and what the validity ladder made of it.

    Attributes:
        index: Number of the exchange in its run, from 0.
        backend: Name of the backend.
        digest: `Completion.digest` of the request.
        messages: The conversation that was sent.
        reply: The answer.
        rung: The last rung the answer passed, empty if nobody judged it.
    """

    index: int
    backend: str
    digest: str
    messages: tuple[Message, ...]
    reply: Reply
    rung: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data, ready for `json.dumps`."""
        data = asdict(self)
        data["messages"] = list(data["messages"])
        data["reply"]["status"] = str(self.reply.status)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Exchange:
        """Back from plain data.

        Raises:
            ValueError: If a field is missing or of the wrong kind.
        """
        try:
            reply = dict(data["reply"])
            messages = tuple(
                Message(cast(Role, str(m["role"])), str(m["content"])) for m in data["messages"]
            )
            return cls(
                index=int(data["index"]),
                backend=str(data["backend"]),
                digest=str(data["digest"]),
                messages=messages,
                reply=Reply(**(reply | {"status": ReplyStatus(reply["status"])})),
                rung=str(data.get("rung", "")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a recorded exchange: {error}") from error


class Recorder:
    """Wraps a backend and hands every exchange to a sink, once it is judged."""

    def __init__(self, backend: LanguageBackend, sink: Callable[[Exchange], None]) -> None:
        self._backend = backend
        self._sink = sink
        self._pending: Exchange | None = None
        self._count = 0

    @property
    def name(self) -> str:
        """The name of the backend inside."""
        return self._backend.name

    def complete(self, request: Completion) -> Reply:
        """Asks the backend and keeps the exchange until it is judged or another one follows."""
        self.flush()
        reply = self._backend.complete(request)
        self._pending = Exchange(self._count, self.name, request.digest(), request.messages, reply)
        self._count += 1
        return reply

    def judge(self, rung: str) -> None:
        """Adds the verdict to the last exchange and hands it to the sink."""
        if self._pending is not None:
            self._pending = replace(self._pending, rung=rung)
        self.flush()

    def flush(self) -> None:
        """Hands over an exchange that nobody has judged."""
        if self._pending is not None:
            exchange, self._pending = self._pending, None
            self._sink(exchange)

    def check(self) -> Diagnosis:
        """Asks the backend inside."""
        return self._backend.check()
