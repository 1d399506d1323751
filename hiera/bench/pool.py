"""Tasks of a benchmark in worker processes of this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from typing import TypeVar

from hiera.errors import HieraError

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


def performed(
    perform: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], jobs: int
) -> Iterator[tuple[TaskT, ResultT]]:
    """Tasks and their results as they come.

    Args:
        perform: Runs a task; a function of a module, so that workers find it.
        tasks: What to run, in the order in which it is begun.
        jobs: Worker processes; 1 stays in this one.

    Raises:
        HieraError: If a worker died.
    """
    if jobs == 1 or len(tasks) < 2:
        for task in tasks:
            yield task, perform(task)
        return
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    others = set(active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_deaf)
    try:
        waiting = {pool.submit(perform, task): task for task in tasks}
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    except BrokenProcessPool as error:
        raise HieraError("a worker process died; try --jobs 1") from error
    except BaseException:
        # Interrupted, or one task failed: nobody waits for the others.
        for child in set(active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _deaf() -> None:
    """Ctrl-C is for the process that started the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
