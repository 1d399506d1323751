"""`hiera verify` and filters as YAML files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hiera.errors import ConfigError
from hiera.gate_config import load_gate_file
from tests.cli.calling import Said, ended, spawn

GATES = Path(__file__).parents[2] / "configs" / "gates"


def call(*words: object) -> Said:
    return ended(spawn(*words))


QUICK = ("--episodes", 32, "--ticks", 30, "--rounds", 1, "--boxes", 300)


def test_a_sound_gate_leaves_its_record_and_exits_with_zero(tmp_path: Path) -> None:
    said = call("verify", "gates/braking_wall", *QUICK, "--out", tmp_path / "v", "--json")
    assert said.code == 0
    assert said.json["violations"] == 0
    assert said.json["dead_ends"] == 0
    assert said.json["barrier"] == "contact"
    assert said.json["proof"]["proved"] > 0.2
    assert json.loads((tmp_path / "v" / "verify.json").read_text())["steps"] == said.json["steps"]
    assert "<svg" in (tmp_path / "v" / "worst.svg").read_text()
    again = call("verify", "gates/braking_wall", "--replay", tmp_path / "v" / "worst.npz", "--json")
    assert again.code == 0
    assert again.json["same"] is True


def test_a_wrong_gate_exits_with_one_and_says_where(tmp_path: Path) -> None:
    said = call("verify", "gates/eager_wall", *QUICK, "--out", tmp_path / "v", "--json")
    assert said.code == 1
    assert said.json["dead_ends"] > 0
    assert said.json["proof"]["counterexample"] is not None


def test_a_python_target_needs_to_be_told_where_to_start(tmp_path: Path) -> None:
    robot = tmp_path / "robot.py"
    robot.write_text(
        "from hiera.safety.barriers import braking_limit\n"
        "from hiera.safety.dynamics import double_integrator\n"
        "from hiera.safety.filters import CbfFilter\n"
        "gate = CbfFilter(double_integrator(d=1, acceleration=2.0),"
        " [braking_limit(0, 1, 2.0, upper=3.0)], tick_s=0.05)\n"
    )
    assert "--low and --high" in call("verify", f"{robot}:gate").mistake()
    said = call(
        "verify",
        f"{robot}:gate",
        "--low=-3,-3",
        "--high=3,3",
        *QUICK,
        "--out",
        tmp_path / "v",
        "--quiet",
    )
    assert (said.code, said.out) == (0, "")
    assert "2 numbers" in call("verify", f"{robot}:gate", "--low=1", "--high=3,3").mistake()
    assert "with commas" in call("verify", f"{robot}:gate", "--low=a,b", "--high=3,3").mistake()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("double_integrator", "double_integrater"), "did you mean 'double_integrator'"),
        (("acceleration:", "acceleratoin:"), "did you mean 'acceleration'"),
        (("braking_limit", "breaking_limit"), "did you mean 'braking_limit'"),
        (("tick_s: 0.02", "tick: 0.02"), "did you mean 'tick_s'"),
        (("tick_s: 0.02", "kind: cbff, tick_s: 0.02"), "stands twice"),
        (("filter:", "filtre:"), "did you mean 'filter'"),
        (("alpha: 5.0", "alpha: 500.0"), "alpha * tick_s must be at most 1"),
        (("acceleration: 2.0", "acceleration: -2.0"), "acceleration"),
        (("kind: braking_limit, ", ""), "needs a 'kind'"),
    ],
)
def test_mistakes_in_a_gates_file_are_one_sentence_with_the_line(
    tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text((GATES / "braking_wall.yaml").read_text().replace(*change, 1))
    with pytest.raises(ConfigError) as caught:
        load_gate_file(path)
    text = str(caught.value)
    assert sentence in text
    assert str(path) in text
    assert "\n" not in text


def test_every_shipped_gate_loads() -> None:
    found = sorted(GATES.glob("*.yaml"))
    assert found
    for path in found:
        assert load_gate_file(path).gate.tick_s > 0.0  # type: ignore[attr-defined]


def test_a_mistyped_setting_of_the_hunt_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text((GATES / "braking_wall.yaml").read_text().replace("  low:", "  lou:", 1))
    assert "did you mean 'low'" in call("verify", path).mistake()
    assert "cannot be read" in call("verify", tmp_path / "none.yaml").mistake()
