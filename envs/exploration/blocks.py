"""What fills a block between corridors: rooms, open-plan offices, halls, courtyards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hiera.envs.exploration.floorplan import FloorPlan, Rect, Side
from hiera.envs.exploration.rooms import GAP_M, Room, furnish, row_of_rooms

Use = Callable[[FloorPlan, Rect], None]


def fill_block(plan: FloorPlan, block: Rect) -> None:
    """Gives a block (its walls included) a use that suits its size."""
    area = block.grown(-plan.wall)
    short = plan.metres(area.short)
    if short < 2.4:
        return
    if short < 9.0:
        row_of_rooms(plan, area, _long_side(plan, area))
    elif short < 14.0:
        _choose(plan, (_back_to_back, _back_to_back, _back_to_back, _open_plan, _hall))(plan, area)
    elif short < 18.0:
        _choose(plan, (_comb, _comb, _comb, _open_plan, _open_plan, _hall))(plan, area)
    else:
        # In turn, not by chance, so that a large floor shows every use and none too often.
        _LARGE[plan.turn % len(_LARGE)](plan, area)
        plan.turn += 1


def _choose(plan: FloorPlan, uses: Sequence[Use]) -> Use:
    return uses[int(plan.rng.integers(len(uses)))]


def _long_side(plan: FloorPlan, area: Rect) -> Side:
    return area.long_side if plan.chance(0.5) else area.long_side.opposite


def _back_to_back(plan: FloorPlan, area: Rect) -> None:
    """Two rows of rooms, each with its doors on its own corridor."""
    side = area.long_side
    depth = area.depth(side)
    first = int((depth - plan.wall) * plan.rng.uniform(0.42, 0.58))
    row_of_rooms(plan, area.band(side, 0, first), side)
    row_of_rooms(plan, area.band(side, first + plan.wall, depth), side.opposite)


def _comb(plan: FloorPlan, area: Rect) -> None:
    """A corridor down the middle, most often a dead end, with rooms on both sides.

    Deep blocks get a second row of rooms on each side, which opens on the corridors around.
    """
    side = area.long_side
    depth, width = area.depth(side), plan.between(2.0, 2.4)
    half = (depth - width) // 2
    low, high = area.span(side)
    start, end = low - plan.wall, high + plan.wall
    spine = area.band(side, half, half + width)
    if plan.chance(0.7):
        at_low = plan.chance(0.5)
        cap = plan.between(3.0, 6.0)
        ends = (low, low + cap) if at_low else (high - cap, high)
        store = spine.piece(side, *ends)
        plan.carve(store)
        plan.door(store, _end_side(side, low=at_low))
        plan.counts[Room.STORE] += 1
        plan.counts["dead-end corridor"] += 1
        start, end = (ends[1] + plan.wall, end) if at_low else (start, ends[0] - plan.wall)
    else:
        plan.counts["cross corridor"] += 1
    plan.carve(spine.piece(side, start, end), keep_clear=True)
    for wall, rows in ((side, half), (side.opposite, depth - half - width)):
        outer = 0
        if plan.metres(half) > 7.5:
            outer = rows // 2
            row_of_rooms(plan, area.band(wall, 0, outer - plan.wall), wall)
        inner = area.band(wall, outer, rows - plan.wall)
        row_of_rooms(plan, inner, wall.opposite, (start, end))


def _end_side(side: Side, *, low: bool) -> Side:
    """The short side at the low or high end of a block whose long side is given."""
    if side.horizontal:
        return Side.WEST if low else Side.EAST
    return Side.SOUTH if low else Side.NORTH


def _openings(plan: FloorPlan, area: Rect, width_m: tuple[float, float]) -> None:
    """Openings from all corridors around: one per side, two or three on long sides."""
    for side in Side:
        low, high = area.span(side)
        count = max(1, min(3, int(plan.metres(high - low) // 14.0)))
        for part in range(count):
            a = low + (high - low) * part // count
            b = low + (high - low) * (part + 1) // count
            plan.door(area, side, (a, b), width_m=width_m)


def _pillars(plan: FloorPlan, area: Rect, spacing_m: float) -> None:
    size, spacing = plan.cells(0.6), plan.cells(spacing_m)
    across, up = max(1, round(area.width / spacing)), max(1, round(area.height / spacing))
    for i in range(1, across):
        for j in range(1, up):
            x = area.x0 + area.width * i // across
            y = area.y0 + area.height * j // up
            plan.place(area, Rect(x, y, x + size, y + size), plan.cells(GAP_M))


def _boxes(plan: FloorPlan, area: Rect, count: int) -> None:
    """Glass-box meeting rooms standing in the corners of an open space."""
    corners = [(False, False), (True, False), (False, True), (True, True)]
    for index in plan.rng.permutation(4)[:count]:
        east, north = corners[int(index)]
        width, height = plan.between(4.0, 6.0), plan.between(3.4, 5.0)
        x = area.x1 - width if east else area.x0
        y = area.y1 - height if north else area.y0
        room = Rect(x, y, x + width, y + height)
        shell = Rect(
            max(room.x0 - plan.wall, area.x0),
            max(room.y0 - plan.wall, area.y0),
            min(room.x1 + plan.wall, area.x1),
            min(room.y1 + plan.wall, area.y1),
        )
        if plan.clear[shell.y0 : shell.y1, shell.x0 : shell.x1].any():
            continue
        plan.fill(shell)
        plan.carve(room)
        inward = Side.WEST if east else Side.EAST
        door = inward if plan.chance(0.5) else (Side.SOUTH if north else Side.NORTH)
        plan.door(room, door)
        furnish(plan, room, Room.MEETING, door)
        plan.counts[Room.MEETING] += 1


def _grid_of_furniture(
    plan: FloorPlan,
    area: Rect,
    item_m: tuple[float, float],
    aisle_m: tuple[float, float],
    presence: float,
) -> None:
    """Equal pieces in rows and columns, some of them missing."""
    if plan.chance(0.5):
        item_m, aisle_m = item_m[::-1], aisle_m[::-1]
    width, height = plan.cells(item_m[0]), plan.cells(item_m[1])
    step_x, step_y = width + plan.cells(aisle_m[0]), height + plan.cells(aisle_m[1])
    rim = plan.cells(1.6)
    columns = max(0, (area.width - 2 * rim + plan.cells(aisle_m[0])) // step_x)
    rows = max(0, (area.height - 2 * rim + plan.cells(aisle_m[1])) // step_y)
    x0 = area.x0 + (area.width - columns * step_x + plan.cells(aisle_m[0])) // 2
    y0 = area.y0 + (area.height - rows * step_y + plan.cells(aisle_m[1])) // 2
    for i in range(columns):
        for j in range(rows):
            x, y = x0 + i * step_x, y0 + j * step_y
            if plan.chance(presence):
                plan.place(area, Rect(x, y, x + width, y + height), plan.cells(GAP_M))


def _open_plan(plan: FloorPlan, area: Rect) -> None:
    plan.carve(area)
    _openings(plan, area, (1.4, 2.4))
    if plan.metres(area.short) > 14.0:
        _boxes(plan, area, int(plan.rng.integers(1, 4)))
        _pillars(plan, area, 8.0)
    _grid_of_furniture(plan, area, (3.2 if plan.chance(0.5) else 4.8, 1.6), (1.6, 1.8), 0.85)
    plan.counts["open-plan office"] += 1


def _hall(plan: FloorPlan, area: Rect) -> None:
    plan.carve(area)
    _openings(plan, area, (2.4, 4.0))
    _pillars(plan, area, 6.0)
    plan.counts["hall"] += 1


def _canteen(plan: FloorPlan, area: Rect) -> None:
    """Tables, and a kitchen across one end."""
    side = _end_side(area.long_side, low=plan.chance(0.5))
    deep = plan.between(4.0, 5.0)
    kitchen = area.band(side, 0, deep)
    dining = area.band(side, deep + plan.wall, area.depth(side))
    for part in (kitchen, dining):
        plan.carve(part)
    plan.door(kitchen, side.opposite)
    plan.door(kitchen, side)
    furnish(plan, kitchen, Room.MEETING, side)
    _openings_but(plan, dining, side)
    _grid_of_furniture(plan, dining, (1.8, 0.8), (1.4, 1.4), 0.8)
    plan.counts["canteen"] += 1


def _auditorium(plan: FloorPlan, area: Rect) -> None:
    """Rows of seats before a stage, with an aisle down the middle and along the walls."""
    plan.carve(area)
    side = _end_side(area.long_side, low=plan.chance(0.5))
    _openings_but(plan, area, side)
    stage = area.band(side, 0, plan.cells(1.6))
    low, high = stage.span(side)
    rim = plan.cells(1.6)
    plan.place(area, stage.piece(side, low + 2 * rim, high - 2 * rim), plan.cells(GAP_M))
    middle = (low + high) // 2
    at = plan.cells(5.0)
    while at + rim < area.depth(side):
        row = area.band(side, at, at + plan.cells(0.6))
        for a, b in ((low + rim, middle - rim // 2), (middle + rim // 2, high - rim)):
            plan.place(area, row.piece(side, a, b), plan.cells(GAP_M))
        at += plan.cells(0.6) + plan.cells(1.2)
    plan.counts["auditorium"] += 1


def _openings_but(plan: FloorPlan, area: Rect, closed: Side) -> None:
    """Two doors on every side but one."""
    for side in Side:
        if side is not closed:
            low, high = area.span(side)
            middle = (low + high) // 2
            plan.door(area, side, (low, middle), width_m=(1.4, 2.0))
            plan.door(area, side, (middle, high), width_m=(1.4, 2.0))


def _courtyard(plan: FloorPlan, area: Rect) -> None:
    """Open air in the middle, closed to the robot; a row of rooms around it where it is large."""
    depth = plan.between(5.0, 6.0)
    side = area.long_side
    if plan.metres(area.short) > 22.0:
        for wall in (side, side.opposite):
            row_of_rooms(plan, area.band(wall, 0, depth), wall, cores=False)
    plan.counts["courtyard"] += 1


_LARGE: tuple[Use, ...] = (
    _comb, _open_plan, _hall, _comb, _courtyard, _comb, _canteen, _open_plan, _comb, _auditorium,
)  # fmt: skip
