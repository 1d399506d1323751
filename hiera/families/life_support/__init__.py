"""The breathing set: a controller keeps a wearer alive, a gate has the last word."""

from hiera.families.life_support.family import FAMILY

__all__ = ["FAMILY"]
