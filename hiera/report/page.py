"""``report.html``: one file, no network, everything in it."""

from __future__ import annotations

import base64
import html
import io
import json
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hiera import registry
from hiera.config import yaml_core
from hiera.record import Record
from hiera.recording import RunDirectory, to_json
from hiera.report.scene import Curve, Scene

FloatArray = NDArray[np.float64]
_POINTS = 1500


def write_report(record: Record) -> Path:
    """Writes ``report.html`` into the run directory, of a finished or a killed run."""
    page = render("report.js", title(record), report_data(record))
    return RunDirectory(record.path).write("report.html", page)


def title(record: Record) -> str:
    """Name of a run for people."""
    return f"{record.manifest.get('name', 'run')} · seed {record.manifest.get('seed', '?')}"


def render(script: str, heading: str, data: dict[str, Any]) -> str:
    """The page with its data, style and scripts inside."""
    payload = json.dumps(to_json(data), separators=(",", ":")).replace("</", "<\\/")
    return (
        _asset("page.html")
        .replace("{{title}}", html.escape(heading))
        .replace("{{style}}", _asset("style.css"))
        .replace("{{script}}", _asset("charts.js") + _asset(script))
        .replace("{{data}}", payload)
    )


@cache
def _asset(name: str) -> str:
    return (files("hiera.report") / "assets" / name).read_text(encoding="utf-8")


def report_data(record: Record) -> dict[str, Any]:
    """Everything the page shows, as plain data."""
    family = registry.lookup("families", str(record.config["family"]))
    scene: Scene | None = family.scene(record)
    curves: list[Curve] = family.curves(record)
    timing = record.path / "timing.json"
    return {
        "title": title(record),
        "headline": family.headline(record),
        "finished": record.finished,
        "metrics": record.metrics or {},
        "manifest": record.manifest,
        "config": yaml_core.dump(record.config),
        "layers": json.loads(timing.read_text())["layers"] if timing.is_file() else {},
        "scene": _scene_data(scene) if scene is not None else None,
        "curves": [_curve_data(curve) for curve in curves],
        "gate_note": getattr(family, "gate_note", ""),
        "plans": [_plan_row(event) for event in record.events("plan")],
        "gate_events": record.events("gate")[-400:],
        "exchanges": len(record.exchanges()),
    }


def _plan_row(event: dict[str, Any]) -> dict[str, Any]:
    keys = ("index", "time_s", "provenance", "strategy", "status", "latency_s", "rungs", "reason")
    return {key: event.get(key) for key in keys} | {"subgoals": len(event.get("subgoals", []))}


def _curve_data(curve: Curve) -> dict[str, Any]:
    return {
        "title": curve.title,
        "x": curve.x_label,
        "y": curve.y_label,
        "note": curve.note,
        "series": {name: thinned(points).tolist() for name, points in curve.series.items()},
        "bands": {name: thinned(points).tolist() for name, points in curve.bands.items()},
        "limits": [asdict(limit) for limit in curve.limits],
        "moments": [list(moment) for moment in curve.moments],
        "from_zero": curve.from_zero,
    }


def thinned(points: FloatArray, most: int = _POINTS) -> FloatArray:
    """At most ``most`` rows, first and last kept."""
    if len(points) <= most:
        return points
    kept: FloatArray = points[np.unique(np.linspace(0, len(points) - 1, most).astype(int))]
    return kept


def _scene_data(scene: Scene) -> dict[str, Any]:
    keep = thinned(np.arange(len(scene.time_s), dtype=np.float64), 6000).astype(int)
    xy = scene.pixels(scene.pose[keep, :2]) if len(keep) else np.zeros((0, 2))
    return {
        "image": _reveal_png(scene),
        "end": scene.end_s,
        "cell": scene.resolution_m,
        "radius": scene.radius_m / scene.resolution_m,
        "t": np.round(scene.time_s[keep], 2).tolist(),
        "xy": np.round(xy, 1).tolist(),
        "theta": np.round(scene.pose[keep, 2], 2).tolist(),
        "explored": np.round(scene.explored[keep], 4).tolist(),
        "distance": np.round(scene.distance_m[keep], 1).tolist(),
        "intervened": scene.intervened[keep].astype(int).tolist(),
        "plans": [
            {
                "t": plan.time_s,
                "xy": np.round(scene.pixels(plan.xy), 1).tolist() if len(plan.xy) else [],
                "by": plan.provenance,
                "strategy": plan.strategy,
            }
            for plan in scene.plans
        ],
        "marks": {
            label: np.round(scene.pixels(xy), 1).tolist() for label, xy in scene.marks.items()
        },
    }


def _reveal_png(scene: Scene) -> str:
    """The map as a PNG: red and green hold when a cell was seen, blue what it is."""
    end = max(scene.end_s, 1e-9)
    known = np.isfinite(scene.first_seen_s) & (scene.kind > 0)
    code = np.zeros(scene.kind.shape, dtype=np.uint16)
    code[known] = np.clip(scene.first_seen_s[known] / end, 0.0, 1.0) * 65534 + 1
    image = np.zeros((*scene.kind.shape, 3), dtype=np.uint8)
    image[..., 0] = code >> 8
    image[..., 1] = code & 255
    image[..., 2] = np.where(known, scene.kind, 0)
    buffer = io.BytesIO()
    Image.fromarray(image[::-1]).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
