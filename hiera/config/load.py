"""From a file and overrides to a validated config, with errors a person can act on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml
from pydantic import BaseModel, ValidationError

from hiera import registry
from hiera.config import explain, yaml_core
from hiera.config.settings import Settings
from hiera.config.tagged import OneOf
from hiera.errors import ConfigError, nearest

Group = Literal["families", "trainings"]
"""Kinds of config: what ``hiera run`` takes and what ``hiera train`` takes."""

_KINDS: Final = {"families": ("family", "scenario family"), "trainings": ("train", "training")}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A config ready to run.

    Attributes:
        settings: The family's validated settings.
        data: The same as plain data, defaults filled in; what `config.yaml` in a run holds.
        source: Where it came from, for messages.
    """

    settings: Settings
    data: dict[str, Any]
    source: str

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits over the resolved data: equal configs, equal digest."""
        canonical = json.dumps(self.data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:8]

    def yaml(self) -> str:
        """The resolved config as text."""
        return yaml_core.dump(self.data)


@dataclass(frozen=True, slots=True)
class Said:
    """A setting that does not stand in the config file.

    Attributes:
        path: Its key, split at the dots.
        value: Plain data.
        place: Where it was said, for messages.
    """

    path: tuple[str, ...]
    value: Any
    place: str = "command line"


@dataclass(frozen=True, slots=True)
class Raw:
    """A config file as it was read, not yet validated.

    Attributes:
        data: What it holds.
        lines: Where every key stands.
        source: The file, for messages.
    """

    data: dict[str, Any]
    lines: yaml_core.Lines
    source: str


def find_config(name: str) -> Path:
    """Resolves what stands on the command line: a path, or the name of a config we ship.

    Raises:
        ConfigError: If there is no such file.
    """
    path = Path(name)
    if path.is_dir():
        raise ConfigError(f"{name} is a folder; name a YAML file in it")
    if path.exists():
        return path
    shipped = Path(str(files("hiera") / "configs"))
    relative = path.relative_to("configs") if path.parts[:1] == ("configs",) else path
    for candidate in (shipped / relative, shipped / relative.with_suffix(".yaml")):
        if candidate.is_file():
            return candidate
    known = [str(p.relative_to(shipped)) for p in sorted(shipped.rglob("*.yaml"))]
    raise ConfigError(f"there is no config file {name}{nearest(str(relative), known)}")


def load_config(
    path: str | Path,
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    group: Group = "families",
) -> Resolved:
    """Reads a config file, applies ``key=value`` overrides and validates the whole.

    Args:
        path: YAML file, or the name of a shipped config.
        overrides: ``a.b=value``, the value read as YAML.
        seed: Replaces the file's seed.
        group: What kind of config it is.

    Raises:
        ConfigError: On any mistake, as one sentence with file, line and key.
    """
    raw = read_config(find_config(str(path)))
    extra = [*overrides, *([f"seed={seed}"] if seed is not None else [])]
    return resolve(raw.data, extra, source=raw.source, lines=raw.lines, group=group)


def read_config(file: Path) -> Raw:
    """Reads a YAML file that must hold a mapping.

    Raises:
        ConfigError: If it does not, in one sentence.
    """
    try:
        data, lines = yaml_core.parse(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as text: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file} is not YAML: {explain.yaml_problem(error)}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{file} must hold a mapping of settings, not {explain.shape(data)}")
    return Raw(data, lines, str(file))


def resolve(
    data: dict[str, Any],
    overrides: Sequence[str | Said] = (),
    *,
    source: str = "config",
    lines: yaml_core.Lines | None = None,
    group: Group = "families",
) -> Resolved:
    """`load_config` for data that is already in memory."""
    said = [parse_override(item) if isinstance(item, str) else item for item in overrides]
    family = _named(data, said, source, group)
    merged = _merge(data, said, family.settings)
    try:
        settings = family.settings.model_validate(merged)
    except ValidationError as error:
        where = explain.Where(source, lines or {}, {item.path: item.place for item in said})
        raise ConfigError(explain.sentence(error, family.settings, where)) from error
    return Resolved(settings, settings.model_dump(mode="json"), source)


def _named(data: Mapping[str, Any], said: Iterable[Said], source: str, group: Group) -> Any:
    """The family or training that a config is for."""
    key, what = _KINDS[group]
    named = data.get(key)
    for item in said:
        if item.path == (key,):
            named = item.value
    if not isinstance(named, str):
        known = ", ".join(registry.names(group))
        raise ConfigError(f"{source}: {key!r} must name a {what}, one of: {known}")
    if named not in registry.names(group):
        hint = nearest(named, registry.names(group))
        raise ConfigError(f"{source}: there is no {what} {named!r}{hint}")
    return registry.lookup(group, named)


def parse_override(text: str) -> Said:
    """Reads ``a.b=value``, the value as YAML.

    Raises:
        ConfigError: If it is none.
    """
    key, equals, value = text.partition("=")
    path = tuple(key.strip().split("."))
    if not equals or not all(path):
        raise ConfigError(f"{text!r} is no setting; write key=value, for example seed=3")
    try:
        return Said(path, yaml_core.parse_scalar(value))
    except yaml.YAMLError as error:
        raise ConfigError(
            f"the value of {text!r} is not YAML: {explain.yaml_problem(error)}"
        ) from error


def _merge(data: Mapping[str, Any], said: Iterable[Said], model: type[BaseModel]) -> dict[str, Any]:
    merged: dict[str, Any] = json.loads(json.dumps(data))
    for item in sorted(said, key=lambda item: len(item.path)):
        path, value = item.path, item.value
        block = merged
        owner: type[BaseModel] | None = model
        for depth, key in enumerate(path[:-1]):
            choice = _choice(owner, key)
            inner = block.setdefault(key, _default_kind(owner, key, choice))
            if not isinstance(inner, dict):
                dotted = ".".join(path[: depth + 1])
                raise ConfigError(
                    f"{item.place}: {dotted} is a single value, so {'.'.join(path)} cannot be set"
                )
            if choice is not None and path[-1] == choice.tag and depth == len(path) - 2:
                _drop_foreign(inner, choice, value)
            owner = _inner_model(owner, key)
            block = inner
        block[path[-1]] = value
    return merged


def _choice(owner: type[BaseModel] | None, key: str) -> OneOf | None:
    field = owner.model_fields.get(key) if owner else None
    return next((m for m in field.metadata if isinstance(m, OneOf)), None) if field else None


def _default_kind(owner: type[BaseModel] | None, key: str, choice: OneOf | None) -> dict[str, Any]:
    """What a block holds that the file leaves out: the kind it has by default."""
    if owner is None or choice is None:
        return {}
    kind = getattr(owner.model_fields[key].default, choice.tag, None)
    return {choice.tag: kind} if kind is not None else {}


def _inner_model(owner: type[BaseModel] | None, key: str) -> type[BaseModel] | None:
    field = owner.model_fields.get(key) if owner else None
    if field is None:
        return None
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _drop_foreign(block: dict[str, Any], choice: OneOf, kind: Any) -> None:
    """Another kind on the command line: the file's settings that it does not have fall away."""
    if block.get(choice.tag) == kind or kind not in choice.kinds():
        return
    admitted = registry.component(choice.group, str(kind)).settings.model_fields
    for key in [key for key in block if key not in admitted]:
        del block[key]
