"""Models of what is to be kept safe."""

from typing import TYPE_CHECKING

from hiera.safety.lazy import lazily

if TYPE_CHECKING:
    from hiera.safety.dynamics.arms import n_joint_arm, planar_arm
    from hiera.safety.dynamics.control_affine import ControlAffine
    from hiera.safety.dynamics.differential_drive import DiffDrive
    from hiera.safety.dynamics.discrete_time import DiscreteTime, discretise
    from hiera.safety.dynamics.integrators import double_integrator, single_integrator
    from hiera.safety.dynamics.kinematics import DhLink, forward_kinematics
    from hiera.safety.dynamics.pendulums import cart_pole
    from hiera.safety.dynamics.quadrotors import planar_quadrotor, quadrotor
    from hiera.safety.dynamics.wheeled import bicycle, unicycle, unicycle_accelerated

__all__ = [
    "ControlAffine",
    "DhLink",
    "DiffDrive",
    "DiscreteTime",
    "bicycle",
    "cart_pole",
    "discretise",
    "double_integrator",
    "forward_kinematics",
    "n_joint_arm",
    "planar_arm",
    "planar_quadrotor",
    "quadrotor",
    "single_integrator",
    "unicycle",
    "unicycle_accelerated",
]

_HOMES = {
    "arms": ("n_joint_arm", "planar_arm"),
    "control_affine": ("ControlAffine",),
    "differential_drive": ("DiffDrive",),
    "discrete_time": ("DiscreteTime", "discretise"),
    "integrators": ("double_integrator", "single_integrator"),
    "kinematics": ("DhLink", "forward_kinematics"),
    "pendulums": ("cart_pole",),
    "quadrotors": ("planar_quadrotor", "quadrotor"),
    "wheeled": ("bicycle", "unicycle", "unicycle_accelerated"),
}

__getattr__ = lazily(
    __name__, {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
)
