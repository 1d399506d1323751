"""The guide's code runs as it stands there, and prints what it says it prints."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from hiera.cli.app import app
from hiera.safety import barriers, dynamics, filters

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = DOCS / "examples" / "hiera-corridor"
RECIPES = {
    "plain_loop": (),
    "gymnasium": (),
    "stable_baselines3": ("torch", "stable_baselines3"),
    "pettingzoo": ("pettingzoo",),
    "ros2": (),
}
"""Pages in recipes/, and the packages their code needs beyond hiera's own."""
FENCE = re.compile(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    title: str
    text: str


def blocks(page: str) -> list[Block]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [Block(language, title, body) for language, title, body in FENCE.findall(text)]


def run_blocks(page: str, titles: tuple[str, ...] = ("",)) -> list[tuple[str, str]]:
    """Runs a page's Python blocks in one namespace; pairs of promised and printed.

    Untitled blocks are run; those with a title are files to be saved, or need something.
    """
    names: dict[str, Any] = {"__name__": "docs"}
    pairs = []
    listed = blocks(page)
    for block, following in zip(listed, [*listed, Block("", "", "")][1:], strict=True):
        if block.language != "python" or block.title not in titles:
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.text, page, "exec"), names)
        promised = following.text if following.title == "prints" else ""
        pairs.append((promised, printed.getvalue()))
    return pairs


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment in which the example package is installed, as an installer would do it."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / "site" / "hiera_corridor-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hiera-corridor\nVersion: 0.1.0\n")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    path = os.pathsep.join([str(ROOT), str(PACKAGE), str(info.parent)])
    monkeypatch.syspath_prepend(str(PACKAGE))
    return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def hiera(environment: dict[str, str], *arguments: str, cwd: Path) -> str:
    code = "from hiera.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_embed_filter_prints_what_it_promises() -> None:
    pairs = run_blocks("embed_filter.md")
    assert sum(bool(promised) for promised, _ in pairs) >= 5
    for promised, printed in pairs:
        assert printed == promised


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_prints_what_it_promises(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in RECIPES[recipe]:
        absent = f"{module} is not installed: pip install 'hiera[learn]'"
        pytest.importorskip(module, reason=absent)
    monkeypatch.syspath_prepend(str(DOCS / "examples" / "ros2"))
    pairs = run_blocks(f"recipes/{recipe}.md")
    assert any(promised for promised, _ in pairs)
    for promised, printed in pairs:
        assert printed == promised


@pytest.mark.parametrize("page", [p.name for p in sorted((DOCS / "safety").glob("*.md"))])
def test_a_page_about_safety_prints_what_it_promises(page: str) -> None:
    casadi = importlib.util.find_spec("casadi") is not None
    pairs = run_blocks(f"safety/{page}", ("", "needs casadi") if casadi else ("",))
    for promised, printed in pairs:
        assert printed == promised
    assert any(promised for promised, _ in pairs) or not pairs


def test_the_library_page_names_everything_on_the_shelf() -> None:
    page = (DOCS / "safety" / "library.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(\w+)", "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))))
    assert listed == {*dynamics.__all__, *barriers.__all__, *filters.__all__}


def test_the_files_on_the_page_about_verifying_are_hunted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks("safety/verify.md"):
        if block.title.startswith("my_"):
            Path(block.title).write_text(block.text, encoding="utf-8")
    small = ["--episodes", "16", "--ticks", "60", "--rounds", "1", "--boxes", "100", "--json"]
    box = ["--low=-3,-3", "--high=3,3"]
    for target, code in (("my_gate.yaml", 0), ("my_robot.py:gate", 0), ("gates/eager_wall", 1)):
        asked = [target, *small, *([] if target.endswith("yaml") else box), "--out", "found"]
        done = CliRunner().invoke(app, ["verify", *asked])
        assert done.exit_code == code, done.output
        facts = json.loads(done.stdout)
        assert facts["violations"] == 0
        assert (facts["dead_ends"] > 0) == bool(code)
        again = CliRunner().invoke(app, ["verify", target, "--replay", "found/worst.npz"])
        assert again.exit_code == 0, again.output
    assert CliRunner().invoke(app, ["verify", "nothing"]).exit_code != 0


def test_every_picture_is_drawn_by_the_command_beside_it(tmp_path: Path) -> None:
    script = DOCS / "safety" / "make_pictures.py"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script), "--out", str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    drawn = {p.name for p in tmp_path.glob("*.gif")}
    assert drawn == {p.name for p in (DOCS / "safety").glob("*.gif")}
    for line in done.stdout.splitlines():
        if "without a filter" in line:
            assert "contact after" in line
        elif "with the filter" in line:
            assert "clearance 0." in line


def test_every_recipe_is_run() -> None:
    assert {page.stem for page in (DOCS / "recipes").glob("*.md")} == RECIPES.keys()


def test_extend_runs_as_it_stands(installed: dict[str, str]) -> None:
    assert len(run_blocks("extend.md")) == 5


def test_extend_shows_the_package_as_it_is() -> None:
    shown = {b.title: b.text for b in blocks("extend.md") if b.title and b.title != "prints"}
    files = {str(p.relative_to(PACKAGE)): p for p in PACKAGE.glob("hiera_corridor/[a-z]*.py")}
    assert shown.keys() == files.keys() | {"pyproject.toml"}
    for title, text in shown.items():
        assert text == (PACKAGE / title).read_text(encoding="utf-8"), title


def test_installed_parts_are_listed(installed: dict[str, str], tmp_path: Path) -> None:
    listed = json.loads(hiera(installed, "list", "--json", cwd=tmp_path))
    for group, name in (
        ("worlds", "corridor"),
        ("planners", "sweep"),
        ("controllers", "greedy"),
        ("filters", "speed_limit"),
        ("backends", "as_listed"),
    ):
        assert name in listed[group]


def test_installed_parts_run_together(installed: dict[str, str], tmp_path: Path) -> None:
    parts = [
        "world.kind=corridor",
        "world.rooms=2",
        "planner.kind=sweep",
        "controller.kind=greedy",
        "gate.kind=speed_limit",
        "report.html=false",
        "report.gif=false",
    ]
    metrics = json.loads(
        hiera(installed, "run", "fare_building", *parts, "--json", "--quiet", cwd=tmp_path)
    )
    assert metrics["success"]
    assert metrics["collisions"] == 0
    assert metrics["actions"] == metrics["certificates"]


def test_an_installed_backend_is_recorded_and_replayed(
    installed: dict[str, str], tmp_path: Path
) -> None:
    settings = [
        "world.size_m=[12,9]",
        "llm.backend=as_listed",
        "clock.latency.kind=zero",
        "report.html=false",
        "report.gif=false",
    ]
    metrics = json.loads(
        hiera(installed, "run", "fare_building", *settings, "--json", cwd=tmp_path)
    )
    assert metrics["plans"].get("llm", 0) > 0
    replayed = json.loads(hiera(installed, "replay", metrics["run"], "--json", cwd=tmp_path))
    assert replayed["identical"]


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in DOCS.rglob("*.md"):
        place = str(page.relative_to(DOCS))
        assert f": {place}\n" in navigation, place
