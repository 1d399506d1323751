"""Quadratic programmes in few inputs: solved exactly, checked always.

`nearest` and `solve_qp` answer one programme, `solve_batch` many, `least_slack` one whose rows
may give way in order, `find_conflict` says which rows fight. `solve_checked` is the same from
compiled code, with a workspace of `workspace_size` entries.
"""

from hiera.safety.qp.answer import (
    INFEASIBLE,
    ITERATION_LIMIT,
    NOT_FINITE,
    SOLVED,
    UNVERIFIED,
    QpAnswer,
    QpStatus,
)
from hiera.safety.qp.batch import BatchAnswer, solve_batch
from hiera.safety.qp.checked import solve_checked
from hiera.safety.qp.conflict import Conflict, find_conflict
from hiera.safety.qp.dual_active_set import workspace_size
from hiera.safety.qp.least_slack import (
    LeastSlack,
    least_slack,
    least_slack_checked,
    least_slack_workspace_size,
)
from hiera.safety.qp.solve import nearest, solve_qp

__all__ = [
    "INFEASIBLE",
    "ITERATION_LIMIT",
    "NOT_FINITE",
    "SOLVED",
    "UNVERIFIED",
    "BatchAnswer",
    "Conflict",
    "LeastSlack",
    "QpAnswer",
    "QpStatus",
    "find_conflict",
    "least_slack",
    "least_slack_checked",
    "least_slack_workspace_size",
    "nearest",
    "solve_batch",
    "solve_checked",
    "solve_qp",
    "workspace_size",
]
