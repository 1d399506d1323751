"""Models of what is to be kept safe."""

from hiera.safety.dynamics.differential_drive import DiffDrive

__all__ = ["DiffDrive"]
