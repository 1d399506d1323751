"""DSAC-T, distributional soft actor-critic with three refinements, on Stable-Baselines3.

``DSACT("MlpPolicy", env).learn(10_000)``; needs the extra ``learn``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hiera.controllers.rl.dsac.algorithm import DSACT

__all__ = ["DSACT"]


def __getattr__(name: str) -> Any:
    if name != "DSACT":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hiera.safety.extras import require

    require("stable_baselines3", "learn")
    from hiera.controllers.rl.dsac.algorithm import DSACT

    return DSACT
