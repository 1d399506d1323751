"""A pool of worker processes on this machine.

Safe under any start method's rules, since it uses none of `multiprocessing`: a worker is
``python -m hiera.sweeps.worker``. Rows travel in batches of about `_BATCH_S`, answers one by
one, so that the death of a worker costs the row it was at and no other.
"""

from __future__ import annotations

import os
import pickle
import selectors
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from hiera.sweeps import frames
from hiera.sweeps.process import WorkerProcess
from hiera.sweeps.queue import Queue
from hiera.sweeps.task import RETRIES, Done, RowStatus, SweepError, Target, Task

_BATCH_S: Final = 0.05
_BATCH_MOST: Final = 256
_LOOK_S: Final = 0.25
_STARTS: Final = 3


class LocalPool:
    """The default engine.

    Args:
        target: Computes a row; or the same pickled.
        jobs: Worker processes, at most.
        timeout_s: Longest wall time of a row [s]; None for no limit.

    Raises:
        SweepError: If the target cannot be sent to another process.
    """

    def __init__(
        self, target: Target | bytes, jobs: int, *, timeout_s: float | None = None
    ) -> None:
        raw = target if isinstance(target, bytes) else pickled(target)
        setup = frames.Setup(list(sys.path), os.getcwd(), raw)
        self._setup = frames.pack(setup)
        self._jobs = max(jobs, 1)
        self._timeout_s = timeout_s
        self._workers: list[WorkerProcess] = []
        self._selector = selectors.DefaultSelector()
        self._deaths: dict[int, int] = {}
        self._failed_starts = 0
        self._queue = Queue(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in list(self._workers):
            self._end(worker)
        self._selector.close()

    @property
    def processes(self) -> int:
        """Workers that live."""
        return len(self._workers)

    def as_completed(
        self, tasks: Iterable[Task], should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[list[Done]]:
        """See `hiera.sweeps.task.Engine`; one call at a time."""
        self._queue, self._deaths = Queue(tasks), {}
        try:
            while True:
                stopping = should_stop()
                if not stopping:
                    self._feed()
                if not any(w.assigned for w in self._workers) and (stopping or not self._queue):
                    return
                done = self._collect()
                if done:
                    yield done
        finally:
            for worker in [w for w in self._workers if w.assigned]:
                self._end(worker)

    def _feed(self) -> None:
        free = sum(not w.assigned for w in self._workers)
        for _ in range(
            min(self._jobs - len(self._workers), self._queue.at_hand(self._jobs) - free)
        ):
            worker = WorkerProcess(self._setup)
            self._workers.append(worker)
            self._selector.register(worker, selectors.EVENT_READ, worker)
        for worker in self._workers:
            if worker.ready and not worker.assigned and self._queue:
                worker.assign(self._queue.take(_batch_size(worker), self._deaths))

    def _collect(self) -> list[Done]:
        done: list[Done] = []
        for key, _ in self._selector.select(self._patience_s()):
            worker: WorkerProcess = key.data
            messages, alive = worker.receive()
            for message in messages:
                self._take(worker, message, done)
            if not alive:
                self._bury(worker, done)
        if self._timeout_s is not None:
            for worker in [w for w in self._workers if w.assigned]:
                if time.monotonic() - worker.since > self._timeout_s:
                    self._time_out(worker, done)
        return done

    def _patience_s(self) -> float:
        if self._timeout_s is None:
            return _LOOK_S
        now = time.monotonic()
        left = [w.since + self._timeout_s - now for w in self._workers if w.assigned]
        return min([_LOOK_S, *(max(s, 0.0) + 1e-3 for s in left)])

    def _take(self, worker: WorkerProcess, message: Any, done: list[Done]) -> None:
        if isinstance(message, frames.Broken):
            raise SweepError(f"no worker can load the row function: {message.error}")
        if isinstance(message, frames.Ready):
            worker.ready = True
            self._failed_starts = 0
            return
        worker.assigned.popleft()
        worker.since = time.monotonic()
        worker.longest_s = max(0.9 * worker.longest_s, message.wall_s)
        deaths = self._deaths.get(message.index, 0)
        done.append(replace(message, deaths=deaths) if deaths else message)

    def _bury(self, worker: WorkerProcess, done: list[Done]) -> None:
        """The worker died: the row it was at is to blame, the others go back."""
        rows = list(worker.assigned)
        ending, tail = self._end(worker, died=True)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS:
                raise SweepError(f"no worker can be started ({ending}): {' '.join(tail.split())}")
            return
        if not rows:
            return
        first, *others = rows
        self._queue.put_back(others)
        deaths = self._deaths[first.index] = self._deaths.get(first.index, 0) + 1
        if deaths <= RETRIES:
            self._queue.put_back([first])
            return
        error = f"its process died {deaths} times, last {ending}"
        done.append(Done(first.index, RowStatus.DIED, None, error, tail, deaths=deaths))

    def _time_out(self, worker: WorkerProcess, done: list[Done]) -> None:
        first, *others = worker.assigned
        self._queue.put_back(others)
        where = worker.where()
        self._end(worker)
        error = f"took longer than {self._timeout_s:g} s"
        done.append(Done(first.index, RowStatus.TIMEOUT, None, error, where))

    def _end(self, worker: WorkerProcess, *, died: bool = False) -> tuple[str, str]:
        self._workers.remove(worker)
        self._selector.unregister(worker)
        return worker.end(died=died), worker.tail()


def pickled(target: Target) -> bytes:
    """The target as other processes can load it.

    Raises:
        SweepError: If they could not, in one sentence.
    """
    try:
        raw = pickle.dumps(target)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SweepError(
            f"the row function {target!r} cannot be sent to another process "
            f"({' '.join(str(error).split())}); define it at the top of a module"
        ) from error
    if b"__main__" in raw:
        raise SweepError(
            "the row function is defined in the script that is run, where no other process can "
            "import it; move it to a module beside the script"
        )
    return raw


def _batch_size(worker: WorkerProcess) -> int:
    if not worker.longest_s:
        return 1
    return max(1, min(_BATCH_MOST, int(_BATCH_S / worker.longest_s)))
