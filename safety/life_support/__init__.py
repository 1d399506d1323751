"""A closed-circuit breathing set in a positive-pressure suit: model, limits, barriers, filter.

After C. Kingston and A. Johnston, "Physicochemical-Neural Fusion for Semi-Closed-Circuit
Respiratory Autonomy in Extreme Environments", 2026, arXiv 2603.26697, of which the abstract is
public and the model is not. What stands here is derived anew, each constant with its source.
"""

from typing import TYPE_CHECKING

from hiera.safety.lazy import lazily

if TYPE_CHECKING:
    from hiera.safety.life_support.barriers import Pace, life_support_barriers
    from hiera.safety.life_support.filter import life_support_filter
    from hiera.safety.life_support.limits import Limits
    from hiera.safety.life_support.model import LifeSupportModel
    from hiera.safety.life_support.parameters import Parameters
    from hiera.safety.life_support.readings import Readings
    from hiera.safety.life_support.state import Surroundings
    from hiera.safety.life_support.stocks import Endurance, endurance

__all__ = [
    "Endurance",
    "LifeSupportModel",
    "Limits",
    "Pace",
    "Parameters",
    "Readings",
    "Surroundings",
    "endurance",
    "life_support_barriers",
    "life_support_filter",
]

_HOMES = {
    "barriers": ("Pace", "life_support_barriers"),
    "stocks": ("Endurance", "endurance"),
    "filter": ("life_support_filter",),
    "limits": ("Limits",),
    "model": ("LifeSupportModel",),
    "parameters": ("Parameters",),
    "readings": ("Readings",),
    "state": ("Surroundings",),
}

__getattr__ = lazily(
    __name__, {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
)
