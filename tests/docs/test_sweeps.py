"""The page about sweeps: its commands run as they stand there, and say what it says they say."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_examples import ROOT, Block, blocks

PAGE = "sweeps.md"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A folder with the page's files in it, and ``hiera`` on the path."""
    for block in blocks(PAGE):
        if block.title.endswith((".yaml", ".py")):
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    shim = tmp_path / "bin" / "hiera"
    shim.parent.mkdir()
    shim.write_text(f"#!{sys.executable}\nfrom hiera.cli import main\n\nmain()\n", encoding="utf-8")
    shim.chmod(0o755)
    path = os.pathsep.join([str(shim.parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def run(words: list[str], environment: dict[str, str], cwd: Path) -> tuple[str, str]:
    done = subprocess.run(
        words, env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


def test_every_command_runs_and_mistakes_are_answered_as_shown(
    environment: dict[str, str], tmp_path: Path
) -> None:
    listed = [*blocks(PAGE), Block("", "", "")]
    commands = 0
    for block, following in itertools.pairwise(listed):
        if block.language != "bash":
            continue
        _, err = run(["bash", "-euc", block.text], environment, tmp_path)
        commands += block.text.count("hiera ")
        mistakes = following.text if following.language == "text" and not following.title else ""
        assert err == mistakes
    assert commands >= 10
    assert (tmp_path / "rows.parquet").exists()
    (kept,) = tmp_path.glob("kept/hop/*/report.html")
    (hunt,) = tmp_path.glob("hunt/hop/*/worst.yaml")
    assert kept.stat().st_size > 10_000
    assert hunt.read_text().startswith("# The worst case that was found: distance_m is ")


def test_both_sweep_files_are_valid(environment: dict[str, str], tmp_path: Path) -> None:
    files = [block.title for block in blocks(PAGE) if block.title.endswith(".yaml")]
    assert len(files) == 2
    for name in files:
        out, _ = run(["hiera", "sweep", name, "--dry-run"], environment, tmp_path)
        assert "nothing was run" in out


def test_a_function_of_ones_own_prints_what_is_promised(
    environment: dict[str, str], tmp_path: Path
) -> None:
    promised = next(block.text for block in blocks(PAGE) if block.title == "prints")
    out, _ = run([sys.executable, "my_sweep.py"], environment, tmp_path)
    assert out == promised
