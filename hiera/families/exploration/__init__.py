"""Exploration: FARE's slow and fast layers, a driving or hopping robot, a gate on every action."""

from hiera.families.exploration.family import FAMILY

__all__ = ["FAMILY"]
