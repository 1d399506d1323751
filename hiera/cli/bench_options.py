"""``hiera bench`` and its options; what it does is imported when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

bench = typer.Typer(
    no_args_is_help=True, help="Measure methods side by side, paired, on the same worlds."
)
_EXAMPLES = (
    "Examples: hiera bench exploration --maps dare_test_public.npz --cap 256  ·  "
    "hiera bench exploration --maps my_floors/ --methods local_tour,bound --csv runs.csv  ·  "
    "hiera bench exploration --maps office.yaml --protocol kinematic  ·  "
    "hiera bench exploration --buildings 4 --methods local_tour,local_tour_waypoints --jobs 2"
)


@bench.callback()
def _root() -> None:
    """Measure methods side by side, paired, on the same worlds."""


@bench.command(epilog=_EXAMPLES)
def exploration(
    maps: Annotated[
        Path | None,
        typer.Option(
            "--maps",
            help="DARE maps (.npz), one map (.png, .npz, .pgm with .yaml, .map), or a folder.",
        ),
    ] = None,
    buildings: Annotated[
        int | None, typer.Option("--buildings", min=1, help="So many generated buildings instead.")
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option("--protocol", help="hop, or kinematic; buildings are driven in, maps hopped."),
    ] = None,
    graph: Annotated[
        str,
        typer.Option(
            "--graph",
            help="What to hop along: the 4 m lattice, adaptive nodes, or auto: the lattice where "
            "it gets through the map.",
        ),
    ] = "auto",
    methods: Annotated[
        str, typer.Option("--methods", help="Names with commas between; `list` prints them.")
    ] = "",
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Only the first maps.")
    ] = None,
    cap: Annotated[
        int, typer.Option("--cap", min=1, help="Most decisions of a hop episode.")
    ] = 256,
    resolution_m: Annotated[
        float, typer.Option("--resolution-m", help="Side of a cell [m] where a file has no scale.")
    ] = 0.4,
    sides_m: Annotated[
        str, typer.Option("--sides-m", help="Shortest and longest side of a building [m].")
    ] = "100,300",
    max_time_s: Annotated[
        float, typer.Option("--max-time-s", help="Simulated seconds after which driving ends.")
    ] = 14400.0,
    bound_s: Annotated[
        float, typer.Option("--bound-s", help="Seconds to spend on the bound of a map.")
    ] = 60.0,
    llamacpp: Annotated[
        bool, typer.Option("--llamacpp", help="Also FARE with llama.cpp and SmolLM2; slow.")
    ] = False,
    ollama: Annotated[
        str, typer.Option("--ollama", metavar="MODEL", help="Also FARE with this Ollama model.")
    ] = "",
    openai: Annotated[
        str, typer.Option("--openai", metavar="MODEL", help="Also FARE with this OpenAI model.")
    ] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Worker processes.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of buildings and methods.")] = 0,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write every finished episode here, as it ends.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of the table.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Distance, time and failures of exploration methods, beside a provable lower bound."""
    from hiera.bench.exploration.asked import Asked
    from hiera.bench.exploration.methods import Models
    from hiera.cli import bench_command

    asked = Asked(
        maps=maps,
        buildings=buildings,
        protocol=protocol,
        methods=tuple(name.strip() for name in methods.split(",") if name.strip()),
        count=count,
        cap=cap,
        resolution_m=resolution_m,
        sides_m=sides_m,
        max_time_s=max_time_s,
        bound_s=bound_s,
        models=Models(llamacpp, ollama, openai),
        jobs=jobs,
        seed=seed,
        csv=csv,
        graph=graph,
    )
    raise typer.Exit(bench_command.exploration(asked, as_json=as_json, quiet=quiet))
