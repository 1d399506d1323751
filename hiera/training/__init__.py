"""Trainings that ``hiera train`` can run; they need the extra ``learn``."""
