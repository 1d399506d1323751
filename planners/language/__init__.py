"""Language models as backends of the slow layer: any server, any failure, one reply type."""

from hiera.planners.language.contract import (
    Completion,
    Diagnosis,
    LanguageBackend,
    Message,
    Reply,
    ReplyStatus,
    VerdictListener,
)
from hiera.planners.language.recorder import Exchange, Recorder
from hiera.planners.language.replay import ReplayBackend

__all__ = [
    "Completion",
    "Diagnosis",
    "Exchange",
    "LanguageBackend",
    "Message",
    "Recorder",
    "ReplayBackend",
    "Reply",
    "ReplyStatus",
    "VerdictListener",
]
