"""Times a call of each filter that is built on the page `which_filter.md`.

    python docs/safety/call_times.py [--calls 300]

The calls follow a closed loop under the wanted input, until the filter acts and beyond; wall times
of one process, the filter's own `solve_time_s`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from hiera.safety import Context
from hiera.safety.dynamics import ControlAffine

BLOCK = re.compile(r'^```python(?: title="needs casadi")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
PAGE = Path(__file__).with_name("which_filter.md")
STARTS: dict[str, tuple[list[float], list[float]]] = {
    "by_speed": ([0.0, 0.0], [1.0, 0.0]),
    "by_braking": ([0.0, 0.0], [2.0]),
    "by_proof": ([0.0, 0.0], [0.3]),
    "by_policy": ([0.0, 0.0], [2.0]),
    "by_tick": ([0.0, 0.0], [2.0]),
    "by_plan": ([0.0, 0.0], [2.0]),
    "around": ([0.0, 0.0, 0.0, 0.0, 0.0], [2.0, 0.0]),
    "by_map": ([3.0, 3.0], [1.0, 0.0]),
    "both": ([0.0, 0.0], [2.0]),
}
"""State and wanted input to begin with, by the filter's name on the page."""


def times(gate: Any, x: np.ndarray, wanted: np.ndarray, calls: int) -> np.ndarray:
    """Times of calls in a closed loop [s], the first ones left out."""
    first = getattr(gate, "filters", (gate,))[0]
    system, tick_s, found = first.system, first.tick_s, []
    gate.reset()
    for k in range(calls + 10):
        safe = gate.filter(x, wanted, Context(time_s=k * tick_s))
        found.append(safe.solve_time_s)
        continuous = isinstance(system, ControlAffine)
        x = system.step(x, safe.u, tick_s) if continuous else system.step(x, safe.u)
    return np.array(found[10:])


def main() -> None:
    """Prints a line for each filter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=300)
    calls = parser.parse_args().calls
    names: dict[str, Any] = {"__name__": "page"}
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(block, str(PAGE), "exec"), names)
    sys.stdout.write(f"{'':12}{'':28}{'median':>10}{'99 %':>10}   [ms]\n")
    for name, (x, wanted) in STARTS.items():
        took = 1e3 * times(names[name], np.array(x), np.array(wanted), calls)
        kind, most = type(names[name]).__name__, np.quantile(took, 0.99)
        sys.stdout.write(f"{name:12}{kind:28}{np.median(took):10.3f}{most:10.3f}\n")


if __name__ == "__main__":
    main()
