"""Safety filters: the ground floor, usable alone in front of any controller.

Needs NumPy, SciPy, Numba and DAQP, nothing more.
"""

from hiera.safety.contract import Context, SafeAction, SafetyFilter, SafetyState, Status

__all__ = ["Context", "SafeAction", "SafetyFilter", "SafetyState", "Status"]
