"""Kernels of the lidar filter: the braking roll-out, and the rows of the quadratic programme.

Braking law: the speed falls at the greatest rate to zero, the turning rate too. A speed pair
``(v, w)`` for the coming tick is safe if the robot, after that tick and while it then brakes,
keeps its distance from every static point and from everything that any moving obstacle can reach
in the meantime:

    |c(t) - p_i|  >=  r + margin                           for all t until standstill
    |c(t) - q_j|  >=  r + margin + r_j + s_j t

The second line counts time from now, so a pair that is safe leaves a braking manoeuvre that is
still safe one tick later, whatever the mover does: the certificate carries over by induction.

Barrier for the quadratic programme, with ``l`` the fraction of the braking path travelled:

    h(v, w) = min_l |c + v dt e(theta + w dt / 2) + l s(v) e(theta + w dt) - p| - r - margin,
    s(v) = v^2 / (2 brake)

linearised in ``(v, w)``, one row for the worst point of each sector.
"""

from __future__ import annotations

import numpy as np

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.differential_drive import along_arc, limit_speeds

SECTORS = 16
SUBSTEP_M = 0.03


@compiled
def intersample_dip(spacing_m: float, distance_m: float) -> float:
    """How much nearer a path may come between two checked points than at them [m].

    For a chord of length ``spacing`` past a point at ``distance``; this is the 1/8 M dt^2 of a
    sampled barrier, with M = v^2 / d the curvature of the distance and spacing = v dt.
    """
    return spacing_m * spacing_m / (8.0 * max(distance_m, 1e-3))


@compiled
def clearance_while_braking(
    x: FloatArray,
    v: float,
    w: float,
    limits: FloatArray,
    dt: float,
    points: FloatArray,
    movers: FloatArray,
    mover_radius: FloatArray,
    mover_speed: FloatArray,
    radius: float,
) -> tuple[float, float]:
    """Smallest clearance over one tick at ``(v, w)`` and the braking after it.

    Args:
        x: State, shape ``(5,)``.
        v: Forward speed held for the tick [m/s].
        w: Turning rate held for the tick [rad/s].
        limits: `DiffDrive.limits`, shape ``(6,)``.
        dt: Tick [s].
        points: Static points, shape ``(k, 2)`` [m].
        movers: Centres of moving obstacles, shape ``(q, 2)`` [m].
        mover_radius: Shape ``(q,)`` [m].
        mover_speed: Shape ``(q,)`` [m/s].
        radius: Footprint radius [m].

    Returns:
        Clearance to static points and to movers [m]; infinite where there are none. A mover is
        not counted once the robot stands.
    """
    px, py, theta = x[0], x[1], x[2]
    worst_static = np.inf
    worst_mover = np.inf
    elapsed = 0.0
    while True:
        pieces = max(1, int(np.ceil(abs(v) * dt / SUBSTEP_M)))
        part = dt / pieces
        dip = intersample_dip(abs(v) * part, radius)
        for _ in range(pieces):
            px, py, theta = along_arc(px, py, theta, v, w, part)
            elapsed += part
            for i in range(points.shape[0]):
                gap = np.hypot(px - points[i, 0], py - points[i, 1]) - radius - dip
                worst_static = min(worst_static, gap)
            if v == 0.0:
                continue
            for j in range(movers.shape[0]):
                reach = radius + mover_radius[j] + mover_speed[j] * elapsed + dip
                gap = np.hypot(px - movers[j, 0], py - movers[j, 1]) - reach
                worst_mover = min(worst_mover, gap)
        if v == 0.0:
            return worst_static, worst_mover
        v, w = limit_speeds(v, w, 0.0, 0.0, limits, dt)


@compiled
def _row(
    x: FloatArray,
    v: float,
    w: float,
    brake: float,
    dt: float,
    qx: float,
    qy: float,
    reach: float,
    speed: float,
) -> tuple[float, float, float]:
    """Barrier of one obstacle at ``(v, w)`` and its gradient: ``(h, dh/dv, dh/dw)``."""
    middle = x[2] + 0.5 * w * dt
    after = x[2] + w * dt
    cm, sm = np.cos(middle), np.sin(middle)
    ca, sa = np.cos(after), np.sin(after)
    path = v * abs(v) / (2.0 * brake)
    best, best_v, best_w = np.inf, 0.0, 0.0
    for step in range(6):
        part = step / 5.0
        dx = x[0] + v * dt * cm + part * path * ca - qx
        dy = x[1] + v * dt * sm + part * path * sa - qy
        away = max(np.hypot(dx, dy), 1e-9)
        stretch = 1.0 - np.sqrt(1.0 - part)
        h = away - reach - speed * (dt + stretch * abs(v) / brake)
        if h < best:
            nx, ny = dx / away, dy / away
            slope = part * abs(v) / brake
            best = h
            best_v = nx * (dt * cm + slope * ca) + ny * (dt * sm + slope * sa)
            best_v -= speed * stretch / brake * (1.0 if v >= 0.0 else -1.0)
            best_w = nx * (-0.5 * v * dt * dt * sm - part * path * dt * sa)
            best_w += ny * (0.5 * v * dt * dt * cm + part * path * dt * ca)
    return best, best_v, best_w


@compiled
def barrier_rows(
    x: FloatArray,
    v: float,
    w: float,
    limits: FloatArray,
    dt: float,
    decay: float,
    points: FloatArray,
    movers: FloatArray,
    mover_radius: FloatArray,
    mover_speed: FloatArray,
    keep_away: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows ``A (v, w) >= b`` of the discrete-time barrier condition, linearised at ``(v, w)``.

    The condition is ``h(next) >= (1 - decay) h(now)`` where h(now) > 0, else ``h(next) >= h(now)``.

    Returns:
        ``A`` of shape ``(k, 2)``, ``b`` of shape ``(k,)`` and the barriers' values now, shape
        ``(k,)`` [m]; the worst obstacle of each of `SECTORS` sectors, static and moving apart.
    """
    brake = limits[3]
    A = np.empty((2 * SECTORS, 2))
    b = np.empty(2 * SECTORS)
    now = np.empty(2 * SECTORS)
    slack = np.full(2 * SECTORS, np.inf)
    total = points.shape[0] + movers.shape[0]
    for i in range(total):
        moving = i >= points.shape[0]
        j = i - points.shape[0]
        qx = movers[j, 0] if moving else points[i, 0]
        qy = movers[j, 1] if moving else points[i, 1]
        reach = keep_away + (mover_radius[j] if moving else 0.0)
        speed = mover_speed[j] if moving else 0.0
        h_now = _row(x, x[3], x[4], brake, 0.0, qx, qy, reach, speed)[0]
        h, dv, dw = _row(x, v, w, brake, dt, qx, qy, reach, speed)
        need = (1.0 - decay) * h_now if h_now > 0.0 else h_now
        angle = (np.arctan2(qy - x[1], qx - x[0]) - x[2]) % (2.0 * np.pi)
        sector = min(int(angle / (2.0 * np.pi) * SECTORS), SECTORS - 1)
        if moving:
            sector += SECTORS
        if h - need < slack[sector]:
            slack[sector] = h - need
            A[sector, 0] = dv
            A[sector, 1] = dw
            b[sector] = need - h + dv * v + dw * w
            now[sector] = h_now
    used = np.isfinite(slack)
    return A[used], b[used], now[used]
