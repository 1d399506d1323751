"""Filters: from state, nominal action and context to an action that was verified."""

from hiera.safety.filters.action_mask import ActionMask
from hiera.safety.filters.lidar_cbf import LidarCbf
from hiera.safety.filters.pass_through import PassThrough

__all__ = ["ActionMask", "LidarCbf", "PassThrough"]
