"""Round trip to a filter in another process, beside the same call in this one.

    python benchmarks/sidecar.py
    python benchmarks/sidecar.py --requests 20000

Every row is a process of `hiera serve` and a client that asks for one action after the other, as
fast as it can. ``echo`` returns what it is asked for and so shows the transport alone; ``scan`` is
the same with 720 points in every request; ``cbf`` filters three inputs by four barriers and six
limits; ``lidar_cbf`` filters among eight points. All times are
wall times and need an idle core for each side; a spinning server needs its core for itself, or its
tail is worse than that of a sleeping one. The C client needs a C compiler (cc).
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hiera.safety import Context, SafeAction, SafetyFilter, Status
from hiera.safety.barriers import keep_out_ball
from hiera.safety.dynamics import ControlAffine, DiffDrive
from hiera.safety.filters import CbfFilter, LidarCbf
from hiera.safety.sidecar import SidecarClient, c_client_folder

HERE = Path(__file__).resolve()
RING = np.array([[2.0 * np.cos(a), 2.0 * np.sin(a)] for a in np.linspace(0.0, 6.0, 8)])
NOTHING = np.zeros((0, 2))


class Echo:
    """Three actions, which it returns."""

    state_size = 5
    resting_action = np.zeros(3)

    def reset(self) -> None:
        """Nothing is kept."""

    def filter(self, x: np.ndarray, u_nominal: np.ndarray, context: Context) -> SafeAction:
        """Returns what it is asked for."""
        return SafeAction(u_nominal, Status.PASS_THROUGH, False)


class Balls(CbfFilter):
    """Three inputs, four barriers and six limits."""

    def __init__(self) -> None:
        reach = np.vstack((np.eye(3), np.zeros((2, 3))))
        system = ControlAffine(lambda x: np.zeros(5), lambda x: reach, 5, [-1.0] * 3, [1.0] * 3)
        centres = ([1.5, 0.0, 0.0], [0.0, 1.5, 0.0], [0.0, 0.0, 1.5], [-1.5, 0.0, 0.0])
        balls = [keep_out_ball(c, 0.6, at=(0, 1, 2), alpha=5.0) for c in centres]
        super().__init__(system, balls, tick_s=0.01)


class Drive(LidarCbf):
    """Two inputs, eight lidar returns."""

    def __init__(self) -> None:
        super().__init__(DiffDrive(radius_m=0.3), tick_s=0.1)


CASES: dict[str, tuple[type[Echo] | type[Balls] | type[Drive], np.ndarray]] = {
    "echo": (Echo, NOTHING),
    "scan": (Echo, np.tile(RING, (90, 1))),
    "cbf": (Balls, NOTHING),
    "lidar_cbf": (Drive, RING),
}


@contextmanager
def _served(kind: type, transport: str, spin: bool, folder: str) -> Iterator[str]:
    where = ["--tcp", "0"] if transport == "tcp" else ["--socket", f"{folder}/gate.sock"]
    words = [f"{HERE}:{kind.__name__}", *where, "--json", "--budget-ms", "60000"]
    program = "from hiera.cli import main\nmain()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", *words, *(["--spin"] if spin else [])],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _timed(gate: SafetyFilter, m: int, points: np.ndarray, requests: int) -> np.ndarray:
    """Wall time of every call [s]."""
    x, u = np.array([0.0, 0.0, 0.0, 0.5, 0.0]), np.array([0.8, 0.1, 0.0])[:m]
    took = np.empty(requests)
    for k in range(requests):
        context = Context(0.01 * k, points=points)
        begin = time.perf_counter()
        action = gate.filter(x, u, context)
        took[k] = time.perf_counter() - begin
        if action.status is Status.STOP:
            raise SystemExit(f"no answer: {action.reason}")
    return took


def _compiled(folder: str) -> str | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source, made = c_client_folder(), f"{folder}/client"
    files = [HERE.with_name("sidecar_client.c"), source / "hiera_client.c"]
    subprocess.run(
        [compiler, "-std=c99", "-O2", f"-I{source}", "-o", made, *files, "-lm"], check=True
    )
    return made


def _show(case: str, client: str, transport: str, took: np.ndarray) -> None:
    median, tail = 1e6 * np.median(took), 1e6 * np.quantile(took, 0.99)
    print(f"{case:10} {client:8} {transport:10} {median:8.1f} {tail:8.1f}", flush=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=5000, help="requests a row")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        client_in_c = _compiled(folder)
        print(f"{'filter':10} {'client':8} {'transport':10} {'median':>8} {'p99':>8}   [us]")
        for case, (kind, points) in CASES.items():
            direct = kind()
            m = len(direct.resting_action)
            _timed(direct, m, points, 100), direct.reset()
            _show(case, "none", "in process", _timed(direct, m, points, options.requests))
            for transport in ("unix", "tcp"):
                for spin in (False, True):
                    name = f"{transport} spin" if spin else transport
                    with _served(kind, transport, spin, folder) as address:
                        with SidecarClient(address, 1.0) as client:
                            _timed(client, m, points, 100), client.reset()
                            took = _timed(client, m, points, options.requests)
                            _show(case, "Python", name, took)
                        if client_in_c is None:
                            continue
                        words = [client_in_c, address, str(options.requests), str(len(points))]
                        done = subprocess.run(words, check=True, capture_output=True, text=True)
                        _show(case, "C", name, np.array(done.stdout.split(), dtype=np.float64))


if __name__ == "__main__":
    main()
