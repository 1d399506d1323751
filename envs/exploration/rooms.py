"""Rooms for the building generator: rows of them along a corridor, and what stands in them."""

from __future__ import annotations

from enum import StrEnum

from hiera.envs.exploration.floorplan import FloorPlan, Rect, Side


class Room(StrEnum):
    """What a room is for; decides its width and its furniture."""

    STORE = "store room"
    OFFICE = "office"
    TEAM = "team office"
    MEETING = "meeting room"
    CORE = "stair and lift core"


_SHARES = {
    Room.STORE: 0.10,
    Room.OFFICE: 0.40,
    Room.TEAM: 0.25,
    Room.MEETING: 0.19,
    Room.CORE: 0.06,
}
_WIDTHS_M = {
    Room.STORE: (2.4, 3.0),
    Room.OFFICE: (3.0, 4.4),
    Room.TEAM: (4.6, 6.8),
    Room.MEETING: (6.0, 10.0),
    Room.CORE: (4.0, 6.0),
}
GAP_M = 1.0
"""Between pieces of furniture [m]: what a robot of 0.35 m radius passes with 0.1 m to spare."""


def row_of_rooms(
    plan: FloorPlan,
    area: Rect,
    doors: Side,
    reach: tuple[int, int] | None = None,
    *,
    cores: bool = True,
) -> None:
    """Divides a strip into rooms whose doors open on one of its long sides.

    Args:
        plan: The floor.
        area: The strip, without its outer walls.
        doors: Side along which the corridor runs.
        reach: Part of that side along which there is a corridor; None for all of it.
        cores: Whether solid stair and lift cores may be among the rooms.
    """
    low, high = area.span(doors)
    corridor = (low, high) if reach is None else (max(low, reach[0]), min(high, reach[1]))
    least = plan.cells(2.2)
    if high - low < least or corridor[1] - corridor[0] < least:
        return
    at = low
    previous: Rect | None = None
    while at < high:
        kind, width = _next_room(plan, cores)
        # A corner room must reach far enough past the corner to have its door on the corridor.
        end = max(at + width, corridor[0] + least)
        if high - end < least + plan.wall or corridor[1] - end < least + plan.wall:
            end = high
        if kind is Room.CORE and (end == high or at == low):
            kind = Room.MEETING
        room = area.piece(doors, at, end)
        at = end + plan.wall
        plan.counts[kind] += 1
        if kind is Room.CORE:
            previous = None
            continue
        plan.carve(room)
        plan.door(room, doors, corridor)
        if plan.metres(end - room.span(doors)[0]) > 9.0:
            plan.door(room, doors, corridor)
        if previous is not None and plan.chance(0.12):
            plan.door(room, Side.WEST if doors.horizontal else Side.SOUTH)
        furnish(plan, room, kind, doors)
        previous = room


def _next_room(plan: FloorPlan, cores: bool) -> tuple[Room, int]:
    kinds = list(_SHARES)
    weights = [_SHARES[k] if cores or k is not Room.CORE else 0.0 for k in kinds]
    total = sum(weights)
    kind = kinds[int(plan.rng.choice(len(kinds), p=[w / total for w in weights]))]
    return kind, plan.between(*_WIDTHS_M[kind])


def furnish(plan: FloorPlan, room: Rect, kind: Room, door: Side) -> None:
    """Puts furniture into a room; what does not fit is left out."""
    if kind is Room.MEETING:
        _table(plan, room)
        against_wall(plan, room, door.opposite, 1.6, 0.4)
    elif kind is Room.STORE:
        against_wall(plan, room, door.opposite, plan.metres(room.depth(_across(door))), 0.6)
    else:
        desks = 1 if kind is Room.OFFICE else int(plan.rng.integers(2, 5))
        walls = [door.opposite, *_both(_across(door))]
        for _ in range(desks):
            _desk(plan, room, walls[int(plan.rng.integers(len(walls)))])
        against_wall(plan, room, walls[int(plan.rng.integers(1, 3))], 1.4, 0.4)


def _across(side: Side) -> Side:
    return Side.WEST if side.horizontal else Side.SOUTH


def _both(side: Side) -> tuple[Side, Side]:
    return side, side.opposite


def against_wall(
    plan: FloorPlan, room: Rect, wall: Side, length_m: float, depth_m: float, tries: int = 4
) -> bool:
    """Stands a piece of furniture against a wall of a room, somewhere along it."""
    low, high = room.span(wall)
    length = min(plan.cells(length_m), high - low)
    band = room.band(wall, 0, plan.cells(depth_m))
    for _ in range(tries):
        start = low + int(plan.rng.integers(0, high - low - length + 1))
        if plan.chance(0.6):
            start = low if plan.chance(0.5) else high - length
        if plan.place(room, band.piece(wall, start, start + length), plan.cells(GAP_M)):
            return True
    return False


def _desk(plan: FloorPlan, room: Rect, wall: Side) -> None:
    if plan.chance(0.5):
        against_wall(plan, room, wall, 1.6, 0.8)
    else:
        against_wall(plan, room, wall, 0.8, 1.6)


def _table(plan: FloorPlan, room: Rect) -> None:
    """A long table in the middle of a room, the longer way."""
    side = room.long_side
    around = plan.cells(1.4)
    low, high = room.span(side)
    length = min(high - low - 2 * around, plan.cells(5.0))
    depth = min(room.depth(side) - 2 * around, plan.cells(1.6))
    if length < plan.cells(1.0) or depth < plan.cells(0.6):
        return
    start = low + (high - low - length) // 2
    inwards = (room.depth(side) - depth) // 2
    table = room.piece(side, start, start + length).band(side, inwards, inwards + depth)
    plan.place(room, table, plan.cells(GAP_M))
