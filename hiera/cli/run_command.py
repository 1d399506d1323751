"""What ``hiera run``, ``report`` and ``replay`` do on a terminal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.table import Table

from hiera import run as runs
from hiera.cli.app import print_json
from hiera.cli.progress import LiveProgress, PlainProgress
from hiera.config import Resolved, load_config
from hiera.config.run_settings import RunSettings
from hiera.errors import ConfigError, StoppedError
from hiera.loop import INTERRUPTED
from hiera.record import Record


@dataclass(frozen=True, slots=True)
class Screen:
    """Where and how much to print."""

    out: Console
    err: Console
    quiet: bool
    as_json: bool

    @property
    def chatty(self) -> bool:
        """Whether a person is reading along."""
        return not self.quiet and not self.as_json

    def say(self, text: str) -> None:
        """Prints a line for a person."""
        if self.chatty:
            self.out.print(text)


def run(
    config: str | None,
    overrides: list[str],
    *,
    out: Path,
    seed: int | None,
    dry_run: bool,
    resume: Path | None,
    screen: Screen,
) -> int:
    """Runs or resumes; returns the exit code."""
    if resume is not None:
        if config is not None or overrides or seed is not None or dry_run:
            raise ConfigError("--resume takes its config from the run directory and nothing else")
        record = Record.open(resume)
        resolved = runs.from_record(record)
        return _watched(resolved, screen, lambda options: runs.resume(resume, options), out)
    if config is None:
        raise ConfigError("name a config, for example: hiera run configs/fare_building.yaml")
    resolved = load_config(config, overrides, seed=seed)
    if dry_run:
        return _dry_run(resolved, screen)
    return _watched(resolved, screen, lambda options: runs.execute(resolved, options), out)


def _dry_run(resolved: Resolved, screen: Screen) -> int:
    runs.build(resolved).env.close()
    if screen.as_json:
        print_json(resolved.data)
    elif not screen.quiet:
        screen.out.print(resolved.yaml(), markup=False, end="")
        screen.out.print(f"# {resolved.source} is fine; nothing was run", style="dim")
    return 0


def _watched(
    resolved: Resolved,
    screen: Screen,
    start: Callable[[runs.RunOptions], runs.Finished],
    out: Path,
) -> int:
    settings = resolved.settings
    assert isinstance(settings, RunSettings)
    screen.say(f"[bold]hiera[/] {resolved.source}  seed {settings.seed}  config {resolved.digest}")
    watch = LiveProgress(screen.out) if screen.out.is_terminal else PlainProgress(screen.out)
    with interruptible(screen.err) as should_stop:
        options = runs.RunOptions(out=out, should_stop=should_stop)
        if screen.chatty:
            options.on_progress = watch.update
        with watch:
            finished = start(options)
        _make_report(finished.path, settings, screen)
    if screen.as_json:
        print_json(finished.metrics | {"run": str(finished.path)})
    else:
        _summary(finished, screen)
    return 130 if finished.outcome.name == INTERRUPTED else 0


def _make_report(path: Path, settings: RunSettings, screen: Screen) -> None:
    from hiera.report import write_gif, write_report

    record = Record.open(path)
    if settings.report.html:
        screen.say("writing report.html")
        write_report(record)
    if settings.report.gif and record.drawable:
        screen.say("writing run.gif")
        write_gif(record)


@contextmanager
def interruptible(
    err: Console, kept: str = "the run directory is readable"
) -> Iterator[Callable[[], bool]]:
    """Ctrl-C once asks the run to stop in good order; twice stops it at once."""
    asked = False

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        err.print("stopping in good order; Ctrl-C again to stop at once", style="yellow")

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield lambda: asked
    except KeyboardInterrupt:
        raise StoppedError(f"stopped at once; {kept}") from None
    finally:
        signal.signal(signal.SIGINT, before)


def _summary(finished: runs.Finished, screen: Screen) -> None:
    if not screen.chatty:
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in finished.metrics.items():
        if isinstance(value, str | int | float) and value != "":
            text = f"{value:.4g}" if isinstance(value, float) else str(value)
            table.add_row(key, f"[bold]{text}[/]")
    screen.out.print(table)
    screen.out.print(f"run directory: {finished.path}")


def report(paths: list[Path], out: Path | None, screen: Screen) -> None:
    """Writes reports again, and the comparison if there are several."""
    from hiera.report import write_comparison, write_gif, write_report

    records = [Record.open(path) for path in paths]
    written: list[Path] = []
    if len(records) == 1 and out is None:
        written = [write_report(records[0])]
        if records[0].drawable:
            written.append(write_gif(records[0]))
    else:
        target = out if out is not None else Path("comparison.html")
        written = [write_comparison(records, target)]
    if screen.as_json:
        print_json({"written": [str(path) for path in written]})
    for path in written:
        screen.say(f"wrote {path}")


def replay(path: Path, out: Path, screen: Screen) -> int:
    """Runs a record again; exit code 1 if the metrics differ."""
    record = Record.open(path)
    with interruptible(screen.err) as should_stop:
        options = runs.RunOptions(out=out, should_stop=should_stop)
        watch = LiveProgress(screen.out) if screen.out.is_terminal else PlainProgress(screen.out)
        if screen.chatty:
            options.on_progress = watch.update
        with watch:
            finished, same = runs.replay(record, options)
    result: dict[str, Any] = {"run": str(finished.path), "identical": same}
    if screen.as_json:
        print_json(result)
    verdict = "has the same bytes" if same else "[red]differs[/]"
    screen.say(f"metrics.json of the replay {verdict}: {finished.path}")
    return 0 if same else 1
