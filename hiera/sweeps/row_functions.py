"""What is called for a row: a family's run, or a function of one's own, and how it is wrapped."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

RowFunction = Callable[[dict[str, Any]], Mapping[str, Any]]
"""From a config with its ``seed`` to metrics; see `hiera.sweeps.task.Target` for what it may be."""

RUN: Final = "run"
"""Metric that holds the run directory, where one was kept."""


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """A run of any scenario family.

    Attributes:
        keep: Folder under which run directories are kept; None keeps none.
    """

    keep: Path | None = None

    def __call__(self, config: dict[str, Any]) -> Mapping[str, Any]:
        """Runs it.

        Raises:
            HieraError: For what its user can mend.
        """
        from hiera.config.load import resolve
        from hiera.run import RunOptions, execute

        resolved = resolve(config, source="row")
        options = RunOptions(out=self.keep or Path(), command=[], keep=self.keep is not None)
        finished = execute(resolved, options)
        # The same row has the same metrics; how long it took is a column of its own.
        metrics = {k: v for k, v in finished.metrics.items() if k != "wall_time_s"}
        return metrics if self.keep is None else metrics | {RUN: str(finished.path)}


@dataclass(frozen=True, slots=True)
class JsonRow:
    """A row function as an engine's target: config and metrics travel as JSON."""

    function: RowFunction

    def __call__(self, payload: tuple[str, int]) -> str:
        """From ``(config, seed)`` to metrics.

        Raises:
            TypeError: If the function returns something else than a mapping of plain data.
        """
        from hiera.recording import to_json

        config, seed = payload
        metrics = self.function(json.loads(config) | {"seed": seed})
        if not isinstance(metrics, Mapping):
            raise TypeError(f"a row function must return a mapping, not {type(metrics).__name__}")
        return json.dumps(to_json(metrics), separators=(",", ":"))
