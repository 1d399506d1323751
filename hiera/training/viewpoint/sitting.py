"""One sitting at a viewpoint training, from config to weights: teach, then reinforce.

The folder of a training holds ``config.yaml``, ``manifest.json``, ``curve.jsonl``,
``tensorboard``, ``taught`` with the episodes labelled (``<number>.npz``), the fit's state and its
weights, ``reinforced`` with the state after the last iteration, the weights of every score, what
nearest frontier and the local tour drive and, of soft actor-critic, what is remembered (`replay`),
and ``viewpoint.safetensors``, the weights that did best on the held-out maps. Every file is whole
or absent, an episode follows from the seed and its number alone, and what is there is not done
again: that is all that going on after a kill needs.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hiera.controllers.rl.viewpoint.network import Sizes
from hiera.controllers.rl.viewpoint.torch_network import ViewpointNet
from hiera.controllers.rl.viewpoint.weights import load_weights, save_weights
from hiera.recording import RunDirectory
from hiera.training.contract import Progress, Watch
from hiera.training.viewpoint.data import Decisions
from hiera.training.viewpoint.episodes import Shard
from hiera.training.viewpoint.evaluate import Score, score_weights
from hiera.training.viewpoint.fit import (
    Fit,
    fit,
    fresh,
    on,
    taught_to_try,
    untaught,
    weights_of,
)
from hiera.training.viewpoint.gathering import Gatherers, Task
from hiera.training.viewpoint.learner import Learner
from hiera.training.viewpoint.reinforce import Proximal
from hiera.training.viewpoint.settings import ViewpointTrainingSettings
from hiera.training.viewpoint.soft_actor_critic import SoftActorCritic

RESULT = "viewpoint.safetensors"
_LOG_EVERY = 20
_TEACH, _REINFORCE = 1, 2


@dataclass(slots=True)
class _Kept:
    """What reinforcement is at."""

    learner: Learner
    iteration: int

    @property
    def net(self) -> ViewpointNet:
        """The policy."""
        return self.learner.net


class Sitting:
    """What one process does of a training until it is finished or stopped."""

    def __init__(
        self,
        settings: ViewpointTrainingSettings,
        folder: RunDirectory,
        watch: Watch,
        gatherers: Gatherers,
    ) -> None:
        """Takes the settings, the training's folder, who watches and who gathers."""
        torch.set_num_threads(settings.threads)
        self._settings, self._folder, self._watch = settings, folder, watch
        self._gatherers = gatherers
        self._device = on(settings.device)
        self._sizes = Sizes(**settings.network.model_dump())
        self._board = _board(folder.path / "tensorboard")
        self._taught = folder.path / "taught"
        self._reinforced = folder.path / "reinforced"
        for place in (self._taught, self._reinforced):
            place.mkdir(exist_ok=True)

    # Teaching.

    def teach(self) -> bool:
        """Gathers labelled episodes and fits the network to them; whether it came to its end."""
        settings = self._settings
        if settings.start_from is not None or (self._taught / "weights").is_file():
            return True
        if settings.teach.episodes == 0:
            net = fresh(self._sizes, settings.seed, None)
            untaught(net)
            self._save(self._taught / "weights", net, "untaught")
            return True
        if not self._gather():
            return False
        files = sorted(self._taught.glob("*.npz"), key=lambda path: int(path.stem))
        decisions = Decisions([_read(path) for path in files])
        net = fresh(self._sizes, settings.seed, None)
        means: dict[str, float] = {}

        def report(now: Fit, errors: dict[str, float]) -> None:
            for name, value in errors.items():
                means[name] = value + 0.98 * (means.get(name, value) - value)
            if now.step % _LOG_EVERY == 0 or now.step == now.steps:
                self._note("teach", means, now.step)
            self._show(f"teaching {len(decisions):,} decisions", now.step, now.steps, means)

        finished = fit(
            net,
            decisions,
            settings.teach,
            seed=settings.seed,
            device=self._device,
            checkpoint=self._taught / "fit.pt",
            report=report,
            should_stop=self._watch.should_stop,
        )
        if finished:
            self._save(self._taught / "weights", net, "taught")
        return finished

    def _gather(self) -> bool:
        settings, of = self._settings, self._settings.teach.episodes
        todo = [e for e in range(of) if not (self._taught / f"{e}.npz").is_file()]
        tasks = [Task(settings, (settings.seed, _TEACH, e)) for e in todo]
        done = of - len(todo)
        for k, shard in self._gatherers.run(tasks, self._watch.should_stop):
            path = self._taught / f"{todo[k]}.npz"
            with path.with_suffix(".part").open("wb") as file:
                np.savez(file, **shard)  # type: ignore[arg-type]
            path.with_suffix(".part").replace(path)
            done += 1
            self._show("episodes to teach from", done, of, {})
        return done == of

    # Reinforcing.

    def reinforce(self) -> bool:
        """Improves the network by its own episodes; whether it came to its end."""
        settings = self._settings.reinforce
        kept = self._begin()
        current = self._reinforced / "current"
        while kept.iteration < settings.iterations:
            if kept.iteration % settings.score_every == 0:
                self._score(kept)
            self._save(current, kept.net, f"iteration {kept.iteration}")
            shards = self._try(kept.iteration, current)
            if shards is None:
                return False
            found = kept.learner.improve(shards, kept.iteration)
            kept.iteration += 1
            driven = {"distance_over_expert": _driven(shards)}
            self._note("reinforce", found | driven, kept.iteration)
            self._keep(kept)
            if self._watch.should_stop() and kept.iteration < settings.iterations:
                return False
        self._score(kept)
        return True

    def _begin(self) -> _Kept:
        settings = self._settings
        begin = settings.start_from or str(self._taught / "weights")
        weights, sizes, _ = load_weights(Path(begin))
        if sizes != self._sizes:
            raise ValueError(f"start_from: {begin} holds a network of other sizes than 'network'")
        net = fresh(sizes, settings.seed, weights)
        if settings.start_from is None:
            taught_to_try(net)
        learner = self._learner(net)
        path = self._reinforced / "state.pt"
        if not path.is_file():
            return _Kept(learner, 0)
        state: dict[str, Any] = torch.load(path, map_location=self._device, weights_only=True)
        learner.restore(state)
        return _Kept(learner, int(state["iteration"]))

    def _learner(self, net: ViewpointNet) -> Learner:
        settings, seed = self._settings.reinforce, self._settings.seed
        if settings.algorithm == "ppo":
            return Proximal(net, settings, seed, self._device)
        folder = self._reinforced / "replay"
        return SoftActorCritic(net, settings, seed, self._device, folder)

    def _try(self, iteration: int, weights: Path) -> list[Shard] | None:
        """An iteration's episodes in order; None if it was stopped."""
        settings = self._settings
        of = settings.reinforce.episodes
        tasks = [
            Task(settings, (settings.seed, _REINFORCE, iteration, e), weights) for e in range(of)
        ]
        shards: dict[int, Shard] = {}
        stage = f"iteration {iteration + 1} of {settings.reinforce.iterations}"
        for k, shard in self._gatherers.run(tasks, self._watch.should_stop):
            shards[k] = shard
            done = iteration * of + len(shards)
            self._show("reinforcing", done, settings.reinforce.iterations * of, {"at": stage})
        return [shards[k] for k in range(of)] if len(shards) == of else None

    def _keep(self, kept: _Kept) -> None:
        path = self._reinforced / "state.pt"
        state = kept.learner.state() | {"iteration": kept.iteration}
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def _score(self, kept: _Kept) -> None:
        """Drives the held-out maps, unless these weights have."""
        path = self._reinforced / f"{kept.iteration}"
        if path.with_suffix(".json").is_file():
            return
        self._save(path, kept.net, f"iteration {kept.iteration}")
        score = score_weights(
            path,
            self._settings.maps,
            self._reinforced / "rivals.json",
            lambda done, of: self._show("held-out maps", done, of, {}),
        )
        RunDirectory(self._reinforced).write_json(f"{path.name}.json", asdict(score))
        self._note("held-out", score.numbers(), kept.iteration)

    def metrics(self) -> dict[str, Any]:
        """Keeps the best weights as the result, and says how all did."""
        scores = {int(path.stem): Score.read(path) for path in self._reinforced.glob("[0-9]*.json")}
        best = min(scores, key=lambda k: scores[k].ratio)
        weights, sizes, notes = load_weights(self._reinforced / f"{best}")
        result = self._folder.path / RESULT
        digest = save_weights(result, weights, sizes, notes)
        return {
            "finished": True,
            "iteration": best,
            "weights": str(result),
            "sha256": digest,
            "bytes": result.stat().st_size,
            "scores": {str(k): asdict(scores[k]) for k in sorted(scores)},
        }

    # What both do.

    def _save(self, path: Path, net: ViewpointNet, stage: str) -> None:
        settings = self._settings
        notes = {"training": settings.name, "seed": str(settings.seed), "stage": stage}
        save_weights(path, weights_of(net), self._sizes, notes)

    def _show(self, stage: str, done: int, of: int, fields: dict[str, Any]) -> None:
        texts = {n: v if isinstance(v, str) else f"{v:.3f}" for n, v in fields.items()}
        self._watch.show(Progress(stage, done, of, texts))

    def _note(self, kind: str, numbers: dict[str, float], step: int) -> None:
        spent = time.process_time()
        line = {"kind": kind, "step": step, "time_s": time.time(), "cpu_s": spent} | numbers
        self._folder.append_line("curve.jsonl", line)
        if self._board is not None:
            for name, value in numbers.items():
                self._board.add_scalar(f"{kind}/{name}", value, step)


def _board(path: Path) -> Any:
    """A TensorBoard writer, if TensorBoard is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(path))


def _read(path: Path) -> Shard:
    with np.load(path) as file:
        return dict(file)


def _driven(shards: list[Shard]) -> float:
    """Distance of some episodes over the known-map expert's."""
    real = [shard for shard in shards if len(shard["count"])]
    togo = sum(float(s["togo_m"][0]) for s in real)
    return sum(float(s["distance_m"][0]) for s in real) / max(togo, 1.0)
