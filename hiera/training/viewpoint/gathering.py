"""Episodes in processes of their own; each follows from its task alone, wherever it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from hiera.training.viewpoint.episodes import Shard, gather
from hiera.training.viewpoint.places import training_place
from hiera.training.viewpoint.rollouts import roll_out
from hiera.training.viewpoint.settings import ViewpointTrainingSettings

_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Task:
    """One episode.

    Attributes:
        settings: The training's.
        seed: Entropy of the episode: seed of the training, stage, iteration, number.
        weights: The policy that tries; None for an episode that is taught.
    """

    settings: ViewpointTrainingSettings
    seed: tuple[int, ...]
    weights: Path | None = None


def do(task: Task) -> Shard:
    """Goes through an episode in whatever process this is."""
    from hiera.controllers.rl.viewpoint.weights import load_network

    settings = task.settings
    first, second = np.random.SeedSequence(task.seed).spawn(2)
    place = training_place(settings.maps, first)
    if task.weights is None:
        return gather(place, settings.episode, settings.teach, second)
    network = load_network(task.weights)
    return roll_out(place, network, settings.episode, settings.reinforce, second)


class Gatherers:
    """Processes that stay, so that nothing is compiled or loaded twice."""

    def __init__(self, jobs: int) -> None:
        """Starts so many; one means this process."""
        self._pool = (
            ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) if jobs > 1 else None
        )
        self._jobs = jobs

    def __enter__(self) -> Gatherers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def run(
        self, tasks: Sequence[Task], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[int, Shard]]:
        """Positions of tasks and their shards, as they are done.

        Args:
            tasks: What to do.
            should_stop: Asked before each; what has been begun is finished.
        """
        if self._pool is None:
            for k, task in enumerate(tasks):
                if should_stop():
                    return
                yield k, do(task)
            return
        rest = iter(enumerate(tasks))
        waiting: dict[Future[Shard], int] = {}
        while True:
            while len(waiting) < self._jobs + _AHEAD and not should_stop():
                following = next(rest, None)
                if following is None:
                    break
                waiting[self._pool.submit(do, following[1])] = following[0]
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()
