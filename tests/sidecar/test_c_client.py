"""The C client asks and hears what the Python filter is asked and says."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hiera.safety import Context, SafeAction, SafetyFilter
from hiera.safety.sidecar import c_client_folder
from hiera.safety.sidecar.answers import STATUSES
from tests.sidecar.gates import Echo, Scripted, lidar
from tests.sidecar.served import GATES, PATIENT_S, command, heard, serving

FLAGS = ("-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-O2")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the compiled driver and example."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler (cc) on this machine")
    folder, source = tmp_path_factory.mktemp("c"), c_client_folder()
    for main in (Path(__file__).with_name("driver.c"), source / "hiera_example.c"):
        files = (main, source / "hiera_client.c", "-o", folder / main.stem)
        subprocess.run([compiler, *FLAGS, f"-I{source}", *files, "-lm"], check=True)
    return folder


def written(x: np.ndarray, u: np.ndarray, context: Context) -> str:
    now = -1.0 if context.now_s is None else context.now_s
    arrays = [np.array([context.time_s, now]), x, u, context.u_previous, context.points]
    arrays += [context.movers, context.mover_radius, context.mover_speed, context.scan, context.p]
    counts = (context.u_previous.size, len(context.points), len(context.movers))
    numbers = [float(v).hex() for array in arrays for v in np.ravel(array)]
    return " ".join(map(str, (*counts, context.scan.size, context.p.size, *numbers))) + "\n"


def read(line: str, m: int) -> tuple[object, ...]:
    head, backup, reason, active = line.split("|")
    status, intervened, certified, k, *numbers = head.split()
    values = [float.fromhex(number) for number in numbers]
    assert len(values) == m + int(k)
    flags = (bool(int(intervened)), bool(int(certified)))
    return (STATUSES[int(status)], *flags, values[:m], values[m:], backup, reason, active)


def said(action: SafeAction) -> tuple[object, ...]:
    flags = (bool(action.intervened), action.certified)
    arrays = (action.u.tolist(), action.margins.tolist())
    return (action.status, *flags, *arrays, action.backup or "", action.reason, *action.active[:1])


def request(rng: np.random.Generator, n: int, m: int, tick: int) -> tuple[np.ndarray, ...]:
    k, q = rng.integers(0, 9), rng.integers(0, 2)
    context = Context(
        0.1 * tick,
        rng.normal(size=m) if tick % 2 else np.zeros(0),
        rng.uniform(-3.0, 3.0, (k, 2)),
        rng.uniform(1.0, 3.0, (q, 2)),
        rng.uniform(0.1, 0.4, q),
        rng.uniform(0.1, 0.4, q),
        rng.uniform(0.0, 9.0, rng.integers(0, 4)),
        p=rng.normal(size=rng.integers(0, 3)),
        now_s=0.1 * tick + 0.01 if tick % 3 == 0 else None,
    )
    u = rng.uniform(-2.0, 2.0, m)
    if tick % 97 == 0:
        u[0] = np.nan
    x = rng.uniform(-0.3, 0.3, n)
    return x, u, context


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("make", [lidar, Echo])
def test_a_thousand_requests_are_answered_as_in_python(
    built: Path, make: type[SafetyFilter], tcp: bool
) -> None:
    n, m = (5, 2) if make is lidar else (3, 3)
    rng = np.random.default_rng(11)
    asked = [request(rng, n, m, tick) for tick in range(1000)]
    if make is Echo:
        asked = [(x, np.nan_to_num(u), context) for x, u, context in asked]
    direct = make()
    with serving(make(), tcp=tcp, states=n, rest=np.zeros(m)) as server:
        done = subprocess.run(
            [built / "driver", str(server.address), str(PATIENT_S)],
            input="".join(written(*one) for one in asked),
            capture_output=True,
            text=True,
            check=True,
        )
    hello, *lines = done.stdout.replace("a\nb", "a").splitlines()
    assert hello == f"{type(direct).__name__} {n} {m}"
    for line, one in zip(lines, asked, strict=True):
        answer, expected = read(line, m), said(direct.filter(*one))
        assert answer[: len(expected)] == expected


def test_the_c_client_rests_when_the_filter_is_slow_or_fails(built: Path) -> None:
    zero = np.zeros(3)
    asked = [np.array([first, 0.0, 0.0]) for first in (15.0, 0.5, 0.5, 0.5, 10.0)]
    with serving(Scripted()) as server:
        done = subprocess.run(
            [built / "driver", str(server.address), "0.1"],
            input="".join(written(zero, u, Context(0.0)) for u in asked),
            capture_output=True,
            text=True,
            check=True,
        )
    answers = [read(line, 3) for line in done.stdout.splitlines()[1:]]
    rest = [0.0, -0.25, 0.0]
    assert answers[0][0] == "stop"
    assert answers[0][3] == rest
    assert answers[0][5] == "watchdog"
    assert "no answer from unix:" in str(answers[0][6])
    assert answers[3][0] == "nominal"
    assert answers[4][3] == rest
    assert answers[4][5] == "resting"


def test_the_c_client_survives_a_killed_server_and_finds_the_next(
    built: Path, tmp_path: Path
) -> None:
    words = (f"{GATES}:Box", "--socket", tmp_path / "s", "--budget-ms", 20000, "--json")
    first = command(*words)
    heard(first)
    line = written(np.zeros(3), np.full(3, 0.5), Context(0.0))
    driver = subprocess.Popen(
        [built / "driver", f"unix:{tmp_path}/s", "5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert driver.stdin is not None
    assert driver.stdout is not None
    driver.stdout.readline()

    def ask() -> tuple[object, ...]:
        driver.stdin.write(line)
        driver.stdin.flush()
        return read(driver.stdout.readline(), 3)

    assert ask()[0] == "nominal"
    first.send_signal(signal.SIGKILL)
    first.communicate()
    for _ in range(2):
        answer = ask()
        assert (answer[0], answer[3], answer[5]) == ("stop", [0.0, -0.25, 0.0], "watchdog")
    second = command(*words)
    heard(second)
    assert ask()[0] == "nominal"
    driver.communicate()
    second.kill()
    second.communicate()


def test_the_example_runs(built: Path) -> None:
    with serving(Scripted()) as server:
        done = subprocess.Popen(
            [built / "hiera_example", str(server.address)], stdout=subprocess.PIPE, text=True
        )
        assert done.stdout is not None
        assert done.stdout.readline() == "Scripted: 3 states, 3 actions\n"
        done.kill()
        done.communicate()
