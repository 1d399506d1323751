"""The pages about the breathing set say what is so."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "life_support"


def without_rounding(page: str) -> str:
    """The page without errors at the level of rounding, which differ between machines."""
    return re.sub(r"\d\.\de-\d\d", "small", page)


def test_the_validation_page_is_what_its_script_writes(tmp_path: Path) -> None:
    pytest.importorskip(
        "matplotlib", reason="matplotlib is not installed: pip install 'hiera[docs]'"
    )
    done = subprocess.run(
        [sys.executable, str(PAGES / "validate.py"), "--out", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "validation.md").read_text(encoding="utf-8")
    kept = (PAGES / "validation.md").read_text(encoding="utf-8")
    assert without_rounding(written) == without_rounding(kept)
    pictures = {p.name for p in PAGES.glob("*.svg")}
    assert (
        {p.name for p in tmp_path.glob("*.svg")}
        == pictures
        == set(re.findall(r"\((\w+\.svg)\)", kept))
    )


def test_the_code_on_the_page_runs() -> None:
    text = (PAGES / "index.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for block in blocks:
            exec(compile(block, "index.md", "exec"), {})
    assert "oxygen" in printed.getvalue()
    assert printed.getvalue().split()[-1] in ("oxygen_s", "hard_s", "lime_s")
