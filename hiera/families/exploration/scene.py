"""An exploration record as the report draws it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.record import Record
from hiera.report.scene import Curve, PlanMark, Scene

FloatArray = NDArray[np.float64]


def scene(record: Record) -> Scene | None:
    """The map, the way through it and the plans; None before the first snapshot."""
    arrays = record.arrays()
    rows = record.trajectory()
    if "first_seen_s" not in arrays or not len(rows.get("time_s", ())):
        return None
    n = len(rows["time_s"])
    heading = rows.get("theta_rad")
    return Scene(
        first_seen_s=arrays["first_seen_s"].astype(np.float64),
        kind=arrays["belief"],
        resolution_m=float(arrays["resolution_m"]),
        origin_m=(float(arrays["origin_m"][0]), float(arrays["origin_m"][1])),
        time_s=rows["time_s"],
        pose=np.column_stack(
            (rows["x_m"], rows["y_m"], heading if heading is not None else _headings(rows))
        ),
        explored=rows["explored"],
        distance_m=rows["distance_m"],
        intervened=rows["intervened"] > 0 if n else np.zeros(0, dtype=np.bool_),
        radius_m=float(arrays.get("radius_m", np.array(1.0))),
        plans=[_mark(event) for event in record.events("plan")],
        marks=_marks(record),
    )


def _headings(rows: dict[str, FloatArray]) -> FloatArray:
    dx, dy = np.gradient(rows["x_m"]), np.gradient(rows["y_m"])
    return np.arctan2(dy, dx)


def _mark(event: dict[str, Any]) -> PlanMark:
    stops = [subgoal["xy"] for subgoal in event["subgoals"]]
    return PlanMark(
        time_s=float(event["time_s"]),
        xy=np.array(stops, dtype=np.float64).reshape(-1, 2),
        provenance=str(event["provenance"]),
        strategy=str(event["strategy"]),
    )


def _marks(record: Record) -> dict[str, FloatArray]:
    places = {
        kind: np.array([[e["x"], e["y"]] for e in record.events(kind)], dtype=np.float64)
        for kind in ("collision", "bump")
    }
    return {kind: xy.reshape(-1, 2) for kind, xy in places.items() if len(xy)}


def curves(record: Record) -> list[Curve]:
    """Explored against distance and time, speeds, interventions, margins."""
    rows = record.trajectory()
    if not len(rows.get("time_s", ())):
        return []
    percent = 100.0 * rows["explored"]
    listed = [
        Curve(
            "Explored against distance",
            "distance driven [m]",
            "explored [%]",
            {"explored": np.column_stack((rows["distance_m"], percent))},
        ),
        Curve(
            "Explored against time",
            "simulated time [s]",
            "explored [%]",
            {"explored": np.column_stack((rows["time_s"], percent))},
        ),
    ]
    if "v_mps" in rows:
        listed += _drive_curves(rows)
    return listed


def _drive_curves(rows: dict[str, FloatArray]) -> list[Curve]:
    minute = np.floor(rows["time_s"] / 60.0).astype(int)
    changed = np.bincount(minute, weights=rows["intervened"])
    ticks = np.bincount(minute)
    share = 100.0 * changed / np.maximum(ticks, 1)
    margin = np.where(np.isfinite(rows["margin_m"]), rows["margin_m"], np.nan)
    near = np.array([np.nanmin(margin[minute == m]) if np.isfinite(margin[minute == m]).any()
                     else np.nan for m in range(len(ticks))])  # fmt: skip
    seen = np.isfinite(near)
    return [
        Curve(
            "Gate interventions",
            "simulated time [min]",
            "share of actions changed [%]",
            {"changed": np.column_stack((np.arange(len(ticks)), share))},
        ),
        Curve(
            "Smallest barrier in each minute",
            "simulated time [min]",
            "braking clearance [m]",
            {"clearance": np.column_stack((np.flatnonzero(seen), near[seen]))},
            "Distance between braking path and nearest obstacle, beyond footprint and margin.",
        ),
    ]


def headline(record: Record) -> str:
    """One sentence on top of the report."""
    world = record.config.get("world", {})
    size = world.get("size_m")
    place = (
        f"a generated {world.get('style')} building of {size[0]:g} m × {size[1]:g} m"
        if size
        else f"the map {world.get('path', '?')}"
    )
    how = "hopping" if record.config.get("motion") == "hop" else "driving"
    model = record.config.get("llm", {})
    who = f"language model {model.get('model', '')}" if model.get("backend") != "none" else "tour"
    gate = record.config.get("gate", {}).get("kind")
    return (
        f"A {how} robot explores {place} that it has never seen; slow layer: {who}, "
        f"fast layer: {record.config.get('controller', {}).get('kind')}, gate: {gate}."
    )
