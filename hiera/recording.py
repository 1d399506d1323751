"""The run directory: written as the run goes, readable after a kill at any moment.

``events.jsonl`` and ``llm.jsonl`` are appended line by line; the trajectory goes row by row
into a write-ahead file of plain doubles and becomes ``trajectory.parquet`` at the end (or when
the directory is next read); everything else is replaced atomically.
"""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hiera.errors import RecordError

WAL: Final = "trajectory.wal"
PARQUET: Final = "trajectory.parquet"


def to_json(value: Any) -> Any:
    """Plain data for what NumPy and enums put into metrics; floats rounded to nine digits."""
    if isinstance(value, Mapping):
        return {str(key): to_json(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return to_json(value.tolist())
    if isinstance(value, list | tuple):
        return [to_json(inner) for inner in value]
    if isinstance(value, np.generic):
        return to_json(value.item())
    if isinstance(value, float):
        return float(f"{value:.9g}") if np.isfinite(value) else None
    return value


class RunDirectory:
    """Writes one run; every failure of the disk becomes one sentence (`RecordError`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._streams: dict[str, io.FileIO] = {}

    @classmethod
    def create(cls, out: Path, name: str, digest: str, now: datetime | None = None) -> RunDirectory:
        """Makes ``out/name/<UTC stamp>-<digest>``; two runs in one second get a number.

        Raises:
            RecordError: If the folder cannot be made.
        """
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        for attempt in range(1000):
            suffix = f"-{attempt + 1}" if attempt else ""
            path = out / name / f"{stamp}-{digest}{suffix}"
            try:
                path.mkdir(parents=True, exist_ok=False)
            except FileExistsError:
                if not path.is_dir():
                    raise RecordError(f"{path} is in the way: it is not a folder") from None
                continue
            except OSError as error:
                raise RecordError(
                    f"the run directory {path} cannot be made: {error.strerror}"
                ) from error
            return cls(path)
        raise RecordError(f"{out / name} already holds a thousand runs of this second")

    def write(self, name: str, data: bytes | str) -> Path:
        """Replaces a file atomically."""
        target = self.path / name
        partial = target.with_name(f".{name}.partial")
        raw = data.encode() if isinstance(data, str) else data
        try:
            with self._lock:
                partial.write_bytes(raw)
                os.replace(partial, target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise self._failed(name, error) from error
        return target

    def write_json(self, name: str, data: Mapping[str, Any]) -> Path:
        """Replaces a file with indented JSON in the given key order."""
        return self.write(name, json.dumps(to_json(data), indent=2) + "\n")

    def write_arrays(self, name: str, arrays: Mapping[str, NDArray[np.generic]]) -> Path:
        """Replaces an NPZ file."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **dict(arrays))
        return self.write(name, buffer.getvalue())

    def append_line(self, name: str, record: Mapping[str, Any]) -> None:
        """Adds one JSON line, handed to the system before this returns."""
        line = json.dumps(to_json(record), separators=(",", ":"), ensure_ascii=False) + "\n"
        self._append(name, line.encode())

    def append_row(self, values: Sequence[float]) -> None:
        """Adds one trajectory row."""
        self._append(WAL, np.asarray(values, dtype="<f8").tobytes())

    def _append(self, name: str, raw: bytes) -> None:
        try:
            with self._lock:
                stream = self._streams.get(name)
                if stream is None:
                    stream = io.FileIO(self.path / name, "a")
                    self._streams[name] = stream
                if stream.write(raw) != len(raw):
                    raise OSError(28, "No space left on device")
        except OSError as error:
            raise self._failed(name, error) from error

    def _failed(self, name: str, error: OSError) -> RecordError:
        return RecordError(
            f"{self.path / name} cannot be written: {error.strerror or error}; "
            "what was recorded before stays readable"
        )

    def close(self, columns: Sequence[str]) -> None:
        """Closes the streams and turns the write-ahead trajectory into Parquet."""
        with self._lock:
            for stream in self._streams.values():
                stream.close()
            self._streams.clear()
        seal_trajectory(self, columns)


class Unkept(RunDirectory):
    """A run of which nothing but its metrics is wanted: takes everything in and writes nothing."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))

    def write(self, name: str, data: bytes | str) -> Path:
        """Keeps nothing."""
        return self.path

    def write_json(self, name: str, data: Mapping[str, Any]) -> Path:
        """Keeps nothing."""
        return self.path

    def write_arrays(self, name: str, arrays: Mapping[str, NDArray[np.generic]]) -> Path:
        """Keeps nothing."""
        return self.path

    def append_line(self, name: str, record: Mapping[str, Any]) -> None:
        """Keeps nothing."""

    def append_row(self, values: Sequence[float]) -> None:
        """Keeps nothing."""

    def close(self, columns: Sequence[str]) -> None:
        """Has nothing to close."""


def read_wal(path: Path, columns: Sequence[str]) -> NDArray[np.float64]:
    """Rows of a write-ahead trajectory, shape ``(rows, columns)``; a torn last row is dropped."""
    raw = path.read_bytes()
    width = 8 * len(columns)
    whole = len(raw) // width if width else 0
    return np.frombuffer(raw[: whole * width], dtype="<f8").reshape(whole, len(columns))


def seal_trajectory(run: RunDirectory, columns: Sequence[str]) -> None:
    """Writes ``trajectory.parquet`` from the write-ahead file, then removes that file."""
    wal = run.path / WAL
    if not wal.exists():
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = read_wal(wal, columns)
    table = pa.table({name: rows[:, i] for i, name in enumerate(columns)})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    run.write(PARQUET, buffer.getvalue())
    wal.unlink()
