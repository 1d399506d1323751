"""What is asked of a language model and what comes back, whoever serves it.

A backend never raises for a server's fault: a dead server, an unknown model or an empty answer is
a `Reply` with a status and one sentence for a person.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

JsonSchema = Mapping[str, object]


class ReplyStatus(StrEnum):
    """What became of a request to a language model."""

    OK = "ok"
    """There is text."""
    TIMEOUT = "timeout"
    """The answer was not complete in time."""
    UNAVAILABLE = "unavailable"
    """Nobody answers at that address, or the model file cannot be opened."""
    REFUSED = "refused"
    """The server is there and declines: unknown model, no access, no quota, or a refusal."""
    EMPTY = "empty"
    """The answer is complete and has no text."""
    ERROR = "error"
    """The server failed, or broke off in the middle of the answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Completion:
    """A request.

    Attributes:
        messages: The conversation so far.
        schema: JSON schema the answer should obey, None for free text. Servers may ignore it.
        grammar: The same or more as a GBNF grammar, for backends that decode with one.
        temperature: 0 is greedy.
        seed: For sampling.
        max_tokens: Upper bound on the answer's length [tokens].
        timeout_s: The whole answer must be there within this [s].
    """

    messages: tuple[Message, ...]
    schema: JsonSchema | None = None
    grammar: str | None = None
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 512
    timeout_s: float = 30.0

    def digest(self) -> str:
        """Sixteen hexadecimal digits over everything that shapes the answer but the timeout."""
        content = json.dumps(
            [
                [[m.role, m.content] for m in self.messages],
                self.schema,
                self.grammar,
                self.temperature,
                self.seed,
                self.max_tokens,
            ],
            sort_keys=True,
        )
        return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or why there is none.

    Attributes:
        text: What the model said, possibly cut off; empty unless the status is OK.
        status: What became of the request.
        latency_s: Wall time from request to answer or failure [s].
        prompt_tokens: Length of the prompt if the server says so, else 0 [tokens].
        reply_tokens: Length of the answer if the server says so, else 0 [tokens].
        error: One sentence if the status is not OK.
    """

    text: str
    status: ReplyStatus
    latency_s: float = 0.0
    prompt_tokens: int = 0
    reply_tokens: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Whether a backend can be used, found out before a run starts."""

    ok: bool
    sentence: str


class LanguageBackend(Protocol):
    """Something that completes conversations."""

    @property
    def name(self) -> str:
        """Kind and model, for records and reports."""
        ...

    def complete(self, request: Completion) -> Reply:
        """Answers within ``request.timeout_s`` or says why not; never raises for a server."""
        ...

    def check(self) -> Diagnosis:
        """Whether the server is there and has the model; takes seconds at most."""
        ...


@runtime_checkable
class VerdictListener(Protocol):
    """A backend that wants to know what became of its answers, such as a recorder."""

    def judge(self, rung: str) -> None:
        """Says which rung of the validity ladder the last answer reached."""
        ...
