"""A mistake in a config is one sentence with file, line, key and the nearest valid name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from hiera.config import load_config, yaml_core
from hiera.config.load import resolve
from hiera.errors import ConfigError
from hiera.families.exploration.settings import ExplorationSettings
from hiera.planning import LatencyKind

GOOD = """\
family: exploration
name: demo
world:
  kind: building
  size_m: [30, 20]
gate:
  kind: lidar_cbf
  alpha: 1e-1
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "demo.yaml"
    path.write_text(GOOD)
    return path


def settings(path: Path, *overrides: str) -> ExplorationSettings:
    loaded = load_config(path, overrides).settings
    assert isinstance(loaded, ExplorationSettings)
    return loaded


def test_overrides_win_over_the_file_and_defaults_fill_the_rest(config: Path) -> None:
    loaded = settings(config, "seed=7", "world.size_m=[40, 25]", "people.count=3")
    assert loaded.seed == 7
    assert loaded.world.size_m == (40.0, 25.0)  # type: ignore[attr-defined]
    assert loaded.people.count == 3
    assert loaded.gate.alpha == 0.1  # type: ignore[attr-defined]
    assert loaded.robot.v_max == 1.5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("gate.alhpa=3", "command line: there is no setting 'gate.alhpa' (did you mean 'alpha'?)"),
        ("gtae.kind=x", "command line: there is no setting 'gtae' (did you mean 'gate'?)"),
        (
            "gate.kind=lidar_cfb",
            "gate.kind is 'lidar_cfb', which is not known (did you mean 'lidar",
        ),
        ("gate.alpha=on", "command line: 'gate.alpha' should be a valid number, not 'on'"),
        ("gate.alpha=true", "'gate.alpha' should be a valid number, not True"),
        ("people.count=-1", "'people.count' should be greater than or equal to 0, not -1"),
        ("report.gif=on", "'report.gif' should be a valid boolean, not 'on'"),
        ("seed=1.5", "'seed' should be a valid integer"),
        ("world.size_m=3", "'world.size_m' should be a valid tuple, not 3"),
        (
            "family=explortion",
            "there is no scenario family 'explortion' (did you mean 'exploration'",
        ),
        ("seed.x=3", "'seed"),
        ("nonsense", "'nonsense' is no setting; write key=value"),
        ("seed=[1", "is not YAML"),
    ],
)
def test_a_wrong_override_is_one_sentence(config: Path, change: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as info:
        load_config(config, [change])
    assert sentence in str(info.value)
    assert "\n" not in str(info.value)


def test_a_wrong_key_in_the_file_names_file_and_line(config: Path) -> None:
    config.write_text(GOOD.replace("alpha: 1e-1", "alhpa: 1e-1"))
    with pytest.raises(ConfigError) as info:
        load_config(config)
    assert f"{config}:8: there is no setting 'gate.alhpa' (did you mean 'alpha'?)" in str(
        info.value
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1", "is not YAML: line"),
        ("- 1\n- 2\n", "must hold a mapping of settings"),
        ("seed: 1\nseed: 2\n", "stands twice"),
        ("seed: 1\n", "'family' must name a scenario family, one of: exploration"),
        ("", "must hold a mapping"),
    ],
)
def test_a_file_that_is_no_config_is_one_sentence(config: Path, text: str, sentence: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        load_config(config)


def test_a_missing_file_offers_the_nearest_shipped_one() -> None:
    with pytest.raises(ConfigError, match=r"no config file configs/fare_bulding\.yaml .*did you"):
        load_config("configs/fare_bulding.yaml")


def test_another_kind_on_the_command_line_drops_what_it_does_not_have(config: Path) -> None:
    loaded = settings(config, "gate.kind=pass_through")
    assert loaded.gate.kind == "pass_through"  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"gate\.alpha"):
        settings(config, "gate.kind=pass_through", "gate.alpha=2")


def test_a_setting_of_a_block_that_the_file_leaves_out_means_its_default_kind(
    config: Path,
) -> None:
    loaded = settings(config, "controller.keep_m=2")
    assert loaded.controller.kind == "local_tour"  # type: ignore[attr-defined]
    assert loaded.controller.keep_m == 2.0  # type: ignore[attr-defined]
    other = settings(config, "controller.decay=1", "controller.kind=utility")
    assert other.controller.decay == 1.0  # type: ignore[attr-defined]


def test_plans_of_a_model_are_late_by_what_it_takes_others_by_a_fixed_time(config: Path) -> None:
    numeric = settings(config)
    model = settings(config, "llm.backend=ollama", "llm.model=qwen3:8b")
    assert numeric.clock.latency is not None
    assert model.clock.latency is not None
    assert numeric.clock.latency.kind is LatencyKind.FIXED
    assert model.clock.latency.kind is LatencyKind.MEASURED


def test_the_resolved_config_reads_back_to_the_same_digest(config: Path, tmp_path: Path) -> None:
    first = load_config(config, ["people.count=2"])
    again = tmp_path / "resolved.yaml"
    again.write_text(first.yaml())
    assert load_config(again).digest == first.digest
    assert load_config(config).digest != first.digest


@given(text=st.text(max_size=60))
@example("{{}}")
@example("{[1]: 2}")
@example("&a [*a]")
@example("&a {b: *a}")
@example("!!int x")
@example("!!bool x")
@example("!!timestamp x")
@example("9" * 5000)
@example("[" * 3000)
@example("{a: 1, a: 2}")
def test_no_text_whatever_makes_the_loader_fail_without_a_sentence(text: str) -> None:
    try:
        data = yaml_core.parse(text)[0]
    except yaml.YAMLError:
        return
    if isinstance(data, dict):
        with pytest.raises(ConfigError):
            resolve({"family": "exploration", "nothing": data})


def test_every_shipped_config_is_valid() -> None:
    shipped = Path(__file__).parents[2] / "configs"
    found = sorted(
        p for p in shipped.rglob("*.yaml") if p.parent.name not in ("gates", "sweeps", "train")
    )
    assert found
    for path in found:
        load_config(path)
