"""The tuning as ``hiera train`` finds it; compiled code is imported when it runs.

The folder holds ``config.yaml``, ``manifest.json``, ``curve.jsonl``, for each variant its
population after the last generation (``plain.json``, ``forward.json``) and in the end
``pid_gains.json``. A tuning that is killed goes on after its last whole generation.
"""

from __future__ import annotations

import json
import time
from typing import Any

from hiera.config.settings import Settings
from hiera.recording import RunDirectory
from hiera.training.contract import Progress, Watch
from hiera.training.life_support_pid.settings import PidTuningSettings

RESULT = "pid_gains.json"


class PidTuning:
    """What ``hiera train`` runs for ``train: life_support_pid``."""

    settings: type[Settings] = PidTuningSettings
    summary = "PID baseline of the breathing set: gains by differential evolution"
    needs = None

    def run(self, settings: Any, folder: RunDirectory, watch: Watch, jobs: int) -> dict[str, Any]:
        """Tunes, or goes on with a tuning.

        Args:
            settings: The validated settings.
            folder: Its folder, new or left by a killed one.
            watch: Shows progress and says when to stop.
            jobs: Processes that run missions.

        Returns:
            What came out, for ``metrics.json``; ``finished`` is False if it was stopped.
        """
        from hiera.training.life_support_pid.search import FORWARD, PLAIN, Scorer, Search

        counts = (settings.search.generations, settings.search.forward_generations)
        with Scorer(settings, jobs) as scorer:
            gains: dict[str, dict[str, float]] = {}
            scores: dict[str, Any] = {}
            found = None
            for space, generations in zip((PLAIN, FORWARD), counts, strict=True):
                search = Search(settings, space, folder, scorer, found)
                while search.generation < generations:
                    if watch.should_stop():
                        return {"finished": False}
                    search.advance()
                    _note(generations, folder, watch, search)
                gains[space.name], scores[space.name] = search.best()
                found = search.population
        path = folder.write_json(RESULT, gains)
        candidates = settings.search.population * (sum(counts) + 2)
        return {
            "finished": True,
            "weights": str(path),
            "bytes": path.stat().st_size,
            "candidates": candidates,
            "episodes": candidates * settings.missions.count,
            "scores": scores,
        }


def _note(generations: int, folder: RunDirectory, watch: Watch, search: Any) -> None:
    _, score = search.best()
    line = {"kind": search.space.name, "step": search.generation, "time_s": time.time()} | score
    folder.append_line("curve.jsonl", line)
    fields = {"endurance": f"{score['minutes']:.1f} min", "hard ends": f"{score['hard']:.0%}"}
    watch.show(Progress(f"tuning {search.space.name}", search.generation, generations, fields))


def read_population(folder: RunDirectory, name: str) -> dict[str, Any] | None:
    """What a killed tuning left of a variant, or None."""
    path = folder.path / f"{name}.json"
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


TRAINING = PidTuning()
