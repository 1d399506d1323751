"""Gymnasium's id of the breathing set."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

LIFE_SUPPORT_ID = "hiera/LifeSupport-v0"


def make_life_support(**kwargs: Any) -> gym.Env[Any, Any]:
    """Builds a `hiera.envs.life_support.world.LifeSupportEnv` from its arguments."""
    from hiera.envs.life_support.world import LifeSupportEnv

    return LifeSupportEnv(**kwargs)


def register() -> None:
    """Makes the id known to Gymnasium; harmless if done before."""
    if LIFE_SUPPORT_ID not in gym.registry:
        gym.register(
            id=LIFE_SUPPORT_ID,
            entry_point="hiera.envs.life_support.registration:make_life_support",
        )
