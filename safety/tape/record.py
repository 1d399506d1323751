"""Recording one function: call it on symbols, take what comes back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hiera.safety.tape.graph import Expr, Graph, TraceError
from hiera.safety.tape.program import Program, compile_program


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded function.

    Attributes:
        values: Its outputs, in C order.
        shape: Shape of its result.
    """

    values: tuple[Expr, ...]
    shape: tuple[int, ...]

    def program(self, n_inputs: int) -> Program:
        """The outputs as a program."""
        return compile_program(self.values, n_inputs)


def record(function: Callable[..., Any], graph: Graph, arguments: Sequence[Any]) -> Recording:
    """Calls a function on symbols.

    Args:
        function: Plain NumPy; a Numba-compiled function is recorded from its Python source.
        graph: Where the nodes go.
        arguments: Symbols and numbers that it is called with.

    Raises:
        TraceError: If it cannot be recorded; the sentence names the function.
    """
    function = getattr(function, "py_func", function)
    name = getattr(function, "__name__", type(function).__name__)
    try:
        result = function(*arguments)
        array = np.asarray(result, dtype=object)
        if any(isinstance(item, (list, tuple, np.ndarray)) for item in array.flat):
            raise TraceError("its result has no regular shape")
        return Recording(tuple(graph.node(v) for v in array.flat), array.shape)
    except TraceError as error:
        raise TraceError(f"{name}: {error}") from error
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise TraceError(f"{name}: {error}") from error


def arity(function: Callable[..., Any]) -> int:
    """Number of positional arguments without a default."""
    function = getattr(function, "py_func", function)
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(p.kind in kinds and p.default is inspect.Parameter.empty for p in parameters)
