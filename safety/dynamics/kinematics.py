"""Where the links of an arm are, from its Denavit–Hartenberg table.

    A_i(q_i) = Rot_z(q_i + offset_i) Trans_z(d_i) Trans_x(a_i) Rot_x(alpha_i)
    T_i      = A_1 … A_i

J. Denavit and R. S. Hartenberg, J. Appl. Mech. 22, 1955 (the original convention; Craig's modified
one has a and alpha of the link before). Plain NumPy, so a barrier on a point of the arm records
itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class DhLink:
    """One row of the table.

    Attributes:
        a: Length of the link along its x axis [m].
        alpha: Twist about the x axis [rad].
        d: Offset along the joint's axis [m].
        offset: Added to the joint's angle [rad].
    """

    a: float = 0.0
    alpha: float = 0.0
    d: float = 0.0
    offset: float = 0.0


def _step(link: DhLink, angle: Any) -> Any:
    c, s = np.cos(angle + link.offset), np.sin(angle + link.offset)
    # Quarter turns are exact, so that what vanishes is known to vanish.
    ca, sa = np.round(np.cos(link.alpha), 15), np.round(np.sin(link.alpha), 15)
    return np.array(
        [
            [c, -s * ca, s * sa, link.a * c],
            [s, c * ca, -c * sa, link.a * s],
            [0.0, sa, ca, link.d],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def forward_kinematics(links: Sequence[DhLink], q: Any) -> Any:
    """Poses of all frames, the base's first, shape ``(k + 1, 4, 4)``.

    ``forward_kinematics(links, q)[-1, :3, 3]`` is the tip's position [m].

    Args:
        links: The table, k rows.
        q: Joint angles, the first k of them are used, shape ``(k,)`` or longer [rad].
    """
    poses = [np.eye(4)]
    for i, link in enumerate(links):
        poses.append(poses[-1] @ _step(link, q[i]))
    return np.array(poses)
