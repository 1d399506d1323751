"""What the README shows runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_readmes_first_filter_filters(capsys: pytest.CaptureFixture[str]) -> None:
    assert BLOCKS
    for block in BLOCKS:
        exec(compile(block, str(README), "exec"), {})
    assert capsys.readouterr().out.startswith("filtered")


def test_the_readmes_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", README.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (README.parent / target).exists(), target
