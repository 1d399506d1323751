"""What the C source is made of, and what it asks of a machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hiera.safety.export import export_c, facts
from tests.export.compiled import STRICT, compiler
from tests.export.gates import CASES

MATHEMATICS = {"acos", "asin", "atan", "atan2", "ceil", "cos", "exp", "floor", "log", "pow"} | {
    "sin",
    "sincos",
    "sqrt",
    "tan",
    "tanh",
}
LIBRARY = {"memcpy", "memmove", "memset", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_taken_from_the_heap_and_little_is_included(name: str, tmp_path: Path) -> None:
    header, source, _ = export_c(CASES[name].make(), tmp_path, name)
    text = header.read_text() + source.read_text()
    assert not re.search(r"\b(malloc|calloc|realloc|free|alloca|printf|exit|goto)\b", text)
    included = set(re.findall(r"#include (\S+)", text))
    assert included == {f'"{name}.h"', "<float.h>", "<math.h>", "<string.h>"}
    assert not re.search(r"\b(GATE|gate)_|@", text)
    assert max(len(line) for line in source.read_text().splitlines()) < 150


@pytest.mark.parametrize("name", ["turning", "soft"])
def test_the_object_needs_only_the_mathematics_library_and_has_no_state(
    name: str, tmp_path: Path
) -> None:
    source = export_c(CASES[name].make(), tmp_path, name)[1]
    nm = shutil.which("nm")
    if nm is None:
        pytest.skip("there is no nm on this machine")
    made = tmp_path / "gate.o"
    subprocess.run([compiler(), *STRICT, "-c", "-o", made, source], check=True)
    listed = subprocess.run([nm, made], check=True, capture_output=True, text=True).stdout
    kinds = [line.split()[-2:] for line in listed.splitlines()]
    assert {symbol for kind, symbol in kinds if kind == "U"} <= MATHEMATICS | LIBRARY
    assert not [symbol for kind, symbol in kinds if kind in "bBDC"]
    public = {symbol for kind, symbol in kinds if kind in "TR"}
    endings = {"filter", "filter_aged", "reset", "certified", "status_text", "reason_text"}
    assert public == {f"{name}_{ending}" for ending in endings | {"row_text"}}


@pytest.mark.parametrize("name", ["followed", "turning"])
def test_the_demo_runs_and_two_filters_fit_into_one_program(name: str, tmp_path: Path) -> None:
    files = export_c(CASES[name].make(), tmp_path, name)
    other = export_c(CASES["soft"].make(), tmp_path, "Other")
    program = tmp_path / "demo"
    sources = [files[2], files[1], other[1]]
    subprocess.run([compiler(), *STRICT, "-o", program, *sources, "-lm"], check=True)
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert len(printed.splitlines()) == 5
    assert printed.split()[0] in {"nominal", "filtered", "recovering", "stop"}


def test_arithmetic_that_drops_nan_is_refused_by_the_compiler(tmp_path: Path) -> None:
    source = export_c(CASES["braking"].make(), tmp_path, "gate")[1]
    said = subprocess.run(
        [compiler(), "-std=c99", "-O2", "-ffast-math", "-c", "-o", tmp_path / "gate.o", source],
        capture_output=True,
        text=True,
    )
    assert said.returncode != 0
    assert "ffast-math" in said.stderr


def test_gates_without_intervals_carry_none(tmp_path: Path) -> None:
    plain = export_c(CASES["textbook"].make(), tmp_path, "plain")[1].read_text()
    full = export_c(CASES["turning"].make(), tmp_path, "full")[1].read_text()
    assert "interval" not in plain
    assert "narrowed" not in plain
    assert "i_atan2" in full
    assert facts(CASES["textbook"].make()).flops < facts(CASES["turning"].make()).flops
