"""``hiera list``, ``schema`` and ``doctor``: what is there, and how it is set."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hiera import __version__, registry
from hiera.cli.app import print_json
from hiera.config.tagged import OneOf
from hiera.errors import UnknownNameError, nearest

NEEDED = ("numpy", "scipy", "numba", "daqp", "gymnasium", "networkx", "pyarrow", "pillow")
EXTRAS = {"llm": ("ollama", "openai", "xllamacpp"), "ray": ("ray",)}


def list_parts(console: Console, *, as_json: bool) -> None:
    """Prints every registered part with its one-line summary."""
    table: dict[str, dict[str, str]] = {}
    for group in registry.groups():
        table[group] = {
            name: str(registry.lookup(group, name).summary) for name in registry.names(group)
        }
    shipped = Path(str(files("hiera") / "configs"))
    table["configs"] = {
        str(path.relative_to(shipped)): _first_comment(path)
        for path in sorted(shipped.rglob("*.yaml"))
    }
    if as_json:
        print_json(table)
        return
    for group, members in table.items():
        grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
        for name, summary in members.items():
            grid.add_row(f"  [bold]{name}[/]", summary)
        console.print(f"[cyan]{group}[/]")
        console.print(grid)


def _first_comment(path: Path) -> str:
    line = path.read_text(encoding="utf-8").splitlines()[0]
    return line.removeprefix("#").strip() if line.startswith("#") else ""


def schema(console: Console, family: str, *, as_json: bool) -> None:
    """Prints the settings of a family.

    Raises:
        UnknownNameError: If there is no such family.
    """
    if family not in registry.names("families"):
        raise UnknownNameError(
            f"there is no scenario family {family!r}{nearest(family, registry.names('families'))}"
        )
    settings = registry.lookup("families", family).settings
    if as_json:
        print_json(TypeAdapter(settings).json_schema())
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("key", "type", "default", "meaning"):
        table.add_column(title, overflow="fold")
    for key, kind, default, meaning in _rows(settings, ""):
        table.add_row(Text(key), Text(kind), Text(default), Text(meaning))
    console.print(table)


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        choice = next((m for m in field.metadata if isinstance(m, OneOf)), None)
        if choice is not None:
            kinds = " | ".join(choice.kinds())
            yield f"{key}.{choice.tag}", kinds, "", field.description or ""
            for kind in choice.kinds():
                inner = registry.component(choice.group, kind).settings
                for row in _rows(inner, f"{key}({kind})."):
                    if not row[0].endswith(f".{choice.tag}"):
                        yield row
            continue
        candidates = (field.annotation, *get_args(field.annotation))
        inner_model = next(
            (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None
        )
        if inner_model is not None:
            yield from _rows(inner_model, f"{key}.")
            continue
        default = "required" if field.is_required() else str(field.default)
        yield key, _type_name(field.annotation), default, field.description or ""


def _type_name(annotation: Any) -> str:
    return getattr(annotation, "__name__", str(annotation)).replace("typing.", "")


def doctor(console: Console, *, as_json: bool) -> int:
    """Checks the installation; exit code 1 if something needed is missing."""
    checks: list[tuple[str, bool, str]] = [
        ("hiera", True, __version__),
        ("python", True, platform.python_version()),
    ]
    checks += [_package(name) for name in NEEDED]
    checks.append(_kernel())
    optional = [
        (f"{module} (extra '{extra}')", importlib.util.find_spec(module) is not None)
        for extra, modules in EXTRAS.items()
        for module in modules
    ]
    if as_json:
        print_json(
            {
                "ok": all(ok for _, ok, _ in checks),
                "checks": [{"name": n, "ok": ok, "detail": d} for n, ok, d in checks],
                "optional": dict(optional),
            }
        )
    else:
        for name, ok, detail in checks:
            console.print(f"{'[green]ok[/]  ' if ok else '[red]MISSING[/]'} {name} {detail}")
        for name, there in optional:
            console.print(f"{'[green]ok[/]  ' if there else '[dim]--[/]  '} {name}")
        gpu = _gpu()
        console.print(f"[dim]--[/]   GPU: {gpu or 'none seen; none is needed'}")
    return 0 if all(ok for _, ok, _ in checks) else 1


def _package(name: str) -> tuple[str, bool, str]:
    try:
        return name, True, metadata.version(name)
    except metadata.PackageNotFoundError:
        return name, False, f"pip install {name}"


def _kernel() -> tuple[str, bool, str]:
    try:
        from hiera.safety.warmup import warm

        took = warm()
    except (ImportError, OSError, RuntimeError) as error:
        return "compiled kernels", False, str(error)
    return "compiled kernels", True, f"ready in {took:.1f} s"


def _gpu() -> str:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    found = subprocess.run(
        [tool, "--query-gpu=name", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return found.stdout.strip()
