"""What work lies ahead: forecasts of the wearer's oxygen demand, with their uncertainty."""

from hiera.controllers.life_support.metabolism.learned import Held, LearnedMetabolism, MissionMean

__all__ = ["Held", "LearnedMetabolism", "MissionMean"]
