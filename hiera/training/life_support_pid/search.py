"""Where gains are looked for, what they are worth, and the search itself."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Any

import numpy as np

from hiera.controllers.life_support.pid_law import Gains
from hiera.envs.life_support.laid import Laid, laid
from hiera.recording import RunDirectory
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits
from hiera.training.life_support_pid.episode import live
from hiera.training.life_support_pid.evolution import challengers, first_population
from hiera.training.life_support_pid.settings import PidTuningSettings, TuningMissionsSettings
from hiera.training.life_support_pid.training import read_population


@dataclass(frozen=True, slots=True)
class Space:
    """The box that gains are looked for in.

    Attributes:
        name: Of the variant.
        ranges: Least and most of each gain, and whether its logarithm is searched.
    """

    name: str
    ranges: Mapping[str, tuple[float, float, bool]]

    def gains(self, point: FloatArray) -> Gains:
        """Gains at a point of the unit cube."""
        made = {}
        for (name, (low, high, log)), at in zip(self.ranges.items(), point, strict=True):
            made[name] = low * (high / low) ** at if log else low + at * (high - low)
        return Gains(**{name: float(f"{value:.6g}") for name, value in made.items()})

    def point(self, gains: Mapping[str, float]) -> FloatArray:
        """The point of gains, each at most at the edge of the box."""
        made = []
        for name, (low, high, log) in self.ranges.items():
            value = min(max(gains[name], low), high)
            made.append(
                np.log(value / low) / np.log(high / low) if log else (value - low) / (high - low)
            )
        return np.array(made)


_RANGES = {
    "oxygen_set": (0.200, 0.230, False),
    "oxygen_kp": (0.01, 1.0, True),
    "oxygen_ki": (1e-6, 1e-2, True),
    "oxygen_kd": (1e-3, 2.0, True),
    "gauge_set": (10.0, 150.0, False),
    "gauge_kp": (1e-7, 1e-4, True),
    "dioxide_set": (100.0, 900.0, False),
    "dioxide_kp": (1e-9, 1e-5, True),
    "dioxide_ki": (1e-11, 1e-7, True),
    "breathing": (0.3, 2.0, False),
    "flow_high": (0.8e-3, 2.5e-3, False),
}
PLAIN = Space("plain", _RANGES)
FORWARD = Space("forward", _RANGES | {"uptake": (0.0, 1.1, False)})


@cache
def _missions(asked: TuningMissionsSettings) -> list[Laid]:
    numbers = range(asked.first, asked.first + asked.count)
    return [laid(f"mission:{k}", k, asked.longest_s) for k in numbers]


def evaluate(settings: PidTuningSettings, gains: Gains) -> dict[str, float]:
    """What gains are worth over the missions of a tuning."""
    model, limits = LifeSupportModel(), Limits()
    lived = [live(m, gains, model, limits) for m in _missions(settings.missions)]
    logs = np.log([one.seconds for one in lived])
    hard = float(np.mean([one.hard for one in lived]))
    return {
        "score": float(np.mean(logs)) - settings.violation * hard,
        "minutes": float(np.exp(np.mean(logs))) / 60.0,
        "hard": hard,
        "alarm": float(np.mean([one.alarm_s / one.seconds for one in lived])),
        "enriched": float(np.mean([one.enriched_s / one.seconds for one in lived])),
    }


class Scorer:
    """Evaluates candidates, in processes that stay or in this one."""

    def __init__(self, settings: PidTuningSettings, jobs: int) -> None:
        """Takes the settings and the number of processes."""
        self._settings = settings
        self._pool = (
            ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) if jobs > 1 else None
        )

    def __enter__(self) -> Scorer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __call__(self, candidates: list[Gains]) -> list[dict[str, float]]:
        """What each is worth, in order."""
        if self._pool is None:
            return [evaluate(self._settings, gains) for gains in candidates]
        count = len(candidates)
        return list(self._pool.map(evaluate, [self._settings] * count, candidates))


class Search:
    """A variant's search, from its first population or from where it was killed."""

    def __init__(
        self,
        settings: PidTuningSettings,
        space: Space,
        folder: RunDirectory,
        scorer: Scorer,
        found: FloatArray | None,
    ) -> None:
        """Begins or goes on.

        Args:
            settings: Of the tuning.
            space: Where to look.
            folder: Of the tuning.
            scorer: Says what gains are worth.
            found: Population of the variant without feed-forward, to go on with; None begins with
                the default gains among random ones.
        """
        self.space, self._settings, self._folder, self._scorer = space, settings, folder, scorer
        kept = read_population(folder, space.name)
        if kept is not None:
            self.generation = int(kept["generation"])
            self.population = np.array(kept["population"])
            self._scores = list(kept["scores"])
            return
        self.generation = 0
        self.population = self._first(found)
        self._scores = scorer([space.gains(p) for p in self.population])

    def _first(self, found: FloatArray | None) -> FloatArray:
        seed, size = self._settings.seed, self._settings.search.population
        if found is None:
            return first_population(seed, size, self.space.point(Gains()._asdict())[None])
        shares = np.random.default_rng([seed, 0]).random(size)
        shares[0] = 0.0
        return np.column_stack((found, shares))

    def advance(self) -> None:
        """One generation; what came out is on disk when this returns."""
        search = self._settings.search
        values = np.array([score["score"] for score in self._scores])
        tried = challengers(
            self._settings.seed, self.generation + 1, self.population, values,
            factor=search.factor, crossing=search.crossing,
        )  # fmt: skip
        for i, score in enumerate(self._scorer([self.space.gains(p) for p in tried])):
            if score["score"] >= self._scores[i]["score"]:
                self.population[i], self._scores[i] = tried[i], score
        self.generation += 1
        self._folder.write(
            f"{self.space.name}.json",
            json_of(self.generation, self.population, self._scores),
        )

    def best(self) -> tuple[dict[str, float], dict[str, float]]:
        """The best gains so far, and what they are worth."""
        k = int(np.argmax([score["score"] for score in self._scores]))
        return self.space.gains(self.population[k])._asdict(), self._scores[k]


def json_of(generation: int, population: FloatArray, scores: list[dict[str, Any]]) -> str:
    """A population as text, every digit kept."""
    import json

    return json.dumps(
        {"generation": generation, "population": population.tolist(), "scores": scores}
    )
