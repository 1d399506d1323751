"""Who touches whom within a tick: a round robot on an arc, walls, and people on straight lines.

Conservative advancement (B. Mirtich, "Impulse-based Dynamic Simulation of Rigid Body Systems",
1996): no gap can close faster than the bodies' speeds add up, so time may jump ahead by the least
gap divided by that speed without passing a contact. Jumps have a floor of 1/500 of the tick, so a
graze shallower than about a third of a millimetre can pass unseen. Bodies are set back to the last
instant before their contact, so that the robot never ends inside a wall.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.safety.dynamics.differential_drive import along_arc


@njit(cache=True)
def wall_gap(
    free: NDArray[np.bool_], resolution: float, gx: float, gy: float, radius: float, cap: float
) -> float:
    """Distance from a disc to the nearest blocked cell's square, at most ``cap`` [m].

    ``gx, gy`` is the disc's centre in cell sides; outside the map all is blocked.
    """
    rows, columns = free.shape
    reach = int(np.ceil((radius + cap) / resolution))
    cx, cy = int(np.floor(gx)), int(np.floor(gy))
    nearest = ((radius + cap) / resolution) ** 2
    for iy in range(cy - reach, cy + reach + 1):
        dy = max(iy - gy, 0.0, gy - iy - 1.0)
        if dy * dy >= nearest:
            continue
        for ix in range(cx - reach, cx + reach + 1):
            if 0 <= iy < rows and 0 <= ix < columns and free[iy, ix]:
                continue
            dx = max(ix - gx, 0.0, gx - ix - 1.0)
            nearest = min(nearest, dx * dx + dy * dy)
    return float(np.sqrt(nearest) * resolution - radius)


@njit(cache=True)
def sweep_tick(
    free: NDArray[np.bool_],
    geometry: NDArray[np.float64],
    state: NDArray[np.float64],
    radius: float,
    people: NDArray[np.float64],
    people_next: NDArray[np.float64],
    person_radius: float,
    dt: float,
    touched: NDArray[np.int8],
) -> tuple[float, bool]:
    """Moves everybody through one tick and stops whoever touches.

    Args:
        free: The true map, shape ``(H, W)``.
        geometry: ``(resolution, origin_x, origin_y)``, shape ``(3,)``.
        state: Robot at the start of the tick with the speeds held during it, shape ``(5,)``.
        radius: Robot's radius [m].
        people: Where people are, shape ``(q, 2)`` [m].
        people_next: Where they are headed; overwritten with where they come to stand.
        person_radius: A person's radius [m].
        dt: Tick [s].
        touched: Output, shape ``(q,)``: 0 nothing, 1 walked into the standing robot, 2 hit by
            the moving robot.

    Returns:
        Time until which the robot moved [s], and whether a wall stopped it.
    """
    resolution = geometry[0]
    count = people.shape[0]
    v, w = state[3], state[4]
    stopped = np.full(count, dt)
    touched[:] = 0
    moving = abs(v) > 1e-9
    robot_end, wall = dt, False
    x, y, theta = state[0], state[1], state[2]
    t, before = 0.0, 0.0
    floor = dt / 500.0
    while True:
        least = dt
        if moving:
            x, y, theta = along_arc(state[0], state[1], state[2], v, w, t)
            gap = wall_gap(
                free, resolution, (x - geometry[1]) / resolution, (y - geometry[2]) / resolution,
                radius, abs(v) * dt,
            )  # fmt: skip
            if gap < 0.0:
                moving, wall, robot_end = False, True, before
                x, y, _ = along_arc(state[0], state[1], state[2], v, w, before)
            else:
                least = min(least, gap / abs(v))
        for i in range(count):
            vx = (people_next[i, 0] - people[i, 0]) / dt
            vy = (people_next[i, 1] - people[i, 1]) / dt
            walked = min(t, stopped[i])
            walking = stopped[i] >= t and (vx != 0.0 or vy != 0.0)
            if not moving and not walking:
                continue
            dx = people[i, 0] + vx * walked - x
            dy = people[i, 1] + vy * walked - y
            gap = np.hypot(dx, dy) - radius - person_radius
            closing = 0.0
            if walking:
                closing -= dx * vx + dy * vy
            if moving:
                closing += v * (dx * np.cos(theta) + dy * np.sin(theta))
            if gap < 0.0 and closing > 0.0:
                if walking:
                    stopped[i] = before
                if moving:
                    touched[i] = 2
                    moving, robot_end = False, before
                    x, y, _ = along_arc(state[0], state[1], state[2], v, w, before)
                elif walking and touched[i] == 0:
                    touched[i] = 1
            else:
                speed = (np.hypot(vx, vy) if walking else 0.0) + (abs(v) if moving else 0.0)
                least = min(least, gap / speed)
        if t >= dt:
            break
        before = t
        # A jump by the whole gap could land a rounding error inside, and be undone as a whole.
        t = min(dt, t + max(0.99 * least, floor))
    for i in range(count):
        share = stopped[i] / dt
        for axis in range(2):
            people_next[i, axis] = people[i, axis] + share * (
                people_next[i, axis] - people[i, axis]
            )
    return robot_end, wall
