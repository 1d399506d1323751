"""``hiera bench life_support``: options, and what it does on a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

EXAMPLES = (
    "Examples: hiera bench life_support --missions 40 --jobs 2 --rows study.jsonl  ·  "
    "hiera bench life_support --methods pid,nmpc_gate --missions 200 --foresight 40  ·  "
    "hiera bench life_support --faults --rows faults.jsonl"
)


def life_support(
    missions: Annotated[
        int, typer.Option("--missions", min=1, help="So many held-out missions.")
    ] = 40,
    first: Annotated[
        int, typer.Option("--first", min=0, help="Number of the first; held out from 1000 on.")
    ] = 1000,
    sets: Annotated[
        int, typer.Option("--sets", min=1, help="Sets (apparatus and sensors) on each mission.")
    ] = 1,
    methods: Annotated[
        str, typer.Option("--methods", help="Names with commas between; `list` prints them.")
    ] = "",
    foresight: Annotated[
        int, typer.Option("--foresight", min=0, help="Bounds on so many of the missions.")
    ] = 0,
    faults: Annotated[
        bool, typer.Option("--faults", help="The named scenarios, and which violations could be.")
    ] = False,
    max_time_s: Annotated[
        float, typer.Option("--max-time-s", help="Simulated seconds after which a run is cut off.")
    ] = 14400.0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Worker processes.")] = 1,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", help="Keep every row here (JSON lines); what is there stays."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the summary here (JSON).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of the table.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Endurance of the breathing set's controllers, paired, beside perfect foresight."""
    from hiera.bench.life_support.asked import Asked

    asked = Asked(
        missions=missions,
        first=first,
        sets=sets,
        methods=tuple(name.strip() for name in methods.split(",") if name.strip()),
        foresight=foresight,
        faults=faults,
        max_time_s=max_time_s,
        jobs=jobs,
        rows=rows,
        out=out,
    )
    raise typer.Exit(measure(asked, as_json=as_json, quiet=quiet))


def measure(asked: Any, *, as_json: bool, quiet: bool) -> int:
    """Measures and prints; returns the exit code.

    Raises:
        HieraError: For whatever the user can mend, in one sentence.
    """
    from hiera.bench.life_support.asked import check, names, tasks
    from hiera.bench.life_support.methods import FORESIGHT, METHODS, chosen
    from hiera.bench.life_support.study import Study
    from hiera.bench.life_support.tasks import Rows, perform_all
    from hiera.cli.app import print_json
    from hiera.cli.bench_command import progress_bar

    if asked.methods == ("list",):
        for name, method in METHODS.items():
            sys.stdout.write(f"{'*' if method.ordinary else ' '} {name:<20}{method.summary}\n")
        sys.stdout.write(f"  {FORESIGHT:<20}bounds on what perfect foresight could reach\n")
        return 0
    check(asked)
    methods = chosen(names(asked))
    wanted = tasks(asked, methods)
    study = Study(asked, list(methods))
    with progress_bar(show=not (quiet or as_json)) as bar:
        job = bar.add_task("", total=len(wanted))
        for row in perform_all(wanted, asked.jobs, Rows(asked.rows)):
            study.take(row)
            bar.update(job, advance=1, description=row.pair[0])
    summary = study.summary()
    if asked.out is not None:
        study.write(asked.out)
    if as_json:
        print_json(summary)
    else:
        study.show()
    return 0
