"""What ``hiera sweep`` does on a terminal."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hiera.cli.app import print_json
from hiera.cli.run_command import Screen, interruptible
from hiera.cli.sweep_progress import SweepProgress
from hiera.cli.sweep_summary import show_dry_run, show_summary, summary
from hiera.config import yaml_core
from hiera.config.load import resolve
from hiera.errors import ConfigError, nearest
from hiera.run import build
from hiera.safety.extras import require
from hiera.sweeps.code_version import code_version
from hiera.sweeps.directory import RUNS, SweepDirectory, is_sweep
from hiera.sweeps.expansion import Expansion
from hiera.sweeps.export import check_export, export
from hiera.sweeps.falsify import Hunt, falsify
from hiera.sweeps.load import Words, load_sweep
from hiera.sweeps.page import write_sweep_report
from hiera.sweeps.plan import Plan
from hiera.sweeps.row_functions import FamilyRow
from hiera.sweeps.statistics import find_baseline, grouped, missing_metrics
from hiera.sweeps.store import Row
from hiera.sweeps.sweep import EngineKind, compute, engine_for


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line.

    Attributes:
        sweep: Sweep file, config, or the folder of a sweep that is there.
        words: What it adds to the rows.
        out: Folder under which the sweep's folder is made.
        resume: Folder to go on in.
        force: Compute known rows again; replace exported files.
        retry_failed: Compute failed rows again.
        dry_run: Say what would be done.
        keep_runs: Keep a run directory a row.
        jobs: Rows at a time; None for every CPU.
        engine: Where rows are computed.
        address: Of a Ray cluster.
        exports: Tables to write.
    """

    sweep: str | None
    words: Words
    out: Path
    resume: Path | None
    force: bool
    retry_failed: bool
    dry_run: bool
    keep_runs: bool
    jobs: int | None
    engine: EngineKind
    address: str | None
    exports: tuple[Path, ...]


def engine_kind(name: str) -> EngineKind:
    """The engine of that name.

    Raises:
        ConfigError: If there is none.
    """
    if name not in list(EngineKind):
        raise ConfigError(f"--engine: there is no engine {name!r}{nearest(name, EngineKind)}")
    return EngineKind(name)


def sweep(asked: Asked, screen: Screen) -> int:
    """Computes, resumes or shows a sweep; returns the exit code."""
    for path in asked.exports:
        check_export(path, force=asked.force)
    if asked.engine is EngineKind.RAY:
        require("ray", "ray")
    elif asked.address is not None:
        raise ConfigError("--address is where a Ray cluster is; it goes with --engine ray")
    if asked.resume is None and asked.sweep is not None and is_sweep(Path(asked.sweep)):
        return _show(SweepDirectory.open(Path(asked.sweep)), asked, screen)
    if asked.resume is None and (asked.retry_failed or (asked.force and not asked.exports)):
        raise ConfigError("--force and --retry-failed go with --resume and its sweep directory")
    if asked.resume is not None:
        return _resumed(asked.resume, asked, screen)
    if asked.sweep is None:
        raise ConfigError("name a sweep, for example: hiera sweep sweeps/hop_policies --jobs 2")
    expansion = load_sweep(asked.sweep, asked.words)
    plan = _plan(expansion)
    _try_first(expansion, plan, asked.sweep)
    if asked.dry_run:
        show_dry_run(expansion, plan, asked.sweep, screen)
        return 0
    name = expansion.settings.name
    folder = SweepDirectory.create(asked.out, name, plan, written=expansion.written())
    _note(folder, expansion, asked)
    return _computed(folder, expansion, asked, screen)


def _plan(expansion: Expansion) -> Plan:
    """All rows; for a search the first combinations only, which shows that they are valid."""
    if expansion.settings.falsify is not None:
        return Plan([], expansion.seeds, expansion.factors, tuple(expansion.ranges))
    plan = expansion.plan()
    rows = [Row.unfinished(point.settings) for point in plan.points]
    find_baseline(grouped(rows, plan.factors), expansion.settings.baseline)
    return plan


def _try_first(expansion: Expansion, plan: Plan, source: str) -> None:
    """Builds the first row, so that what is wrong with all of them is said before any runs.

    It also compiles the kernels once, before several workers would do so at the same time.
    """
    first = plan.points[0] if plan.points else expansion.first()
    build(resolve(first.resolved(plan.seeds[0]), source=source)).env.close()


def _note(folder: SweepDirectory, expansion: Expansion, asked: Asked) -> None:
    """Keeps what a resumed sweep and the report need."""
    settings = expansion.settings
    folder.store.put("baseline", settings.baseline)
    searched = (settings.falsify.metric,) if settings.falsify else ()
    folder.store.put("metrics", settings.metrics or searched)
    folder.store.put("timeout_s", settings.timeout_s)
    folder.store.put("falsify", settings.falsify.model_dump() if settings.falsify else None)
    folder.store.put("keep_runs", asked.keep_runs)


def _resumed(path: Path, asked: Asked, screen: Screen) -> int:
    folder = SweepDirectory.open(path)
    if asked.dry_run or (asked.sweep is None and not asked.words.silent):
        raise ConfigError(
            "--resume takes its rows from the sweep directory; name a sweep as well to change them"
        )
    expansion: Expansion | None = None
    with folder.held():
        if asked.sweep is not None:
            expansion = load_sweep(asked.sweep, asked.words)
            folder.store.lay_out(_plan(expansion))
            folder.write("sweep.yaml", yaml_core.dump(expansion.written()))
            _note(folder, expansion, asked)
        elif folder.store.get("falsify") is not None:
            expansion = load_sweep(str(path / "sweep.yaml"), Words())
        if asked.force or asked.retry_failed:
            folder.store.forget(failed_only=not asked.force)
    others = [code for code in folder.store.codes() if code != code_version()]
    if others:
        screen.err.print(
            f"warning: rows were computed by hiera {', '.join(others)}, not by this one "
            f"({code_version()}); --force computes them again",
            style="yellow",
        )
    return _computed(folder, expansion, asked, screen)


def _computed(
    folder: SweepDirectory, expansion: Expansion | None, asked: Asked, screen: Screen
) -> int:
    store = folder.store
    keep = folder.path / RUNS if store.get("keep_runs", False) or asked.keep_runs else None
    jobs = asked.jobs or (len(os.sched_getaffinity(0)) if asked.engine is EngineKind.LOCAL else 0)
    timeout_s = asked.words.timeout_s or store.get("timeout_s")
    screen.say(f"[bold]hiera sweep[/] {store.get('name')}  {folder.path}")
    watch = SweepProgress(screen.out)
    kept = f"finished rows are kept: hiera sweep --resume {folder.path}"
    hunt: Hunt | None = None
    with folder.held(), interruptible(screen.err, kept) as should_stop:
        engine = engine_for(
            asked.engine, FamilyRow(keep), jobs=jobs, timeout_s=timeout_s, address=asked.address
        )
        show = watch.update if screen.chatty else lambda progress: None
        with watch, engine:
            if expansion is not None and expansion.settings.falsify is not None:
                hunt = falsify(expansion, folder, engine, on_progress=show, should_stop=should_stop)
            else:
                compute(store, engine, on_progress=show, should_stop=should_stop)
        stopped = should_stop()
    return _finished(folder, asked, screen, hunt=hunt, stopped=stopped)


def _show(folder: SweepDirectory, asked: Asked, screen: Screen) -> int:
    """A sweep that is there: report and tables again, nothing computed."""
    if asked.dry_run or not replace(asked.words, metrics=(), baseline=()).silent:
        raise ConfigError(
            f"{folder.path} is a sweep directory, which is shown as it is; "
            "--resume computes what it lacks"
        )
    groups = grouped(folder.store.rows(), folder.store.get("factors", []))
    for problem in missing_metrics(groups, asked.words.metrics):
        raise ConfigError(f"--metric: {problem}")
    baseline = asked.words.baseline_settings()
    find_baseline(groups, baseline)
    if asked.words.metrics:
        folder.store.put("metrics", asked.words.metrics)
    if baseline:
        folder.store.put("baseline", baseline)
    return _finished(folder, asked, screen, hunt=None, stopped=False)


def _finished(
    folder: SweepDirectory, asked: Asked, screen: Screen, *, hunt: Hunt | None, stopped: bool
) -> int:
    written = [write_sweep_report(folder)]
    for path in asked.exports:
        export(folder.store.rows(), path)
        written.append(path)
    found: dict[str, Any] = summary(folder, hunt)
    folder.store.close()
    for problem in found["missing"]:
        screen.err.print(f"warning: {problem}", style="yellow", markup=False)
    if screen.as_json:
        print_json(found | {"written": [str(path) for path in written], "stopped": stopped})
    elif screen.chatty:
        show_summary(found, screen)
        for path in written:
            screen.say(f"wrote {path}")
        if stopped:
            screen.say(f"go on with it: hiera sweep --resume {folder.path}")
    if stopped:
        return 130
    violated = hunt is not None and hunt.violation
    return 1 if found["failed"] or violated else 0
