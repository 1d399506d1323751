"""What is there and how it is set: list, schema, doctor, version, help."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from hiera import __version__, registry
from tests.cli.conftest import Invoke

HEAVY = ("numba", "numpy", "scipy", "gymnasium", "networkx", "pyarrow", "PIL", "hiera.config")


# Typer itself brings pydantic where it parses arguments; a bare --help does without.
@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"], []])
def test_help_and_version_import_nothing_heavy(words: list[str]) -> None:
    program = f"""
import json, sys
sys.argv = ["hiera", *{words!r}]
from hiera.cli import main
try:
    main()
except SystemExit as leaving:
    print(json.dumps([leaving.code or 0, [m for m in {HEAVY!r} if m in sys.modules]]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    code, heavy = json.loads(done.stdout.splitlines()[-1])
    assert heavy == []
    assert code in (0, 2)
    assert len(done.stdout.splitlines()) > 1 or not words


def test_version_is_printed_alone(hiera: Invoke) -> None:
    assert hiera("--version").out == f"{__version__}\n"


def test_list_names_every_registered_part_and_every_shipped_config(hiera: Invoke) -> None:
    table = hiera("list", "--json").json
    for group in registry.groups():
        assert set(table[group]) == set(registry.names(group))
        assert all(table[group].values()), f"a part of {group} has no summary"
    assert all(table["configs"].values())
    said = hiera("list").out
    for group in registry.groups():
        for name in registry.names(group):
            assert name in said


def test_schema_explains_every_setting_and_its_json_names_every_block(
    hiera: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    said = hiera("schema").out
    for key in ("gate(lidar_cbf).alpha", "world(building).size_m", "clock.tick_s", "llm.backend"):
        assert key in said
    properties = hiera("schema", "--json").json["properties"]
    assert {"world", "gate", "planner", "controller", "llm", "clock"} <= set(properties)
    assert "did you mean 'exploration'" in hiera("schema", "explorations").mistake()


def test_doctor_finds_this_installation_in_order(hiera: Invoke) -> None:
    said = hiera("doctor", "--json")
    assert said.code == 0
    assert said.json["ok"]
    assert "compiled kernels" in {check["name"] for check in said.json["checks"]}
    assert "compiled kernels" in hiera("doctor").out


def test_an_unknown_command_or_option_is_usage(hiera: Invoke) -> None:
    for words in (["rnu"], ["run", "--sede", "3"]):
        said = hiera(*words)
        assert said.code == 2
        assert "Traceback" not in said.err
