"""Reading a run directory, finished or killed half-way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from hiera.config import yaml_core
from hiera.errors import RecordError
from hiera.recording import PARQUET, WAL, read_wal


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """JSON lines of a file that may end in a torn line; a missing file has none."""
    if not path.exists():
        return
    with path.open("rb") as stream:
        for raw in stream:
            if not raw.endswith(b"\n"):
                return
            try:
                yield json.loads(raw)
            except json.JSONDecodeError as error:
                raise RecordError(f"{path} holds a line that is not JSON: {error}") from error


def _mapping(path: Path, parse: Callable[[str], Any]) -> dict[str, Any]:
    try:
        found = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RecordError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise RecordError(f"{path} must hold a mapping")
    return found


@dataclass(frozen=True, slots=True)
class Record:
    """A run as it lies on disk.

    Attributes:
        path: The run directory.
        config: Resolved config as plain data.
        manifest: Versions, seed streams, command, columns.
        metrics: Final metrics, or None if the run did not get that far.
    """

    path: Path
    config: dict[str, Any]
    manifest: dict[str, Any]
    metrics: dict[str, Any] | None

    @classmethod
    def open(cls, path: Path) -> Record:
        """Opens a run directory.

        Raises:
            RecordError: If it is none, in one sentence.
        """
        if not path.is_dir():
            raise RecordError(f"there is no run directory {path}")
        missing = [n for n in ("config.yaml", "manifest.json") if not (path / n).is_file()]
        if missing:
            inner = [p for p in sorted(path.glob("*/")) if (p / "manifest.json").is_file()]
            hint = f"; did you mean {inner[-1]}?" if inner else ""
            raise RecordError(f"{path} is no run directory: it has no {missing[0]}{hint}")
        metrics = path / "metrics.json"
        return cls(
            path,
            _mapping(path / "config.yaml", lambda text: yaml_core.parse(text)[0]),
            _mapping(path / "manifest.json", json.loads),
            _mapping(metrics, json.loads) if metrics.is_file() else None,
        )

    @property
    def finished(self) -> bool:
        """Whether the run reached its metrics."""
        return self.metrics is not None

    @property
    def drawable(self) -> bool:
        """Whether there is a tick and a map to draw; not so if it ended before its first tick."""
        return bool(self.arrays()) and len(self.trajectory().get("tick", ())) > 0

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """Events in order, all or those of the given kinds."""
        lines = read_lines(self.path / "events.jsonl")
        return [line for line in lines if not kinds or line.get("kind") in kinds]

    def exchanges(self) -> list[dict[str, Any]]:
        """Every prompt and reply."""
        return list(read_lines(self.path / "llm.jsonl"))

    def trajectory(self) -> dict[str, NDArray[np.float64]]:
        """Columns by name, each shape ``(rows,)``; from Parquet, or from a killed run's rows."""
        if (self.path / PARQUET).is_file():
            import pyarrow.parquet as pq

            table = pq.read_table(self.path / PARQUET)
            return {name: table[name].to_numpy() for name in table.column_names}
        columns = list(self.manifest.get("columns", []))
        if not (self.path / WAL).is_file() or not columns:
            return {name: np.zeros(0) for name in columns}
        rows = read_wal(self.path / WAL, columns)
        return {name: rows[:, i] for i, name in enumerate(columns)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The last snapshot of maps, empty if there is none yet."""
        path = self.path / "map.npz"
        if not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
