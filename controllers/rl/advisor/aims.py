"""What the advisor decides: four aims between which and the commands a simple law stands.

    pressure to hold    50 to 130 Pa
    flow                the best one times 1 to 1.32
    damper              0 to 1
    least oxygen        0.202 to 0.208

An action of zeros aims at 90 Pa, 1.15 of the best flow, half of it through the gel, 20.5 % of
oxygen. Less than the best flow cannot be aimed at: policies that learned to save moisture of the
lime by slow fans lived shorter in the whole world, where breath is deeper than believed.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hiera.safety.contract import FloatArray

AIMS: Final = 4
PRESSURE_PA, FLOW, DAMPER, OXYGEN = range(AIMS)
_FLOW_RANGE = 1.15


def aims_of(actions: FloatArray) -> FloatArray:
    """Aims of actions in [-1, 1], shape ``(..., 4)``."""
    a = np.clip(actions, -1.0, 1.0)
    return np.stack(
        (
            90.0 + 40.0 * a[..., PRESSURE_PA],
            _FLOW_RANGE ** (1.0 + a[..., FLOW]),
            0.5 + 0.5 * a[..., DAMPER],
            0.205 + 0.003 * a[..., OXYGEN],
        ),
        axis=-1,
    )
