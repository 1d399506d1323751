"""One page for several runs: metrics side by side and curves laid over each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hiera import registry
from hiera.errors import RecordError
from hiera.record import Record
from hiera.report.page import render, thinned, title
from hiera.report.scene import Curve


def write_comparison(records: Sequence[Record], target: Path) -> Path:
    """Writes a page that compares runs.

    Args:
        records: At least one run.
        target: HTML file to write.

    Raises:
        RecordError: If it cannot be written.
    """
    labels = _labels(records)
    curves: dict[str, dict[str, Any]] = {}
    for label, record in zip(labels, records, strict=True):
        family = registry.lookup("families", str(record.config["family"]))
        listed: list[Curve] = family.curves(record)
        for curve in listed:
            first = next(iter(curve.series), None)
            if first is None:
                continue
            shared = curves.setdefault(
                curve.title,
                {"title": curve.title, "x": curve.x_label, "y": curve.y_label, "series": {}},
            )
            shared["series"][label] = thinned(curve.series[first], 600).tolist()
    data = {
        "runs": [
            {"label": label, "path": str(record.path), "metrics": record.metrics or {}}
            for label, record in zip(labels, records, strict=True)
        ],
        "differences": _differences(records),
        "curves": list(curves.values()),
    }
    page = render("compare.js", f"{len(records)} runs compared", data)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{target} cannot be written: {error.strerror or error}") from error
    return target


def _labels(records: Sequence[Record]) -> list[str]:
    names = [title(record) for record in records]
    return [
        f"{name} ({record.path.name})" if names.count(name) > 1 else name
        for name, record in zip(names, records, strict=True)
    ]


def _flat(data: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(data, dict):
        return {prefix: data}
    flat: dict[str, Any] = {}
    for key, value in data.items():
        flat |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return flat


def _differences(records: Sequence[Record]) -> list[list[str]]:
    """Settings that are not the same in all runs: key, then one value a run."""
    flats = [_flat(record.config) for record in records]
    keys = sorted(set().union(*flats))
    missing = object()
    rows = []
    for key in keys:
        values = [flat.get(key, missing) for flat in flats]
        if any(value != values[0] for value in values):
            rows.append([key, *("–" if v is missing else str(v) for v in values)])
    return rows
