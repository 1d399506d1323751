"""Training of the metabolic model on simulated missions."""

from hiera.training.life_support_metabolism.training import TRAINING

__all__ = ["TRAINING"]
