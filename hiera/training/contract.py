"""What a training is, and what it tells whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hiera.config.settings import Settings
from hiera.recording import RunDirectory


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training is.

    Attributes:
        stage: What it is doing.
        done: Parts of the stage that are done.
        of: All its parts.
        fields: More to show, text by name.
    """

    stage: str
    done: int
    of: int
    fields: Mapping[str, str]


class Watch(Protocol):
    """Shows progress, and says when to stop."""

    def show(self, progress: Progress) -> None:
        """Shows where the training is; called often."""
        ...

    def should_stop(self) -> bool:
        """Whether the person wants it to stop; what is done is kept."""
        ...


class Training(Protocol):
    """Something ``hiera train`` can run."""

    settings: type[Settings]
    summary: str
    needs: tuple[str, str] | None
    """A module that is not always installed and the extra that brings it, or None."""

    def run(self, settings: Any, folder: RunDirectory, watch: Watch, jobs: int) -> dict[str, Any]:
        """Trains into a folder, or goes on with what is in it; see `ViewpointTraining.run`."""
        ...
