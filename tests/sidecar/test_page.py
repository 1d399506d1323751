"""The page's code runs as it stands there, and prints what it says it prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from hiera.gate_target import load_gate
from hiera.safety.sidecar.protocol import HEADER, VERSION, Fault, Kind

PAGE = (Path(__file__).parents[2] / "docs" / "sidecar.md").read_text(encoding="utf-8")
FENCE = re.compile(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def test_the_page_prints_what_it_promises() -> None:
    names: dict[str, Any] = {"__name__": "docs"}
    printed = io.StringIO()
    promised = ""
    for language, title, text in FENCE.findall(PAGE):
        if language == "python" and not title:
            with contextlib.redirect_stdout(printed):
                exec(compile(text, "sidecar.md", "exec"), names)
        elif title == "prints":
            promised += text
    assert printed.getvalue() == promised


def test_the_page_serves_a_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    [text] = [text for _, title, text in FENCE.findall(PAGE) if title == "gate.py"]
    (tmp_path / "gate.py").write_text(text)
    gate = load_gate(f"{tmp_path}/gate.py:gate")
    assert gate.state_size == 5  # type: ignore[attr-defined]


def test_the_page_knows_every_kind_and_fault() -> None:
    for kind in Kind:
        assert f"| {kind.value} {kind.name} |" in PAGE
    for fault in Fault:
        assert re.search(rf"fault \|.*\b{fault.value} ", PAGE)
    assert f"a header of {HEADER.size} bytes" in PAGE
    assert f"version, {VERSION} |" in PAGE
