"""How the kernels are compiled, and how they look into their workspace.

Nothing here allocates, so reference counting is switched off (``_nrt``): in kernels of some
hundred nanoseconds its atomic operations were most of the time. An allocation in a `kernel` is
thereby an error of the compiler, not a slow call. A view made by `vector` or `matrix` owns
nothing: it must not outlive its array, and nothing checks its bounds; whoever calls has made the
workspace large enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit, types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from hiera.safety.compiled import stamped

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compiles a function that others call as it stands; divisions by zero give inf or NaN."""
    compiled: F = stamped(njit(cache=True, error_model="numpy", nogil=True, _nrt=False)(function))
    return compiled


def part(function: F) -> F:
    """Compiles a piece of a kernel, which is inlined where it is called."""
    compiled: F = stamped(
        njit(cache=True, error_model="numpy", nogil=True, _nrt=False, forceinline=True)(function)
    )
    return compiled


def _codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array, offset, *shape = args
    source = context.make_array(signature.args[0])(context, builder, array)
    view = context.make_array(signature.return_type)(context, builder)
    item = context.get_constant(types.intp, signature.args[0].dtype.bitwidth // 8)
    strides = [item] if len(shape) == 1 else [builder.mul(shape[1], item), item]
    populate_array(
        view,
        data=builder.gep(source.data, [offset]),
        shape=shape,
        strides=strides,
        itemsize=item,
        meminfo=None,
    )
    return view._getvalue()


@intrinsic
def vector(context: Any, array: Any, offset: Any, length: Any) -> Any:
    """The ``length`` entries from flat index ``offset`` on, shape ``(length,)``."""
    view = types.Array(array.dtype, 1, "C")
    return view(array, types.intp, types.intp), _codegen


@intrinsic
def matrix(context: Any, array: Any, offset: Any, rows: Any, columns: Any) -> Any:
    """The entries from flat index ``offset`` on as a matrix, shape ``(rows, columns)``."""
    view = types.Array(array.dtype, 2, "C")
    return view(array, types.intp, types.intp, types.intp), _codegen
