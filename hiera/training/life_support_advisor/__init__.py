"""Training of the advisor of the breathing set by soft actor-critic or DSAC-T."""

from hiera.training.life_support_advisor.training import TRAINING

__all__ = ["TRAINING"]
