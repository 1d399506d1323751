"""Every operation that can be recorded does in C what it does in Python, to the last bit."""

from __future__ import annotations

import ctypes
import subprocess
from typing import Any

import numpy as np
import pytest

from hiera.safety.export.fragments import decided, paragraphs, template, used
from hiera.safety.export.statements import function, number
from hiera.safety.tape import Graph, Op, Program, compile_program
from tests.export.compiled import STRICT, compiler

_UNARY = (Op.NEG, *(op for op in Op if Op.SQRT <= op <= Op.ATAN), Op.ASIN, Op.ACOS, Op.ABS)


def everything() -> Program:
    """A program with every operation, three inputs a, b, c."""
    graph = Graph()
    a, b, c = graph.inputs(0, 3)
    outputs = [graph.apply(op, a) for op in (*_UNARY, Op.SIGN, Op.STEP)]
    two = (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.ATAN2, Op.MIN, Op.MAX)
    outputs += [graph.apply(op, a, b) for op in two]
    outputs += [graph.apply(Op.SELECT, a, b, c), a * a, graph.power(a, 1.7), graph.power(b, -0.3)]
    outputs += [a / -3.0, -2.5 - a, a * 1e-300 * 1e-20, graph.apply(Op.MAX, a, -1.0)]
    return compile_program(outputs, 3)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Any:
    program, folder = everything(), tmp_path_factory.mktemp("ops")
    outputs = {"y": len(program.outputs)}
    parts = paragraphs(template("scalars.c")) + paragraphs(template("intervals.c"))
    parts += [
        function("values", program, {"x": 3}, outputs, intervals=False),
        function("bounds", program, {"x": 3}, outputs, intervals=True),
        "void gate_values(const double *x, double *y)\n{\n    values(x, y);\n}",
        "void gate_bounds(const interval *x, interval *y)\n{\n    bounds(x, y);\n}",
    ]
    source = folder / "ops.c"
    source.write_text("#include <math.h>\n\n" + "\n\n".join(used(parts)) + "\n")
    shared = folder / "ops.so"
    flags = [*STRICT, "-shared", "-fPIC", "-o", str(shared), str(source), "-lm"]
    subprocess.run([compiler(), *flags], check=True)
    return ctypes.CDLL(str(shared))


def corners(rng: np.random.Generator, size: int) -> np.ndarray:
    values = rng.normal(size=size) * 10.0 ** rng.integers(-3, 3)
    if rng.random() < 0.3:
        values[rng.integers(size)] = rng.choice([0.0, -0.0, 1.0, -1.0, 1e200, -1e200, 0.5 * np.pi])
    return values


def address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def test_operations_on_numbers(library: Any) -> None:
    rng, program = np.random.default_rng(0), everything()
    out = np.empty(len(program.outputs))
    for _ in range(3000):
        x = corners(rng, 3)
        library.gate_values(address(x), address(out))
        np.testing.assert_array_equal(out, program(x))


def test_operations_on_intervals(library: Any) -> None:
    rng, program = np.random.default_rng(1), everything()
    out = np.empty((len(program.outputs), 2))
    for _ in range(3000):
        one, other = corners(rng, 3), corners(rng, 3)
        low, high = np.minimum(one, other), np.maximum(one, other)
        if rng.random() < 0.2:
            low = high
        box = np.ascontiguousarray(np.column_stack((low, high)))
        library.gate_bounds(address(box), address(out))
        least, most = program.bounds(low, high)
        np.testing.assert_array_equal(out[:, 0], least)
        np.testing.assert_array_equal(out[:, 1], most)


def test_numbers_are_written_to_the_last_bit() -> None:
    for value in (0.1, -0.0, 1e300, 5e-324, np.pi, 1.0, 123456789.0):
        assert float(number(value)).hex() == value.hex()
        assert any(c in number(value) for c in ".e")
    assert [number(v) for v in (np.inf, -np.inf, np.nan)] == ["INFINITY", "-INFINITY", "NAN"]


def test_what_is_not_used_is_not_written() -> None:
    text = "#if GATE_A\nint gate_f(void)\n{\n    return g();\n}\n#else\nint gate_h(void)\n#endif\n"
    text += (
        "\n/* About g. */\nstatic int g(void)\n{\n    return 1;\n}\n\nstatic int unused(void);\n"
    )
    left = "\n".join(used(paragraphs(decided(text, {"GATE_A": True}))))
    assert "gate_f" in left
    assert "About g" in left
    assert "unused" not in left
    assert "gate_h" not in left
