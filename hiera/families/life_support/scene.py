"""A breathing set's record as the report draws it: gases, heat, reserves, commands, outlook."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.record import Record
from hiera.report.scene import Curve, Limit
from hiera.safety.life_support import Limits, Parameters
from hiera.safety.life_support.barriers import oxygen_needed
from hiera.safety.life_support.gases import MOLAR_LITRES, ZERO_C

FloatArray = NDArray[np.float64]
_MINUTES = "minutes since the set was closed"
_L_MIN = 60.0 * MOLAR_LITRES
_FULL_GEL = 0.35
"""Loading at which the gel takes up next to nothing at suit temperatures [kg/kg]."""


def curves(record: Record) -> list[Curve]:
    """What an instructor looks at, in the order in which it matters."""
    rows = record.trajectory()
    if not len(rows.get("time_s", ())):
        return []
    t = rows["time_s"] / 60.0
    broken = [
        (float(e["time_s"]) / 60.0, " ".join((e["fault"].replace("_", " "), e["channel"])).strip())
        for e in record.events("fault")
    ]
    drawn = [*_gas(rows, t), *_outlook(record, rows, t), *_heat(rows, t), *_commands(rows, t)]
    return [replace(curve, moments=broken) for curve in drawn] + [_changed(rows)]


def _xy(t: FloatArray, values: FloatArray) -> FloatArray:
    kept = np.isfinite(values)
    return np.column_stack((t[kept], values[kept]))


def _gas(rows: dict[str, FloatArray], t: FloatArray) -> list[Curve]:
    limits = Limits()
    return [
        Curve(
            "Oxygen in the gas that is breathed",
            _MINUTES,
            "oxygen [%]",
            {
                "true": _xy(t, 100.0 * rows["oxygen"]),
                "believed": _xy(t, 100.0 * rows["oxygen_believed"]),
            },
            limits=(
                Limit(100.0 * limits.oxygen_low, "too lean, 19.5 %", upper=False, hard=True),
                Limit(100.0 * limits.oxygen_strict, "enriched, 23.5 %"),
                Limit(100.0 * limits.oxygen_hard, "fire, 40 %", hard=True),
            ),
            from_zero=False,
        ),
        Curve(
            "Carbon dioxide in the gas that is breathed",
            _MINUTES,
            "CO₂ [Pa]",
            {
                "true": _xy(t, rows["dioxide_pa"]),
                "believed": _xy(t, rows["dioxide_believed_pa"]),
            },
            limits=(
                Limit(limits.dioxide_alarm_pa, "alarm, 0.5 %"),
                Limit(limits.dioxide_hard_pa, "limit, 1 %", hard=True),
            ),
        ),
        Curve(
            "Overpressure",
            _MINUTES,
            "above outside [Pa]",
            {"true": _xy(t, rows["gauge_pa"])},
            "Below zero, smoke comes in.",
            limits=(
                Limit(0.0, "smoke comes in", upper=False, hard=True),
                Limit(limits.gauge_high_pa, "breathing out is hard"),
            ),
            from_zero=False,
        ),
    ]


def _outlook(record: Record, rows: dict[str, FloatArray], t: FloatArray) -> list[Curve]:
    p, limits = Parameters(), Limits()
    kept = 100.0 * oxygen_needed(p, limits) / p.cylinder_mol
    gel = 100.0 * np.clip(1.0 - rows["loading"] / _FULL_GEL, 0.0, 1.0)
    reserves = Curve(
        "Reserves",
        _MINUTES,
        "left [%]",
        {
            "oxygen": _xy(t, 100.0 * rows["cylinder"]),
            "lime": _xy(t, 100.0 - 100.0 * rows["conversion"]),
            "lime, believed": _xy(t, 100.0 - 100.0 * rows["conversion_believed"]),
            "gel": _xy(t, gel),
        },
        f"Lime that is left cannot all be used; gel counts as full at {_FULL_GEL:g} kg/kg.",
        limits=(Limit(kept, "oxygen for the way out", upper=False),),
    )
    most = 8.0 * 60.0
    left, short, long = (
        np.minimum(rows[f"left{name}_s"] / 60.0, most) for name in ("", "_short", "_long")
    )
    new = np.flatnonzero(np.isfinite(left) & (np.diff(left, prepend=math.nan) != 0.0))
    if not len(new):
        return [reserves]
    band = np.column_stack((t[new], short[new], long[new]))
    series = {"expected": np.column_stack((t[new], left[new]))}
    if record.metrics is not None and record.metrics.get("ended_by") != "time_limit":
        series["as it turned out"] = np.array([[t[0], t[-1] - t[0]], [t[-1], 0.0]])
    return [
        Curve(
            "How long it will last",
            _MINUTES,
            "minutes left",
            series,
            "Longest time that the stocks allow at the work of the last 20 minutes; the band is "
            "a deviation of that work more and less. No control lasts longer, a real one less.",
            bands={"expected": band},
        ),
        reserves,
    ]


def _heat(rows: dict[str, FloatArray], t: FloatArray) -> list[Curve]:
    limits = Limits()
    return [
        Curve(
            "Temperatures of the set",
            _MINUTES,
            "°C",
            {
                "gas": _xy(t, rows["gas_k"] - ZERO_C),
                "lime": _xy(t, rows["lime_k"] - ZERO_C),
                "outside": _xy(t, rows["ambient_k"] - ZERO_C),
            },
            limits=(Limit(limits.inhaled_k - ZERO_C, "inhaled gas, four hours, dry"),),
        ),
        Curve(
            "Core temperature of the wearer",
            _MINUTES,
            "°C",
            {"core": _xy(t, rows["core_k"] - ZERO_C)},
            limits=(
                Limit(limits.core_alarm_k - ZERO_C, "alarm"),
                Limit(limits.core_end_k - ZERO_C, "end", hard=True),
            ),
            from_zero=False,
        ),
        Curve(
            "Humidity",
            _MINUTES,
            "relative humidity [%]",
            {"true": _xy(t, 100.0 * rows["humidity"])},
            limits=(Limit(100.0 * limits.humidity, "fogging"),),
        ),
    ]


def _commands(rows: dict[str, FloatArray], t: FloatArray) -> list[Curve]:
    def pair(name: str, unit: str, scale: float) -> dict[str, FloatArray]:
        return {
            "controller asked for": _xy(t, scale * rows[f"{name}_nominal_{unit}".rstrip("_")]),
            "gate let through": _xy(t, scale * rows[f"{name}_{unit}".rstrip("_")]),
        }

    feed = pair("feed", "mol_s", _L_MIN) | {"breathed": _xy(t, _L_MIN * rows["uptake_mol_s"])}
    return [
        Curve("Oxygen fed", _MINUTES, "L/min", feed),
        Curve("Flow through the lime", _MINUTES, "L/min", pair("fan", "m3_s", 60e3)),
        Curve("Share through the gel", _MINUTES, "%", pair("damper", "", 100.0)),
    ]


def _changed(rows: dict[str, FloatArray]) -> Curve:
    minute = np.floor(rows["time_s"] / 60.0).astype(int)
    share = 100.0 * np.bincount(minute, weights=rows["intervened"]) / np.bincount(minute)
    return Curve(
        "Commands that the gate changed",
        _MINUTES,
        "share in each minute [%]",
        {"changed": np.column_stack((np.arange(len(share)), share))},
    )


def headline(record: Record) -> str:
    """One sentence on top of the report."""
    config: dict[str, Any] = record.config
    world = config.get("world", {})
    mission = world.get("name")
    if world.get("kind") == "mission":
        number = world.get("number")
        mission = f"mission:{record.manifest.get('seed') if number is None else number}"
    return (
        f"A breathing set keeps its wearer alive on the mission {mission}; slow layer: "
        f"{config.get('planner', {}).get('kind')}, fast layer: "
        f"{config.get('controller', {}).get('kind')}, gate: {config.get('gate', {}).get('kind')}."
    )
