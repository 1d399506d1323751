"""The study's page is what its script makes of the summaries, and its commands are valid."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import yaml

from hiera.bench.life_support.faults import Finding
from hiera.bench.life_support.summary import Line
from hiera.config.load import resolve

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "life_support"


def write(page: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(PAGES / "study.py"), "--page", str(page)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return page.read_text(encoding="utf-8")


def test_the_page_is_what_its_script_writes(tmp_path: Path) -> None:
    for path in (*PAGES.glob("study.md"), *PAGES.glob("*.json")):
        shutil.copy(path, tmp_path)
    kept = (PAGES / "study.md").read_text(encoding="utf-8")
    assert write(tmp_path / "study.md") == kept


def test_tables_are_filled_from_summaries_and_from_nothing_else(tmp_path: Path) -> None:
    shutil.copy(PAGES / "study.md", tmp_path)
    line = asdict(Line("mine", 3, minutes=12.5, ratio=1.25, ratio_low=1.1, ratio_high=1.4))
    summary = {"missions": [1000, 1003], "sets": 1, "max_time_s": 600, "code": "abc"}
    for name in ("study", "today", "parts"):
        (tmp_path / f"{name}.json").write_text(json.dumps(summary | {"methods": [line]}))
    found = asdict(Finding("leak_3", "mine", 60, "dioxide", 90, 120, 7, "dioxide", 40, "open", "x"))
    (tmp_path / "faults.json").write_text(json.dumps(summary | {"findings": [found]}))
    page = write(tmp_path / "study.md")
    assert "Missions 1000 to 1002, 1 sets on each, at most 10 min; code abc." in page
    assert page.count("| mine | 3 | 12.5 | 1.250 (1.100–1.400) |") == 3
    assert "a safe course was known: 7 s in 1 runs" in page
    assert "Not run yet" not in page


def test_the_mission_on_the_page_is_valid() -> None:
    text = (PAGES / "index.md").read_text(encoding="utf-8")
    block = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0]
    resolved = resolve({"family": "life_support"} | yaml.safe_load(block))
    assert resolved.data["world"]["name"] == "cellar"
