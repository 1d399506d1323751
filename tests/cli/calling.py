"""The command line as a process, its answers, and waiting for a run to get somewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hiera.planners.exploration.prompt import ORDER_FIELD, TEXT_FIELDS
from tests.planners.ollama_server import MODEL

_COLUMNS = 17


def small(*, gif: bool = False) -> tuple[str, ...]:
    """A building that is explored within seconds."""
    return ("run", "fare_building", "world.size_m=[20,15]", f"report.gif={str(gif).lower()}")


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be JSON and nothing else."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    def mistake(self) -> str:
        """The one sentence that a person's mistake comes to, with exit code 2."""
        assert self.code == 2, self
        assert self.err.startswith("error: "), self
        assert self.err.count("\n") == 1, self
        assert "Traceback" not in self.err, self
        return self.err.removeprefix("error: ").strip()


@dataclass(frozen=True)
class Made:
    """A finished run."""

    path: Path
    metrics: dict[str, Any]
    said: Said


def spawn(*words: object, before: str = "", **more: Any) -> subprocess.Popen[str]:
    """Starts the command line as a process of its own.

    Args:
        words: Its arguments.
        before: Python to run in the child first.
        more: For `subprocess.Popen`.
    """
    program = f"import sys\n{before}\nfrom hiera.cli import main\nmain()"
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        env=os.environ | {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        **(pipes | more),
    )


def ended(process: subprocess.Popen[str]) -> Said:
    """Waits for it."""
    out, err = process.communicate(timeout=300)
    return Said(process.returncode, out, err)


def finished(out: Path, *words: object) -> Made:
    """Runs to the end in a process of its own."""
    said = ended(spawn(*words, "--out", out))
    assert said.code == 0, said
    path = only(out)
    return Made(path, json.loads((path / "metrics.json").read_text()), said)


def only(folder: Path) -> Path:
    """The one run directory below a folder."""
    (found,) = (path.parent for path in folder.glob("*/*/manifest.json"))
    return found


def wait_for_rows(process: subprocess.Popen[str], out: Path, rows: int) -> Path:
    """Waits until a run has recorded so many ticks; it must not have ended before.

    Args:
        process: The run.
        out: Folder under which it makes its directory.
        rows: Ticks.
    """
    while process.poll() is None:
        for wal in out.glob("*/*/trajectory.wal"):
            if wal.stat().st_size >= rows * 8 * _COLUMNS:
                return wal.parent
        time.sleep(0.001)
    raise AssertionError(f"the run ended by itself: {ended(process)}")


def backwards(body: dict[str, Any]) -> str:
    """A valid answer that no tour gives: the places in falling order of their numbers."""
    schema = body.get("format") or body["response_format"]["json_schema"]["schema"]
    ids = schema["properties"][ORDER_FIELD]["items"]["enum"]
    texts = dict.fromkeys(TEXT_FIELDS, "the newest place first, since it was found last")
    return json.dumps({**texts, ORDER_FIELD: sorted(ids, reverse=True)})


def asking(address: str, model: str = MODEL) -> tuple[str, ...]:
    """Settings that name the stand-in for an Ollama server."""
    return ("llm.backend=ollama", f"llm.host={address}", f"llm.model={model}")
