"""Live progress: a bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hiera.loop import Tally
from hiera.scenario import Progress


def _fields(progress: Progress, tally: Tally, now_s: float) -> Mapping[str, str]:
    share = tally.interventions / tally.actions if tally.actions else 0.0
    return {
        **progress.fields,
        "simulated": f"{now_s:,.0f} s",
        "gate": f"{tally.interventions:,} of {tally.actions:,} actions changed ({share:.1%})",
    }


class LiveProgress:
    """A panel that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=8, transient=False)
        self._started = time.perf_counter()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def update(self, progress: Progress, tally: Tally, now_s: float) -> None:
        """Shows where the run is."""
        table = Table.grid(padding=(0, 2))
        for name, text in _fields(progress, tally, now_s).items():
            table.add_row(Text(name, style="dim"), Text(text))
        wall = time.perf_counter() - self._started
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=1.0, completed=progress.fraction, width=46),
            Text(f"{progress.fraction:6.1%}", style="bold"),
            Text(f"{wall:.0f} s", style="dim"),
        )
        self._live.update(Group(bar, table))


class PlainProgress:
    """One line every few seconds, for logs."""

    def __init__(self, console: Console, every_s: float = 5.0) -> None:
        self._console = console
        self._every_s = every_s
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def update(self, progress: Progress, tally: Tally, now_s: float) -> None:
        """Prints a line if it is time for one."""
        wall = time.perf_counter()
        if wall < self._next:
            return
        self._next = wall + self._every_s
        parts = [f"{name} {text}" for name, text in _fields(progress, tally, now_s).items()]
        self._console.print(f"{progress.fraction:6.1%}  " + " · ".join(parts), markup=False)
