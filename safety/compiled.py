"""How the numerical code of this room is compiled: once, kept on disk, types left readable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compiles a function with Numba; divisions by zero give inf or NaN, as in NumPy."""
    result: F = njit(cache=True, error_model="numpy", nogil=True)(function)
    return result
