"""A part from another package is found, is a valid kind, and is a sentence if it is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hiera import registry
from hiera.errors import HieraError, UnknownNameError

PART = '''
from typing import Literal

from hiera.config.settings import Positive, Settings
from hiera.controllers.viewpoint import NearestFrontier
from hiera.registry import Component


class LazySettings(Settings):
    """Nearest, but never far."""

    kind: Literal["lazy"] = "lazy"
    reach_m: Positive = 5.0
    """As far as it goes [m]."""


LAZY = Component("lazy", LazySettings, lambda settings: NearestFrontier(), "nearest, never far")
'''
POINTS = "[hiera.controllers]\nlazy = elsewhere:LAZY\n"
NEAREST = "\nnearest = elsewhere:LAZY\n"


def installed(folder: Path, points: str, part: str = PART) -> dict[str, str]:
    """Puts a distribution into a folder; returns an environment in which it is installed."""
    (folder / "elsewhere.py").write_text(part)
    info = folder / "elsewhere-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    path = os.pathsep.join([str(folder), *(p for p in sys.path if p)])
    return os.environ | {"PYTHONPATH": path, "NUMBA_NUM_THREADS": "1"}


def hiera(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    program = "from hiera.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def mistake(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("error: ").strip()


@pytest.mark.parametrize("group", registry.groups())
def test_every_registered_name_can_be_looked_up(group: str) -> None:
    for name in registry.names(group):
        part = registry.lookup(group, name)
        assert part.summary
        if isinstance(part, registry.Component):
            assert part.kind == name


def test_a_name_that_nobody_registered_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="there is no filter 'lidar' "):
        registry.lookup("filters", "lidar")
    with pytest.raises(UnknownNameError, match=r"did you mean 'numeric'\?"):
        registry.lookup("planners", "numerics")
    with pytest.raises(HieraError, match="which is no Component"):
        registry.component("families", "exploration")


def test_a_part_from_another_package_is_listed_explained_and_run(tmp_path: Path) -> None:
    there = installed(tmp_path, POINTS)
    listed = json.loads(hiera(there, "list", "--json").stdout)
    assert listed["controllers"]["lazy"] == "nearest, never far"
    assert "reach_m" in hiera(there | {"COLUMNS": "200"}, "schema").stdout
    small = ("run", "people", "people.count=0", "world.size_m=[20,15]", "clock.max_time_s=2")
    runs = ("report.html=false", "report.gif=false", "--out", str(tmp_path / "runs"), "--json")
    done = hiera(there, *small, "controller.kind=lazy", "controller.reach_m=3", *runs)
    assert done.returncode == 0, done.stderr
    run = Path(json.loads(done.stdout)["run"])
    assert "lazy" in (run / "config.yaml").read_text()
    wrong = hiera(there, *small, "controller.kind=lazy", "controller.reach=3", *runs)
    assert "'controller.reach' (did you mean 'reach_m'?)" in mistake(wrong)


def test_a_part_from_another_package_cannot_take_the_place_of_ours(tmp_path: Path) -> None:
    there = installed(tmp_path, POINTS + NEAREST)
    listed = json.loads(hiera(there, "list", "--json").stdout)
    assert listed["controllers"]["nearest"] == "nearest useful viewpoint"


@pytest.mark.parametrize(
    ("points", "part", "expected"),
    [
        (POINTS, "import nothing_of_the_kind\n", "cannot be imported: No module named"),
        (POINTS, "", "cannot be imported: module 'elsewhere' has no attribute 'LAZY'"),
        (POINTS, "LAZY = 3\n", "is registered as 3, which is no Component"),
        (POINTS, "raise RuntimeError('not\\ntoday')\n", "cannot be imported: not today"),
        (POINTS, "def broken(:\n", "cannot be imported: invalid syntax"),
        (POINTS.replace("elsewhere:LAZY", "gone:LAZY"), PART, "No module named 'gone'"),
    ],
)
def test_a_broken_part_from_another_package_is_one_sentence(
    tmp_path: Path, points: str, part: str, expected: str
) -> None:
    there = installed(tmp_path, points, part)
    sentence = mistake(hiera(there, "run", "people", "--dry-run"))
    assert sentence.startswith("controllers 'lazy' is ")
    assert expected in sentence
