"""Controllers of the breathing set, and what they are told."""

from hiera.controllers.life_support.contract import Advice, Forecast

__all__ = ["Advice", "Forecast"]
