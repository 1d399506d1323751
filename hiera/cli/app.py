"""Commands and their options; what they do is imported when they are called."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from hiera import __version__
from hiera.cli import bench_options, life_support_bench, sweep_options
from hiera.errors import HieraError, StoppedError

app = typer.Typer(
    name="hiera",
    help="Agents that think slowly, act fast and never act unsafely.",
    epilog="Example: hiera run configs/fare_building.yaml people.count=10 --seed 3",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
errors = Console(stderr=True, highlight=False, soft_wrap=True)
console = Console(highlight=False, soft_wrap=True)

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)

Config = Annotated[str, typer.Argument(help="YAML file, or the name of a shipped config.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(help="Settings as key=value, e.g. llm.backend=ollama.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder under which run directories are made.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Replaces the config's seed.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


def main() -> NoReturn:
    """Runs the command line; a person's mistake is one sentence and exit code 2."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    try:
        code = app(standalone_mode=False)
    except StoppedError as error:
        errors.print(str(error), style="yellow")
        _leave(130)
    except (KeyboardInterrupt, typer.Abort):
        _leave(130)
    except HieraError as error:
        errors.print(f"[bold red]error:[/] {_plain(str(error))}")
        _leave(2)
    except ImportError as error:
        if type(error).__name__ != "MissingExtra":
            raise
        errors.print(f"[bold red]error:[/] {_plain(str(error))}")
        _leave(2)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        # Whoever wrote, such as a compiler its cache: there is no room, and that is no bug.
        errors.print(f"[bold red]error:[/] the disk takes no more: {_plain(str(error))}")
        _leave(2)
    except typer.Exit as leave:
        code = leave.exit_code
    except Exception as error:
        if not _is_usage(error):
            raise
        error.show()  # type: ignore[attr-defined]
        _leave(2)
    _leave(code if isinstance(code, int) else 0)


def _is_usage(error: Exception) -> bool:
    return any(base.__name__ == "ClickException" for base in type(error).__mro__)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


def _leave(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        console.print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        console.print(context.get_help())
        raise typer.Exit


@app.command(
    epilog="Examples: hiera run configs/fare_building.yaml  ·  "
    "hiera run fare_building llm.backend=ollama llm.model=qwen3:8b  ·  "
    "hiera run --resume runs/fare_building/20260101T000000Z-1a2b3c4d"
)
def run(
    config: Annotated[
        str | None, typer.Argument(help="YAML file, or the name of a shipped config.")
    ] = None,
    overrides: Overrides = None,
    out: Out = Path("runs"),
    seed: Seed = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and build everything, print, do not run.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option("--resume", help="Go on with this killed run directory.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run a scenario and leave a run directory with report and GIF."""
    from hiera.cli import run_command

    code = run_command.run(
        config,
        overrides or [],
        out=out,
        seed=seed,
        dry_run=dry_run,
        resume=resume,
        screen=run_command.Screen(console, errors, quiet=quiet, as_json=as_json),
    )
    raise typer.Exit(code)


@app.command(epilog="Example: hiera report runs/a/2026… runs/b/2026… --out compare.html")
def report(
    runs: Annotated[list[Path], typer.Argument(help="Run directories, finished or killed.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Page for a comparison of several runs.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the report of a run again, or one page that compares several."""
    from hiera.cli import run_command

    screen = run_command.Screen(console, errors, quiet=quiet, as_json=as_json)
    run_command.report(runs, out, screen)


@app.command(epilog="Example: hiera replay runs/fare_building/20260101T000000Z-1a2b3c4d")
def replay(
    record: Annotated[Path, typer.Argument(help="Run directory of a finished run.")],
    out: Out = Path("runs"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run a record again without its language model and compare metrics byte for byte."""
    from hiera.cli import run_command

    screen = run_command.Screen(console, errors, quiet=quiet, as_json=as_json)
    raise typer.Exit(run_command.replay(record, out, screen))


@app.command(
    epilog="Examples: hiera train configs/train/viewpoint.yaml --jobs 2  ·  "
    "hiera train train/viewpoint fit.device=cuda rounds=[{episodes: 100}] --seed 3  ·  "
    "hiera train --resume trained/viewpoint/20260101T000000Z-1a2b3c4d"
)
def train(
    config: Annotated[
        str | None, typer.Argument(help="YAML file, or the name of a shipped config.")
    ] = None,
    overrides: Overrides = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder under which trainings are kept.")
    ] = Path("trained"),
    seed: Seed = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes that gather episodes.")] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the config, print it, do not train.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option("--resume", help="Go on with this stopped or killed training.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train a learned controller and leave its weights, curve and record in a folder."""
    from hiera.cli import run_command, train_command

    code = train_command.train(
        config,
        overrides or [],
        out=out,
        seed=seed,
        jobs=jobs,
        dry_run=dry_run,
        resume=resume,
        screen=run_command.Screen(console, errors, quiet=quiet, as_json=as_json),
    )
    raise typer.Exit(code)


@app.command(
    epilog="Examples: hiera serve gate.py:gate  ·  hiera serve gate.py:gate --tcp 7000 --spin  ·  "
    "hiera serve my_robot.safety:make_gate --states 5 --rest 0,0 --socket /run/robot/gate.sock"
)
def serve(
    target: Annotated[
        str,
        typer.Argument(help="file.py:name or package.module:name of a filter, or what makes one."),
    ],
    socket: Annotated[
        str, typer.Option("--socket", help="Path of the Unix socket to listen at.")
    ] = "hiera.sock",
    tcp: Annotated[
        str | None, typer.Option("--tcp", help="Listen at PORT or HOST:PORT of TCP instead.")
    ] = None,
    budget_ms: Annotated[
        float, typer.Option("--budget-ms", help="Silence in ms after which the backup acts.")
    ] = 20.0,
    rest: Annotated[
        str | None,
        typer.Option("--rest", help="Action that is safest when nothing is known, e.g. 0,0."),
    ] = None,
    states: Annotated[
        int | None, typer.Option("--states", help="Numbers in a state, if the filter does not say.")
    ] = None,
    spin: Annotated[
        bool, typer.Option("--spin", help="Never sleep: lower latency for a whole core.")
    ] = False,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Allow addresses others can reach; no secrecy.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Serve a safety filter to a controller in another process, in any language."""
    from hiera.cli import serve_command

    asked = serve_command.Asked(
        target, socket, tcp, budget_ms, rest, states, spin=spin, allow_remote=allow_remote
    )
    raise typer.Exit(serve_command.serve(asked, console, as_json=as_json, quiet=quiet))


@app.command(
    epilog="Examples: hiera verify gates/braking_wall  ·  "
    "hiera verify my_robot.py:gate --low=-3,-3 --high=3,3 --episodes 512  ·  "
    "hiera verify my_robot.py:gate --replay verify/worst.npz"
)
def verify(
    target: Annotated[
        str,
        typer.Argument(help="file.yaml or shipped gate, file.py:name, or package.module:name."),
    ],
    low: Annotated[
        str | None, typer.Option("--low", help="Lower corner of the starts, as -3,-3.")
    ] = None,
    high: Annotated[
        str | None, typer.Option("--high", help="Upper corner of the starts, as 3,3.")
    ] = None,
    episodes: Annotated[
        int | None, typer.Option("--episodes", min=8, help="Episodes side by side.")
    ] = None,
    ticks: Annotated[int | None, typer.Option("--ticks", min=1, help="Length of each.")] = None,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, help="Rounds of the cross-entropy search.")
    ] = None,
    boxes: Annotated[
        int, typer.Option("--boxes", min=0, help="Budget of the proof; 0 leaves it out.")
    ] = 4000,
    record: Annotated[
        Path | None, typer.Option("--replay", help="Run the worst episode of a record again.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the results.")] = Path("verify"),
    seed: Seed = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Hunt for violations of a safety filter; exit code 1 if something was found."""
    from hiera.cli import verify_command

    if record is not None:
        raise typer.Exit(verify_command.replay(target, record, console, as_json=as_json))
    settings = {"episodes": episodes, "ticks": ticks, "rounds": rounds, "seed": seed}
    asked = verify_command.Asked(target, low, high, settings, boxes, out)
    raise typer.Exit(verify_command.verify(asked, console, as_json=as_json, quiet=quiet))


@app.command(
    epilog="Examples: hiera export gate.yaml --out c  ·  "
    "hiera export my_robot.safety:make_gate --out firmware/src --name keep_out --json"
)
def export(
    target: Annotated[
        str,
        typer.Argument(help="gate.yaml, or file.py:name or package.module:name of a CbfFilter."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder that the files are written to.")],
    name: Annotated[
        str, typer.Option("--name", help="Of the files, and beginning of what they make public.")
    ] = "gate",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a barrier filter as C99 that needs neither Python nor memory from the heap."""
    from hiera.cli import export_command

    export_command.export(target, out, name, console, as_json=as_json, quiet=quiet)


app.command(epilog=sweep_options.EPILOG)(sweep_options.sweep)
bench_options.bench.command("life_support", epilog=life_support_bench.EXAMPLES)(
    life_support_bench.life_support
)
app.add_typer(bench_options.bench, name="bench")


@app.command("list")
def list_parts(as_json: AsJson = False) -> None:
    """List families, worlds, planners, controllers, filters, backends and shipped configs."""
    from hiera.cli import inspect

    inspect.list_parts(console, as_json=as_json)


@app.command(epilog="Examples: hiera schema  ·  hiera schema exploration --json")
def schema(
    family: Annotated[str, typer.Argument(help="Scenario family.")] = "exploration",
    as_json: AsJson = False,
) -> None:
    """Print every setting of a family: type, default, meaning (or the JSON schema)."""
    from hiera.cli import inspect

    inspect.schema(console, family, as_json=as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is installed, what each extra would add, and whether the kernels compile."""
    from hiera.cli import inspect

    raise typer.Exit(inspect.doctor(console, as_json=as_json))


def print_json(data: Any) -> None:
    """Machine-readable output, alone on stdout."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")
