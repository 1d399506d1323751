"""One clear sentence for whatever is wrong with a config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hiera import registry
from hiera.config.tagged import OneOf
from hiera.config.yaml_core import Lines
from hiera.errors import nearest

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """Where settings came from: the file, its lines, and what was said elsewhere.

    Attributes:
        source: The file.
        lines: Its lines, by path.
        said: Paths said elsewhere, and where: the command line, or a sweep.
    """

    source: str
    lines: Lines
    said: Mapping[tuple[str, ...], str]

    def place(self, loc: Loc) -> str:
        """``file:line``, or ``command line``, for a key."""
        for path, place in self.said.items():
            if loc[: len(path)] == path:
                return place
        if loc not in self.lines:
            for path, place in self.said.items():
                if path[: len(loc)] == loc:
                    return place
        for end in range(len(loc), 0, -1):
            if loc[:end] in self.lines:
                return f"{self.source}:{self.lines[loc[:end]]}"
        return self.source


def sentence(error: ValidationError, model: type[BaseModel], where: Where) -> str:
    """The first mistake as one sentence; how many more there are is said at its end."""
    details = error.errors(include_url=False)
    rank = {"extra_forbidden": 0, "union_tag_invalid": 0}
    first = min(details, key=lambda item: rank.get(item["type"], 1))
    loc, owner = _walk(first, model)
    text = f"{where.place(loc)}: {_problem(first, loc, owner)}"
    more = len(details) - 1
    return text + (f" (and {more} more)" if more else "")


def _walk(item: ErrorDetails, model: type[BaseModel]) -> tuple[Loc, type[BaseModel] | None]:
    """Strips union tags from a pydantic location; returns it with the model that owns the key."""
    loc: list[str | int] = []
    owner: type[BaseModel] | None = model
    parent: type[BaseModel] | None = model
    steps = list(item["loc"])
    while steps:
        key = steps.pop(0)
        loc.append(key)
        parent = owner
        field = owner.model_fields.get(str(key)) if owner else None
        owner = None
        if field is None:
            continue
        choice = next((m for m in field.metadata if isinstance(m, OneOf)), None)
        if choice is not None:
            if steps and steps[0] in choice.kinds():
                owner = registry.component(choice.group, str(steps.pop(0))).settings
            continue
        candidates = (field.annotation, *get_args(field.annotation))
        owner = next(
            (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None
        )
        if owner is not None and steps and get_origin(field.annotation) is dict:
            loc.append(steps.pop(0))
    return tuple(loc), parent


def _problem(item: ErrorDetails, loc: Loc, owner: type[BaseModel] | None) -> str:
    key = ".".join(str(part) for part in loc)
    kind = item["type"]
    given = item.get("input")
    if kind == "extra_forbidden":
        known = [f.alias or name for name, f in owner.model_fields.items()] if owner else []
        hint = nearest(str(loc[-1]), known) if known else ""
        return f"there is no setting {key!r}{hint}"
    if kind == "missing":
        return f"{key!r} is missing"
    if kind == "union_tag_invalid":
        context: Mapping[str, Any] = item.get("ctx", {})
        tags = [name.strip(" '") for name in str(context.get("expected_tags", "")).split(",")]
        tag = str(context.get("discriminator", "kind")).strip("'")
        named = str(context.get("tag"))
        if other := _elsewhere(named, loc, owner):
            return f"{key}.{tag} is {named!r}, which is for {other}{nearest(named, tags)}"
        return f"{key}.{tag} is {named!r}, which is not known{nearest(named, tags)}"
    if kind == "union_tag_not_found":
        tag = str(item.get("ctx", {}).get("discriminator", "kind")).strip("'")
        return f"{key!r} needs a '{tag}' that says which one is meant"
    message = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
    message = message[:1].lower() + message[1:]
    if kind == "value_error":
        return f"{key + ': ' if key else ''}{message}"
    return f"{key!r} {message}, not {shape(given)}"


def _elsewhere(named: str, loc: Loc, owner: type[BaseModel] | None) -> str:
    """The families that have a part of that name, where this one has not; empty if none has."""
    field = owner.model_fields.get(str(loc[-1])) if owner and loc else None
    choice = next((m for m in field.metadata if isinstance(m, OneOf)), None) if field else None
    if choice is None or named not in registry.names(choice.group):
        return ""
    families = registry.component(choice.group, named).families
    return f"scenarios of the family {', '.join(families)}"


def shape(value: Any) -> str:
    """A value as a person would quote it."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple) and len(value) > 4:
        return f"a list of {len(value)}"
    if value is None:
        return "nothing"
    return repr(value)


def yaml_problem(error: yaml.YAMLError) -> str:
    """PyYAML's complaint on one line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())
