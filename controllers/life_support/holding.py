"""From what is aimed at to a feed.

    feed = uptake + max(HOLD (pressure aimed at - pressure), LIFT (fraction aimed at - fraction))

The uptake replaces what is breathed. Pressure alone would let the gas become lean: vapour from
breath and lime takes the room of oxygen, and so does oxygen that is breathed while the pressure
falls. It is compiled, so that many sets can be simulated with it.
"""

from __future__ import annotations

from hiera.safety.compiled import compiled
from hiera.safety.life_support.state import FEED, HIGH

HOLD = 2e-5
"""Feed per pressure that is missing [mol/(s Pa)]; the pressure settles in some 20 s."""
LIFT = 0.2
"""Feed per fraction of oxygen that is missing [mol/s]; it settles in some 12 s."""
_MOST = HIGH[FEED]


@compiled
def feed_for(
    uptake: float, gauge_pa: float, oxygen: float, aim_pa: float, aim_oxygen: float
) -> float:
    """Oxygen to feed [mol/s].

    Args:
        uptake: Of the wearer [mol/s].
        gauge_pa: Pressure above that outside [Pa].
        oxygen: Fraction in the gas.
        aim_pa: Pressure to hold [Pa].
        aim_oxygen: Least fraction to hold.
    """
    missing = max(HOLD * (aim_pa - gauge_pa), LIFT * (aim_oxygen - oxygen))
    return min(max(uptake + missing, 0.0), _MOST)
