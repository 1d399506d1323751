"""All rows of a sweep as a table: ``.parquet`` or ``.csv``, one column a swept key and metric."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from hiera.errors import RecordError
from hiera.recording import RunDirectory
from hiera.sweeps.store import Row
from hiera.sweeps.task import SweepError

ENDINGS: Final = (".parquet", ".csv")


def check_export(path: Path, *, force: bool) -> None:
    """Refuses what could not be written at the end.

    Raises:
        SweepError: If the ending is unknown, or the file is there and ``force`` is not.
    """
    if path.suffix not in ENDINGS:
        raise SweepError(f"{path} cannot be exported to: name a .parquet or .csv file")
    if path.exists() and not force:
        raise SweepError(f"{path} is there already; --force replaces it")


def export(rows: Iterable[Row], path: Path) -> None:
    """Writes the table.

    Args:
        rows: Finished, failed and pending ones.
        path: Whose ending says which format.

    Raises:
        RecordError: If it cannot be written.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    columns: dict[str, list[Any]] = {}
    count = 0
    for count, row in enumerate(rows, start=1):
        for name, value in flat(row).items():
            column = columns.setdefault(name, [])
            column.extend([None] * (count - 1 - len(column)))
            column.append(value)
    table = pa.table(
        {
            name: _uniform(column + [None] * (count - len(column)))
            for name, column in columns.items()
        }
    )
    buffer = io.BytesIO()
    if path.suffix == ".csv":
        csv.write_csv(table, buffer)
    else:
        parquet.write_table(table, buffer, compression="zstd")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(f"{path} cannot be written: {error.strerror or error}") from error
    RunDirectory(path.parent).write(path.name, buffer.getvalue())


def flat(row: Row) -> dict[str, Any]:
    """A row as columns: what it is, its swept keys, how it ended, ``metrics.…``."""
    return {
        "position": row.position,
        "key": row.key,
        "seed": row.seed,
        **row.settings,
        "status": str(row.status) if row.status is not None else "pending",
        "error": row.error,
        "traceback": row.traceback,
        "deaths": row.deaths,
        "wall_s": row.wall_s,
        "cpu_s": row.cpu_s,
        "code": row.code,
        "finished": row.finished,
        **_dotted(row.metrics, "metrics."),
    }


def _dotted(metrics: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            found |= _dotted(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _uniform(values: list[Any]) -> list[Any]:
    """One type a column: numbers stay numbers; what is mixed or nested becomes JSON text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float}:
        return [float(v) if v is not None and float in kinds else v for v in values]
    if kinds in ({bool}, {str}):
        return values
    return [None if v is None else v if isinstance(v, str) else json.dumps(v) for v in values]
