"""A receding-horizon controller of the breathing set, on the model itself."""

from typing import TYPE_CHECKING

from hiera.safety.lazy import lazily

if TYPE_CHECKING:
    from hiera.controllers.life_support.nmpc.controller import Nmpc
    from hiera.controllers.life_support.nmpc.tuning import Tuning

__all__ = ["Nmpc", "Tuning"]

_HOMES = {"controller": ("Nmpc",), "tuning": ("Tuning",)}

__getattr__ = lazily(
    __name__, {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
)
