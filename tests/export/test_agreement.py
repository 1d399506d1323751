"""The C code answers what the Python filter answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hiera.safety import CbfFilter, Context, SafeAction, Status
from tests.export.compiled import Compiled, Said
from tests.export.gates import CASES, Case

CALLS = 10_000
REASONS = {
    "is not newer than": "the state is not newer than the last one",
    "the state's time is": "the state's time is not finite",
    "no state arrived": "no state arrived for too long",
    "s old, more than": "the state is too old",
    "the state must be": "the state must be finite numbers",
    "the action must be": "the action must be finite numbers",
    "the p must be": "the parameters must be finite numbers",
    "a barrier is not finite": "a barrier is not finite at this state",
    "outside the safe set": "the state is outside the safe set",
    "outside the domain": "the state is outside the domain",
    "no input within its limits": "no input within its limits satisfies all barriers",
    "could not be verified": "the programme's answer could not be verified",
}

Pair = tuple[CbfFilter, Compiled]
Build = Callable[[str], Pair]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Filters with their C code, each compiled once."""
    folder, built = tmp_path_factory.mktemp("c"), dict[str, Pair]()

    def one(name: str) -> Pair:
        if name not in built:
            gate = CASES[name].make()
            built[name] = gate, Compiled(gate, folder, name)
        return built[name]

    return one


def same(said: SafeAction, c: Said, unread: bool) -> None:
    """Asserts that two answers are one; `unread` where the numbers given were refused."""
    assert c.status is said.status
    assert np.abs(c.u - said.u).max() <= 1e-9
    if unread:
        assert np.all(np.isnan(c.margins))
    else:
        assert np.array_equal(c.margins, said.margins, equal_nan=True) or (
            np.abs(c.margins - said.margins).max() <= 1e-9
        )
    assert c.active == said.active
    assert c.intervened == said.intervened
    assert c.backup == said.backup
    assert c.reason == next((c for part, c in REASONS.items() if part in said.reason), "")
    if "satisfies" in said.reason:
        assert said.reason.endswith(f"satisfies {', '.join(c.concerned)}")
    if "safe set" in said.reason:
        assert said.reason.endswith(f"of {', '.join(c.concerned)}")


def drawn(rng: np.random.Generator, size: int, spread: float) -> np.ndarray:
    """Numbers of which a few are absurd, and once in a while one is none."""
    values = rng.uniform(-spread, spread, size)
    if rng.random() < 0.02:
        values *= 10.0 ** rng.integers(1, 12)
    if size and rng.random() < 0.01:
        values[rng.integers(size)] = rng.choice([np.nan, np.inf, -np.inf])
    return values


def later(rng: np.random.Generator, last: float, tick_s: float) -> tuple[float, float | None]:
    """A time stamp, mostly of the next tick, and when the action leaves, mostly not given."""
    step = tick_s * rng.choice([0.9, 1.0, 1.1])
    if rng.random() < 0.05:
        step = rng.choice([0.0, -tick_s, 4.0 * tick_s, 7.0 * tick_s, np.nan, np.inf, -np.inf])
    time_s = last + step
    if rng.random() < 0.9:
        return time_s, None
    return time_s, time_s + tick_s * rng.choice([0.0, 0.5, 0.999, 1.5, -0.1, np.nan])


@pytest.mark.parametrize("name", CASES)
def test_c_and_python_agree_on_ten_thousand_states(name: str, build: Build) -> None:
    gate, c = build(name)
    case: Case = CASES[name]
    n, m, q = gate.system.n, gate.system.m, gate.rows.q
    rng, last, counts = np.random.default_rng(11), 0.0, Counter[Status]()
    gate.reset()
    c.reset()
    for _ in range(CALLS):
        x, u, p = drawn(rng, n, case.spread), drawn(rng, m, case.push), drawn(rng, q, case.spread)
        time_s, now_s = later(rng, last, gate.tick_s)
        said = gate.filter(x, u, Context(time_s, p=p, now_s=now_s))
        unread = not all(np.all(np.isfinite(a)) for a in (x, u, p)) or not said.margins.size
        same(said, c.filter(x, u, p, time_s, now_s), unread)
        counts[said.status] += 1
        if np.isfinite(time_s):
            last = max(last, time_s)
    assert set(case.expects) <= {str(status) for status in counts}


def test_without_a_clock_times_are_not_watched(build: Build) -> None:
    gate, c = build("shaken")
    for time_s in (5.0, 5.0, 1.0):
        x, u = np.array([time_s / 3.0, 0.0]), np.array([1.0, 0.0])
        same(gate.filter(x, u), c.filter(x, u, np.zeros(0)), unread=False)


def test_a_closed_loop_runs_the_same_in_both(build: Build) -> None:
    gate, c = build("turning")
    x, y = np.array([0.0, 0.0, 0.1]), np.array([0.0, 0.0, 0.1])
    gate.reset()
    c.reset()
    for tick in range(400):
        time_s = gate.tick_s * tick
        u = np.array([1.0, 2.0 * np.sin(0.1 * tick)])
        said, other = gate.filter(x, u, Context(time_s)), c.filter(y, u, np.zeros(0), time_s)
        assert said.status is other.status
        x, y = gate.system.step(x, said.u, gate.tick_s), gate.system.step(y, other.u, gate.tick_s)
    np.testing.assert_allclose(x, y, atol=1e-9)


def test_numbers_in_the_source_are_exact_and_files_the_same_each_time(tmp_path: Path) -> None:
    one, other = (Compiled(CASES["spheres"].make(), tmp_path / d, "s") for d in ("a", "b"))
    assert one.source.read_bytes() == other.source.read_bytes()
    assert one.header.read_bytes() == other.header.read_bytes()
