"""One short episode of each motion, and map files of each sort, for all conformance tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.files import save_map
from tests.conformance.cases import BREATHING, HOP, KINEMATIC
from tests.conformance.episode import Episode, run_episode

SETTINGS = {
    # The learned policy's observations hold what any other policy asks for.
    KINEMATIC: ("world.size_m=[24,18]", "people.count=2", "controller.kind=learned"),
    # Two seconds a hop, so that the slow layer is asked every few hops.
    HOP: ("motion=hop", "world.kind=dare", "world.path={folder}/dare.npz", "clock.tick_s=2"),
    BREATHING: (
        "family=life_support",
        "world.name=leak_10",
        "planner.kind=advisor",
        "slow.every_s=20",
    ),
}
TICKS = {KINEMATIC: 400, HOP: 40, BREATHING: 60}


@pytest.fixture(scope="session")
def episodes(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> dict[str, Episode]:
    """By motion."""
    return {
        motion: run_episode(
            tmp_path_factory.mktemp(motion),
            TICKS[motion],
            [text.format(folder=folder) for text in settings],
        )
        for motion, settings in SETTINGS.items()
    }


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A floor as a map file and as a set of DARE maps, and a run without exchanges."""
    place = tmp_path_factory.mktemp("maps")
    floor = generate_building((20.0, 15.0), np.random.default_rng(3), resolution_m=0.2)
    save_map(floor, place / "floor.npz")
    free = np.zeros((1, 250, 250), dtype=np.bool_)
    for lane in (40, 120, 200):
        free[0, lane : lane + 15, 40:215] = free[0, 40:215, lane : lane + 15] = True
    np.savez_compressed(
        place / "dare.npz",
        free_bits=np.packbits(free, axis=2),
        shape=np.array([1, 250, 250], dtype=np.int32),
        start=np.array([[47, 47]], dtype=np.int16),
        name=np.array(["1.png"]),
        cell_size_m=np.float32(0.4),
    )
    run = place / "run"
    run.mkdir()
    (run / "config.yaml").write_text("family: exploration\n")
    (run / "manifest.json").write_text("{}")
    return place
