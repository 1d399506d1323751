"""What ``hiera train`` does on a terminal."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from hiera import __version__, registry
from hiera.cli.app import print_json
from hiera.cli.run_command import Screen, interruptible
from hiera.config import Resolved, load_config
from hiera.errors import ConfigError, HieraError
from hiera.recording import RunDirectory
from hiera.safety.extras import require
from hiera.training.contract import Progress, Training

_PLAIN_EVERY_S = 5.0


class _Watch:
    """A bar on a terminal, a line every few seconds elsewhere."""

    def __init__(self, console: Console, should_stop: Callable[[], bool], *, chatty: bool) -> None:
        self._console, self._stop, self._chatty = console, should_stop, chatty
        self._stage, self._next = "", 0.0
        self._begun = time.monotonic()
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[more]}", style="dim"),
            console=console,
            disable=not (chatty and console.is_terminal),
        )
        self._task: Any = None

    def __enter__(self) -> _Watch:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def should_stop(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._stop()

    def show(self, progress: Progress) -> None:
        """Shows where the training is."""
        if not self._chatty:
            return
        more = "  ".join(f"{name} {text}" for name, text in progress.fields.items())
        if progress.stage != self._stage:
            self._stage, self._begun, self._next = progress.stage, time.monotonic(), 0.0
            self._first = progress.done
            self._task = self._bar.add_task(
                progress.stage, total=progress.of, completed=progress.done, more=more
            )
        self._bar.update(self._task, completed=progress.done, more=more)
        now = time.monotonic()
        if self._console.is_terminal or (now < self._next and progress.done < progress.of):
            return
        self._next = now + _PLAIN_EVERY_S
        gone, made = now - self._begun, progress.done - self._first
        left = f"{gone / made * (progress.of - progress.done):.0f} s left" if made else ""
        self._console.print(f"{progress.stage} {progress.done}/{progress.of}  {more}  {left}")


def train(
    config: str | None,
    overrides: list[str],
    *,
    out: Path,
    seed: int | None,
    jobs: int,
    dry_run: bool,
    resume: Path | None,
    screen: Screen,
) -> int:
    """Trains or goes on with a training; returns the exit code."""
    if resume is not None:
        if config is not None or overrides or seed is not None or dry_run:
            raise ConfigError("--resume takes its config from the training's folder, nothing else")
        resolved, folder = _left_by(resume)
    else:
        if config is None:
            raise ConfigError(
                "name a config, for example: hiera train configs/train/viewpoint.yaml"
            )
        resolved = load_config(config, overrides, seed=seed, group="trainings")
        if dry_run:
            return _dry_run(resolved, screen)
        _require(resolved)
        settings: Any = resolved.settings
        folder = RunDirectory.create(out, settings.name, resolved.digest)
        folder.write("config.yaml", resolved.yaml())
    _require(resolved)
    return _train(resolved, folder, jobs, screen)


def _require(resolved: Resolved) -> Any:
    """The module that the training needs, if it needs one.

    Raises:
        MissingExtra: If it is not installed.
    """
    training: Training = registry.lookup("trainings", resolved.data["train"])
    return require(*training.needs) if training.needs else None


def _left_by(path: Path) -> tuple[Resolved, RunDirectory]:
    kept = path / "config.yaml"
    if not kept.is_file():
        raise ConfigError(f"{path} is no training: it has no config.yaml")
    return load_config(kept, group="trainings"), RunDirectory(path)


def _dry_run(resolved: Resolved, screen: Screen) -> int:
    if screen.as_json:
        print_json(resolved.data)
    elif not screen.quiet:
        screen.out.print(resolved.yaml(), markup=False, end="")
        screen.out.print(f"# {resolved.source} is fine; nothing was trained", style="dim")
    return 0


def _train(resolved: Resolved, folder: RunDirectory, jobs: int, screen: Screen) -> int:
    training = registry.lookup("trainings", resolved.data["train"])
    settings: Any = resolved.settings
    screen.say(f"[bold]hiera train[/] {resolved.source}  seed {settings.seed}  into {folder.path}")
    _manifest(folder, resolved)
    begun = time.monotonic()
    resume = f"go on with: hiera train --resume {folder.path}"
    with (
        interruptible(screen.err, resume) as should_stop,
        _Watch(screen.out, should_stop, chatty=screen.chatty) as watch,
    ):
        try:
            metrics = training.run(settings, folder, watch, jobs)
        except ValueError as error:
            raise HieraError(str(error)) from error
    metrics["wall_s"] = round(time.monotonic() - begun, 1)
    folder.write_json("metrics.json", metrics)
    if screen.as_json:
        print_json(metrics | {"training": str(folder.path)})
    elif metrics["finished"]:
        screen.say(f"weights: {metrics['weights']} ({metrics['bytes']:,} bytes)")
    else:
        screen.say(f"stopped; {resume}")
    return 0 if metrics["finished"] else 130


def _manifest(folder: RunDirectory, resolved: Resolved) -> None:
    """Appends this sitting: a resumed training has several."""
    path = folder.path / "manifest.json"
    before = json.loads(path.read_text())["sittings"] if path.is_file() else []
    torch = _require(resolved)
    sitting: dict[str, Any] = {
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv[1:],
        "hiera": __version__,
        "python": platform.python_version(),
    }
    if torch is not None:
        sitting["torch"] = torch.__version__
        sitting["device"] = "cuda" if torch.cuda.is_available() else "cpu"
    folder.write_json("manifest.json", {"config": resolved.digest, "sittings": [*before, sitting]})
