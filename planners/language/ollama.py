"""Backend for an Ollama server, through its official client.

The schema goes out as ``format``; a server may ignore it and answer 200 all the same, so nobody
may rely on it. The answer is streamed, so that a server that breaks off is told from one that is
slow, and so that giving up closes the connection and stops the generation.
"""

from __future__ import annotations

import time
from typing import Any

from hiera.planners.language.contract import Completion, Diagnosis, Reply, ReplyStatus
from hiera.planners.language.deadline import within
from hiera.safety.extras import require

_CHECK_TIMEOUT_S = 5.0


class OllamaBackend:
    """Talks to a running Ollama server."""

    def __init__(
        self, model: str, *, host: str = "http://localhost:11434", keep_alive: str = "10m"
    ) -> None:
        """Sets the backend up without contacting the server.

        Args:
            model: Name as ``ollama list`` shows it, such as ``qwen3:8b``.
            host: Address of the server.
            keep_alive: How long the server keeps the model in memory after a call.

        Raises:
            MissingExtra: If the client is not installed.
        """
        self._ollama: Any = require("ollama", "llm")
        self._httpx: Any = require("httpx", "llm")
        self._model = model
        self._host = host
        self._keep_alive = keep_alive

    @property
    def name(self) -> str:
        """``ollama:`` and the model."""
        return f"ollama:{self._model}"

    def complete(self, request: Completion) -> Reply:
        """One chat call with the schema as ``format``."""
        start = time.perf_counter()
        attempt = within(request.timeout_s, lambda: self._chat(request, start))
        latency_s = time.perf_counter() - start
        if not attempt.in_time:
            return self._late(request, latency_s)
        if attempt.error is not None:
            return self._failed(attempt.error, request, latency_s)
        assert attempt.value is not None
        return attempt.value

    def check(self) -> Diagnosis:
        """Asks for the list of models."""
        attempt = within(_CHECK_TIMEOUT_S, lambda: self._client(_CHECK_TIMEOUT_S).list())
        if not attempt.in_time:
            return Diagnosis(False, f"the Ollama server at {self._host} does not answer in time")
        if attempt.error is not None or attempt.value is None:
            error = attempt.error or RuntimeError("no list of models")
            return Diagnosis(False, self._name_of(error)[1])
        names = sorted(str(entry.model) for entry in attempt.value.models)
        if self._model in names or f"{self._model}:latest" in names:
            return Diagnosis(True, f"Ollama at {self._host} has {self._model}")
        have = ", ".join(names) or "none"
        return Diagnosis(
            False,
            f"the Ollama server at {self._host} has no model {self._model!r} (it has: {have}); "
            f"get it with: ollama pull {self._model}",
        )

    def _client(self, timeout_s: float) -> Any:
        return self._ollama.Client(host=self._host, timeout=timeout_s)

    def _chat(self, request: Completion, start: float) -> Reply:
        """Streams the answer; stops, and so closes the connection, when the time is up."""
        parts = self._client(request.timeout_s).chat(
            model=self._model,
            messages=[{"role": m.role, "content": m.content} for m in request.messages],
            stream=True,
            format=dict(request.schema) if request.schema is not None else None,
            options={
                "temperature": request.temperature,
                "seed": request.seed,
                "num_predict": request.max_tokens,
                "num_thread": 1,
            },
            keep_alive=self._keep_alive,
        )
        text, last = "", None
        for part in parts:
            text += part.message.content or ""
            last = part
            if time.perf_counter() - start > request.timeout_s:
                return self._late(request, time.perf_counter() - start)
        latency_s = time.perf_counter() - start
        if last is None or not last.done:
            sentence = f"the Ollama server at {self._host} broke off in the middle of its answer"
            return Reply("", ReplyStatus.ERROR, latency_s, error=sentence)
        tokens = (last.prompt_eval_count or 0, last.eval_count or 0)
        if not text.strip():
            sentence = f"{self._model} answered nothing"
            return Reply("", ReplyStatus.EMPTY, latency_s, *tokens, error=sentence)
        return Reply(text, ReplyStatus.OK, latency_s, *tokens)

    def _late(self, request: Completion, latency_s: float) -> Reply:
        sentence = f"{self._model} at {self._host} took longer than {request.timeout_s:g} s"
        return Reply("", ReplyStatus.TIMEOUT, latency_s, error=sentence)

    def _failed(self, error: Exception, request: Completion, latency_s: float) -> Reply:
        if isinstance(error, self._httpx.TimeoutException):
            return self._late(request, latency_s)
        status, sentence = self._name_of(error)
        return Reply("", status, latency_s, error=sentence)

    def _name_of(self, error: Exception) -> tuple[ReplyStatus, str]:
        if isinstance(error, self._ollama.ResponseError):
            if error.status_code == 404:
                return ReplyStatus.REFUSED, (
                    f"the Ollama server at {self._host} has no model {self._model!r}; "
                    f"get it with: ollama pull {self._model}"
                )
            declined = 400 <= error.status_code < 500
            status = ReplyStatus.REFUSED if declined else ReplyStatus.ERROR
            return status, f"the Ollama server at {self._host} says: {error}"
        if isinstance(error, ConnectionError | self._httpx.ConnectError):
            return ReplyStatus.UNAVAILABLE, (
                f"no Ollama server answers at {self._host}; start one with: ollama serve"
            )
        if isinstance(error, self._httpx.TransportError):
            return ReplyStatus.ERROR, (
                f"the Ollama server at {self._host} broke off in the middle of its answer"
            )
        kind = type(error).__name__
        return ReplyStatus.ERROR, f"no sense in the answer of {self._host} ({kind}: {error})"
