"""Gymnasium ids of the exploration worlds."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

EXPLORATION_ID = "hiera/Exploration-v0"


def make_exploration(motion: str = "kinematic", **kwargs: Any) -> gym.Env[Any, Any]:
    """Builds an exploration world.

    Args:
        motion: ``"kinematic"`` for a robot that drives in continuous time, ``"hop"`` for one
            that jumps from viewpoint to viewpoint.
        kwargs: For the world's constructor.

    Raises:
        ValueError: If there is no such motion.
    """
    if motion == "kinematic":
        from hiera.envs.exploration.world import ExplorationEnv

        return ExplorationEnv(**kwargs)
    if motion == "hop":
        from hiera.envs.exploration.hop import HopEnv

        return HopEnv(**kwargs)
    raise ValueError(f"unknown motion {motion!r}: choose 'kinematic' or 'hop'")


def register() -> None:
    """Makes the ids known to Gymnasium; harmless if done before."""
    if EXPLORATION_ID not in gym.registry:
        gym.register(
            id=EXPLORATION_ID,
            entry_point="hiera.envs.exploration.registration:make_exploration",
        )
