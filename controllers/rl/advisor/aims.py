"""What the advisor decides: four aims between which and the commands a simple law stands.

    pressure to hold    50 to 130 Pa
    flow                the best one times 3/4 to 4/3
    damper              0 to 1
    least oxygen        0.202 to 0.208

An action of zeros aims at 90 Pa, the best flow, half of it through the gel, 20.5 % of oxygen.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hiera.safety.contract import FloatArray

AIMS: Final = 4
PRESSURE_PA, FLOW, DAMPER, OXYGEN = range(AIMS)
_FLOW_RANGE = 4.0 / 3.0


def aims_of(actions: FloatArray) -> FloatArray:
    """Aims of actions in [-1, 1], shape ``(..., 4)``."""
    a = np.clip(actions, -1.0, 1.0)
    return np.stack(
        (
            90.0 + 40.0 * a[..., PRESSURE_PA],
            _FLOW_RANGE ** a[..., FLOW],
            0.5 + 0.5 * a[..., DAMPER],
            0.205 + 0.003 * a[..., OXYGEN],
        ),
        axis=-1,
    )
