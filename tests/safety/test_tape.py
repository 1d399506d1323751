"""Recorded functions are the functions: their values, their derivatives, their ranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.safety.tape import Graph, Program, TraceError, compile_program, gradient, record
from hiera.safety.tape.derive import kinks

N = 3
Function = Callable[[Any], Any]

SMOOTH: list[Callable[..., Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - 0.5 * b,
    lambda a, b: a * b,
    lambda a, b: a / (1.0 + b * b),
    lambda a, b: -a,
    lambda a, b: np.sqrt(1.0 + a**2),
    lambda a, b: np.sin(a) * np.cos(b),
    lambda a, b: np.tan(0.4 * np.tanh(a)),
    lambda a, b: np.exp(np.tanh(a)),
    lambda a, b: np.log(1.5 + np.sin(a)),
    lambda a, b: np.arctan(a - b),
    lambda a, b: np.arctan2(a, 1.0 + b**2),
    lambda a, b: np.arcsin(0.9 * np.tanh(a)) + np.arccos(0.9 * np.tanh(b)),
    lambda a, b: np.power(1.0 + a * a, 1.7) / (2.0 + b * b),
    lambda a, b: np.hypot(a, 1.0 + b * b),
    lambda a, b: np.square(a) + np.reciprocal(2.0 + np.cos(b)),
    lambda a, b: np.sinh(np.tanh(a)) + np.cosh(np.tanh(b)),
    lambda a, b: np.linalg.norm(np.stack([a, b, a + b + 3.0])),
    lambda a, b: np.stack([a, b]) @ np.array([[1.0, 0.3], [-0.2, 2.0]]) @ np.stack([b, a]),
    lambda a, b: (a * np.array([1.0, -2.0])).sum() + np.sum(np.outer([a, b], [b, 1.0])),
    lambda a, b: np.maximum(a, 0.0) ** 2 + np.deg2rad(b),
]
KINKED: list[Callable[..., Any]] = [
    lambda a, b: np.maximum(a, b),
    lambda a, b: np.minimum(a, 0.3),
    lambda a, b: np.abs(a - b),
    lambda a, b: np.where(a > b, a * a, b - 1.0),
    lambda a, b: np.clip(a, -0.5, 0.7),
    lambda a, b: np.sign(a) * b,
    lambda a, b: np.max(np.stack([a, b, 0.1 * a])) - np.stack([a, b]).min(),
]


def random_function(rng: np.random.Generator, steps: list[Callable[..., Any]]) -> Function:
    """A random expression of a few steps, each on earlier values."""
    plan = [(steps[rng.integers(len(steps))], rng.integers(99, size=2)) for _ in range(6)]

    def function(x: Any) -> Any:
        values = [x[0], x[1], x[2], 0.7]
        for step, (i, j) in plan:
            values.append(step(values[i % len(values)], values[j % len(values)]))
        return values[-1] + values[-2]

    return function


def recorded(function: Function) -> tuple[Program, Program]:
    """Programs of the function's value and of its gradient."""
    graph = Graph()
    x = graph.inputs(0, N)
    value = record(function, graph, [x]).values[0]
    return compile_program([value], N), compile_program(gradient(value, list(x)), N)


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=150, deadline=None)
@given(seed=seeds)
def test_a_program_computes_what_numpy_computes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    function = random_function(rng, SMOOTH + KINKED)
    program, _ = recorded(function)
    for x in rng.normal(size=(5, N)):
        np.testing.assert_allclose(program(x)[0], function(x), rtol=1e-11, atol=1e-11)


@settings(max_examples=150, deadline=None)
@given(seed=seeds)
def test_gradients_are_those_of_finite_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    function = random_function(rng, SMOOTH)
    _, slopes = recorded(function)
    x = rng.uniform(-1.0, 1.0, N)

    def differences(step: float) -> np.ndarray:
        e = step * np.eye(N)
        return np.array([(function(x + d) - function(x - d)) / (2.0 * step) for d in e])

    exact, size = slopes(x), 1.0 + abs(function(x))
    better = (4.0 * differences(5e-4) - differences(1e-3)) / 3.0
    np.testing.assert_allclose(exact, better, rtol=2e-3, atol=2e-3 * size)


def test_gradients_of_analytic_functions_are_those_of_the_complex_step() -> None:
    def function(x: Any) -> Any:
        return np.exp(np.sin(x[0]) * x[1]) / (1.0 + x[2] ** 2) + np.sqrt(2.0 + np.tanh(x[0] * x[2]))

    _, slopes = recorded(function)
    for x in np.random.default_rng(0).normal(size=(50, N)):
        steps = np.array([function(x + 1e-30j * e).imag / 1e-30 for e in np.eye(N)])
        np.testing.assert_allclose(slopes(x), steps, rtol=1e-12, atol=1e-14)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, batch=st.integers(1, 200))
def test_a_batch_gives_each_single_result(seed: int, batch: int) -> None:
    rng = np.random.default_rng(seed)
    program, slopes = recorded(random_function(rng, SMOOTH + KINKED))
    x = rng.normal(size=(N, batch))
    for p in (program, slopes):
        single = np.stack([p(column) for column in x.T], axis=1)
        np.testing.assert_allclose(p.batch(x), single, rtol=1e-13, atol=1e-13)


@settings(max_examples=150, deadline=None)
@given(seed=seeds, width=st.sampled_from([0.0, 1e-6, 0.01, 0.3, 3.0]))
def test_bounds_hold_everywhere_in_the_box(seed: int, width: float) -> None:
    rng = np.random.default_rng(seed)
    function = random_function(rng, SMOOTH + KINKED)
    middle, half = rng.normal(size=N), width * rng.random(N)
    x = middle[:, None] + half[:, None] * rng.uniform(-1.0, 1.0, (N, 100))
    x = np.concatenate((x, middle[:, None] + half[:, None] * rng.choice([-1.0, 1.0], (N, 20))), 1)
    for program in recorded(function):
        low, high = program.bounds(middle - half, middle + half)
        values = program.batch(np.clip(x, (middle - half)[:, None], (middle + half)[:, None]))
        # The machine rounds too; a few units in the last place of the largest number are its own.
        slack = 1e-12 * (1.0 + np.abs(values))
        assert np.all(values >= low[:, None] - slack)
        assert np.all(values <= high[:, None] + slack)


def test_bounds_are_tight_where_every_input_occurs_once() -> None:
    program, _ = recorded(lambda x: x[0] * x[1] + np.cos(x[2]))
    low, high = program.bounds(np.array([-1.0, 2.0, 0.0]), np.array([3.0, 4.0, np.pi]))
    assert low[0] == pytest.approx(-5.0)
    assert high[0] == pytest.approx(13.0)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda x: x[0] if x[0] > 0.0 else -x[0], "branches on the state"),
        (lambda x: max(x[0], x[1]), "branches on the state"),
        (lambda x: float(x[0]), "turns a symbol into a number"),
        (lambda x: np.sin(x, out=np.zeros(3)), "out= or where="),
        (lambda x: np.add(x, x, where=[True, False, True]), "out= or where="),
        (lambda x: np.cbrt(x), "np.cbrt cannot be recorded"),
        (lambda x: np.linalg.solve(np.eye(3), x), "np.solve cannot be recorded"),
        (lambda x: np.max(x, initial=0.0), "cannot be recorded"),
        (lambda x: np.add.reduce(x, initial=1.0), "cannot be recorded"),
        (lambda x: np.power(2.0, x[0]), "powers must be numbers"),
        (lambda x: [x[0], [x[1]]], "shape"),
        (lambda x: x[0] + "one", "is not a number"),
        (lambda x: x[7], "index 7"),
    ],
)
def test_what_cannot_be_recorded_is_named_in_a_sentence(function: Function, sentence: str) -> None:
    graph = Graph()
    with pytest.raises(TraceError, match=sentence):
        record(function, graph, [graph.inputs(0, N)])


def test_a_symbol_that_was_kept_from_another_function_is_refused() -> None:
    kept = Graph().inputs(0, N)
    graph = Graph()
    with pytest.raises(TraceError, match="another function"):
        record(lambda x: x[0] + kept[0], graph, [graph.inputs(0, N)])


def test_only_functions_without_a_continuous_slope_have_kinks() -> None:
    graph = Graph()
    x = graph.inputs(0, N)

    def has_kink(function: Function) -> bool:
        return bool(kinks(record(function, graph, [x]).values[0]))

    assert not has_kink(lambda x: np.maximum(x[0] - 1.0, 0.0) ** 2 + np.abs(x[1]) ** 2)
    assert not has_kink(lambda x: np.linalg.norm(x) + np.exp(x[0]))
    assert has_kink(lambda x: np.maximum(x[0], 0.0))
    assert has_kink(lambda x: np.where(x[0] > 0.0, x[1], x[2]))


def test_reductions_along_axes_agree_with_numpy() -> None:
    functions: list[Function] = [
        lambda x: np.max(np.outer(x, x), axis=0),
        lambda x: np.minimum.reduce(np.outer(x, x), axis=1),
        lambda x: np.add.reduce(np.outer(x, x), axis=None),
        lambda x: np.mean(x) * x,
        lambda x: x[0] * x - np.cumsum(x) / x[1],
        lambda x: np.where(x[0] > x, x, np.array([1.0, 2.0, 3.0])),
    ]
    x0 = np.array([0.3, -0.7, 0.5])
    for function in functions:
        graph = Graph()
        recording = record(function, graph, [graph.inputs(0, N)])
        wanted = np.asarray(function(x0))
        assert recording.shape == wanted.shape
        np.testing.assert_allclose(recording.program(N)(x0), wanted.reshape(-1), rtol=1e-14)
