"""Rows that tests compute: what they return, how they fail, and a ledger of what was computed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def double(payload: int) -> int:
    return 2 * payload


def threads(payload: str) -> str | None:
    return os.environ.get(payload)


def chatty(payload: int) -> int:
    sys.stdout.write(f"on stdout {payload}\n")
    sys.stdout.flush()
    sys.stderr.write(f"on stderr {payload}\n")
    os.write(1, b"\x00\x01\x02 raw bytes")
    return payload


def raises(payload: int) -> int:
    if payload == 3:
        raise ValueError("three is\nno good")
    if payload == 4:
        sys.exit("gone")
    return payload


def unsendable(payload: int) -> Callable[[], int]:
    return lambda: payload


def identity(payload: Any) -> Any:
    return payload


def process_id(payload: int) -> int:
    return os.getpid()


@dataclass(frozen=True)
class Ledger:
    """A file to which every computed row adds a line; appending is atomic."""

    path: Path

    def add(self, entry: object) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(f"{entry}\n")

    def entries(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").split("\n")[:-1] if self.path.exists() else []


@dataclass(frozen=True)
class Deadly:
    """Row ``victim`` ends its process, always or the first time only."""

    ledger: Ledger
    victim: int
    once: bool = False
    code: int | None = None

    def __call__(self, payload: int) -> int:
        self.ledger.add(payload)
        if payload == self.victim:
            died = self.ledger.entries().count(str(payload)) > 1
            if not (self.once and died):
                if self.code is not None:
                    os._exit(self.code)
                os.kill(os.getpid(), signal.SIGKILL)
        return payload


@dataclass(frozen=True)
class KillsItsHost:
    """Row ``victim`` kills the process that its own process was started by."""

    ledger: Ledger
    victim: int
    once: bool

    def __call__(self, payload: int) -> int:
        if payload == self.victim:
            self.ledger.add(payload)
            if not self.once or len(self.ledger.entries()) == 1:
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(60.0)
        return payload


@dataclass(frozen=True)
class Hangs:
    """Row ``victim`` starts a child and hangs; the child's number goes to the ledger."""

    ledger: Ledger
    victim: int

    def __call__(self, payload: int) -> int:
        if payload == self.victim:
            child = subprocess.Popen(["sleep", "600"])
            self.ledger.add(child.pid)
            a_place_to_hang_in()
        return payload


def a_place_to_hang_in() -> None:
    time.sleep(600.0)


@dataclass(frozen=True)
class Measured:
    """A row of a sweep: a little arithmetic, entered into a ledger when it is done."""

    ledger: Ledger
    pause_s: float = 0.0

    def __call__(self, config: dict[str, Any]) -> dict[str, Any]:
        time.sleep(self.pause_s)
        x, seed = float(config["x"]), int(config["seed"])
        if x == 13.0:
            raise ValueError("thirteen")
        self.ledger.add(f"{x:g} {seed}")
        return {"y": x * x + seed, "even": seed % 2 == 0, "nested": {"z": x / 3.0}}


@dataclass(frozen=True)
class Valley:
    """One planted minimum in a range, a whole number and a choice; far from it all is flat."""

    ledger: Ledger | None = None

    def __call__(self, config: dict[str, Any]) -> dict[str, Any]:
        x, k = float(config["robot"]["v_max"]), int(config["people"]["count"])
        kind = config["controller"]["kind"]
        if self.ledger is not None:
            self.ledger.add(f"{x!r} {k} {kind}")
        far = (x - 1.234) ** 2 + 0.1 * (k - 7) ** 2 + (0.0 if kind == "utility" else 0.5)
        return {"depth": far, "name": kind}
