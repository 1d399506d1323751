"""Trainings of the viewpoint policy side by side."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from hiera.training.viewpoint.compare import Row, difference, table
from hiera.training.viewpoint.evaluate import Score


def training(root: Path, name: str, iterations: int, each_m: list[float]) -> Path:
    folder = root / name / "20260101T000000Z-00000000"
    (folder / "reinforced").mkdir(parents=True)
    for k in {0, iterations}:
        mean = float(np.mean(each_m))
        score = Score(mean, 0.9, 0.01, 1.0, 1.0, len(each_m), tuple(each_m))
        (folder / f"reinforced/{k}.json").write_text(json.dumps(asdict(score)))
    (folder / "reinforced/rivals.json").write_text("[]")
    lines = [{"kind": "held-out", "step": 0, "cpu_s": 30.0}]
    lines += [{"kind": "reinforce", "step": k + 1, "cpu_s": 90.0 + k} for k in range(iterations)]
    (folder / "curve.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return folder


def test_ratios_are_paired_map_by_map():
    mean, error = difference(np.array([90.0, 220.0]), np.array([100.0, 200.0]))
    assert mean == pytest.approx(1.0)
    assert error == pytest.approx(0.1)


def test_the_last_iteration_counts_and_only_its_own_time(tmp_path: Path):
    one = training(tmp_path, "one", 0, [100.0, 200.0])
    two = training(tmp_path, "two", 31, [90.0, 180.0])
    assert Row.read(two).cpu_min == pytest.approx(1.5)
    lines = table([one, two]).splitlines()
    assert lines[2].startswith("| one | 0 | 0.0 min | 150.0 m | 0.900 ± 0.010 | 1 |")
    assert lines[3].startswith("| two | 31 | 1.5 min | 135.0 m | 0.900 ± 0.010 | 0.9000 ± 0.0000")


def test_other_maps_are_refused(tmp_path: Path):
    one = training(tmp_path, "one", 0, [100.0])
    two = training(tmp_path, "two", 1, [90.0, 180.0])
    with pytest.raises(ValueError, match="scored on 2 maps, not on 1"):
        table([one, two])
    with pytest.raises(FileNotFoundError, match="no score"):
        table([tmp_path])
