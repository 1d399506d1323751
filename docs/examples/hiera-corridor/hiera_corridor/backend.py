"""A language backend without a language model: it answers with the ids as they are listed."""

import json
from typing import Any, Literal

from hiera.config import Settings
from hiera.planners.language import (
    Completion,
    Diagnosis,
    Exchange,
    LanguageBackend,
    Recorder,
    ReplayBackend,
    Reply,
    ReplyStatus,
)
from hiera.registry import Component


class AsListedSettings(Settings):
    """A floor for comparisons: no judgement at all."""

    backend: Literal["as_listed"] = "as_listed"


class AsListed:
    """Completes every request with the first valid order."""

    name = "as_listed"

    def complete(self, request: Completion) -> Reply:
        """Never raises for a server's fault; here there is none."""
        properties: Any = (request.schema or {}).get("properties", {})
        answer = {key: "as listed" for key in properties if key != "waypoints"}
        ids = properties["waypoints"]["items"]["enum"] if "waypoints" in properties else []
        return Reply(json.dumps(answer | {"waypoints": ids}), ReplyStatus.OK)

    def check(self) -> Diagnosis:
        """Asked before the run starts."""
        return Diagnosis(True, "there is nothing that could be missing")


def build(settings: AsListedSettings, *, wiring: Any, seed: int) -> LanguageBackend:
    """Records every exchange; a replay answers from the record."""
    backend: LanguageBackend = AsListed()
    if wiring.replay_only:
        backend = ReplayBackend([Exchange.from_json(e) for e in wiring.recorded_exchanges])
    return Recorder(backend, lambda exchange: wiring.record_exchange(exchange.to_json()))


AS_LISTED = Component("as_listed", AsListedSettings, build, "the ids as they are listed")
