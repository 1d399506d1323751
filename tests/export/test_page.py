"""The page's filter is exported, its loop compiled, and it prints what the page promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from hiera.safety.export import COMPILE
from tests.export.compiled import compiler
from tests.export.gates import CASES

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
FENCE = re.compile(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    compiler()
    printed = promised = ""
    for language, title, text in FENCE.findall(PAGE):
        if title == "prints":
            promised += text
        elif title:
            (tmp_path / title).write_text(text)
        elif language == "bash":
            for line in text.splitlines():
                printed += ran(line.split(), tmp_path)
    assert printed == promised


def ran(words: list[str], folder: Path) -> str:
    """What a command printed; `hiera` is this one, and told to be quiet."""
    if words[0] == "hiera":
        words = [sys.executable, "-c", "from hiera.cli import main\nmain()", *words[1:], "--quiet"]
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_the_page_gives_the_compile_command_and_the_number_of_filters_held_to_python() -> None:
    assert f"{COMPILE} -o loop" in PAGE
    words = {11: "eleven"}
    assert f"each of {words[len(CASES)]}\nfilters" in PAGE
