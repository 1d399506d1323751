"""``hiera export``: a barrier filter as C."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import cast

from rich.console import Console

from hiera.errors import HieraError
from hiera.gate_target import load_gate
from hiera.safety.export import COMPILE, ExportError, Facts, export_c, facts
from hiera.safety.filters.cbf import CbfFilter


def export(
    target: str, out: Path, name: str, console: Console, *, as_json: bool, quiet: bool
) -> None:
    """Writes the files and says what they are.

    Args:
        target: ``file.py:name`` or ``package.module:name``.
        out: Folder that the files are written to.
        name: Of the files.
        console: Where to tell it.
        as_json: Tell it as JSON on standard output.
        quiet: Tell nothing.

    Raises:
        HieraError: If the target is wrong, cannot be exported, or the folder takes no files.
    """
    # What is no CbfFilter, `export_c` refuses.
    gate = cast(CbfFilter, load_gate(target))
    try:
        files = export_c(gate, out, name)
    except ExportError as error:
        raise HieraError(f"{target}: {error}") from error
    except (FileExistsError, NotADirectoryError, PermissionError, IsADirectoryError) as error:
        raise HieraError(f"no files can be written to {out}: {error.strerror}") from error
    sizes, command = facts(gate), f"{COMPILE} -c {files[1]}"
    if as_json:
        listed = [{"path": str(f), "bytes": f.stat().st_size} for f in files]
        told = {"files": listed, **asdict(sizes), "compile": command}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    elif not quiet:
        for line in _lines(files, sizes, command):
            console.print(line, markup=False)


def _lines(files: tuple[Path, ...], sizes: Facts, command: str) -> list[str]:
    width = max(len(str(f)) for f in files)
    parameters = f", {sizes.parameters} parameters" if sizes.parameters else ""
    return [
        *(f"{f!s:<{width}}  {f.stat().st_size / 1024:6.1f} KiB" for f in files),
        f"{sizes.rows} rows, {sizes.states} states, {sizes.inputs} inputs{parameters}",
        f"about {sizes.flops} operations where the nominal input passes, "
        f"at most about {sizes.stack_bytes / 1024:.1f} KiB of stack, no heap",
        command,
    ]
