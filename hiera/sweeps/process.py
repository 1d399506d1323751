"""One worker process as its pool sees it: start, send, receive, ask where it is, end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any, Final

import hiera
from hiera.sweeps import frames
from hiera.sweeps.task import Task
from hiera.sweeps.worker import ASK_WHERE

ONE_THREAD: Final = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    ),
    "1",
)
"""Two workers with two threads each are slower than with one."""
_CHUNK: Final = 1 << 20
_TAIL: Final = 4000
_LOG_LIMIT: Final = 1 << 16
_SEND_S: Final = 30.0
_EXIT_S: Final = 1.0


class WorkerProcess:
    """A child in a session of its own, joined by a socket and a lifeline."""

    def __init__(self, setup: bytes) -> None:
        self.ready = False
        self.assigned: deque[Task] = deque()
        """What it was sent and has not answered; the first is the one it is at."""
        self.since = 0.0
        """When it began with the first [s], by `time.monotonic`."""
        self.longest_s = 0.0
        """Of its latest rows, slowly forgotten; what batches are measured by."""
        self._unpacker = frames.Unpacker()
        self._socket, theirs = socket.socketpair()
        read_end, self._lifeline = os.pipe()
        self._log = _unnamed_log()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hiera.sweeps.worker", str(theirs.fileno()), str(read_end)],
                pass_fds=(theirs.fileno(), read_end),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
                env=_environment(),
            )
        finally:
            theirs.close()
            os.close(read_end)
        self._send(setup)

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    def assign(self, batch: list[Task]) -> bool:
        """Sends rows to an idle worker; False if it is dead."""
        if os.fstat(self._log).st_size > _LOG_LIMIT:
            os.ftruncate(self._log, 0)
        self.assigned.extend(batch)
        self.since = time.monotonic()
        return self._send(frames.pack(batch))

    def _send(self, raw: bytes) -> bool:
        """An idle worker reads, so this does not block unless it was stopped by somebody."""
        self._socket.settimeout(_SEND_S)
        try:
            self._socket.sendall(raw)
        except OSError:
            return False
        return True

    def receive(self) -> tuple[list[Any], bool]:
        """Messages that have come in, and whether the worker still lives."""
        self._socket.settimeout(0.0)
        messages: list[Any] = []
        while True:
            try:
                chunk = self._socket.recv(_CHUNK)
            except BlockingIOError:
                return messages, True
            except OSError:
                return messages, False
            if not chunk:
                return messages, False
            messages += self._unpacker.feed(chunk)
            if len(chunk) < _CHUNK:
                return messages, True

    def where(self, patience_s: float = 0.5) -> str:
        """What it prints when asked where it is; empty if it cannot answer."""
        before = os.fstat(self._log).st_size
        try:
            os.kill(self._process.pid, ASK_WHERE)
        except ProcessLookupError:
            return ""
        until = time.monotonic() + patience_s
        seen = before
        while time.monotonic() < until:
            select.select([], [], [], 0.01)
            size = os.fstat(self._log).st_size
            if size == seen > before:
                break
            seen = size
        return os.pread(self._log, _TAIL, before).decode(errors="replace")

    def end(self, *, died: bool) -> str:
        """Ends the whole session at once.

        Args:
            died: Whether it has closed its socket of itself.

        Returns:
            How the process had ended, for example ``killed by SIGSEGV``.
        """
        self._socket.close()
        exited = self._has_exited(_EXIT_S if died else 0.0)
        # Not reaped yet, so that its number cannot have become somebody else's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        return _ending(code if exited else None)

    def _has_exited(self, patience_s: float) -> bool:
        """Whether it is over by itself; its socket closes an instant before that."""
        until = time.monotonic() + patience_s
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while os.waitid(os.P_PID, self._process.pid, look) is None:
            if time.monotonic() >= until:
                return False
            time.sleep(0.002)
        return True

    def tail(self) -> str:
        """The end of what it printed; to be called once, after `end`."""
        size = os.fstat(self._log).st_size
        text = os.pread(self._log, _TAIL, max(size - _TAIL, 0)).decode(errors="replace")
        os.close(self._log)
        return text.strip()


def _ending(code: int | None) -> str:
    if code is None:
        return "ended"
    if code >= 0:
        return f"left with exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _environment() -> dict[str, str]:
    root = str(Path(hiera.__file__).parents[1])
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), root]))
    return os.environ | ONE_THREAD | {"PYTHONPATH": path}


def _unnamed_log() -> int:
    """A file that vanishes with its descriptor; everything is written at its end."""
    handle, path = tempfile.mkstemp(prefix="hiera-worker-")
    os.close(handle)
    log = os.open(path, os.O_RDWR | os.O_APPEND)
    os.unlink(path)
    return log
