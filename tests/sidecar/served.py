"""Servers for tests: in a thread, and as the command line in a process."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hiera.safety import SafetyFilter
from hiera.safety.sidecar import Duties, SidecarServer

ROOT = Path(__file__).parents[2]
GATES = Path(__file__).with_name("gates.py")
REST = np.array([0.0, -0.25, 0.0])
PATIENT_S = 20.0


@contextlib.contextmanager
def serving(
    gate: SafetyFilter, *, tcp: bool = False, states: int = 3, rest: Any = REST, **duties: Any
) -> Iterator[SidecarServer]:
    """A server in a thread; its watchdog waits long unless told otherwise."""
    more = {"spin": duties.pop("spin", False)}
    promised = Duties(states, rest, **({"budget_s": PATIENT_S} | duties))
    with tempfile.TemporaryDirectory() as folder:
        address = "tcp:0" if tcp else f"unix:{folder}/gate.sock"
        with SidecarServer(gate, address, promised, **more) as server:
            thread = threading.Thread(target=server.run)
            thread.start()
            try:
                yield server
            finally:
                server.stop()
                thread.join(10.0)
                assert not thread.is_alive()


def command(*words: object, cwd: Path | None = None) -> subprocess.Popen[str]:
    """``hiera serve`` as a process."""
    program = "from hiera.cli import main\nmain()"
    return subprocess.Popen(
        [sys.executable, "-c", program, "serve", *map(str, words)],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next event it prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    event: dict[str, Any] = json.loads(line)
    return event
