"""Filters: from state, nominal action and context to an action that was verified."""

from typing import TYPE_CHECKING

from hiera.safety.lazy import lazily

if TYPE_CHECKING:
    from hiera.safety.filters.action_mask import ActionMask
    from hiera.safety.filters.cbf import CbfFilter
    from hiera.safety.filters.lidar_cbf import LidarCbf
    from hiera.safety.filters.pass_through import PassThrough

__all__ = ["ActionMask", "CbfFilter", "LidarCbf", "PassThrough"]

__getattr__ = lazily(
    __name__,
    {
        "ActionMask": "hiera.safety.filters.action_mask",
        "CbfFilter": "hiera.safety.filters.cbf",
        "LidarCbf": "hiera.safety.filters.lidar_cbf",
        "PassThrough": "hiera.safety.filters.pass_through",
    },
)
