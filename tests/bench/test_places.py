"""Whatever maps a person has, the benchmark hops on them, or says in a sentence why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hiera.bench.exploration.places import STARTS, load, sources, world
from hiera.envs.exploration.files import save_map
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop_ready import CELL_M
from hiera.errors import ConfigError


def floor(rows: int = 60, columns: int = 90) -> np.ndarray:
    """A walled room."""
    free = np.zeros((rows, columns), np.bool_)
    free[2:-2, 2:-2] = True
    return free


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One map of every kind, and files that are none."""
    free = floor()
    colour = np.where(free[..., None], (240, 250, 200), (90, 10, 10)).astype(np.uint8)
    Image.fromarray(colour).save(tmp_path / "a_colour.png")
    np.savez_compressed(tmp_path / "b_array.npz", free=free, resolution_m=0.1)
    save_map(GridMap(free, 0.2, start_m=(3.0, 3.0)), tmp_path / "c_ros.yaml")
    rows = ["".join(".@"[not cell] for cell in row) for row in free]
    head = ["type octile", f"height {len(rows)}", f"width {len(rows[0])}", "map"]
    (tmp_path / "d_grid.map").write_text("\n".join([*head, *rows]) + "\n", encoding="ascii")
    (tmp_path / STARTS).write_text("map,start_x,start_y\nd_grid,5,9\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no map")
    (tmp_path / "config.yaml").write_text("family: exploration\n")
    return tmp_path


def test_a_folder_is_its_maps_each_once(folder: Path) -> None:
    found = sources(folder, None)
    assert [s.file.name for s in found] == [
        "a_colour.png",
        "b_array.npz",
        "c_ros.yaml",
        "d_grid.map",
    ]
    assert len(sources(folder, 2)) == 2
    for source in found:
        place = load(source, 0.4)
        assert place.resolution_m == CELL_M
        assert place.start_m is not None
        x, y = place.cell(*place.start_m)
        assert place.free[y, x]


def test_scale_comes_from_the_file_if_it_has_one(folder: Path) -> None:
    colour, array, ros, _ = (load(source, 0.4) for source in sources(folder, None))
    assert colour.free.sum() == 56 * 86
    assert array.free.sum() == 13 * 21
    assert ros.free.sum() == 28 * 43
    coarse = load(sources(folder, 1)[0], 0.8)
    assert coarse.free.sum() == 4 * 56 * 86


def test_starts_are_counted_from_the_top(folder: Path) -> None:
    grid = load(sources(folder / "d_grid.map", None)[0], 0.4)
    assert grid.start_m is not None
    assert grid.cell(*grid.start_m) == (5, 60 - 1 - 9)


def test_a_dark_picture_a_bad_table_and_no_maps_are_one_sentence(tmp_path: Path) -> None:
    dark = tmp_path / "dark.png"
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(dark)
    with pytest.raises(ConfigError, match="check the thresholds"):
        load(sources(dark, None)[0], 0.4)
    light = tmp_path / "light.png"
    Image.fromarray(np.full((20, 20), 255, np.uint8)).save(light)
    (tmp_path / STARTS).write_text("map,x\nlight,3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="expected columns map, start_x, start_y"):
        load(sources(light, None)[0], 0.4)
    (tmp_path / STARTS).write_text("map,start_x,start_y\nlight,3,99\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="outside of it"):
        load(sources(light, None)[0], 0.4)
    with pytest.raises(ConfigError, match="there is no"):
        sources(tmp_path / "nowhere", None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="holds no maps"):
        sources(tmp_path / "empty", None)


def test_an_image_beside_its_yaml_is_read_by_the_yaml(folder: Path) -> None:
    place = load(sources(folder / "c_ros.pgm", None)[0], 0.4)
    assert place.free.sum() == 28 * 43


def test_a_robot_that_drives_is_told_the_same_by_a_config(folder: Path) -> None:
    colour, array, *_ = sources(folder, None)
    assert "world.resolution_m=0.4" in world(colour, 0.4, 0).settings
    assert not any("resolution" in said for said in world(array, 0.4, 0).settings)


def test_the_public_maps_and_the_grids_can_be_hopped_on(shared_data: Path) -> None:
    data = shared_data / "exploration"
    packed = sources(data / "dare_test_public.npz", None)
    assert [s.index for s in packed] == list(range(50))
    assert load(packed[3], 0.1).start_m == pytest.approx((0.0, 0.0))
    grids = sources(data / "movingai_ood", None)
    assert len(grids) == 8
    for source in grids:
        place = load(source, 0.4)
        assert place.start_m is not None
