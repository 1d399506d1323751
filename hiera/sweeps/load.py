"""A sweep from its file and the command line; every mistake is one sentence with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from hiera.config import explain, yaml_core
from hiera.config.load import Raw, find_config, parse_override, read_config
from hiera.errors import ConfigError
from hiera.sweeps.expansion import Expansion
from hiera.sweeps.settings import SweepSettings

_COMMAND = "command line"


@dataclass(frozen=True, slots=True)
class Words:
    """What the command line adds to a sweep file, or to a plain config.

    Attributes:
        overrides: ``a.b=value``, the same in all rows.
        grid: ``a.b=value,value``.
        ranges: ``a.b=low:high``, with ``:log`` and ``:int``.
        cases: ``a.b=value c=value``, one a case.
        samples: Size of the Latin hypercube.
        design_seed: Seed of the hypercube and of the search.
        seeds: ``0:20``.
        baseline: ``a.b=value``.
        metrics: Names.
        falsify: Metric to make as bad as possible.
        worst: ``min`` or ``max``.
        budget: Rows of the search.
        stop_at: Value that ends the search.
        timeout_s: Of a row [s].
    """

    overrides: tuple[str, ...] = ()
    grid: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    samples: int | None = None
    design_seed: int | None = None
    seeds: str | None = None
    baseline: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    falsify: str | None = None
    worst: str | None = None
    budget: int | None = None
    stop_at: float | None = None
    timeout_s: float | None = None

    @property
    def silent(self) -> bool:
        """Whether the command line adds nothing to the rows."""
        return self == Words(timeout_s=self.timeout_s)

    def baseline_settings(self) -> dict[str, Any]:
        """The baseline as key to value.

        Raises:
            ConfigError: If a word of it is none.
        """
        found = {}
        for text in self.baseline:
            key, value = _key(text, "--baseline", "controller.kind=nearest")
            found[key] = _yaml(value, text)
        return found


def load_sweep(name: str, words: Words | None = None) -> Expansion:
    """Reads a sweep file, or makes a sweep of a config.

    Args:
        name: File, or the name of a shipped one; a config is a sweep whose ``base`` it is.
        words: The command line.

    Raises:
        ConfigError: On any mistake that can be seen before the rows are expanded.
    """
    words = words or Words()
    file = find_config(name)
    raw = read_config(file)
    if "base" not in raw.data and "family" in raw.data:
        raw = Raw({"base": name, "name": file.stem}, {}, str(file))
    data: dict[str, Any] = json.loads(json.dumps(raw.data))
    said = _add(data, words)
    where = explain.Where(raw.source, raw.lines, dict.fromkeys(said, _COMMAND))
    try:
        settings = SweepSettings.model_validate(data)
    except ValidationError as error:
        raise ConfigError(explain.sentence(error, SweepSettings, where)) from error
    overrides = [parse_override(text) for text in words.overrides]
    return Expansion(settings, _base(settings, raw, file), overrides, _places(data, where))


def _base(settings: SweepSettings, raw: Raw, file: Path) -> Raw:
    if isinstance(settings.base, str):
        beside = file.parent / settings.base
        return read_config(beside if beside.is_file() else find_config(settings.base))
    lines = {path[1:]: line for path, line in raw.lines.items() if path[:1] == ("base",)}
    return Raw(settings.base, lines, raw.source)


def _places(data: dict[str, Any], where: explain.Where) -> dict[tuple[str, ...], str]:
    places: dict[tuple[str, ...], str] = {
        (block,): where.place((block,)) for block in ("set", "grid", "list", "lhs")
    }
    for block in ("set", "grid"):
        places |= {(block, key): where.place((block, key)) for key in data.get(block, {})}
    ranges = data.get("lhs", {}).get("ranges", {})
    places |= {("lhs", key): where.place(("lhs", "ranges", key)) for key in ranges}
    for number, case in reversed(list(enumerate(data.get("list", [])))):
        places |= {("list", key): where.place(("list", number, key)) for key in case}
    return places


def _add(data: dict[str, Any], words: Words) -> set[tuple[str, ...]]:
    """Puts the command line into the file's data; returns the paths it set."""
    said: set[tuple[str, ...]] = set()

    def put(path: tuple[str, ...], value: Any) -> None:
        block = data
        for key in path[:-1]:
            inner = block.setdefault(key, {})
            if not isinstance(inner, dict):
                return
            block = inner
        block[path[-1]] = value
        said.add(path)

    for text in words.grid:
        key, values = _key(text, "--grid", "controller.kind=nearest,utility")
        put(("grid", key), _yaml(f"[{values}]", text))
    for text in words.ranges:
        key, span = _key(text, "--lhs", "gate.alpha=0.5:8:log")
        put(("lhs", "ranges", key), _range(span, text))
    if words.ranges:
        data["lhs"].setdefault("n", words.samples or 32)
    if words.cases:
        put(("list",), [_case(text) for text in words.cases])
    for key, value in words.baseline_settings().items():
        put(("baseline", key), value)
    if words.falsify is not None:
        put(("falsify", "metric"), words.falsify)
    numbers = words.seeds
    listed = _yaml(f"[{numbers}]", numbers) if numbers and "," in numbers else numbers
    rest: tuple[tuple[tuple[str, ...], Any], ...] = (
        (("lhs", "n"), words.samples),
        (("lhs", "seed"), words.design_seed if "lhs" in data else None),
        (("falsify", "worst"), words.worst),
        (("falsify", "budget"), words.budget),
        (("falsify", "stop_at"), words.stop_at),
        (("falsify", "seed"), words.design_seed if "falsify" in data else None),
        (("seeds",), listed),
        (("metrics",), list(words.metrics) or None),
        (("timeout_s",), words.timeout_s),
    )
    for path, wanted in rest:
        if wanted is not None:
            put(path, wanted)
    return said


def _key(text: str, option: str, example: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip() or not value.strip():
        raise ConfigError(f"{option} {text!r} is none; write for example {option} {example}")
    return key.strip(), value.strip()


def _yaml(text: str, whole: str) -> Any:
    try:
        return yaml_core.parse_scalar(text)
    except yaml.YAMLError as error:
        problem = explain.yaml_problem(error)
        raise ConfigError(f"the value of {whole!r} is not YAML: {problem}") from error


def _range(span: str, text: str) -> dict[str, Any]:
    low, _, rest = span.partition(":")
    high, *flags = rest.split(":")
    unknown = [flag for flag in flags if flag not in ("log", "int")]
    if not rest or unknown:
        raise ConfigError(f"--lhs {text!r} is no range; write key=low:high, with :log or :int")
    found = {"low": _yaml(low, text), "high": _yaml(high, text)}
    return found | {"log": "log" in flags, "integer": "int" in flags}


def _case(text: str) -> dict[str, Any]:
    case: dict[str, Any] = {}
    for word in text.split():
        item = parse_override(word)
        case[".".join(item.path)] = item.value
    if not case:
        raise ConfigError("--list needs settings, for example --list 'motion=hop gate.alpha=2'")
    return case
