"""Models of what is to be kept safe."""

from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.dynamics.differential_drive import DiffDrive

__all__ = ["ControlAffine", "DiffDrive"]
