"""C source as paragraphs, of which only those that are used go into a file.

The templates are C with two additions: names beginning with ``gate_`` and ``GATE_`` take the
exported filter's name, and ``#if GATE_…`` for what is known when a filter is exported is decided
then, so that what a filter does not need does not stand in its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"')
_DEFINED = (
    re.compile(r"^#define (\w+)", re.MULTILINE),
    re.compile(r"^\} (\w+);", re.MULTILINE),
    re.compile(r"^[A-Za-z][\w *]*?(\w+)(?:\(|\[)", re.MULTILINE),
)
_ENUM = re.compile(r"^enum \{([^}]*)\}", re.MULTILINE)


def template(name: str) -> str:
    """The text of a template."""
    folder = files("hiera.safety.export") / "templates"
    return (folder / name).read_text(encoding="utf-8")


def decided(text: str, flags: Mapping[str, bool]) -> str:
    """The text without its ``#if`` of known flags, and without what they exclude."""
    lines, stack = [], []
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["#if"] and words[1] in flags:
            stack.append(flags[words[1]])
        elif stack and line == "#else":
            stack[-1] = not stack[-1]
        elif stack and line == "#endif":
            stack.pop()
        elif all(stack):
            lines.append(line)
    return "\n".join(lines)


def paragraphs(text: str) -> list[str]:
    """What blank lines separate; a comment alone belongs to what follows."""
    found: list[str] = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        if found and not _COMMENT.sub("", found[-1]).strip():
            found[-1] += "\n\n" + part
        else:
            found.append(part)
    return found


def used(parts: Iterable[str]) -> list[str]:
    """The paragraphs that functions beginning with ``gate_`` need, in the order given."""
    listed = list(parts)
    plain = [_TEXT.sub('""', _COMMENT.sub("", part)) for part in listed]
    home = {name: i for i, text in enumerate(plain) for name in _defined(text)}
    wanted = {i for name, i in home.items() if name.startswith("gate_")}
    waiting = list(wanted)
    while waiting:
        for word in set(re.findall(r"\w+", plain[waiting.pop()])):
            i = home.get(word)
            if i is not None and i not in wanted:
                wanted.add(i)
                waiting.append(i)
    return [listed[i] for i in sorted(wanted)]


def named(text: str, name: str) -> str:
    """The text with the filter's own name in place of ``gate_`` and ``GATE_``."""
    text = re.sub(r"\bgate_(?=\w)", f"{name}_", text)
    return re.sub(r"\bGATE_(?=\w)", f"{name.upper()}_", text)


def _defined(text: str) -> set[str]:
    names = {name for pattern in _DEFINED for name in pattern.findall(text)}
    for body in _ENUM.findall(text):
        names |= set(re.findall(r"\w+", body))
    return names
