"""What cannot become C: whatever would have to call Python, or count rows anew at every tick."""

from __future__ import annotations

import math
import re

from hiera.safety.filters.cbf import CbfFilter

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


class ExportError(ValueError):
    """A filter that C code cannot stand in for, or a name that C does not take."""


def check_name(name: str) -> None:
    """Holds a name to what C takes as the beginning of identifiers.

    Raises:
        ExportError: If it is none.
    """
    if not _NAME.fullmatch(name):
        raise ExportError(
            f"{name!r} is no name for C code; use letters, digits and underscores, a letter first"
        )


def check_gate(gate: object) -> CbfFilter:
    """The filter, if all of it can be written in C.

    Raises:
        ExportError: If not; the sentence names the barrier or setting at fault.
    """
    if not isinstance(gate, CbfFilter) or type(gate).filter is not CbfFilter.filter:
        raise ExportError(f"a {type(gate).__name__} cannot be exported, only a CbfFilter can")
    for barrier, _, _ in gate.rows.groups:
        raise ExportError(
            f"barrier {barrier.label} has one row for each of the {barrier.over}, and C code needs "
            "a fixed number of rows; make one barrier with parameters of each obstacle"
        )
    for opaque in gate.rows.opaque:
        raise ExportError(
            f"barrier {opaque.label} is a Python function that could not be recorded, nor "
            "therefore written in C; write it and the system in plain NumPy"
        )
    for backup in gate.guard.backups:
        raise ExportError(
            f"backup {backup.name} is a Python policy and cannot be exported; export the filter "
            "without it and let your C code act on the status STOP"
        )
    if gate.guard.budget_s < math.inf:
        raise ExportError(
            f"the filter has budget_s={gate.guard.budget_s:g}, and C code has no clock of its own; "
            "leave it out and time the call where it is made"
        )
    if not gate.rows.fixed:
        raise ExportError("the filter has no barriers, so there is nothing to export")
    return gate
