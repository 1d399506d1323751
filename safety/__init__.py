"""Safety filters: the ground floor, usable alone in front of any controller.

Needs NumPy, SciPy, Numba and DAQP, nothing more.
"""

from typing import TYPE_CHECKING

from hiera.safety.contract import Context, SafeAction, SafetyFilter, SafetyState, Status
from hiera.safety.lazy import lazily

if TYPE_CHECKING:
    from hiera.safety.barriers import Barrier
    from hiera.safety.dynamics import ControlAffine, DiffDrive, DiscreteTime
    from hiera.safety.filters import CbfFilter, LidarCbf
    from hiera.safety.warmup import warm

__all__ = [
    "Barrier",
    "CbfFilter",
    "Context",
    "ControlAffine",
    "DiffDrive",
    "DiscreteTime",
    "LidarCbf",
    "SafeAction",
    "SafetyFilter",
    "SafetyState",
    "Status",
    "warm",
]

_HOMES = {
    "barriers": ("Barrier",),
    "dynamics": ("ControlAffine", "DiffDrive", "DiscreteTime"),
    "filters": ("CbfFilter", "LidarCbf"),
    "warmup": ("warm",),
}

__getattr__ = lazily(
    __name__, {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
)
