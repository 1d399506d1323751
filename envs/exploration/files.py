"""Maps on disk: images, NumPy archives, ROS map_server pairs, Moving AI grids.

Formats: ROS 1/2 ``map_server`` (an image and a YAML file), mode ``trinary``; N. Sturtevant,
"Benchmarks for Grid-Based Pathfinding", IEEE T-CIAIG 4(2), 2012, for ``.map``. Images and ``.map``
files show the highest row first and are turned over, since here row 0 is the lowest.
"""

from __future__ import annotations

import math
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from hiera.envs.exploration.grid import GridMap

_IMAGES: Final = (".png", ".pgm", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg")
_SMALLEST_CELLS: Final = 3
_SMALLEST_FREE: Final = 9


class MapError(ValueError):
    """A file, a start or a map that cannot be used; the message says what to do."""


def load_map(
    path: str | os.PathLike[str],
    *,
    resolution_m: float | None = None,
    start_m: tuple[float, float] | None = None,
    description: str = "",
    free_above: int = 127,
) -> GridMap:
    """Reads a map.

    ``.yaml`` is the ROS pair's YAML file; an image with a YAML file of the same stem beside it
    is read as that pair. ``.npz`` holds what `save_map` writes: ``free`` (or ``occupancy``, 0 to
    100, negative for unknown) of shape ``(H, W)`` with row 0 the lowest, ``resolution_m``, and
    optionally ``origin_m``, ``start_m``, ``description``; ``.npy`` is the free mask alone. Unknown
    is not free.

    Args:
        path: The file.
        resolution_m: Side of a cell [m]; needed where the file does not say, and wins where it
            does.
        start_m: Where episodes start, world frame [m]; wins over the file's.
        description: One or two sentences about the place; wins over the file's.
        free_above: For images without YAML: brighter pixels than this are free.

    Raises:
        MapError: If the file is not a map, or the start is not free.
    """
    file = Path(path)
    if not file.is_file():
        raise MapError(f"{file}: there is no such file, expected a map")
    kind = file.suffix.lower()
    if kind in _IMAGES and resolution_m is None:
        for suffix in (".yaml", ".yml"):
            if file.with_suffix(suffix).is_file():
                file, kind = file.with_suffix(suffix), suffix
    if kind in (".yaml", ".yml"):
        grid = _load_ros(file)
    elif kind in (".npz", ".npy"):
        grid = _load_array(file, resolution_m)
    elif kind == ".map":
        grid = GridMap(_movingai(file), _scale(file, resolution_m), name=file.stem)
    elif kind in _IMAGES:
        free = _pixels(file)[0] > free_above
        grid = GridMap(free, _scale(file, resolution_m), name=file.stem)
    else:
        raise MapError(
            f"{file}: unknown kind of map, expected .yaml, .png, .pgm, .npz, .npy or .map"
        )
    if resolution_m is not None:
        grid = replace(grid, resolution_m=_scale(file, resolution_m))
    if start_m is not None:
        grid = replace(grid, start_m=(float(start_m[0]), float(start_m[1])))
    if description:
        grid = replace(grid, description=description)
    return _checked(file, grid)


def save_map(grid: GridMap, path: str | os.PathLike[str]) -> None:
    """Writes a map: ``.npz``, or ``.yaml`` for a ROS pair (with a ``.pgm`` beside it).

    The ROS pair also carries ``start`` and ``description``, which other readers ignore.

    Raises:
        MapError: If the suffix is another one.
    """
    file = Path(path)
    if file.suffix == ".npz":
        arrays: dict[str, Any] = {
            "free": grid.free,
            "resolution_m": np.float64(grid.resolution_m),
            "origin_m": np.array(grid.origin_m, dtype=np.float64),
            "description": np.str_(grid.description),
        }
        if grid.start_m is not None:
            arrays["start_m"] = np.array(grid.start_m, dtype=np.float64)
        np.savez_compressed(file, **arrays)
        return
    if file.suffix not in (".yaml", ".yml"):
        raise MapError(f"{file}: cannot write this kind of map, expected .npz or .yaml")
    image = file.with_suffix(".pgm")
    pixels = np.where(grid.free[::-1], 254, 0).astype(np.uint8)
    Image.fromarray(pixels).save(image)
    head: dict[str, Any] = {
        "image": image.name,
        "mode": "trinary",
        "resolution": float(grid.resolution_m),
        "origin": [float(grid.origin_m[0]), float(grid.origin_m[1]), 0.0],
        "negate": 0,
        "occupied_thresh": 0.65,
        "free_thresh": 0.25,
    }
    if grid.start_m is not None:
        head["start"] = [float(v) for v in grid.start_m]
    if grid.description:
        head["description"] = grid.description
    file.write_text(yaml.safe_dump(head, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _scale(file: Path, resolution_m: float | None) -> float:
    if resolution_m is None:
        raise MapError(f"{file}: this kind of file carries no scale, expected resolution_m [m]")
    if not (math.isfinite(resolution_m) and resolution_m > 0.0):
        raise MapError(f"{file}: resolution_m is {resolution_m}, expected a positive length [m]")
    return float(resolution_m)


def _checked(file: Path, grid: GridMap) -> GridMap:
    """The map itself, if it can be used."""
    rows, columns = grid.free.shape
    if min(rows, columns) < _SMALLEST_CELLS:
        raise MapError(
            f"{file}: the map has {columns} × {rows} cells, expected at least "
            f"{_SMALLEST_CELLS} each way"
        )
    if int(grid.free.sum()) < _SMALLEST_FREE:
        raise MapError(
            f"{file}: {int(grid.free.sum())} cells are free, expected at least {_SMALLEST_FREE}; "
            "check the thresholds"
        )
    if grid.start_m is not None:
        ix, iy = grid.cell(*grid.start_m)
        if not (0 <= ix < columns and 0 <= iy < rows):
            raise MapError(f"{file}: the start {grid.start_m} lies outside the map")
        if not grid.free[iy, ix]:
            raise MapError(f"{file}: the start {grid.start_m} lies in a wall, expected free space")
    return replace(grid, free=np.ascontiguousarray(grid.free))


def _pixels(file: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Brightness 0 to 255, lowest row first, and which pixels are transparent."""
    try:
        with Image.open(file) as image:
            bits = image.mode.startswith("I;16") or image.mode in ("I", "F")
            if bits:
                raise MapError(f"{file}: the image has 16 or more bits, expected 8 bits a channel")
            rgba = np.asarray(image.convert("RGBA"), dtype=np.float64)[::-1]
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise MapError(f"{file}: not a readable image ({error}), expected a map image") from None
    return rgba[..., :3].mean(axis=2), rgba[..., 3] == 0.0


def _load_ros(file: Path) -> GridMap:
    try:
        head = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        head = None
    if not isinstance(head, dict) or "image" not in head:
        raise MapError(f"{file}: not a ROS map file, expected the keys image, resolution, origin")
    mode = head.get("mode", "trinary")
    if mode != "trinary":
        raise MapError(f"{file}: mode is {mode!r}, expected trinary")
    origin = _numbers(file, head, "origin", 3)
    if origin[2] != 0.0:
        raise MapError(
            f"{file}: the origin is turned by {origin[2]} rad, expected 0; turn the image instead"
        )
    resolution = _numbers(file, head, "resolution", 1)[0]
    occupied = _numbers(file, head, "occupied_thresh", 1)[0] if "occupied_thresh" in head else 0.65
    free = _numbers(file, head, "free_thresh", 1)[0] if "free_thresh" in head else 0.196
    if not 0.0 <= free <= occupied <= 1.0:
        raise MapError(
            f"{file}: free_thresh is {free} and occupied_thresh {occupied}, expected "
            "0 <= free_thresh <= occupied_thresh <= 1"
        )
    image = file.parent / str(head["image"])
    if not image.is_file():
        raise MapError(f"{file}: its image {head['image']!r} is missing, expected it at {image}")
    brightness, transparent = _pixels(image)
    share = brightness / 255.0 if head.get("negate", 0) else (255.0 - brightness) / 255.0
    start = tuple(_numbers(file, head, "start", 2)) if "start" in head else None
    return GridMap(
        free=(share < free) & ~transparent,
        resolution_m=_scale(file, resolution),
        origin_m=(origin[0], origin[1]),
        start_m=None if start is None else (start[0], start[1]),
        name=file.stem,
        description=str(head.get("description", "")),
    )


def _numbers(file: Path, head: dict[str, Any], key: str, count: int) -> list[float]:
    value = head.get(key)
    given = value if isinstance(value, list) else [value]
    values = [float(v) for v in given if isinstance(v, int | float) and math.isfinite(v)]
    if len(given) != count or len(values) != count:
        wanted = "a number" if count == 1 else f"{count} numbers"
        raise MapError(f"{file}: {key} is {value!r}, expected {wanted}")
    return values


def _load_array(file: Path, resolution_m: float | None) -> GridMap:
    try:
        loaded = np.load(file, allow_pickle=False)
        arrays = {"free": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        raise MapError(f"{file}: not a NumPy file, expected arrays free and resolution_m") from None
    if "free" in arrays:
        free = arrays["free"]
        if free.dtype != np.bool_ and not np.isin(free, (0, 1)).all():
            raise MapError(f"{file}: array free holds other values than 0 and 1")
        free = free.astype(np.bool_)
    elif "occupancy" in arrays:
        free = (arrays["occupancy"] >= 0) & (arrays["occupancy"] < 25)
    else:
        found = ", ".join(arrays) or "nothing"
        raise MapError(f"{file}: holds {found}, expected an array free or occupancy")
    if free.ndim != 2:
        raise MapError(f"{file}: the map has {free.ndim} dimensions, expected 2")
    scale = resolution_m
    if scale is None and "resolution_m" in arrays:
        scale = float(_vector(file, arrays, "resolution_m", 1)[0])
    origin = _vector(file, arrays, "origin_m", 2) if "origin_m" in arrays else np.zeros(2)
    start = _vector(file, arrays, "start_m", 2) if "start_m" in arrays else None
    return GridMap(
        free=free,
        resolution_m=_scale(file, scale),
        origin_m=(float(origin[0]), float(origin[1])),
        start_m=None if start is None else (float(start[0]), float(start[1])),
        name=file.stem,
        description=str(arrays.get("description", "")),
    )


def _vector(
    file: Path, arrays: dict[str, NDArray[Any]], key: str, count: int
) -> NDArray[np.float64]:
    value = np.atleast_1d(arrays[key])
    if value.shape != (count,) or value.dtype.kind not in "iuf" or not np.isfinite(value).all():
        raise MapError(f"{file}: array {key} has shape {value.shape}, expected {count} numbers")
    return value.astype(np.float64)


def _movingai(file: Path) -> NDArray[np.bool_]:
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError:
        lines = []
    head = [line.split() for line in lines[:4]]
    expected = "expected the lines type, height, width, map and then the rows"
    if [words[:1] for words in head] != [["type"], ["height"], ["width"], ["map"]]:
        raise MapError(f"{file}: not a Moving AI map, {expected}")
    try:
        height, width = int(head[1][1]), int(head[2][1])
    except (IndexError, ValueError):
        raise MapError(f"{file}: height or width is not a number, {expected}") from None
    rows = lines[4 : 4 + height]
    if len(rows) != height or any(len(row) != width for row in rows):
        raise MapError(f"{file}: the rows do not have the announced size {width} × {height}")
    cells = np.frombuffer("".join(rows).encode("ascii"), dtype="S1").reshape(height, width)
    return np.isin(cells, [b".", b"G", b"S"])[::-1]
