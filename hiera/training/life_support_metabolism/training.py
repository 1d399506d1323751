"""The metabolic training as ``hiera train`` finds it; NumPy is enough."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.config.settings import Settings
from hiera.recording import RunDirectory
from hiera.training.contract import Progress, Watch
from hiera.training.life_support_metabolism.settings import MetabolismTrainingSettings

RESULT = "metabolism.safetensors"
Arrays = dict[str, NDArray[np.float32]]


def mission_seen(seed: int, longest_s: float, every_s: float) -> Arrays:
    """One mission, in whatever process this is."""
    from hiera.safety.life_support import LifeSupportModel
    from hiera.training.life_support_metabolism.gathering import gather

    return gather(seed, LifeSupportModel(), longest_s=longest_s, every_s=every_s).arrays()


class MetabolismTraining:
    """What ``hiera train`` runs for ``train: life_support_metabolism``.

    A mission follows from its seed and is kept once it has been gone through; the fit follows from
    the missions and the training's seed. That is all that going on after a kill needs.
    """

    needs = None
    settings: type[Settings] = MetabolismTrainingSettings
    summary = "metabolic model of the breathing set: forecasts of the wearer's oxygen demand"

    def run(self, settings: Any, folder: RunDirectory, watch: Watch, jobs: int) -> dict[str, Any]:
        """Trains, or goes on with a training.

        Args:
            settings: The validated settings.
            folder: The training's folder, new or left by a killed one.
            watch: Shows progress and says when to stop.
            jobs: Processes that go through missions.

        Returns:
            What came out, for ``metrics.json``; ``finished`` is False if it was stopped.
        """
        seen = folder.path / "missions"
        seen.mkdir(exist_ok=True)
        if not _gather(settings, seen, watch, jobs):
            return {"finished": False}
        return _fit(settings, folder, seen, watch)


def _gather(settings: MetabolismTrainingSettings, seen: Path, watch: Watch, jobs: int) -> bool:
    given = settings.gather
    seeds = [*range(*given.missions), *range(*given.held_out)]
    todo = [s for s in seeds if not (seen / f"{s}.npz").is_file()]
    done = len(seeds) - len(todo)
    do = partial(mission_seen, longest_s=given.longest_s, every_s=float(given.every_s))
    for seed, arrays in zip(todo, _mapped(do, todo, jobs), strict=True):
        path = seen / f"{seed}.npz"
        with path.with_suffix(".part").open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        path.with_suffix(".part").replace(path)
        done += 1
        watch.show(Progress("missions to learn from", done, len(seeds), {}))
        if watch.should_stop():
            break
    return done == len(seeds)


def _mapped(do: Any, todo: list[int], jobs: int) -> Iterator[Arrays]:
    if jobs == 1:
        yield from map(do, todo)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(do, todo)
        finally:
            pool.shutdown(cancel_futures=True)


def _fit(
    settings: MetabolismTrainingSettings, folder: RunDirectory, seen: Path, watch: Watch
) -> dict[str, Any]:
    from hiera.controllers.life_support.metabolism.weights import save_metabolism
    from hiera.training.life_support_metabolism.evaluate import compare
    from hiera.training.life_support_metabolism.fit import Moments, fit

    given = settings.gather

    def moments(first: int, last: int) -> tuple[Moments, NDArray[np.float32]]:
        parts = [_read(seen / f"{s}.npz") for s in range(first, last)]
        whole = {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}
        if not len(whole["uptake"]):
            raise ValueError("gather.longest_s leaves no moment of any mission to learn from")
        mean = whole.pop("mission_mean")
        return Moments(**whole), mean

    first, last = given.missions
    learned_from, mean = moments(first, last - given.apart)
    apart, _ = moments(last - given.apart, last)
    held_out, held_mean = moments(*given.held_out)

    def report(epoch: int, loss: float) -> None:
        folder.append_line("curve.jsonl", {"kind": "fit", "step": epoch, "nll": loss})
        told = {"nll": f"{loss:.3f}"}
        watch.show(Progress(f"{len(learned_from):,} moments", epoch, settings.fit.epochs, told))

    (folder.path / "curve.jsonl").unlink(missing_ok=True)
    arrays = fit(
        learned_from, apart, **settings.fit.model_dump(), seed=settings.seed, report=report
    )
    result = folder.path / RESULT
    notes = {"training": settings.name, "seed": str(settings.seed)}
    digest = save_metabolism(result, arrays, notes)
    return {
        "finished": True,
        "weights": str(result),
        "sha256": digest,
        "bytes": result.stat().st_size,
        "scores": compare(arrays, learned_from, mean, held_out, held_mean),
    }


def _read(path: Path) -> Arrays:
    with np.load(path) as file:
        return dict(file)


TRAINING = MetabolismTraining()
