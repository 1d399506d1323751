"""Warehouses: halls of shelves in aisles behind a dock, parted by fire walls with gates."""

from __future__ import annotations

from itertools import pairwise

from hiera.envs.exploration.floorplan import FloorPlan, Rect, Side
from hiera.envs.exploration.rooms import GAP_M, row_of_rooms


def draw_warehouse(plan: FloorPlan, site: Rect) -> tuple[int, int]:
    """Draws a warehouse into a site (inside its outer walls).

    Returns:
        A free cell ``(ix, iy)`` on the dock, to start from.
    """
    dock_depth = min(plan.between(6.0, 9.0), site.height // 3)
    dock = site.band(Side.SOUTH, 0, dock_depth)
    halls = _halls(plan, site.band(Side.SOUTH, dock_depth, site.height))
    plan.carve(dock)
    _front_office(plan, dock)
    for index, hall in enumerate(halls):
        plan.carve(hall)
        _racks(plan, hall, upright=plan.chance(0.5))
        if index:
            _gates(plan, halls[index - 1])
    _pallets(plan, dock)
    plan.counts["loading dock"] += 1
    middle = (dock.x0 + dock.x1) // 2
    start = Rect(middle, dock.y0, middle + 1, dock.y1).grown(plan.cells(0.8))
    plan.carve(Rect(start.x0, dock.y0, start.x1, dock.y1))
    return middle, (dock.y0 + dock.y1) // 2


def _halls(plan: FloorPlan, area: Rect) -> list[Rect]:
    """Parts a long area by fire walls; all halls are open to the dock."""
    count = max(1, round(plan.metres(area.width) / 55.0))
    edges = [area.x0 + area.width * i // count for i in range(count + 1)]
    wall = 2 * plan.wall
    return [Rect(a, area.y0, b if b == area.x1 else b - wall, area.y1) for a, b in pairwise(edges)]


def _gates(plan: FloorPlan, hall: Rect) -> None:
    low, high = hall.span(Side.EAST)
    for share in (0.15, 0.6):
        reach = (low + int((high - low) * share), low + int((high - low) * (share + 0.25)))
        plan.door(hall, Side.EAST, reach, width_m=(3.0, 4.0), through=2 * plan.wall)
    plan.counts["fire wall"] += 1


def _racks(plan: FloorPlan, hall: Rect, *, upright: bool) -> None:
    """Double racks in blocks, with aisles between them and cross aisles between the blocks."""
    along = Side.WEST if upright else Side.SOUTH
    rack, aisle = plan.cells(2.4 if plan.chance(0.5) else 1.2), plan.between(2.4, 3.2)
    cross = plan.between(2.8, 3.6)
    rim = plan.cells(2.4)
    inner = hall.grown(-rim)
    low, high = inner.span(along)
    blocks = max(1, round(plan.metres(high - low) / 18.0))
    length = (high - low - (blocks - 1) * cross) // blocks
    if length < plan.cells(2.0):
        return
    for block in range(blocks):
        start = low + block * (length + cross)
        at = 0
        while at + rack <= inner.depth(along):
            item = inner.band(along, at, at + rack).piece(along, start, start + length)
            if plan.chance(0.1):  # A rack with a gap, or half taken down.
                cut = start + length // 2
                item = item.piece(along, start, cut)
            if plan.chance(0.95) and plan.place(hall, item, plan.cells(GAP_M)):
                plan.counts["rack"] += 1
            at += rack + aisle


def _front_office(plan: FloorPlan, dock: Rect) -> None:
    """A few offices walled off at the west end of the dock."""
    length = min(plan.between(10.0, 18.0), dock.width // 4)
    depth = plan.cells(4.0)
    if length < plan.cells(3.0) or dock.height < depth + plan.cells(2.4):
        return
    shell = Rect(dock.x0, dock.y0, dock.x0 + length + plan.wall, dock.y0 + depth + plan.wall)
    plan.fill(shell)
    rooms = Rect(dock.x0, dock.y0, dock.x0 + length, dock.y0 + depth)
    row_of_rooms(plan, rooms, Side.NORTH, cores=False)


def _pallets(plan: FloorPlan, dock: Rect) -> None:
    for _ in range(int(plan.metres(dock.width) / 5.0)):
        x = int(plan.rng.integers(dock.x0, max(dock.x0 + 1, dock.x1 - plan.cells(1.2))))
        y = int(plan.rng.integers(dock.y0, max(dock.y0 + 1, dock.y1 - plan.cells(1.2))))
        item = Rect(x, y, x + plan.cells(1.2), y + plan.cells(0.8 if plan.chance(0.5) else 1.2))
        plan.place(dock, item, plan.cells(GAP_M + 0.2))
