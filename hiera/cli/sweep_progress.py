"""Progress of a sweep: a bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hiera.sweeps.sweep import Progress


def duration(seconds: float) -> str:
    """For example ``42 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def line(progress: Progress) -> str:
    """Where the sweep is, as one line."""
    parts = [f"{progress.finished:,} of {progress.total:,} rows"]
    if progress.known:
        parts.append(f"{progress.known:,} known before")
    if progress.failed:
        named = ", ".join(f"{n:,} {s}" for s, n in progress.statuses.items() if s != "ok")
        parts.append(named)
    left = progress.left_s()
    if left is not None and progress.finished < progress.total:
        parts.append(f"{duration(left)} left")
    return " · ".join(parts)


class SweepProgress:
    """Shows how far a sweep is; a context manager.

    Args:
        console: Where.
        every_s: Between two plain lines [s].
    """

    def __init__(self, console: Console, every_s: float = 5.0) -> None:
        self._console = console
        self._every_s = every_s
        self._next = 0.0
        self._latest: Progress | None = None
        self._live = (
            Live(console=console, refresh_per_second=4, get_renderable=self._bar)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
        elif self._latest is not None:
            self._console.print(line(self._latest), markup=False)

    def update(self, progress: Progress) -> None:
        """Takes in where the sweep is."""
        self._latest = progress
        now = time.monotonic()
        if self._live is None and now >= self._next and progress.finished < progress.total:
            self._next = now + self._every_s
            self._console.print(line(progress), markup=False)

    def _bar(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        progress = self._latest
        if progress is not None:
            share = progress.finished / progress.total if progress.total else 1.0
            grid.add_row(
                ProgressBar(total=1.0, completed=share, width=40),
                Text(f"{share:6.1%}", style="bold"),
                Text(line(progress)),
            )
        return grid
