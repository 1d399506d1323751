"""Gradients by CasADi or PyTorch, for functions that are written in one of them.

Plain NumPy functions need neither: they are recorded and differentiated exactly. A learned
barrier, or one from a CasADi model, comes with its own automatic differentiation:

    h, gradient = from_torch(network)
    Barrier(h, gradient=gradient, curvature=…)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hiera.safety.contract import FloatArray
from hiera.safety.extras import require

Value = Callable[[FloatArray], float]
Gradient = Callable[[FloatArray], FloatArray]


def from_torch(h: Callable[[Any], Any]) -> tuple[Value, Gradient]:
    """A barrier's value and gradient from a function or module on PyTorch tensors.

    Args:
        h: ``(n,)`` float64 tensor to one number.

    Raises:
        MissingExtra: If PyTorch is not installed.
    """
    torch = require("torch", "learn")

    def value(x: FloatArray) -> float:
        with torch.no_grad():
            return float(h(torch.as_tensor(np.array(x, dtype=np.float64))))

    def gradient(x: FloatArray) -> FloatArray:
        at = torch.tensor(np.array(x, dtype=np.float64), requires_grad=True)
        (slope,) = torch.autograd.grad(h(at).sum(), at)
        found: FloatArray = slope.detach().numpy().astype(np.float64)
        return found

    return value, gradient


def from_casadi(h: Callable[[Any], Any], n: int) -> tuple[Value, Gradient]:
    """A barrier's value and gradient from a function on CasADi symbols.

    Args:
        h: ``(n,)`` `casadi.SX` vector to one number.
        n: Number of states.

    Raises:
        MissingExtra: If CasADi is not installed.
    """
    ca = require("casadi", "mpc")
    x = ca.SX.sym("x", n)
    both = ca.Function("h", [x], [h(x), ca.gradient(h(x), x)])

    def value(at: FloatArray) -> float:
        return float(both(np.asarray(at, dtype=np.float64))[0])

    def gradient(at: FloatArray) -> FloatArray:
        slope = both(np.asarray(at, dtype=np.float64))[1]
        found: FloatArray = np.asarray(slope, dtype=np.float64).reshape(-1)
        return found

    return value, gradient
