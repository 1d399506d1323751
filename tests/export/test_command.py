"""``hiera export`` from end to end, and what it says to mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hiera.safety import Status
from tests.export.compiled import STRICT, compiler

GATE = """
from hiera.safety import Barrier, CbfFilter
from hiera.safety.dynamics import single_integrator

plane = single_integrator(2, speed=1.0)
gate = CbfFilter(plane, [Barrier(lambda x: 1.0 - x[0], 2.0, "wall")], tick_s=0.1)
rocks = CbfFilter(
    plane, [Barrier(lambda x, p: x[0] - p[0], name="rocks", over="points")], tick_s=0.1
)


def none() -> int:
    return 3
"""


def hiera(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    program = "from hiera.cli import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, "export", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gate.py").write_text(GATE)
    return tmp_path


def test_the_files_are_told_and_compile_with_the_command_that_is_told(folder: Path) -> None:
    said = hiera(folder, "gate.py:gate", "--out", "c", "--name", "wall", "--json")
    assert (said.returncode, said.stderr) == (0, "")
    told = json.loads(said.stdout)
    paths = [folder / file["path"] for file in told["files"]]
    assert [path.name for path in paths] == ["wall.h", "wall.c", "wall_demo.c"]
    assert [path.stat().st_size for path in paths] == [file["bytes"] for file in told["files"]]
    assert (told["rows"], told["states"], told["inputs"], told["parameters"]) == (1, 2, 2, 0)
    words = told["compile"].split()
    subprocess.run([compiler(), *words[1:]], cwd=folder, check=True)
    assert (folder / "wall.o").is_file()


def test_people_are_told_what_was_written_and_quiet_is_quiet(folder: Path) -> None:
    said = hiera(folder, "gate.py:gate", "--out", "c")
    assert (said.returncode, said.stderr) == (0, "")
    lines = said.stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["c/gate.h", "c/gate.c", "c/gate_demo.c"]
    assert lines[3] == "1 rows, 2 states, 2 inputs"
    assert lines[-1] == "cc -std=c99 -O2 -ffp-contract=off -c c/gate.c"
    quiet = hiera(folder, "gate.py:gate", "--out", "c", "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("gate.py:rocks", "--out", "c"), "gate.py:rocks: barrier rocks has one row for each"),
        (("gate.py:none", "--out", "c"), "returns something of type int"),
        (("gate.py:gaet", "--out", "c"), "did you mean"),
        (("gate.py:gate", "--out", "c", "--name", "a-b"), "'a-b' is no name for C code"),
        (("gate.py:gate", "--out", "gate.py"), "no files can be written to gate.py"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    words: tuple[str, ...], sentence: str, folder: Path
) -> None:
    said = hiera(folder, *words)
    assert said.returncode == 2
    assert said.stderr.startswith("error: ")
    assert said.stderr.count("\n") == 1
    assert sentence.lower() in said.stderr.lower()
    assert not (folder / "c").exists()


def test_statuses_are_numbered_in_the_contracts_order(folder: Path) -> None:
    assert hiera(folder, "gate.py:gate", "--out", "c", "--quiet").returncode == 0
    prints = "".join(f'printf("%d %s\\n", GATE_{s.upper()}, "{s}");' for s in Status)
    main = f'#include "c/gate.h"\n#include <stdio.h>\nint main(void) {{ {prints} return 0; }}\n'
    (folder / "main.c").write_text(main)
    subprocess.run([compiler(), *STRICT, "-o", "main", "main.c"], cwd=folder, check=True)
    out = subprocess.run([folder / "main"], check=True, capture_output=True, text=True).stdout
    assert out.splitlines() == [f"{i} {status}" for i, status in enumerate(Status)]
