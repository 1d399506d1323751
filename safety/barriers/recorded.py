"""A barrier as a node of a graph."""

from __future__ import annotations

from collections.abc import Sequence

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.tape import Expr, Graph, TraceError, record
from hiera.safety.tape.numpy_calls import symbols
from hiera.safety.tape.record import arity


def record_barrier(
    barrier: Barrier, graph: Graph, x: Sequence[Expr], p: Sequence[Expr] = ()
) -> Expr:
    """Records the value of a barrier.

    Args:
        barrier: The barrier.
        graph: Where the nodes go.
        x: Nodes of the state, shape ``(n,)``.
        p: Nodes of its parameters.

    Raises:
        TraceError: If it cannot be recorded.
        ValueError: If it returns more than one number.
    """
    with_parameters = len(p) > 0 or arity(barrier.h) > 1
    arguments = [symbols(list(x)), symbols(list(p))] if with_parameters else [symbols(list(x))]
    try:
        recording = record(barrier.h, graph, arguments)
    except TraceError as error:
        raise TraceError(f"barrier {barrier.label}: {error}") from error
    if recording.shape not in ((), (1,)):
        raise ValueError(
            f"barrier {barrier.label}: h must return one number, not shape {recording.shape}; "
            "make one barrier of each component"
        )
    return recording.values[0]
