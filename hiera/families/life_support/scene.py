"""A record of the breathing set as the report draws it."""

from __future__ import annotations

from typing import Any

from hiera.record import Record
from hiera.report.scene import Curve


def curves(record: Record) -> list[Curve]:
    """Gases, temperatures, reserves, commands, outlook."""
    return []


def headline(record: Record) -> str:
    """One sentence on top of the report."""
    config: dict[str, Any] = record.config
    world = config.get("world", {})
    kind = world.get("kind")
    mission = {"catalogue": world.get("name"), "phases": world.get("name")}.get(kind)
    if mission is None:
        number = world.get("number")
        mission = f"mission:{record.manifest.get('seed') if number is None else number}"
    return (
        f"A breathing set on the mission {mission}; slow layer: "
        f"{config.get('planner', {}).get('kind')}, fast layer: "
        f"{config.get('controller', {}).get('kind')}, gate: {config.get('gate', {}).get('kind')}."
    )
