"""An exported filter, compiled and called from Python, for the tests alone."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hiera.safety import CbfFilter, Status
from hiera.safety.export import export_c

STRICT = ("-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror", "-ffp-contract=off")
MORE = ("-Wconversion", "-Wshadow", "-shared", "-fPIC")
STATUSES = tuple(Status)
BACKUPS = (None, "rest", "least_violation")


@dataclass(frozen=True)
class Said:
    """What a call left in the result."""

    u: np.ndarray
    margins: np.ndarray
    status: Status
    active: tuple[str, ...]
    concerned: tuple[str, ...]
    backup: str | None
    reason: str
    intervened: bool


def compiler() -> str:
    found = shutil.which("cc")
    if found is None:
        pytest.skip("there is no C compiler (cc) on this machine")
    return found


class Compiled:
    """A filter's C code as a shared library.

    Args:
        gate: What is exported.
        folder: Where to.
        name: Under which name.
    """

    def __init__(self, gate: CbfFilter, folder: Path, name: str) -> None:
        files = export_c(gate, folder, name)
        self.header, self.source, self.demo = files
        self.library = folder / f"lib{name}.so"
        subprocess.run(
            [compiler(), *STRICT, *MORE, "-o", str(self.library), str(self.source), "-lm"],
            check=True,
        )
        self._load(gate, name)

    def _load(self, gate: CbfFilter, name: str) -> None:
        library: Any = ctypes.CDLL(str(self.library))
        self._filter = getattr(library, f"{name}_filter")
        self._aged = getattr(library, f"{name}_filter_aged")
        self._reset = getattr(library, f"{name}_reset")
        self._text = getattr(library, f"{name}_reason_text")
        self._text.restype = ctypes.c_char_p
        m, k = gate.system.m, gate.rows.fixed

        class Result(ctypes.Structure):
            _fields_ = (
                ("u", ctypes.c_double * m),
                ("margins", ctypes.c_double * k),
                ("active", ctypes.c_ulonglong * (k // 64 + 1)),
                ("concerned", ctypes.c_ulonglong * (k // 64 + 1)),
                ("status", ctypes.c_int),
                ("reason", ctypes.c_int),
                ("backup", ctypes.c_int),
                ("intervened", ctypes.c_int),
            )

        class State(ctypes.Structure):
            _fields_ = (("last_s", ctypes.c_double), ("started", ctypes.c_int))

        self._result, self._state = Result(), State()
        self._labels = (*gate.rows.program.labels, "input_limits")
        pointer, real = ctypes.c_void_p, ctypes.c_double
        self._filter.argtypes = (pointer, pointer, pointer, pointer, real, pointer)
        self._aged.argtypes = (pointer, pointer, pointer, pointer, real, real, pointer)

    def reset(self) -> None:
        self._reset(ctypes.byref(self._state))

    def filter(
        self,
        x: np.ndarray,
        u: np.ndarray,
        p: np.ndarray,
        time_s: float | None = None,
        now_s: float | None = None,
    ) -> Said:
        x, u, p = (np.ascontiguousarray(a, dtype=np.float64) for a in (x, u, p))
        arrays = (x.ctypes.data, p.ctypes.data if p.size else None, u.ctypes.data)
        state = None if time_s is None else ctypes.addressof(self._state)
        times = (0.0 if time_s is None else time_s, *(() if now_s is None else (now_s,)))
        result = self._result
        call = self._filter if now_s is None else self._aged
        status = call(state, *arrays, *times, ctypes.addressof(result))
        assert status == result.status
        return Said(
            np.array(result.u),
            np.array(result.margins),
            STATUSES[status],
            self._names(result.active),
            self._names(result.concerned),
            BACKUPS[result.backup],
            self._text(result.reason).decode(),
            bool(result.intervened),
        )

    def _names(self, mask: Any) -> tuple[str, ...]:
        if not any(mask):
            return ()
        names = [label for i, label in enumerate(self._labels) if mask[i // 64] >> (i % 64) & 1]
        return tuple(dict.fromkeys(names))
