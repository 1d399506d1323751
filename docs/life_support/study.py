"""Fills the tables of ``study.md`` from the summaries that ``hiera bench life_support`` writes.

``python docs/life_support/study.py`` reads ``study.json``, ``today.json``, ``parts.json`` and
``faults.json`` beside it, each where it is there, and replaces what stands between the page's
markers.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from hiera.bench.life_support.faults import Finding
from hiera.bench.life_support.methods import METHODS
from hiera.bench.life_support.summary import Line
from hiera.bench.life_support.table import FINDINGS, LINES, cells, markdown

HERE = Path(__file__).parent
_NOT_RUN = "*Not run yet.*"


def filled(page: str, name: str, text: str) -> str:
    """The page with other text between the markers of a name.

    Raises:
        ValueError: If the page has no such markers.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"the page needs {begin} and {end} exactly once")
    return pattern.sub(lambda _: f"{begin}\n{text}\n{end}", page)


def study(summary: dict[str, Any]) -> str:
    """The lines of a study as text."""
    lines = [Line(**made) for made in summary["methods"]]
    missions = summary["missions"]
    which = missions if isinstance(missions, str) else f"{missions[0]} to {missions[1] - 1}"
    head = (
        f"Missions {which}, {summary['sets']} sets on each, at most "
        f"{summary['max_time_s'] / 60.0:.0f} min; code {summary['code']}."
    )
    return f"{head}\n\n{markdown(cells(LINES, lines))}"


def faults(summary: dict[str, Any]) -> str:
    """The findings of the single faults as text."""
    found = [Finding(**made) for made in summary["findings"]]
    safe = sum(f.avoidable_s for f in found)
    missed = sum(f.missed for f in found)
    head = (
        f"Time beyond hard limits while a safe course was known: {safe:.0f} s in {len(found)} "
        f"runs; {missed} of them could have been saved within their last minute."
    )
    return f"{head}\n\n{markdown(cells(FINDINGS, found))}"


def methods() -> str:
    """Every method and what it is."""
    rows = [["method", "what it is"], *([name, m.summary] for name, m in METHODS.items())]
    return markdown(rows)


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, default=HERE / "study.md")
    asked = parser.parse_args()
    page = asked.page.read_text(encoding="utf-8")
    page = filled(page, "methods", methods())
    made = (("study", study), ("today", study), ("parts", study), ("faults", faults))
    for name, make in made:
        path = asked.page.with_name(f"{name}.json")
        text = make(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else _NOT_RUN
        page = filled(page, name, text)
    asked.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
