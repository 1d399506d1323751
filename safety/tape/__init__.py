"""Functions as data: recorded from plain NumPy, differentiated exactly, run, bounded, printed."""

from hiera.safety.tape.derive import directional, gradient, kinks
from hiera.safety.tape.graph import Expr, Graph, Op, TraceError
from hiera.safety.tape.program import Program, compile_program
from hiera.safety.tape.record import Recording, record

__all__ = [
    "Expr",
    "Graph",
    "Op",
    "Program",
    "Recording",
    "TraceError",
    "compile_program",
    "directional",
    "gradient",
    "kinks",
    "record",
]
