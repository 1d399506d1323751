"""YAML as YAML 1.2 reads it, and the line on which every key stands.

PyYAML follows YAML 1.1, where ``1e-3`` is text, ``on`` and ``NO`` are truth values and
``12:30`` is a number in base sixty. None of that happens here.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

Path = tuple[str | int, ...]
Lines = dict[Path, int]
_ODD_BREAKS = frozenset("\x85\u2028\u2029")


class DuplicateKeyError(yaml.YAMLError):
    """A mapping names the same key twice."""

    def __init__(self, key: Hashable, line: int) -> None:
        super().__init__(f"line {line}: the key {key!r} stands twice in the same block")


class UnreadableError(yaml.YAMLError):
    """The text is YAML, but means nothing that a configuration can hold."""


class CoreLoader(yaml.SafeLoader):
    """`yaml.SafeLoader` with the scalar rules of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789")
)
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$"
        r"|^\.(?:nan|NaN|NAN)$"
    ),
    list("-+0123456789."),
)


def _construct_float(loader: CoreLoader, node: yaml.ScalarNode) -> float:
    text = loader.construct_scalar(node).replace("_", "").lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


CoreLoader.add_constructor("tag:yaml.org,2002:float", _construct_float)


def _lines(node: yaml.Node, at: Path, into: Lines, above: frozenset[int] = frozenset()) -> None:
    line = node.start_mark.line + 1
    if id(node) in above:
        raise UnreadableError(f"line {line}: a block contains itself")
    above |= {id(node)}
    into.setdefault(at, line)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UnreadableError(f"line {line}: a key must be a word, not a list or a block")
            if key.value in seen:
                raise DuplicateKeyError(key.value, key.start_mark.line + 1)
            seen.add(key.value)
            into[(*at, key.value)] = key.start_mark.line + 1
            _lines(value, (*at, key.value), into, above)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _lines(value, (*at, index), into, above)


def parse(text: str) -> tuple[Any, Lines]:
    """Reads one document.

    Returns:
        The plain value, and for every path in it the line [1-based] where it stands.

    Raises:
        yaml.YAMLError: If the text is not YAML or repeats a key.
    """
    loader = CoreLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, {}
        lines: Lines = {}
        _lines(node, (), lines)
        return loader.construct_document(node), lines
    except RecursionError as error:
        raise UnreadableError("blocks are nested too deeply") from error
    except (AttributeError, KeyError, ValueError) as error:
        # What PyYAML's constructors let through for a tag that does not fit its text.
        raise UnreadableError(f"a value does not fit its tag: {error}") from error
    finally:
        loader.dispose()


def parse_scalar(text: str) -> Any:
    """Reads the right-hand side of a ``key=value`` override."""
    return parse(text)[0]


def dump(value: Any) -> str:
    """Writes plain data so that `parse` reads it back the same."""
    return yaml.dump(value, Dumper=_CoreDumper, sort_keys=False, allow_unicode=True, width=100)


class _CoreDumper(yaml.SafeDumper):
    """Quotes what a YAML 1.1 or 1.2 reader would misread, so that both agree."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _CoreDumper, text: str) -> yaml.ScalarNode:
    """Quotes what `CoreLoader` would take for something else, and the breaks of YAML 1.1."""
    resolvers = CoreLoader.yaml_implicit_resolvers.get(text[:1], [])
    taken = any(pattern.match(text) for _, pattern in resolvers)
    style = '"' if taken or _ODD_BREAKS.intersection(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_CoreDumper.add_representer(str, _represent_text)
