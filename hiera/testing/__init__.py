"""Public conformance checks: every implementation of a contract is held to them, ours and yours.

Each check raises `ConformanceError` with one sentence that says which promise was broken::

    from hiera.testing import check_filter
    check_filter(MyFilter(), states, actions, contexts)
"""

from hiera.testing.contracts import (
    ConformanceError,
    check_controller,
    check_env,
    check_filter,
    check_planner,
)

__all__ = [
    "ConformanceError",
    "check_controller",
    "check_env",
    "check_filter",
    "check_planner",
]
