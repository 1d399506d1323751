"""Worlds: Gymnasium environments that also say what a safety filter needs to know."""

from hiera.envs.contract import SafeEnv

__all__ = ["SafeEnv"]
