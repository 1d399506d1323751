"""A generator of believable building floors: offices, warehouses, or both under one roof.

Corridors form loops, rooms have doors at least 1.2 m wide, furniture leaves passages, and every
free cell can be approached by a robot of 0.35 m radius: pockets that cannot are made solid.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hiera.envs.exploration.clearance import component_at, standable
from hiera.envs.exploration.floorplan import FloorPlan, Rect, Side
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.offices import draw_office
from hiera.envs.exploration.rooms import Room
from hiera.envs.exploration.warehouse import draw_warehouse

PASSABLE_RADIUS_M = 0.45
"""Radius for which every part of a floor is passable [m]: a robot of 0.35 m, and 0.1 m more."""
SMALLEST_M = 6.0
"""Smallest side of a floor [m]."""
SMALLEST_MIXED_M = 12.0
"""Smallest side of a floor with offices and a warehouse [m]."""


class Style(StrEnum):
    """What a building is used for."""

    OFFICE = "office"
    WAREHOUSE = "warehouse"
    MIXED = "mixed"


def generate_building(
    size_m: tuple[float, float],
    rng: np.random.Generator,
    resolution_m: float = 0.2,
    style: str | Style = Style.OFFICE,
    *,
    name: str | None = None,
) -> GridMap:
    """Draws a floor.

    Args:
        size_m: Width and height over all, each at least 6 m, mixed 12 m [m].
        rng: The layout's random stream; the same stream gives the same floor.
        resolution_m: Side of a cell, at most 0.4 m [m].
        style: ``"office"``, ``"warehouse"`` or ``"mixed"``.
        name: Name of the map; None makes one from style and size.

    Raises:
        ValueError: If the size, resolution or style cannot be drawn.
    """
    try:
        kind = Style(style)
    except ValueError:
        raise ValueError(
            f"unknown building style {style!r}: choose one of {', '.join(Style)}"
        ) from None
    width, height = float(size_m[0]), float(size_m[1])
    smallest = SMALLEST_MIXED_M if kind is Style.MIXED else SMALLEST_M
    if not min(width, height) >= smallest:
        raise ValueError(f"a building ({kind}) is at least {smallest:g} m each way, got {size_m} m")
    if not 0.0 < resolution_m <= 0.4:
        raise ValueError(f"resolution_m must be in (0, 0.4] m for doors, got {resolution_m}")
    shape = (round(height / resolution_m), round(width / resolution_m))
    plan = FloorPlan(shape, resolution_m, rng)
    outer = plan.cells(0.4)
    site = Rect(outer, outer, shape[1] - outer, shape[0] - outer)
    if kind is Style.OFFICE:
        start = draw_office(plan, site)
    elif kind is Style.WAREHOUSE:
        start = draw_warehouse(plan, site)
    else:
        start = _draw_mixed(plan, site)
    free = _without_pockets(plan.free, resolution_m, start)
    size = f"{width:g} m × {height:g} m"
    return GridMap(
        free=free,
        resolution_m=resolution_m,
        start_m=((start[0] + 0.5) * resolution_m, (start[1] + 0.5) * resolution_m),
        name=f"{kind} {size}" if name is None else name,
        description=_describe(plan, kind, size),
    )


def _draw_mixed(plan: FloorPlan, site: Rect) -> tuple[int, int]:
    """Offices in the west, a warehouse in the east, gates in the wall between them."""
    thick = 2 * plan.wall
    at = site.x0 + int(site.width * plan.rng.uniform(0.5, 0.62))
    offices = Rect(site.x0, site.y0, at, site.y1)
    stores = Rect(at + thick, site.y0, site.x1, site.y1)
    gate = plan.cells(2.6)
    shares = (0.3, 0.7) if site.height > plan.cells(24.0) else (0.5,)
    gates = [(y := site.y0 + int(site.height * share) - gate // 2, y + gate) for share in shares]
    draw_warehouse(plan, stores)
    start = draw_office(plan, offices, {Side.EAST: gates})
    for low, high in gates:
        # The gate's wall, and enough of the warehouse behind it that no rack blocks it.
        lane = Rect(at, low, stores.x0 + plan.cells(2.0), high)
        plan.carve(lane, keep_clear=True)
    return start


def _without_pockets(
    free: NDArray[np.bool_], resolution_m: float, start: tuple[int, int]
) -> NDArray[np.bool_]:
    """Makes solid what a robot can neither enter nor stand close to."""
    reached = component_at(standable(free, resolution_m, PASSABLE_RADIUS_M), start[1], start[0])
    if not reached.any():
        raise ValueError("the building is too small for its corridors: make it larger")
    steps = int(np.ceil((PASSABLE_RADIUS_M + 0.2) / resolution_m))
    near: NDArray[np.bool_] = ndimage.binary_dilation(reached, iterations=steps, mask=free)
    return near


def _describe(plan: FloorPlan, style: Style, size: str) -> str:
    """What was drawn, in two sentences."""
    counts = plan.counts
    kinds = {
        Style.OFFICE: "office floor",
        Style.WAREHOUSE: "warehouse",
        Style.MIXED: "mixed building (offices in the west, a warehouse in the east)",
    }
    corridors = [
        _count(counts[kind], kind)
        for kind in ("ring corridor", "corridor", "cross corridor", "dead-end corridor")
        if counts[kind]
    ]
    rooms = sum(counts[kind] for kind in (Room.OFFICE, Room.TEAM, Room.MEETING, Room.STORE))
    places = [_count(rooms, "room with a door")] if rooms else []
    places += [
        _count(counts[kind], kind)
        for kind in (
            "open-plan office", "hall", "canteen", "auditorium", "lobby", "courtyard",
            Room.CORE, "rack", "fire wall",
        )
        if counts[kind]
    ]  # fmt: skip
    first = f"{_article(kinds[style])} {kinds[style]} of {size}"
    first += f" with {_list(corridors)}." if corridors else "."
    return first + (f" It has {_list(places)}." if places else "")


def _article(noun: str) -> str:
    return "An" if noun[0] in "aeiou" else "A"


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"{_article(noun).lower()} {noun}"
    for ending, plural in (("with a door", "rooms with doors"), ("lobby", "lobbies")):
        if noun.endswith(ending):
            return f"{number} {plural}"
    return f"{number} {noun}s"


def _list(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
