"""The world of the breathing set: plant, scenarios, sensors, belief."""

from hiera.envs.life_support.registration import LIFE_SUPPORT_ID, make_life_support, register

register()

__all__ = ["LIFE_SUPPORT_ID", "make_life_support"]
