"""The advisor's training as ``hiera train`` finds it; PyTorch is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hiera.config.settings import Settings
from hiera.recording import RunDirectory
from hiera.safety.extras import require
from hiera.training.contract import Progress, Watch
from hiera.training.life_support_advisor.settings import AdvisorTrainingSettings

RESULT = "advisor.safetensors"


class AdvisorTraining:
    """What ``hiera train`` runs for ``train: life_support_advisor``."""

    needs = ("torch", "learn")
    settings: type[Settings] = AdvisorTrainingSettings
    summary = "advisor of the breathing set: a course of commands, by SAC or DSAC-T"

    def run(self, settings: Any, folder: RunDirectory, watch: Watch, jobs: int) -> dict[str, Any]:
        """Trains, or goes on with a training.

        Args:
            settings: The validated settings.
            folder: The training's folder, new or left by a killed one.
            watch: Shows progress and says when to stop.
            jobs: Not used: all sets live in one process.

        Returns:
            What came out, for ``metrics.json``; ``finished`` is False if it was stopped.

        Raises:
            MissingExtra: If PyTorch or Stable-Baselines3 is not installed.
        """
        require("torch", "learn")
        require("stable_baselines3", "learn")
        from hiera.controllers.rl.advisor.weights import save_policy
        from hiera.training.life_support_advisor.learner import Learner

        learner = Learner(settings, folder.path / "state")
        board = _board(folder.path / "tensorboard", learner.model)
        weights = folder.path / "weights"
        weights.mkdir(exist_ok=True)

        def shown(done: int) -> None:
            told = {name: f"{value:.1f}" for name, value in _last(learner).items()}
            watch.show(Progress(f"decisions ({settings.algorithm})", done, settings.steps, told))

        stretches = max(1, -(-settings.steps // settings.score_every))
        while True:
            if str(learner.stretch) not in learner.kept["scores"]:
                arrays = learner.arrays()
                notes = {"training": settings.name, "seed": str(settings.seed)}
                notes |= {"algorithm": settings.algorithm, "stretch": str(learner.stretch)}
                save_policy(weights / f"{learner.stretch}.safetensors", arrays, notes)
                found = score(weights / f"{learner.stretch}.safetensors", settings)
                learner.kept["scores"][str(learner.stretch)] = found
                learner.put_down()
                step = int(learner.model.num_timesteps)
                line = {"kind": "score", "stretch": learner.stretch, "step": step} | found
                folder.append_line("curve.jsonl", line | _numbers(learner.model))
                if board is not None:
                    for name, value in found.items():
                        board.record(f"score/{name}", value)
                    board.dump(step)
            if learner.stretch >= stretches:
                break
            if not learner.go_on(shown, watch.should_stop):
                return {"finished": False}
        return _finished(learner, folder, weights)


def score(path: Path, settings: AdvisorTrainingSettings) -> dict[str, float]:
    """How long the held-out missions are lived with a policy, without exploring [min].

    Args:
        path: The policy's weights.
        settings: Of the training.

    Returns:
        ``endurance`` (mean), ``geometric`` (geometric mean), ``enriched``, ``alarmed``, ``worth``
        (what the reward makes of them, without the charge for hard limits).
    """
    from hiera.controllers.rl.advisor.weights import load_policy
    from hiera.training.life_support_advisor.vector import endurance
    from hiera.training.life_support_advisor.world import Sets

    world, reward = settings.world, settings.reward
    seeds = range(*world.held_out)
    sets = Sets(
        len(seeds), period_s=world.period_s, max_time_s=world.max_time_s, spread=world.spread
    )
    lived, _ = endurance(load_policy(path), seeds, sets)
    mean, enriched, alarmed = (float(v) for v in lived.mean(axis=0))
    return {
        "endurance": mean,
        "geometric": float(np.exp(np.log(lived[:, 0]).mean())),
        "enriched": enriched,
        "alarmed": alarmed,
        "worth": mean - reward.enriched * enriched - reward.alarmed * alarmed,
    }


def _last(learner: Any) -> dict[str, float]:
    scores = learner.kept["scores"]
    found = scores.get(str(learner.stretch), {})
    return {name: found[name] for name in ("endurance", "worth") if name in found}


def _numbers(model: Any) -> dict[str, float]:
    """What the algorithm last noted about itself."""
    noted = (
        getattr(getattr(model, "logger", None), "name_to_value", {}) if model.num_timesteps else {}
    )
    return {name.partition("/")[2]: float(v) for name, v in noted.items() if "train/" in name}


def _board(path: Path, model: Any) -> Any:
    """A logger for TensorBoard, if that is installed; the algorithm's own numbers go there too."""
    from stable_baselines3.common.logger import configure

    try:
        require("tensorboard", "learn")
    except ImportError:
        return None
    board = configure(str(path), ["tensorboard"])
    model.set_logger(board)
    return board


def _finished(learner: Any, folder: RunDirectory, weights: Path) -> dict[str, Any]:
    scores: dict[str, dict[str, float]] = learner.kept["scores"]
    best = max(scores, key=lambda k: (scores[k]["worth"], -int(k)))
    chosen = weights / f"{best}.safetensors"
    result = folder.write(RESULT, chosen.read_bytes())
    from hiera.controllers.rl.advisor.weights import load_policy

    return {
        "finished": True,
        "stretch": int(best),
        "weights": str(result),
        "sha256": load_policy(result).notes["sha256"],
        "bytes": result.stat().st_size,
        "scores": scores,
    }


TRAINING = AdvisorTraining()
