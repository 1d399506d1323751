"""Whatever a person gets wrong is one sentence on stderr, exit code 2 and no run directory."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.calling import Made, asking, backwards, ended, small, spawn
from tests.cli.conftest import Invoke
from tests.planners.ollama_server import Behaviour, Script, serving

MAP = ("run", "map_file", "world.resolution_m=0.1", "report.gif=false")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Where runs would go, if there were any."""
    return tmp_path / "runs"


@pytest.fixture
def floor(tmp_path: Path) -> Path:
    """Two rooms of 8 m × 8 m with a wall and no door between them, 0.1 m a pixel."""
    free = np.zeros((100, 200), dtype=np.uint8)
    free[10:90, 10:90] = free[10:90, 110:190] = 255
    path = tmp_path / "two rooms.png"
    Image.fromarray(free).save(path)
    return path


def test_a_misspelt_key_in_a_file_names_file_and_line(
    hiera: Invoke, tmp_path: Path, runs: Path
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("family: exploration\nworld:\n  knd: building\n  kind: building\n")
    sentence = hiera("run", config, "--out", runs).mistake()
    assert sentence == f"{config}:3: there is no setting 'world.knd' (did you mean 'kind'?)"
    assert not runs.exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ("gate.alhpa=3",),
            "command line: there is no setting 'gate.alhpa' (did you mean 'alpha'?)",
        ),
        (("gate.alpha=11",), "gate: alpha * tick_s must lie in (0, 1], not 11"),
        (("gate.max_age_s=0.05",), "gate: max_age_s must exceed the tick of 0.1 s, not 0.05"),
        (("motion=hop",), "motion hop needs gate.kind action_mask or pass_through, not lidar_cbf"),
        (("gate.kind=action_mask",), "gate.kind action_mask guards hops; a robot that drives"),
        (("world.size_m=[1,1]",), "world: "),
        (("controller.kind=neerest",), "did you mean 'nearest'"),
        (("llm.backend=ollama",), "'llm.model' is missing"),
        (("llm.backend=llamacpp", "llm.model=no.gguf"), "there is no model file no.gguf"),
        (("llm.backend=replay", "llm.run=nowhere"), "there is no run directory nowhere"),
        (("world.kind=dare", "world.path=none.npz"), "there is no file none.npz"),
        (("finish_at=[500,500]",), "finish_at: [500.0, 500.0] lies outside the map"),
        (("name=../elsewhere",), "'name' string should match"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    hiera: Invoke, runs: Path, words: tuple[str, ...], expected: str
) -> None:
    assert expected in hiera(*small(), *words, "--out", runs).mistake()
    assert not runs.exists()


def test_a_config_that_is_not_there_offers_the_nearest(hiera: Invoke, runs: Path) -> None:
    sentence = hiera("run", "fare_bulding", "--out", runs).mistake()
    assert "did you mean 'fare_building.yaml'?" in sentence
    assert "name a config" in hiera("run", "--out", runs).mistake()
    assert "nothing else" in hiera("run", "hop", "--resume", runs).mistake()
    assert not runs.exists()


def test_a_gate_that_is_not_named_follows_the_motion(hiera: Invoke, tmp_path: Path) -> None:
    config = tmp_path / "bare.yaml"
    config.write_text("family: exploration\n")
    for motion, kind in (("hop", "action_mask"), ("kinematic", "lidar_cbf")):
        said = hiera("run", config, f"motion={motion}", "--dry-run", "--json")
        assert said.json["gate"]["kind"] == kind


def test_what_a_hopping_robot_cannot_do_is_refused_not_ignored(hiera: Invoke, runs: Path) -> None:
    assert "finish_at" in hiera("run", "hop", "finish_at=start", "--out", runs).mistake()
    assert "people" in hiera("run", "hop", "people.count=3", "--out", runs).mistake()
    assert not runs.exists()


def test_a_map_that_is_none_is_one_sentence(hiera: Invoke, tmp_path: Path, runs: Path) -> None:
    (tmp_path / "text.png").write_text("this is no picture")
    whole = tmp_path / "whole.npz"
    np.savez_compressed(whole, free=np.ones((80, 80), dtype=np.bool_), resolution_m=0.1)
    (tmp_path / "torn.npz").write_bytes(whole.read_bytes()[:120])
    (tmp_path / "pair.yaml").write_text(
        "image: gone.pgm\nresolution: 0.1\norigin: [0, 0, 0]\nnegate: 0\n"
        "occupied_thresh: 0.65\nfree_thresh: 0.196\n"
    )
    (tmp_path / "empty.map").write_text("")
    (tmp_path / "folder.png").mkdir()
    for name in (
        "text.png",
        "torn.npz",
        "pair.yaml",
        "empty.map",
        "folder.png",
        "gone.png",
        "a.txt",
    ):
        path = tmp_path / name
        sentence = hiera(*MAP, f"world.path={path}", "--out", runs).mistake()
        assert sentence.startswith("world"), sentence
        assert name in sentence
    assert not runs.exists()


@pytest.mark.parametrize("motion", ["kinematic", "hop"])
def test_a_start_in_a_wall_and_no_start_at_all(
    hiera: Invoke, floor: Path, runs: Path, motion: str
) -> None:
    config = runs.parent / "mine.yaml"
    config.write_text(
        f"family: exploration\nmotion: {motion}\n"
        f"world: {{kind: file, path: {floor}, resolution_m: 0.1}}\n"
    )
    sentence = hiera("run", config, "world.start_m=[0.3,0.3]", "--out", runs).mistake()
    assert sentence.startswith("world: ")
    assert "wall" in sentence
    outside = hiera("run", config, "world.start_m=[-5,3]", "--out", runs).mistake()
    assert "outside" in outside
    assert hiera("run", config, "--dry-run", "--quiet").code == 0
    assert not runs.exists()


def test_a_place_where_the_robot_does_not_fit(hiera: Invoke, floor: Path, runs: Path) -> None:
    words = (*MAP, f"world.path={floor}", "--out", runs)
    sentence = hiera(*words, "world.start_m=[1.05,5]").mistake()
    assert "does not fit at the start" in sentence
    sentence = hiera(*words, "robot.radius_m=9").mistake()
    assert "no place wide enough for a robot of radius 9 m" in sentence
    assert not runs.exists()


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("[15,5]", "finish_at: no way leads from the start to [15.0, 5.0]"),
        ("[9.5,5]", "finish_at: the robot does not fit at [9.5, 5.0]"),
        ("[99,5]", "finish_at: [99.0, 5.0] lies outside the map"),
        ("[1,2,3]", "finish_at"),
    ],
)
def test_a_goal_that_cannot_be_reached(
    hiera: Invoke, floor: Path, runs: Path, goal: str, expected: str
) -> None:
    words = (*MAP, f"world.path={floor}", "world.start_m=[5,5]", "--out", runs)
    assert expected in hiera(*words, f"finish_at={goal}").mistake()
    assert not runs.exists()


def test_a_goal_that_is_cut_off_from_a_start_drawn_at_random(
    hiera: Invoke, floor: Path, runs: Path
) -> None:
    """The start is drawn in one of the two rooms, so one of the goals cannot be reached."""
    words = (*MAP, f"world.path={floor}", "--dry-run", "--out", runs)
    codes = sorted(hiera(*words, f"finish_at={goal}").code for goal in ("[5,5]", "[15,5]"))
    assert codes == [0, 2]


def test_a_server_that_is_not_there(hiera: Invoke, runs: Path, script: Script) -> None:
    with serving(script) as address:
        pass
    sentence = hiera(*small(), *asking(address), "--out", runs).mistake()
    assert f"no Ollama server answers at {address}; start one with: ollama serve" in sentence
    assert not runs.exists()


def test_a_model_that_the_server_does_not_have(hiera: Invoke, runs: Path, script: Script) -> None:
    with serving(script) as address:
        sentence = hiera(*small(), *asking(address, "qwen99"), "--out", runs).mistake()
    assert "has no model 'qwen99'" in sentence
    assert "ollama pull qwen99" in sentence
    assert not runs.exists()


def test_a_server_that_is_something_else(hiera: Invoke, runs: Path) -> None:
    for words in (("llm.host=not an address",), ("llm.host=http://[",), ("llm.host=",)):
        said = hiera(*small(), "llm.backend=ollama", "llm.model=x", *words, "--out", runs)
        said.mistake()
    assert not runs.exists()


def test_a_key_that_the_server_demands_and_nobody_set(
    hiera: Invoke, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    script = Script(backwards, behaviour=Behaviour.NO_ACCESS)
    with serving(script) as address:
        sentence = hiera(
            *small(),
            "llm.backend=openai",
            f"llm.base_url={address}/v1",
            "llm.model=scripted:latest",
            "--out",
            runs,
        ).mistake()
    assert "OPENAI_API_KEY" in sentence
    assert not runs.exists()


@pytest.mark.parametrize("module", ["ollama", "openai", "xllamacpp"])
def test_a_missing_extra_says_how_to_install_it(
    hiera: Invoke, runs: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    backend = {"xllamacpp": "llamacpp"}.get(module, module)
    monkeypatch.setitem(sys.modules, module, None)
    words = (f"llm.backend={backend}", "llm.model=x")
    sentence = hiera(*small(), *words, "--out", runs).mistake()
    assert sentence == f"{module} is not installed: pip install 'hiera[llm]'"
    assert not runs.exists()


def test_an_output_folder_that_cannot_be_made(hiera: Invoke, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    sentence = hiera(*small(), "--out", tmp_path / "file").mistake()
    assert "cannot be made: Not a directory" in sentence
    assert (tmp_path / "file").read_text() == "in the way"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "fare_building").write_text("in the way")
    assert "cannot be made" in hiera(*small(), "--out", tmp_path / "out").mistake()


def test_a_disk_without_room_for_compiled_kernels_is_one_sentence(
    hiera: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "kernel.nbc")

    monkeypatch.setattr("hiera.run.build", full)
    assert "the disk takes no more" in hiera(*small(), "--out", tmp_path).mistake()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_folder_without_permission(hiera: Invoke, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    sentence = hiera(*small(), "--out", tmp_path / "closed").mistake()
    assert "cannot be made: Permission denied" in sentence


@pytest.mark.parametrize("limit", [100, 3000, 40_000])
def test_a_full_disk_is_one_sentence_and_leaves_a_readable_run(
    whole_run: Made, hiera: Invoke, tmp_path: Path, limit: int
) -> None:
    assert whole_run.metrics["success"], "after this run no kernel needs to be compiled any more"
    process = spawn(
        *small(),
        "--out",
        tmp_path,
        "--quiet",
        before=f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n",
    )
    said = ended(process)
    assert said.code == 2, said
    assert said.err.count("\n") == 1, said
    assert "cannot be written" in said.err
    (run,) = tmp_path.glob("*/*/")
    assert not (run / "metrics.json").exists()
    if (run / "manifest.json").exists():
        assert hiera("report", run).code == 0


def test_what_is_no_run_cannot_be_reported_or_replayed(
    hiera: Invoke, tmp_path: Path, runs: Path
) -> None:
    assert "there is no run directory" in hiera("report", tmp_path / "gone").mistake()
    assert "is no run directory" in hiera("replay", tmp_path).mistake()
    (tmp_path / "config.yaml").write_text("family: exploration\n")
    (tmp_path / "manifest.json").write_text("{torn")
    assert "manifest.json" in hiera("report", tmp_path).mistake()
    (tmp_path / "manifest.json").write_text("{}")
    assert "did not finish" in hiera("replay", tmp_path, "--out", runs).mistake()
    (tmp_path / "config.yaml").write_text("family: explortion\n")
    assert "'explortion'" in hiera("report", tmp_path).mistake()
    (tmp_path / "config.yaml").write_text("- [")
    assert "config.yaml" in hiera("report", tmp_path).mistake()
    assert not runs.exists()
