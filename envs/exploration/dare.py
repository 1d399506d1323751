"""The maps of DARE (arXiv 2410.16687) from their packed files.

Rows grow downwards in DARE's world and upwards in ours. The cells are kept as they are, so a map
is mirrored here, and every distance, line of sight and lattice point is the same. The world's
origin is the centre of the start cell, as there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from hiera.envs.exploration.grid import GridMap


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
