"""Training of the viewpoint policy by expert iteration against a known-map expert."""

from hiera.training.viewpoint.training import TRAINING

__all__ = ["TRAINING"]
