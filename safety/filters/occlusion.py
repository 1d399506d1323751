"""Where somebody whom the lidar cannot see yet may step out from.

Between two neighbouring rays of very different length lies the edge of something that hides what
is behind it. A disc of radius r that no ray touches lies wholly on the hidden side, so when it
first appears it touches the edge from there: its centre is one radius beside the edge, across
the ray. A mover that starts there with the bounded speed covers everybody who is hidden.
"""

from __future__ import annotations

import numpy as np

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray

_LOST = 2


@compiled
def _without_lost_rays(scan: FloatArray) -> FloatArray:
    """The scan with lost rays filled in, shape ``(n,)`` [m].

    A ray without return between returns on both sides was lost, it does not look through a gap:
    it takes the longer of the two.
    """
    n = scan.shape[0]
    filled = scan.copy()
    for i in range(n):
        if scan[i] < np.inf:
            continue
        left, right = np.inf, np.inf
        for k in range(1, _LOST + 1):
            if left == np.inf:
                left = scan[(i - k) % n]
            if right == np.inf:
                right = scan[(i + k) % n]
        filled[i] = max(left, right)
    return filled


@compiled
def hidden_movers(x: FloatArray, scan: FloatArray, radius: float, within_m: float) -> FloatArray:
    """Centres of discs that may be about to step out, shape ``(k, 2)`` [m].

    Args:
        x: State; its first three entries are the pose of the lidar.
        scan: Ranges, shape ``(n,)`` [m], ray i at heading ``theta + 2 pi i / n``; infinite where
            nothing came back.
        radius: Radius of the disc [m].
        within_m: Edges farther than this are left out [m].
    """
    n = scan.shape[0]
    filled = _without_lost_rays(scan)
    found = np.empty((n, 2))
    count = 0
    for i in range(n):
        a, b = filled[i], filled[(i + 1) % n]
        near = min(a, b)
        if near > within_m or max(a, b) - near < 2.0 * radius:
            continue
        left = b < a
        ray = x[2] + 2.0 * np.pi * ((i + 1 if left else i) / n)
        side = ray + (0.5 * np.pi if left else -0.5 * np.pi)
        found[count, 0] = x[0] + near * np.cos(ray) + radius * np.cos(side)
        found[count, 1] = x[1] + near * np.sin(ray) + radius * np.sin(side)
        count += 1
    return found[:count]
