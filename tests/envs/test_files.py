"""Claims about map files: what is written is read, and what is no map is refused clearly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hiera.envs.exploration.files import MapError, load_map, save_map
from hiera.envs.exploration.grid import GridMap


def some_map(seed: int = 0) -> GridMap:
    free = np.random.default_rng(seed).random((20, 31)) > 0.3
    free[4, 7] = True
    return GridMap(
        free, 0.25, (-3.5, 2.25), start_m=(-3.5 + 7.5 * 0.25, 2.25 + 4.5 * 0.25), name="some",
        description="A place – with a dash.",
    )  # fmt: skip


def ros_pair(folder: Path, pixels: np.ndarray, **keys: object) -> Path:
    Image.fromarray(pixels.astype(np.uint8)).save(folder / "floor.pgm")
    head: dict[str, object] = {
        "image": "floor.pgm", "resolution": 0.05, "origin": [-1.0, -2.0, 0.0], "negate": 0,
        "occupied_thresh": 0.65, "free_thresh": 0.196,
    }  # fmt: skip
    head.update(keys)
    (folder / "floor.yaml").write_text(yaml.safe_dump(head))
    return folder / "floor.yaml"


@pytest.mark.parametrize("suffix", [".npz", ".yaml"])
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000))
def test_what_is_saved_is_read_back(tmp_path: Path, suffix: str, seed: int) -> None:
    grid = some_map(seed)
    save_map(grid, tmp_path / f"some{suffix}")
    back = load_map(tmp_path / f"some{suffix}")
    np.testing.assert_array_equal(back.free, grid.free)
    assert back.resolution_m == grid.resolution_m
    assert back.origin_m == grid.origin_m
    assert back.start_m == pytest.approx(grid.start_m)
    assert (back.name, back.description) == (grid.name, grid.description)


def test_ros_images_show_the_highest_row_first_and_unknown_is_not_free(tmp_path: Path) -> None:
    pixels = np.full((6, 8), 254)
    pixels[0, :] = 0
    pixels[5, 2] = 205
    grid = load_map(ros_pair(tmp_path, pixels))
    assert not grid.free[5].any()
    assert not grid.free[0, 2]
    assert grid.free.sum() == 6 * 8 - 8 - 1
    assert grid.origin_m == (-1.0, -2.0)
    assert grid.cell(-1.0 + 0.26, -2.0 + 0.01) == (5, 0)


def test_negate_and_thresholds_are_honoured(tmp_path: Path) -> None:
    pixels = np.tile(np.array([0, 60, 120, 255]), (6, 2))
    assert load_map(ros_pair(tmp_path, pixels, negate=1)).free[0, :4].tolist() == [
        True, False, False, False,
    ]  # fmt: skip
    grid = load_map(ros_pair(tmp_path, pixels, negate=1, free_thresh=0.3))
    assert grid.free[0, :4].tolist() == [True, True, False, False]


def test_an_image_with_a_yaml_beside_it_is_read_as_the_pair(tmp_path: Path) -> None:
    ros_pair(tmp_path, np.full((6, 8), 254))
    assert load_map(tmp_path / "floor.pgm").resolution_m == 0.05


def test_a_plain_image_needs_a_scale(tmp_path: Path) -> None:
    pixels = np.zeros((10, 12), dtype=np.uint8)
    pixels[:4] = 255
    Image.fromarray(pixels).save(tmp_path / "plan.png")
    with pytest.raises(MapError, match=r"plan\.png.*expected resolution_m"):
        load_map(tmp_path / "plan.png")
    grid = load_map(tmp_path / "plan.png", resolution_m=0.5, start_m=(1.0, 4.0))
    assert grid.free[6:].all()
    assert not grid.free[:6].any()


def test_moving_ai_maps_are_turned_over(tmp_path: Path) -> None:
    text = "type octile\nheight 4\nwidth 5\nmap\n@@@@@\n@.GS@\n@...@\nTT...\n"
    (tmp_path / "a.map").write_text(text.replace("TT...", "TTT.."))
    with pytest.raises(MapError, match="8 cells are free"):
        load_map(tmp_path / "a.map", resolution_m=1.0)
    (tmp_path / "a.map").write_text(text)
    grid = load_map(tmp_path / "a.map", resolution_m=1.0)
    assert grid.free[0].tolist() == [False, False, True, True, True]
    assert not grid.free[3].any()


def test_moving_ai_benchmark_maps_have_the_free_cells_they_are_listed_with(
    shared_data: Path,
) -> None:
    folder = shared_data / "exploration" / "movingai_ood"
    listed = (folder / "starts.csv").read_text().splitlines()
    head = listed[0].split(",")
    for line in listed[1:]:
        row = dict(zip(head, line.split(","), strict=True))
        file = next(folder.glob(f"{row['map'].removesuffix('.map')}.map"))
        grid = load_map(file, resolution_m=0.4)
        assert int(grid.free.sum()) == int(row["free_cells"])


def test_occupancy_arrays_and_bare_masks_are_read(tmp_path: Path) -> None:
    occupancy = np.zeros((5, 6), dtype=np.int8)
    occupancy[0] = -1
    occupancy[1] = 100
    np.savez(tmp_path / "o.npz", occupancy=occupancy, resolution_m=0.1)
    assert load_map(tmp_path / "o.npz").free.sum() == 18
    np.save(tmp_path / "m.npy", np.ones((5, 6), dtype=bool))
    assert load_map(tmp_path / "m.npy", resolution_m=0.1).free.all()


def test_no_map_is_refused_with_the_file_and_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "text.map").write_text("hello")
    (tmp_path / "text.yaml").write_text("just: text")
    (tmp_path / "text.doc").write_text("hello")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    for name in ("text.png", "text.npz", "text.map", "text.yaml", "text.doc", "other.npz", "no"):
        with pytest.raises(MapError, match="expected") as caught:
            load_map(tmp_path / name, resolution_m=0.1 if name == "text.png" else None)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"origin": [0.0, 0.0, 0.5]}, "turned by 0.5 rad"),
        ({"origin": [0.0, 0.0]}, "origin is .* expected 3 numbers"),
        ({"resolution": "fine"}, "resolution is 'fine', expected a number"),
        ({"resolution": 0.0}, "expected a positive length"),
        ({"mode": "raw"}, "expected trinary"),
        ({"free_thresh": 0.9}, "free_thresh"),
        ({"image": "other.pgm"}, "is missing"),
    ],
)
def test_faults_in_a_ros_pair_are_named(
    tmp_path: Path, keys: dict[str, object], complaint: str
) -> None:
    with pytest.raises(MapError, match=complaint):
        load_map(ros_pair(tmp_path, np.full((6, 8), 254), **keys))


def test_a_start_in_a_wall_or_outside_is_refused(tmp_path: Path) -> None:
    free = np.ones((10, 10), dtype=bool)
    free[0] = False
    np.savez(tmp_path / "m.npz", free=free, resolution_m=1.0)
    with pytest.raises(MapError, match="lies in a wall"):
        load_map(tmp_path / "m.npz", start_m=(3.5, 0.5))
    with pytest.raises(MapError, match="outside the map"):
        load_map(tmp_path / "m.npz", start_m=(30.0, 0.5))


def test_maps_too_small_or_full_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", free=np.ones((2, 50), dtype=bool), resolution_m=1.0)
    with pytest.raises(MapError, match="at least 3 each way"):
        load_map(tmp_path / "m.npz")
    np.savez(tmp_path / "m.npz", free=np.zeros((20, 50), dtype=bool), resolution_m=1.0)
    with pytest.raises(MapError, match="0 cells are free"):
        load_map(tmp_path / "m.npz")
