"""The same rows on a Ray cluster, extra ``ray``.

An actor on the cluster holds a `LocalPool` of one worker, so that time limits, dying rows and
process groups are dealt with as they are on one machine; Ray only carries batches. An actor that
is lost costs its batch a second try, row by row.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Final, Self

from hiera.safety.extras import require
from hiera.sweeps.pool import LocalPool, pickled
from hiera.sweeps.queue import Queue
from hiera.sweeps.task import RETRIES, Done, RowStatus, SweepError, Target, Task

_BATCH_S: Final = 1.0
_BATCH_MOST: Final = 1024
_LOOK_S: Final = 0.25
_KNOCK_S: Final = 10.0


class RowHost:
    """What lives on the cluster; ``ray.remote`` makes an actor of it."""

    def __init__(
        self, target: bytes, timeout_s: float | None, path: list[str], folder: str
    ) -> None:
        sys.path += [entry for entry in path if entry not in sys.path]
        if os.path.isdir(folder):
            os.chdir(folder)
        self._pool = LocalPool(target, 1, timeout_s=timeout_s)

    def ready(self) -> bool:
        """Answers once it is placed."""
        return True

    def run(self, batch: list[Task]) -> list[Done]:
        """Computes rows one after the other."""
        return [done for some in self._pool.as_completed(batch) for done in some]


@dataclass(slots=True)
class _Host:
    actor: Any
    batch: list[Task] = field(default_factory=list)
    longest_s: float = 0.0


class RayEngine:
    """Computes rows on a Ray cluster.

    Args:
        target: Computes a row; importable on the cluster's machines.
        jobs: Rows at a time; None for every CPU of the cluster.
        address: Of an existing cluster, such as ``auto`` or ``ray://host:10001``; None starts
            one on this machine.
        timeout_s: Longest wall time of a row [s]; None for no limit.

    Raises:
        MissingExtra: If Ray is not installed.
        SweepError: If the cluster cannot be reached or the target cannot be sent.
    """

    def __init__(
        self,
        target: Target,
        jobs: int | None,
        *,
        address: str | None = None,
        timeout_s: float | None = None,
    ) -> None:
        self._ray = require("ray", "ray")
        self._setup = (pickled(target), timeout_s, list(sys.path), os.getcwd())
        self._mine = not self._ray.is_initialized()
        if self._mine:
            self._connect(address, jobs)
        cpus = int(self._ray.cluster_resources().get("CPU", 1))
        self._jobs = max(1, min(jobs, cpus) if jobs else cpus)
        self._flying: dict[Any, _Host] = {}
        """By the reference to its next answer."""
        self._free: list[_Host] = []
        self._queue = Queue(())
        self._deaths: dict[int, int] = {}
        self._lost_unready = 0

    def _connect(self, address: str | None, jobs: int | None) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if address is None:
            options |= {"num_cpus": jobs, "include_dashboard": False, "address": "local"}
        else:
            options["address"] = address
            _knock(address)
        try:
            self._ray.init(**options)
        except Exception as error:
            # Ray raises ConnectionError, ValueError, RuntimeError and errors of its own here.
            place = "on this machine" if address is None else f"at {address}"
            raise SweepError(
                f"no Ray cluster can be used {place}: {' '.join(str(error).split())[:300]}"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for host in [*self._flying.values(), *self._free]:
            self._kill(host)
        if self._mine:
            self._ray.shutdown()

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
                busy = any(host.batch for host in self._flying.values())
                if not busy and (stopping or not self._queue):
                    return
                ready, _ = self._ray.wait(list(self._flying), num_returns=1, timeout=_LOOK_S)
                for ref in ready:
                    done = self._take(ref)
                    if done:
                        yield done
        finally:
            for ref in [ref for ref, host in self._flying.items() if host.batch]:
                self._kill(self._flying.pop(ref))

    def _feed(self) -> None:
        free = len(self._free) + sum(not host.batch for host in self._flying.values())
        there = len(self._free) + len(self._flying)
        for _ in range(min(self._jobs - there, self._queue.at_hand(self._jobs) - free)):
            remote = self._ray.remote(num_cpus=1, max_restarts=0)(RowHost)
            host = _Host(remote.remote(*self._setup))
            self._flying[host.actor.ready.remote()] = host
        while self._free and self._queue:
            host = self._free.pop()
            size = int(_BATCH_S / host.longest_s) if host.longest_s else 1
            host.batch = self._queue.take(max(1, min(_BATCH_MOST, size)), self._deaths)
            self._flying[host.actor.run.remote(host.batch)] = host

    def _take(self, ref: Any) -> list[Done]:
        host = self._flying.pop(ref)
        batch, host.batch = host.batch, []
        try:
            answer = self._ray.get(ref)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, SweepError):
                raise error.cause from None
            said = f"no worker of the cluster can compute rows: {_last_line(error)}"
            raise SweepError(said) from error
        except self._ray.exceptions.RayError as error:
            return self._bury(host, batch, error)
        self._free.append(host)
        if not batch:
            return []
        done: list[Done] = answer
        host.longest_s = max(0.9 * host.longest_s, *(row.wall_s for row in done))
        return [replace(row, deaths=row.deaths + self._deaths.get(row.index, 0)) for row in done]

    def _bury(self, host: _Host, batch: list[Task], error: Exception) -> list[Done]:
        """An actor is lost: its rows go again one by one, and one alone with it is to blame."""
        self._kill(host)
        if not batch:
            self._lost_unready += 1
            if self._lost_unready > self._jobs:
                raise SweepError(f"the cluster loses its workers: {_last_line(error)}")
            return []
        if len(batch) > 1:
            self._deaths |= {task.index: self._deaths.get(task.index, 0) for task in batch}
            self._queue.put_back(batch)
            return []
        index = batch[0].index
        deaths = self._deaths[index] = self._deaths.get(index, 0) + 1
        if deaths <= RETRIES:
            self._queue.put_back(batch)
            return []
        said = f"its Ray worker died {deaths} times: {_last_line(error)}"
        return [Done(index, RowStatus.DIED, None, said, str(error), deaths=deaths)]

    def _kill(self, host: _Host) -> None:
        # Whatever it computes ends with it, by the lifeline of its pool.
        with contextlib.suppress(Exception):
            self._ray.kill(host.actor)


def _knock(address: str) -> None:
    """Ray itself would try for minutes to reach a cluster that is not there.

    Raises:
        SweepError: If nobody listens.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()
    except OSError as error:
        raise SweepError(f"no Ray cluster can be used at {address}: {error}") from error


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__
