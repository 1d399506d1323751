"""The maps of DARE (arXiv 2410.16687) from their packed files.

Rows grow downwards in DARE's world and upwards in ours. The cells are kept as they are, so a map
is mirrored here, and every distance, line of sight and lattice point is the same. The world's
origin is the centre of the start cell, as there.

The 4,000 training maps are 1,005 layouts, nearly all of them four times: turned and mirrored
(`layout`). Maps of one layout are not independent of one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hiera.envs.exploration.grid import GridMap

_BLOCKS = 20


def load_dare_maps(path: Path | str, indices: Iterable[int] | None = None) -> list[GridMap]:
    """Reads maps from a packed file.

    Args:
        path: File with the arrays ``free_bits``, ``shape``, ``start``, ``name``, ``cell_size_m``.
        indices: Which maps to unpack, in this order; all of them by default.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    with np.load(path) as file:
        bits, starts, names = file["free_bits"], file["start"], file["name"]
        columns = int(file["shape"][2])
        side = round(float(file["cell_size_m"]), 6)
    chosen = range(len(starts)) if indices is None else indices
    maps = []
    for k in chosen:
        x, y = int(starts[k, 0]), int(starts[k, 1])
        maps.append(
            GridMap(
                free=np.unpackbits(bits[k], axis=1, count=columns).astype(np.bool_),
                resolution_m=side,
                origin_m=(-(x + 0.5) * side, -(y + 0.5) * side),
                start_m=(0.0, 0.0),
                name=str(names[k]),
                description="A dungeon of rooms, caves and corridors, 100 m by 100 m.",
            )
        )
    return maps


def layout(free: NDArray[np.bool_]) -> bytes:
    """What a map has in common with those that are it turned or mirrored.

    The maps are made of 20 x 20 blocks of 5 m; a block is free if most of it is.

    Args:
        free: Free cells, shape ``(H, W)``.
    """
    rows, columns = (np.linspace(0, n, _BLOCKS + 1).astype(np.intp)[:-1] for n in free.shape)
    sums = np.add.reduceat(np.add.reduceat(free.astype(np.int64), rows, 0), columns, 1)
    areas = np.outer(np.diff(rows, append=free.shape[0]), np.diff(columns, append=free.shape[1]))
    blocks = 2 * sums > areas
    turned = [np.rot90(blocks, k) for k in range(4)]
    return min(view.tobytes() for one in turned for view in (one, one[:, ::-1]))


@cache
def dare_layouts(path: Path) -> tuple[bytes, ...]:
    """`layout` of every map of a packed file.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    return tuple(layout(place.free) for place in load_dare_maps(path))
