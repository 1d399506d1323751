"""Filters: from state, nominal action and context to an action that was verified."""

from typing import TYPE_CHECKING

from hiera.safety.lazy import lazily

if TYPE_CHECKING:
    from hiera.safety.filters.action_mask import ActionMask
    from hiera.safety.filters.backup import BackupCbf
    from hiera.safety.filters.cbf import CbfFilter
    from hiera.safety.filters.chain import Chain
    from hiera.safety.filters.discrete import DiscreteCbf
    from hiera.safety.filters.guard import Backup, Guard
    from hiera.safety.filters.lidar_cbf import LidarCbf
    from hiera.safety.filters.pass_through import PassThrough
    from hiera.safety.filters.predictive import PredictiveFilter
    from hiera.safety.filters.predictive_nonlinear import NonlinearPredictiveFilter
    from hiera.safety.filters.rollout_policy import RolloutPolicy

__all__ = [
    "ActionMask",
    "Backup",
    "BackupCbf",
    "CbfFilter",
    "Chain",
    "DiscreteCbf",
    "Guard",
    "LidarCbf",
    "NonlinearPredictiveFilter",
    "PassThrough",
    "PredictiveFilter",
    "RolloutPolicy",
]

__getattr__ = lazily(
    __name__,
    {
        "ActionMask": "hiera.safety.filters.action_mask",
        "Backup": "hiera.safety.filters.guard",
        "BackupCbf": "hiera.safety.filters.backup",
        "CbfFilter": "hiera.safety.filters.cbf",
        "Chain": "hiera.safety.filters.chain",
        "DiscreteCbf": "hiera.safety.filters.discrete",
        "Guard": "hiera.safety.filters.guard",
        "LidarCbf": "hiera.safety.filters.lidar_cbf",
        "NonlinearPredictiveFilter": "hiera.safety.filters.predictive_nonlinear",
        "PassThrough": "hiera.safety.filters.pass_through",
        "PredictiveFilter": "hiera.safety.filters.predictive",
        "RolloutPolicy": "hiera.safety.filters.rollout_policy",
    },
)
