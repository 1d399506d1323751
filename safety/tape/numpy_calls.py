"""NumPy's functions on symbols: what a user writes as plain NumPy records itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.safety.tape.graph import Expr, Graph, Op, TraceError

_ONE: dict[Any, Op] = {
    np.sqrt: Op.SQRT,
    np.sin: Op.SIN,
    np.cos: Op.COS,
    np.tan: Op.TAN,
    np.exp: Op.EXP,
    np.log: Op.LOG,
    np.tanh: Op.TANH,
    np.arctan: Op.ATAN,
    np.arcsin: Op.ASIN,
    np.arccos: Op.ACOS,
    np.absolute: Op.ABS,
    np.fabs: Op.ABS,
    np.negative: Op.NEG,
    np.sign: Op.SIGN,
}
_TWO: dict[Any, Op] = {
    np.add: Op.ADD,
    np.subtract: Op.SUB,
    np.multiply: Op.MUL,
    np.divide: Op.DIV,
    np.arctan2: Op.ATAN2,
    np.minimum: Op.MIN,
    np.maximum: Op.MAX,
    np.fmin: Op.MIN,
    np.fmax: Op.MAX,
}


def _elementwise(graph: Graph, ufunc: Any) -> Callable[..., Any] | None:
    if ufunc in _ONE:
        return lambda a: graph.apply(_ONE[ufunc], a)
    if ufunc in _TWO:
        return lambda a, b: graph.apply(_TWO[ufunc], a, b)
    others: dict[Any, Callable[..., Any]] = {
        np.power: graph.power,
        np.square: lambda a: graph.apply(Op.MUL, a, a),
        np.positive: lambda a: a,
        np.hypot: lambda a, b: graph.apply(Op.SQRT, graph.node(a) * a + graph.node(b) * b),
        np.cosh: lambda a: 0.5 * (np.exp(graph.node(a)) + np.exp(-graph.node(a))),
        np.sinh: lambda a: 0.5 * (np.exp(graph.node(a)) - np.exp(-graph.node(a))),
        np.less: lambda a, b: graph.node(a) < b,
        np.less_equal: lambda a, b: graph.node(a) <= b,
        np.greater: lambda a, b: graph.node(a) > b,
        np.greater_equal: lambda a, b: graph.node(a) >= b,
        np.log1p: lambda a: np.log(1.0 + graph.node(a)),
        np.expm1: lambda a: np.exp(graph.node(a)) - 1.0,
        np.logical_and: lambda a, b: graph.node(a) & b,
        np.logical_or: lambda a, b: graph.node(a) | b,
        np.logical_not: lambda a: ~graph.node(a),
        np.bitwise_and: lambda a, b: graph.node(a) & b,
        np.bitwise_or: lambda a, b: graph.node(a) | b,
        np.reciprocal: lambda a: 1.0 / graph.node(a),
        np.deg2rad: lambda a: graph.node(a) * (np.pi / 180.0),
        np.radians: lambda a: graph.node(a) * (np.pi / 180.0),
    }
    return others.get(ufunc)


class Symbols(np.ndarray):
    """An object array of `Expr`, so that NumPy's functions come to `call_ufunc`."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return call_ufunc(_graph_of(inputs), ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return call_function(function, args, kwargs)


def call_function(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Records one call of a NumPy function that is no ufunc.

    Raises:
        TraceError: If it cannot be recorded.
    """
    if function in _FUNCTIONS:
        return _FUNCTIONS[function](*args, **kwargs)
    plain = [
        type(a)(_boxed(v) for v in a) if isinstance(a, list | tuple) else _boxed(a) for a in args
    ]
    try:
        return symbols(function(*plain, **{k: _plain(v) for k, v in kwargs.items()}))
    except TypeError as error:
        raise TraceError(f"np.{function.__name__} cannot be recorded: {error}") from error


def symbols(values: Any) -> Any:
    """An array of nodes as `Symbols`; single nodes and plain numbers pass."""
    array = np.asarray(values, dtype=object)
    return array.view(Symbols) if array.ndim else array.item()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.view(np.ndarray)
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(v) for v in value)
    return value


def _boxed(value: Any) -> Any:
    """As `_plain`, and single symbols as arrays: NumPy would call the symbol back without end."""
    return np.array(value, dtype=object) if isinstance(value, Expr) else _plain(value)


def _graph_of(inputs: Sequence[Any]) -> Graph:
    for value in inputs:
        for item in np.asarray(_plain(value), dtype=object).flat:
            if isinstance(item, Expr):
                return item.graph
    raise TraceError("no symbol among the operands")


def call_ufunc(graph: Graph, ufunc: Any, method: str, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """Records one call of a NumPy ufunc, elementwise with broadcasting.

    Raises:
        TraceError: If the function has no counterpart on the tape.
    """
    out, where = kwargs.get("out"), kwargs.get("where", True)
    given = {k: v for k, v in kwargs.items() if k not in ("out", "where")}
    if any(o is not None for o in out or ()) or where is not True:
        raise TraceError(f"np.{ufunc.__name__} with out= or where= cannot be recorded")
    plain = [np.asarray(_plain(a), dtype=object) for a in inputs]
    if ufunc in (np.matmul, np.vecdot if hasattr(np, "vecdot") else np.matmul):
        return symbols(np.dot(*plain))
    if method == "reduce":
        return symbols(_reduce(graph, ufunc, plain[0], given.pop("axis", 0), **given))
    function = _elementwise(graph, ufunc)
    if method != "__call__" or function is None:
        raise TraceError(f"np.{ufunc.__name__} cannot be recorded")
    return symbols(np.frompyfunc(function, len(plain), 1)(*plain))


def _reduce(graph: Graph, ufunc: Any, array: NDArray[Any], axis: Any, **rest: Any) -> Any:
    function = _elementwise(graph, ufunc)
    if function is None or any(v is not None and v is not False for v in rest.values()):
        raise TraceError(f"np.{ufunc.__name__}.reduce cannot be recorded")
    flat = array.reshape(-1) if axis is None else np.moveaxis(array, axis, 0)
    out = np.asarray(flat[0], dtype=object)
    for item in flat[1:]:
        pairs = np.broadcast(out, np.asarray(item, dtype=object))
        out = np.array([function(a, b) for a, b in pairs], dtype=object).reshape(pairs.shape)
    return out


def _where(condition: Any, yes: Any, no: Any) -> Any:
    graph = _graph_of((condition, yes, no))
    choose = np.frompyfunc(lambda c, a, b: graph.apply(Op.SELECT, c, a, b), 3, 1)
    return symbols(choose(*(np.asarray(_plain(v), dtype=object) for v in (condition, yes, no))))


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2) or keepdims or (np.ndim(x) > 1 and axis is None):
        raise TraceError("np.linalg.norm is recorded for vectors and ord=2 only")
    square = np.asarray(_plain(x), dtype=object)
    return np.sqrt(symbols((square * square).sum(axis=axis)))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, **rest: Any) -> Any:
    low, high = rest.get("min", a_min), rest.get("max", a_max)
    a = a if low is None else np.maximum(a, low)
    return a if high is None else np.minimum(a, high)


def _extreme(op: Op) -> Callable[..., Any]:
    def call(a: Any, axis: Any = None, **rest: Any) -> Any:
        graph = _graph_of((a,))
        ufunc = np.minimum if op is Op.MIN else np.maximum
        return symbols(_reduce(graph, ufunc, np.asarray(_plain(a), dtype=object), axis, **rest))

    return call


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: _where,
    np.linalg.norm: _norm,
    np.clip: _clip,
    np.min: _extreme(Op.MIN),
    np.max: _extreme(Op.MAX),
}


def _method(ufunc: Any) -> Callable[..., Any]:
    def call(self: Expr, *others: Any) -> Any:
        return ufunc(self, *others)

    return call


# On a plain array of objects NumPy calls each element's method of the function's name.
for _ufunc in (*_ONE, *_TWO, np.square, np.hypot, np.cosh, np.sinh, np.log1p, np.expm1):
    if not hasattr(Expr, _ufunc.__name__):
        setattr(Expr, _ufunc.__name__, _method(_ufunc))
