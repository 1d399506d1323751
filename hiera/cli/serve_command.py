"""``hiera serve``: a safety filter in a process of its own."""

from __future__ import annotations

import contextlib
import gc
import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np
from rich.console import Console

from hiera.errors import HieraError
from hiera.gate_target import load_gate
from hiera.safety.contract import SafetyFilter
from hiera.safety.sidecar import Duties, SidecarError, SidecarServer, parse_address
from hiera.safety.sidecar.address import Address


@dataclass(frozen=True)
class Asked:
    """What the command line said.

    Attributes:
        target: ``file.py:name`` or ``package.module:name``.
        socket: Path of a Unix socket.
        tcp: ``PORT`` or ``HOST:PORT``, or None.
        budget_ms: After how long without a request the backup acts [ms].
        rest: Resting action as ``0,0``, or None if the filter tells it.
        states: Numbers in a state, or None if the filter tells it.
        spin: Never sleep while waiting.
        allow_remote: Allow addresses that other machines can reach.
    """

    target: str
    socket: str
    tcp: str | None
    budget_ms: float
    rest: str | None
    states: int | None
    spin: bool
    allow_remote: bool


def serve(asked: Asked, console: Console, *, as_json: bool, quiet: bool) -> int:
    """Serves until SIGINT or SIGTERM; prints the counters then, and on SIGUSR1.

    Raises:
        HieraError: If the target, the address or a size is wrong.
    """
    try:
        address = _address(asked)
        gate = load_gate(asked.target)
        duties = _duties(gate, asked)
    except SidecarError as error:
        raise HieraError(str(error)) from error

    def tell(event: str, **facts: Any) -> None:
        if as_json:
            sys.stdout.write(json.dumps({"event": event} | facts) + "\n")
            sys.stdout.flush()
        elif not quiet:
            console.print(_sentence(event, facts))

    def report(server: SidecarServer) -> None:
        tell("counters", **server.counters.plain())

    with _signals(report) as ready:
        try:
            server = SidecarServer(
                gate, address, duties, spin=asked.spin, allow_remote=asked.allow_remote
            )
        except SidecarError as error:
            raise HieraError(str(error)) from error
        ready(server)
        tell(
            "serving",
            filter=type(gate).__name__,
            address=str(server.address),
            states=duties.state_size,
            actions=len(duties.resting),
            resting=duties.resting.tolist(),
            budget_ms=asked.budget_ms,
        )
        gc.collect()
        # What was made so far stays: the collector need not look at it while somebody waits.
        gc.freeze()
        with server:
            counters = server.run()
    tell("stopped", **counters.plain())
    return 0


def _address(asked: Asked) -> Address:
    if asked.tcp is None:
        return parse_address(f"unix:{asked.socket}")
    return parse_address(f"tcp:{asked.tcp}")


def _duties(gate: SafetyFilter, asked: Asked) -> Duties:
    """The filter's own ``state_size`` and ``resting_action``, unless the command line says more."""
    states = getattr(gate, "state_size", None) if asked.states is None else asked.states
    rest = getattr(gate, "resting_action", None) if asked.rest is None else _numbers(asked.rest)
    name = type(gate).__name__
    if states is None:
        raise HieraError(f"{name} does not say how many numbers its state has: give --states")
    if rest is None:
        raise HieraError(
            f"{name} does not say which action is safest when nothing is known: give --rest, "
            "such as --rest 0,0"
        )
    try:
        return Duties(int(states), np.asarray(rest, np.float64), 1e-3 * asked.budget_ms)
    except (TypeError, ValueError) as error:
        raise HieraError(str(error)) from error


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise HieraError(f"--rest takes numbers such as 0,0, not {text!r}") from None


@contextlib.contextmanager
def _signals(report: Callable[[SidecarServer], None]) -> Iterator[Callable[[SidecarServer], None]]:
    """Handles signals; what it yields is to be told of the server once there is one."""
    running: list[SidecarServer] = []
    early = False

    def stop(number: int, at: FrameType | None) -> None:
        nonlocal early
        if running:
            running[0].stop()
        elif early:
            raise KeyboardInterrupt
        early = True

    def ready(server: SidecarServer) -> None:
        running.append(server)
        if early:
            server.stop()

    def show(number: int, at: FrameType | None) -> None:
        for server in running:
            report(server)

    handlers = {signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGUSR1: show}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield ready
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sentence(event: str, facts: dict[str, Any]) -> str:
    if event == "serving":
        rest = ", ".join(f"{number:g}" for number in facts["resting"])
        return (
            f"serving {facts['filter']} at {facts['address']}: {facts['states']} states, "
            f"{facts['actions']} actions; after {facts['budget_ms']:g} ms of silence ({rest}) acts"
        )
    counts = [f"{name} {count}" for name, count in facts.items() if count]
    return f"{event}: {', '.join(counts) or 'nobody asked'}"
