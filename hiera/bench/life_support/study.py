"""A study while it runs: takes rows in, sums them up, prints and writes."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from hiera.bench.life_support.asked import Asked
from hiera.bench.life_support.episode import Episode
from hiera.bench.life_support.faults import findings
from hiera.bench.life_support.summary import Pair, foresight_lines, line
from hiera.bench.life_support.table import FINDINGS, LINES, cells
from hiera.bench.life_support.tasks import Foresight, Row, code_of_the_family
from hiera.errors import RecordError
from hiera.recording import to_json


class Study:
    """Rows of a study and what they come to."""

    def __init__(self, asked: Asked, names: list[str]) -> None:
        """Takes the command line and the methods in order."""
        self._asked, self._names = asked, names
        self._episodes: list[Episode] = []
        self._foresight: dict[Pair, Foresight] = {}

    def take(self, row: Row) -> None:
        """Takes a row in."""
        if isinstance(row, Foresight):
            self._foresight[row.pair] = row
        else:
            self._episodes.append(row)

    def _ordered(self) -> list[Episode]:
        order = {name: k for k, name in enumerate(self._names)}
        return sorted(self._episodes, key=lambda e: (e.seed, e.mission, order.get(e.method, 0)))

    def _lines(self) -> list[Any]:
        episodes = self._ordered()
        lines = [line(name, episodes, self._foresight) for name in self._names]
        return lines + (foresight_lines(self._foresight, episodes) if self._foresight else [])

    def summary(self) -> dict[str, Any]:
        """Everything, as plain data."""
        asked = self._asked
        made: dict[str, Any] = {
            "missions": "named" if asked.faults else [asked.first, asked.first + asked.missions],
            "sets": asked.sets,
            "max_time_s": asked.max_time_s,
            "code": code_of_the_family(),
            "methods": [asdict(made) for made in self._lines()],
        }
        if asked.faults:
            made["findings"] = [asdict(f) for f in findings(self._ordered(), self._foresight)]
        plain: dict[str, Any] = to_json(made)
        return plain

    def write(self, path: Path) -> None:
        """Writes the summary.

        Raises:
            RecordError: If it cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self.summary(), indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise RecordError(
                f"--out: {path} cannot be written: {error.strerror or error}"
            ) from error

    def show(self) -> None:
        """Prints the tables."""
        screen = Console(width=None if sys.stdout.isatty() else 320)
        asked = self._asked
        what = (
            "named scenarios" if asked.faults else f"{asked.missions} missions x {asked.sets} sets"
        )
        _print(screen, f"{what}, at most {asked.max_time_s / 60.0:.0f} min", LINES, self._lines())
        if asked.faults:
            found = findings(self._ordered(), self._foresight)
            _print(screen, "What broke first", FINDINGS, found)


def _print(screen: Console, title: str, columns: Any, rows: list[Any]) -> None:
    head, *rest = cells(columns, rows)
    table = Table(title=title)
    for k, name in enumerate(head):
        table.add_column(name, justify="left" if k == 0 else "right", no_wrap=k == 0)
    for row in rest:
        table.add_row(*row)
    screen.print(table)
