"""Barriers: what is to stay non-negative."""

from hiera.safety.barriers.barrier import Barrier

__all__ = ["Barrier"]
