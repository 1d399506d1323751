"""A worker process: ``python -m hiera.sweeps.worker SOCKET LIFELINE``, started by a pool.

It has a session of its own, so that everything a row starts can be ended with it. When the pool's
process is gone, for whatever reason, its end of the lifeline closes and the session ends itself.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import socket
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO, Final

from hiera.errors import HieraError
from hiera.sweeps import frames
from hiera.sweeps.code_version import code_version
from hiera.sweeps.task import Done, RowStatus, Target, Task

ASK_WHERE: Final = signal.SIGUSR1
"""On this signal a worker writes where it is to its log."""


def main() -> None:
    """Computes batches of rows until the socket closes."""
    faulthandler.enable()
    faulthandler.register(ASK_WHERE, all_threads=True)
    lifeline = int(sys.argv[2])
    threading.Thread(target=_end_with_the_pool, args=(lifeline,), daemon=True).start()
    link = socket.socket(fileno=int(sys.argv[1]))
    stream: BinaryIO = link.makefile("rb")
    target = _prepare(link, frames.read(stream))
    while target is not None:
        try:
            batch: list[Task] = frames.read(stream)
        except EOFError:
            return
        for task in batch:
            link.sendall(_packed(compute(target, task)))


def _end_with_the_pool(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def _prepare(link: socket.socket, setup: frames.Setup) -> Target | None:
    sys.path[:] = setup.path
    if os.path.isdir(setup.folder):
        os.chdir(setup.folder)
    try:
        target: Target = pickle.loads(setup.target)
    except Exception as error:  # noqa: BLE001 - importing somebody's module may raise anything
        link.sendall(frames.pack(frames.Broken(one_line(error))))
        return None
    link.sendall(frames.pack(frames.Ready(code_version())))
    return target


def compute(target: Target, task: Task) -> Done:
    """Calls the target; whatever it raises becomes part of the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        value, status, error, trace = target(task.payload), RowStatus.OK, "", ""
    except BaseException as raised:  # noqa: BLE001 - a row must not end its worker
        value, status, error = None, RowStatus.ERROR, one_line(raised)
        trace = traceback.format_exc()
    took = (time.perf_counter() - wall, time.process_time() - cpu)
    return Done(task.index, status, value, error, trace, *took, code=code_version())


def one_line(error: BaseException) -> str:
    """What a table can show of an exception."""
    text = " ".join(str(error).split())
    if isinstance(error, HieraError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _packed(done: Done) -> bytes:
    try:
        return frames.pack(done)
    except Exception as error:  # noqa: BLE001 - pickling somebody's value may raise anything
        said = f"what the row returned cannot be sent back: {one_line(error)}"
        trace = traceback.format_exc()
        bare: dict[str, Any] = {"wall_s": done.wall_s, "cpu_s": done.cpu_s, "code": done.code}
        return frames.pack(Done(done.index, RowStatus.ERROR, None, said, trace, **bare))


if __name__ == "__main__":
    main()
