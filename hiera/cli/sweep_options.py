"""The options of ``hiera sweep``; what it does is imported when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EPILOG = (
    "Examples: hiera sweep sweeps/hop_policies --jobs 2  ·  "
    "hiera sweep hop --grid controller.kind=nearest,local_tour --seeds 0:20  ·  "
    "hiera sweep people --lhs gate.alpha=0.5:8:log --samples 64 --falsify bumps --worst max  ·  "
    "hiera sweep --resume runs/hop_policies/20260101T000000Z-1a2b3c4d"
)
_List = list[str] | None


def sweep(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="SWEEP", help="Sweep file, config, or the folder of a sweep to show again."
        ),
    ] = None,
    overrides: Annotated[
        _List, typer.Argument(help="Settings of all rows as key=value, e.g. hop.cap=256.")
    ] = None,
    grid: Annotated[
        _List, typer.Option("--grid", help="key=value,value: every combination is a row.")
    ] = None,
    lhs: Annotated[
        _List, typer.Option("--lhs", help="key=low:high, with :log and :int: Latin hypercube.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Size of the hypercube; 32.")
    ] = None,
    cases: Annotated[
        _List, typer.Option("--list", help="'key=value key=value': settings that go together.")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option("--seeds", help="0:20 (without 20), 0:20:5, 7, or 1,2,5.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="The same for one.")] = None,
    design_seed: Annotated[
        int | None, typer.Option("--design-seed", min=0, help="Of the hypercube or the search.")
    ] = None,
    baseline: Annotated[
        _List, typer.Option("--baseline", help="key=value: compare the others with this, paired.")
    ] = None,
    metric: Annotated[
        _List, typer.Option("--metric", help="What the report shows first; every number if absent.")
    ] = None,
    falsify: Annotated[
        str | None, typer.Option("--falsify", help="Search for the worst case of this metric.")
    ] = None,
    worst: Annotated[
        str | None, typer.Option("--worst", help="min or max: whether little or much is bad.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option("--budget", min=1, help="Rows of the search; 200.")
    ] = None,
    stop_at: Annotated[
        float | None, typer.Option("--stop-at", help="End the search at a value as bad as this.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Rows at a time; every CPU if absent.")
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", help="local: processes here; ray: a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option("--address", help="Ray cluster to use; a local one if absent.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=0.001, help="Longest time of a row in s.")
    ] = None,
    keep_runs: Annotated[
        bool, typer.Option("--keep-runs", help="Keep a run directory for every row.")
    ] = False,
    export: Annotated[
        list[Path] | None, typer.Option("--export", help="Write all rows to .parquet or .csv.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder under which sweep directories are made.")
    ] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option("--resume", help="Go on in this sweep directory.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: failed rows again.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --resume: all rows again. Replaces exports.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, print the rows, run none.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON on stdout.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Run a config over many settings and seeds, or search them for the worst case."""
    from hiera.cli import sweep_command
    from hiera.cli.app import console, errors
    from hiera.cli.run_command import Screen
    from hiera.sweeps.load import Words

    words = Words(
        overrides=tuple(overrides or ()),
        grid=tuple(grid or ()),
        ranges=tuple(lhs or ()),
        cases=tuple(cases or ()),
        samples=samples,
        design_seed=design_seed,
        seeds=seeds if seed is None else str(seed),
        baseline=tuple(baseline or ()),
        metrics=tuple(metric or ()),
        falsify=falsify,
        worst=worst,
        budget=budget,
        stop_at=stop_at,
        timeout_s=timeout,
    )
    asked = sweep_command.Asked(
        sweep=target,
        words=words,
        out=out,
        resume=resume,
        force=force,
        retry_failed=retry_failed,
        dry_run=dry_run,
        keep_runs=keep_runs,
        jobs=jobs,
        engine=sweep_command.engine_kind(engine),
        address=address,
        exports=tuple(export or ()),
    )
    screen = Screen(console, errors, quiet=quiet, as_json=as_json)
    raise typer.Exit(sweep_command.sweep(asked, screen))
