"""Office floors: a ring corridor, cross corridors between blocks, rooms along the facade.

Ours, after no particular source: rooms one deep along the facade, a ring corridor inside them,
the inner area split again and again by corridors that end on corridors (so the network has
loops), and every block between corridors given one use.
"""

from __future__ import annotations

from hiera.envs.exploration.blocks import fill_block
from hiera.envs.exploration.floorplan import FloorPlan, Rect, Side, segments
from hiera.envs.exploration.rooms import against_wall, row_of_rooms

Passages = dict[Side, list[tuple[int, int]]]


def draw_office(plan: FloorPlan, site: Rect, passages: Passages | None = None) -> tuple[int, int]:
    """Draws an office floor into a site (inside its outer walls).

    Args:
        plan: The floor.
        site: What may be carved.
        passages: Per side, intervals at which a corridor must lead to the site's edge.

    Returns:
        A free cell ``(ix, iy)`` in the lobby or main corridor, to start from.
    """
    passages = {} if passages is None else passages
    if plan.metres(site.short) < 9.0:
        return _single_room(plan, site)
    if plan.metres(site.short) < 27.0:
        return _spine(plan, site, passages)
    return _ring(plan, site, passages)


def _single_room(plan: FloorPlan, site: Rect) -> tuple[int, int]:
    plan.carve(site)
    middle = (site.x0 + site.x1) // 2, (site.y0 + site.y1) // 2
    keep = Rect(middle[0], middle[1], middle[0] + 1, middle[1] + 1).grown(plan.cells(1.0))
    keep = Rect(max(keep.x0, 0), max(keep.y0, 0), keep.x1, keep.y1)
    plan.clear[keep.y0 : keep.y1, keep.x0 : keep.x1] = True
    for wall in Side:
        against_wall(plan, site, wall, 1.6, 0.8)
    return middle


def _spine(plan: FloorPlan, site: Rect, passages: Passages) -> tuple[int, int]:
    """A small floor: one corridor the long way, rooms on both sides, a loop if there is room."""
    side = site.long_side
    width = plan.between(2.2, 2.6)
    depth = site.depth(side)
    low, high = site.span(side)
    inset = (depth - width) // 2
    if plan.metres(depth) > 16.0:
        return _double_spine(plan, site, passages)
    corridor = site.band(side, inset, inset + width)
    plan.carve(corridor, keep_clear=True)
    plan.counts["corridor"] += 1
    row_of_rooms(plan, site.band(side, 0, inset - plan.wall), side.opposite)
    row_of_rooms(plan, site.band(side, inset + width + plan.wall, depth), side)
    _force_passages(plan, site, passages)
    along = low + (high - low) // 2
    across = (site.y0 if side.horizontal else site.x0) + inset + width // 2
    return (along, across) if side.horizontal else (across, along)


def _double_spine(plan: FloorPlan, site: Rect, passages: Passages) -> tuple[int, int]:
    """Two corridors the long way, joined at both ends, with a row of blocks between them."""
    width = plan.between(2.2, 2.4)
    depth = plan.between(4.2, 4.8)
    return _around(plan, site, depth, width, passages, lobby=plan.metres(site.long) > 20.0)


def _ring(plan: FloorPlan, site: Rect, passages: Passages) -> tuple[int, int]:
    depth = plan.between(5.2, 6.4)
    width = plan.between(2.6, 3.0)
    return _around(plan, site, depth, width, passages, lobby=True)


def _around(
    plan: FloorPlan, site: Rect, depth: int, width: int, passages: Passages, *, lobby: bool
) -> tuple[int, int]:
    """Rooms along the facade, a ring corridor inside them, blocks inside the ring."""
    ring = site.grown(-depth - plan.wall)
    inner = ring.grown(-width)
    plan.carve(ring, keep_clear=True)
    plan.fill(inner)
    plan.clear[inner.y0 : inner.y1, inner.x0 : inner.x1] = False
    plan.counts["ring corridor"] += 1
    taken: Passages = {side: list(passages.get(side, [])) for side in Side}
    if lobby:
        taken[Side.SOUTH].append(_draw_lobby(plan, site, depth, taken[Side.SOUTH]))
    crossings: dict[Side, list[tuple[int, int]]] = {side: [] for side in Side}
    blocks = _split(plan, inner, crossings, inner)
    _alcoves(plan, site, ring, crossings, taken)
    for side in Side:
        _facade(plan, site, ring, side, depth, taken[side], passages.get(side, []))
    for index in plan.rng.permutation(len(blocks)):
        fill_block(plan, blocks[int(index)])
    if lobby:
        a, b = taken[Side.SOUTH][len(passages.get(Side.SOUTH, []))]
        return (a + b) // 2, site.y0 + depth + plan.wall + width // 2
    return ring.x0 + width // 2, ring.y0 + width // 2


def _draw_lobby(
    plan: FloorPlan, site: Rect, depth: int, taken: list[tuple[int, int]]
) -> tuple[int, int]:
    """The entrance: a stretch of the south facade open to the ring corridor, with a desk."""
    wide = min(plan.between(8.0, 14.0), (site.x1 - site.x0) // 4)
    middle = (site.x0 + site.x1) // 2 + plan.between(0.2, max(0.4, plan.metres(site.width) * 0.15))
    start = middle - wide // 2
    for a, b in taken:
        if start < b and start + wide > a:
            start = site.x0 + site.width // 4
    hall = Rect(start, site.y0, start + wide, site.y0 + depth + plan.wall)
    plan.carve(hall)
    desk = Rect(hall.x0, hall.y0, hall.x0 + plan.cells(3.0), hall.y0 + plan.cells(0.8))
    shift = plan.cells(1.2)
    plan.place(hall, Rect(desk.x0, desk.y0 + shift, desk.x1, desk.y1 + shift), plan.cells(1.0))
    plan.counts["lobby"] += 1
    return start, start + wide


def _split(
    plan: FloorPlan, area: Rect, crossings: dict[Side, list[tuple[int, int]]], inner: Rect
) -> list[Rect]:
    """Splits an area by corridors until its parts are small enough; returns the blocks."""
    limit = plan.between(26.0, 44.0)
    slender = area.long > 2.0 * area.short
    if area.long < plan.cells(26.0) or (area.long <= limit and not slender):
        return [area]
    side = area.long_side
    low, high = area.span(side)
    width = plan.between(2.4, 2.8)
    at = low + int((high - low - width) * plan.rng.uniform(0.36, 0.64))
    corridor = area.piece(side, at, at + width)
    plan.carve(corridor, keep_clear=True)
    plan.counts["cross corridor"] += 1
    for edge in (side, side.opposite):
        if _edge(area, edge) == _edge(inner, edge):
            crossings[edge].append((at, at + width))
    first, second = area.piece(side, low, at), area.piece(side, at + width, high)
    return _split(plan, first, crossings, inner) + _split(plan, second, crossings, inner)


def _edge(rect: Rect, side: Side) -> int:
    return {
        Side.SOUTH: rect.y0, Side.NORTH: rect.y1, Side.WEST: rect.x0, Side.EAST: rect.x1,
    }[side]  # fmt: skip


def _alcoves(
    plan: FloorPlan,
    site: Rect,
    ring: Rect,
    crossings: dict[Side, list[tuple[int, int]]],
    taken: Passages,
) -> None:
    """Some cross corridors run on to the facade and end there: dead ends with a window."""
    for side, intervals in crossings.items():
        for start, end in intervals:
            far = all(end + plan.cells(6.0) < a or b + plan.cells(6.0) < start
                      for a, b in taken[side])  # fmt: skip
            if far and plan.chance(0.4):
                stub = site.piece(side, start, end).band(side, 0, _edge_gap(site, ring, side))
                plan.carve(stub, keep_clear=True)
                taken[side].append((start, end))
                plan.counts["dead-end corridor"] += 1


def _edge_gap(site: Rect, ring: Rect, side: Side) -> int:
    return abs(_edge(site, side) - _edge(ring, side))


def _facade(
    plan: FloorPlan,
    site: Rect,
    ring: Rect,
    side: Side,
    depth: int,
    taken: list[tuple[int, int]],
    passages: list[tuple[int, int]],
) -> None:
    """Rooms along one facade, between whatever else opens on it."""
    strip = site.band(side, 0, depth)
    if not side.horizontal:
        strip = strip.piece(side, site.y0 + depth + plan.wall, site.y1 - depth - plan.wall)
    low, high = strip.span(side)
    for start, end in passages:
        plan.carve(site.piece(side, start, end).band(side, 0, depth + plan.wall), keep_clear=True)
    walled = [(a - plan.wall, b + plan.wall) for a, b in taken]
    for start, end in segments(low, high, walled):
        row_of_rooms(plan, strip.piece(side, start, end), side.opposite, ring.span(side))


def _force_passages(plan: FloorPlan, site: Rect, passages: Passages) -> None:
    """Leads corridors from the middle of a small floor to where they are wanted at its edge."""
    for side, intervals in passages.items():
        for start, end in intervals:
            lane = site.piece(side, start, end).band(side, 0, (site.depth(side) + 1) // 2)
            plan.carve(lane, keep_clear=True)
