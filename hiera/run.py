"""From a resolved config to a finished run directory; also replay and resume."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from hiera import __version__, registry
from hiera.clock import Clock
from hiera.config import Resolved
from hiera.config.load import resolve
from hiera.config.run_settings import RunSettings
from hiera.errors import RecordError
from hiera.loop import INTERRUPTED, Loop, Tally
from hiera.planning import Delivery, LatencyKind, PlanRunner
from hiera.record import Record
from hiera.recording import RunDirectory, Unkept, to_json
from hiera.scenario import Outcome, Progress, Scenario
from hiera.seeds import Seeds

ProgressSink = Callable[[Progress, Tally, float], None]


@dataclass(slots=True)
class Wiring:
    """What a family needs from the run besides its settings.

    Attributes:
        record_exchange: Sink for every exchange with a language model.
        recorded_exchanges: Exchanges of an earlier run, to be answered from before any model is
            asked.
        replay_only: Whether a model must not be asked at all.
    """

    record_exchange: Callable[[dict[str, Any]], None] = lambda exchange: None
    recorded_exchanges: Sequence[dict[str, Any]] = ()
    replay_only: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """What to repeat of an earlier run.

    Attributes:
        record: The earlier run.
        to_the_end: False to go on live where the record ends (resume).
    """

    record: Record
    to_the_end: bool

    @property
    def deliveries(self) -> list[Delivery]:
        """Plans of the earlier run and the ticks at which they arrived."""
        return [
            Delivery(e["index"], e["requested_tick"], e["tick"], e["latency_s"])
            for e in self.record.events("plan")
        ]

    def stops_at(self, tick: int) -> bool:
        """Whether the earlier run was stopped by its user at this tick, and so must this one."""
        metrics = self.record.metrics
        if not self.to_the_end or metrics is None or metrics["outcome"] != INTERRUPTED:
            return False
        return tick >= int(metrics["actions"])


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run."""

    path: Path
    metrics: dict[str, Any]
    outcome: Outcome


@dataclass(slots=True)
class RunOptions:
    """How to run, as opposed to what."""

    out: Path = Path("runs")
    command: Sequence[str] = field(default_factory=lambda: list(sys.argv))
    on_progress: ProgressSink | None = None
    on_start: Callable[[Path], None] = lambda path: None
    should_stop: Callable[[], bool] = lambda: False
    repeat: Repeat | None = None
    directory: Path | None = None
    keep: bool = True
    """False: nothing is written, and only the metrics come back."""


def build(resolved: Resolved, wiring: Wiring | None = None) -> Scenario[Any, Any, Any]:
    """Builds a scenario without running it (what ``--dry-run`` does)."""
    settings = _run_settings(resolved)
    family = registry.lookup("families", settings.family)
    scenario: Scenario[Any, Any, Any] = family.build(
        settings, Seeds(settings.seed), wiring or Wiring()
    )
    return scenario


def execute(resolved: Resolved, options: RunOptions) -> Finished:
    """Runs a config from start to metrics; the report is made by `hiera.report`.

    Raises:
        HieraError: For whatever the user can mend, in one sentence.
    """
    started = time.perf_counter()
    settings = _run_settings(resolved)
    repeat = options.repeat
    wiring = Wiring()
    if repeat is not None:
        wiring.recorded_exchanges = repeat.record.exchanges()
        wiring.replay_only = repeat.to_the_end
    scenario = build(resolved, wiring)
    run = _directory(resolved, options)
    wiring.record_exchange = lambda exchange: run.append_line("llm.jsonl", exchange)
    options.on_start(run.path)
    clock = Clock(settings.clock.tick_s)
    loop = Loop(
        scenario,
        clock,
        _plan_runner(scenario, clock, settings, repeat),
        run,
        act_period_s=settings.clock.act_period_s,
        on_progress=options.on_progress,
        should_stop=lambda: (
            options.should_stop() or (repeat is not None and repeat.stops_at(clock.tick))
        ),
    )
    run.write("config.yaml", resolved.yaml())
    run.write_json("manifest.json", _manifest(resolved, settings, options, loop.columns))
    try:
        scenario.reset()
        outcome = loop.run()
        loop.save_snapshot()
    finally:
        scenario.env.close()
        run.close(loop.columns)
    metrics = _metrics(scenario, loop, outcome)
    wall_s = round(time.perf_counter() - started, 3)
    if repeat is not None and repeat.to_the_end and repeat.record.metrics is not None:
        wall_s = repeat.record.metrics["wall_time_s"]
    run.append_line(
        "events.jsonl",
        {"kind": "end", "tick": clock.tick, "time_s": clock.now_s, "outcome": outcome.name},
    )
    complete = metrics | {"digest": digest(metrics), "wall_time_s": wall_s}
    run.write_json("metrics.json", complete)
    return Finished(run.path, complete, outcome)


def digest(metrics: dict[str, Any]) -> str:
    """Fingerprint of everything in the metrics but the wall time."""
    kept = {k: v for k, v in to_json(metrics).items() if k not in ("digest", "wall_time_s")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def _run_settings(resolved: Resolved) -> RunSettings:
    if not isinstance(resolved.settings, RunSettings):
        raise TypeError(f"a family's settings must derive from RunSettings: {resolved.settings!r}")
    return resolved.settings


def _directory(resolved: Resolved, options: RunOptions) -> RunDirectory:
    if not options.keep:
        return Unkept()
    if options.directory is not None:
        return RunDirectory(options.directory)
    return RunDirectory.create(options.out, _run_settings(resolved).name, resolved.digest)


def _plan_runner(
    scenario: Scenario[Any, Any, Any], clock: Clock, settings: RunSettings, repeat: Repeat | None
) -> PlanRunner[Any, Any]:
    latency = settings.clock.latency
    return PlanRunner(
        scenario.planner,
        clock,
        latency=latency.kind if latency else LatencyKind.FIXED,
        latency_s=latency.seconds if latency else 0.5,
        deadline_s=settings.clock.plan_deadline_s,
        recorded=repeat.deliveries if repeat else (),
        live=repeat is None or not repeat.to_the_end,
    )


def _metrics(scenario: Scenario[Any, Any, Any], loop: Loop, outcome: Outcome) -> dict[str, Any]:
    own = {
        "outcome": outcome.name,
        "success": outcome.success,
        "detail": outcome.detail,
        "sim_time_s": loop.clock.now_s,
    }
    return to_json(own | scenario.metrics() | loop.tally.metrics())  # type: ignore[no-any-return]


def _manifest(
    resolved: Resolved, settings: RunSettings, options: RunOptions, columns: Sequence[str]
) -> dict[str, Any]:
    packages = ("numpy", "scipy", "numba", "daqp", "gymnasium", "networkx", "pydantic")
    versions = {name: metadata.version(name) for name in packages}
    repeat = options.repeat
    return {
        "hiera": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions,
        "command": list(options.command),
        "config_source": resolved.source,
        "config_digest": resolved.digest,
        "family": settings.family,
        "name": settings.name,
        "seed": settings.seed,
        "seed_streams": Seeds(settings.seed).manifest(),
        "columns": list(columns),
        "tick_s": settings.clock.tick_s,
        "repeats": str(repeat.record.path) if repeat else None,
    }


def from_record(record: Record) -> Resolved:
    """The config of an earlier run, validated by today's settings.

    Raises:
        ConfigError: If today's settings no longer admit it.
    """
    return resolve(record.config, source=str(record.path / "config.yaml"))


def replay(record: Record, options: RunOptions) -> tuple[Finished, bool]:
    """Runs a record again without its language model.

    Returns:
        The new run, and whether its ``metrics.json`` has the same bytes as the record's.
    """
    if record.metrics is None:
        raise RecordError(
            f"{record.path} did not finish; `hiera run --resume {record.path}` goes on with it"
        )
    options.repeat = Repeat(record, to_the_end=True)
    finished = execute(from_record(record), options)
    before = (record.path / "metrics.json").read_bytes()
    return finished, before == (finished.path / "metrics.json").read_bytes()


def resume(path: Path, options: RunOptions) -> Finished:
    """Goes on with a run that was killed.

    The recorded part is simulated again with the recorded plans and replies, which costs no
    model call and gives the same state; from there on the run is live. The record that was
    there is kept beside it as ``interrupted-N``.

    Raises:
        RecordError: If the run had finished, or is none.
    """
    record = Record.open(path)
    if record.metrics is not None and record.metrics.get("outcome") != INTERRUPTED:
        raise RecordError(f"{path} has finished; there is nothing to resume")
    resolved = from_record(record)
    _set_aside(path)
    # A resumed run that was killed early must not lose what the run before it had recorded.
    kept = [Record.open(p) for p in sorted(path.glob("interrupted-*"))]
    longest = max(kept, key=lambda r: (len(r.events("plan")), len(r.exchanges())))
    options.repeat = Repeat(longest, to_the_end=False)
    options.directory = path
    return execute(resolved, options)


def _set_aside(path: Path) -> None:
    """Moves a run's files to ``interrupted-N`` beside them; a kill half-way loses nothing.

    Config and manifest stay too, so that the directory remains a run.
    """
    kept = path / f"interrupted-{len(list(path.glob('interrupted-*'))) + 1}"
    partial = path / ".interrupted.partial"
    files = [file for file in path.iterdir() if file.is_file()]
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for file in files:
            shutil.copy2(file, partial / file.name)
        partial.rename(kept)
        for file in files:
            if file.name not in ("config.yaml", "manifest.json"):
                file.unlink()
    except OSError as error:
        raise RecordError(f"{path} cannot be rearranged: {error.strerror or error}") from error
