"""Backend for any server that speaks OpenAI's chat-completions interface.

That is OpenAI itself, vLLM, llama-server, LM Studio, Ollama's ``/v1`` and many others. The key
comes from an environment variable and from nowhere else, so that it cannot end up in a config, a
record or a report; a server on this machine usually needs none.
"""

from __future__ import annotations

import os
import time
from typing import Any

from hiera.planners.language.contract import Completion, Diagnosis, Reply, ReplyStatus
from hiera.planners.language.deadline import within
from hiera.safety.extras import require

_CHECK_TIMEOUT_S = 10.0
_NO_KEY = "none"


class OpenAIBackend:
    """Talks to a compatible server."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str = "https://api.openai.com/v1",
        key_variable: str = "OPENAI_API_KEY",
    ) -> None:
        """Sets the backend up without contacting the server.

        Args:
            model: Name as the server knows it.
            base_url: Address, version path included.
            key_variable: Environment variable that holds the key.

        Raises:
            MissingExtra: If the client is not installed.
        """
        self._openai: Any = require("openai", "llm")
        self._model = model
        self._base_url = base_url
        self._key_variable = key_variable
        self._client = self._openai.OpenAI(
            base_url=base_url, api_key=os.environ.get(key_variable) or _NO_KEY, max_retries=0
        )

    @property
    def name(self) -> str:
        """``openai:`` and the model."""
        return f"openai:{self._model}"

    def complete(self, request: Completion) -> Reply:
        """One chat-completions call with the schema as ``response_format``."""
        start = time.perf_counter()
        attempt = within(request.timeout_s, lambda: self._chat(request))
        latency_s = time.perf_counter() - start
        if not attempt.in_time:
            return self._late(request, latency_s)
        if attempt.error is not None:
            if isinstance(attempt.error, self._openai.APITimeoutError):
                return self._late(request, latency_s)
            status, sentence = self._name_of(attempt.error)
            return Reply("", status, latency_s, error=sentence)
        return self._read(attempt.value, latency_s)

    def check(self) -> Diagnosis:
        """Asks for the list of models; a server without such a list counts as there."""
        attempt = within(
            _CHECK_TIMEOUT_S,
            lambda: [m.id for m in self._client.models.list(timeout=_CHECK_TIMEOUT_S)],
        )
        if not attempt.in_time:
            return Diagnosis(False, f"the server at {self._base_url} does not answer in time")
        if isinstance(attempt.error, self._openai.NotFoundError):
            return Diagnosis(True, f"{self._base_url} answers, but does not list its models")
        if attempt.error is not None:
            return Diagnosis(False, self._name_of(attempt.error)[1])
        names = attempt.value or []
        if names and self._model not in names:
            return Diagnosis(
                False, f"the server at {self._base_url} does not list the model {self._model!r}"
            )
        return Diagnosis(True, f"{self._base_url} has {self._model}")

    def _chat(self, request: Completion) -> Any:
        options: dict[str, Any] = {}
        if request.schema is not None:
            options["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "plan", "strict": True, "schema": dict(request.schema)},
            }
        return self._client.chat.completions.create(
            model=self._model,
            messages=[{"role": m.role, "content": m.content} for m in request.messages],
            temperature=request.temperature,
            seed=request.seed,
            max_tokens=request.max_tokens,
            timeout=request.timeout_s,
            **options,
        )

    def _read(self, answer: Any, latency_s: float) -> Reply:
        choices = getattr(answer, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            sentence = f"no sense in the answer of {self._base_url}: it holds no message"
            return Reply("", ReplyStatus.ERROR, latency_s, error=sentence)
        usage = answer.usage
        tokens: tuple[int, int] = (0, 0)
        if usage is not None:
            tokens = (int(usage.prompt_tokens), int(usage.completion_tokens))
        message = choices[0].message
        refusal = getattr(message, "refusal", None)
        if refusal or choices[0].finish_reason == "content_filter":
            sentence = f"{self._model} refused: {refusal or 'content filter'}"
            return Reply("", ReplyStatus.REFUSED, latency_s, *tokens, error=sentence)
        text = message.content or ""
        if not text.strip():
            sentence = f"{self._model} answered nothing"
            return Reply("", ReplyStatus.EMPTY, latency_s, *tokens, error=sentence)
        return Reply(text, ReplyStatus.OK, latency_s, *tokens)

    def _late(self, request: Completion, latency_s: float) -> Reply:
        sentence = f"{self._model} at {self._base_url} took longer than {request.timeout_s:g} s"
        return Reply("", ReplyStatus.TIMEOUT, latency_s, error=sentence)

    def _name_of(self, error: Exception) -> tuple[ReplyStatus, str]:
        where = self._base_url
        if isinstance(error, self._openai.APIConnectionError):
            cause = error.__cause__
            if cause is not None and type(cause).__name__ in ("RemoteProtocolError", "ReadError"):
                return ReplyStatus.ERROR, f"{where} broke off in the middle of its answer"
            return ReplyStatus.UNAVAILABLE, f"no server answers at {where}"
        if isinstance(error, self._openai.AuthenticationError | self._openai.PermissionDeniedError):
            return ReplyStatus.REFUSED, (
                f"{where} refuses access: put a valid key into the environment variable "
                f"{self._key_variable}"
            )
        if isinstance(error, self._openai.NotFoundError):
            return ReplyStatus.REFUSED, f"the server at {where} has no model {self._model!r}"
        if isinstance(error, self._openai.APIStatusError):
            declined = 400 <= error.status_code < 500
            status = ReplyStatus.REFUSED if declined else ReplyStatus.ERROR
            return status, f"the server at {where} says: {error}"
        kind = type(error).__name__
        return ReplyStatus.ERROR, f"no sense in the answer of {where} ({kind}: {error})"
