"""Maps that a person names: a file of DARE maps, one map file, or a folder of map files."""

from __future__ import annotations

import csv
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import yaml

from hiera.bench.exploration.driving import World
from hiera.envs.exploration.dare import load_dare_maps
from hiera.envs.exploration.files import MapError, load_map
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop_ready import hop_ready
from hiera.errors import ConfigError

STARTS: Final = "starts.csv"
"""Beside map files: their start cells, columns ``map``, ``start_x``, ``start_y``, from the top."""
_IMAGES: Final = (".png", ".pgm", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg")
_YAML: Final = (".yaml", ".yml")
_KINDS: Final = (*_IMAGES, *_YAML, ".npz", ".npy", ".map")


@dataclass(frozen=True, slots=True)
class Source:
    """Where one map comes from.

    Attributes:
        file: The file.
        index: Which of a file of DARE maps, -1 for other files.
    """

    file: Path
    index: int = -1


def sources(path: Path, count: int | None) -> list[Source]:
    """The maps at a path, in the order of their names.

    Args:
        path: A file of DARE maps, a map file, or a folder of map files.
        count: At most so many; None for all.

    Raises:
        ConfigError: If there is none.
    """
    if not path.exists():
        raise ConfigError(f"--maps: there is no {path}")
    found: list[Source] = []
    for file in _files(path) if path.is_dir() else [path]:
        found += [Source(file, k) for k in range(_packed(file))] or [Source(file)]
    if not found:
        raise ConfigError(
            f"--maps: the folder {path} holds no maps; they end in {', '.join(_KINDS)}"
        )
    return found[:count]


def _files(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.iterdir() if f.is_file() and f.suffix.lower() in _KINDS)
    heads = [f for f in files if f.suffix.lower() in _YAML]
    pictured = {image for head in heads for image in _image_of(head)}
    # A YAML file without an image is no map, but an image belongs to one map only.
    return [
        f
        for f in files
        if f.resolve() not in pictured and (f.suffix.lower() not in _YAML or _image_of(f))
    ]


def _image_of(head: Path) -> list[Path]:
    try:
        data = yaml.safe_load(head.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    named = data.get("image") if isinstance(data, dict) else None
    return [(head.parent / str(named)).resolve()] if named is not None else []


def _packed(file: Path) -> int:
    """How many DARE maps a file holds; 0 if it is of another kind."""
    if file.suffix.lower() != ".npz":
        return 0
    try:
        with np.load(file) as arrays:
            return len(arrays["start"]) if "free_bits" in arrays else 0
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return 0


def load(source: Source, resolution_m: float) -> GridMap:
    """Reads a map and makes it ready for the hop protocol.

    Args:
        source: Where it comes from.
        resolution_m: Side of a cell [m], for files that do not say.

    Raises:
        ConfigError: If it cannot be used, in one sentence.
    """
    try:
        if source.index >= 0:
            return hop_ready(load_dare_maps(source.file, [source.index])[0])
        return hop_ready(with_start(source.file, _scaled(source.file, resolution_m)))
    except (MapError, KeyError, IndexError, OSError, ValueError) as error:
        raise ConfigError(f"--maps: {' '.join(str(error).split())}") from error


def _scaled(file: Path, resolution_m: float) -> GridMap:
    if not _carries_scale(file):
        return load_map(file, resolution_m=resolution_m)
    return load_map(file)


def _carries_scale(file: Path) -> bool:
    kind = file.suffix.lower()
    if kind in _IMAGES:
        return any(file.with_suffix(suffix).is_file() for suffix in _YAML)
    if kind != ".npz":
        return kind in _YAML
    try:
        with np.load(file) as arrays:
            return "resolution_m" in arrays
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return True


def with_start(file: Path, place: GridMap) -> GridMap:
    """The map with the start that `STARTS` beside it gives, if it does and the map has none.

    Raises:
        ConfigError: If the table cannot be read, or a start is no cell of the map.
    """
    table = file.parent / STARTS
    if place.start_m is not None or not table.is_file():
        return place
    rows, columns = place.free.shape
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            cells = {
                row["map"]: (int(row["start_x"]), int(row["start_y"]))
                for row in csv.DictReader(lines)
            }
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ConfigError(
            f"--maps: {table} is no table of starts, expected columns map, start_x, start_y "
            f"({error})"
        ) from error
    if file.stem not in cells:
        return place
    x, y = cells[file.stem]
    if not (0 <= x < columns and 0 <= y < rows):
        raise ConfigError(f"--maps: {table} starts {file.stem} outside of it, at ({x}, {y})")
    return replace(place, start_m=place.centre(x, rows - 1 - y))


def world(source: Source, resolution_m: float, seed: int) -> World:
    """The same as a world that a config names, for a robot that drives; its own cells stay.

    Args:
        source: Where the map comes from.
        resolution_m: Side of a cell [m], for files that do not say.
        seed: Seed of the run.
    """
    file = source.file
    if source.index >= 0:
        dare = ("world.kind=dare", f"world.path={file}", f"world.index={source.index}")
        return World(f"{file.stem} {source.index}", dare, seed)
    scale = () if _carries_scale(file) else (f"world.resolution_m={resolution_m}",)
    return World(file.stem, ("world.kind=file", f"world.path={file}", *scale), seed)
