"""Hunting for violations: adversaries choose the start, the nominal inputs and the disturbances.

Three kinds, one after the other:

- *random*: nominal inputs held for random times, corners of the disturbance's box;
- *greedy*: at every tick the nominal input and the disturbance that lower the nearest barrier
  fastest, by its exact gradient;
- *cross-entropy*: start, nominal inputs and disturbances of whole episodes are drawn from
  distributions that are fitted, round by round, to the episodes that came nearest to a violation
  (R. Rubinstein, "The cross-entropy method", 1999).

The plant is integrated finely between the ticks. An episode counts as a violation if a hard barrier
falls below zero while every action so far was certified. Not finding any proves nothing: what was
looked at is reported as coverage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.contract import FloatArray, Status
from hiera.safety.filters.batch import STATUSES
from hiera.safety.verify.plant import Gates, Plant, Verifiable

CERTIFIED = (Status.NOMINAL, Status.FILTERED, Status.RELAXED, Status.BACKUP)
_SURE = np.array([s in CERTIFIED for s in STATUSES])
_SEGMENTS = 8
_ELITE = 0.1
_CELLS = 10


@dataclass(frozen=True, slots=True)
class Hunt:
    """How to hunt.

    Attributes:
        low: Lower corner of the starts, shape ``(n,)``.
        high: Upper corner of the starts, shape ``(n,)``.
        ticks: Length of an episode.
        episodes: Episodes side by side.
        rounds: Rounds of the cross-entropy method; random and greedy get two each.
        looks: Looks at the barriers within a tick.
        reach: Nominal inputs go up to this times the input limits.
        tolerance: What still counts as zero [unit of h].
        seed: Of all randomness.
    """

    low: ArrayLike
    high: ArrayLike
    ticks: int = 100
    episodes: int = 256
    rounds: int = 6
    looks: int = 5
    reach: float = 1.5
    tolerance: float = 1e-9
    seed: int = 0


@dataclass(slots=True)
class Finding:
    """What a hunt found.

    Attributes:
        steps: Filtered actions in all.
        violations: Episodes in which a barrier fell while everything was certified.
        dead_ends: Episodes from safe starts in which an action could not be certified.
        dead_end: A state in which that happened, shape ``(n,)``, or None.
        margin: Smallest barrier found under certified actions [unit of h].
        lowest: Smallest barrier found at all, under whatever action [unit of h].
        barrier: Its name.
        adversary: Who found it.
        statuses: Actions by status.
        margins: Smallest barrier found by each adversary.
        coverage: Share of the cells of the start box, projected on each pair of states, visited.
        trajectory: The worst episode: ``t, x, u_nominal, u, w, h, status``.
    """

    steps: int = 0
    violations: int = 0
    dead_ends: int = 0
    dead_end: FloatArray | None = None
    margin: float = np.inf
    lowest: float = np.inf
    barrier: str = ""
    adversary: str = ""
    statuses: Counter[str] = field(default_factory=Counter)
    margins: dict[str, float] = field(default_factory=dict)
    coverage: float = 0.0
    trajectory: dict[str, FloatArray] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether nothing was found: no violation, no dead end."""
        return not self.violations and not self.dead_ends

    def sentence(self) -> str:
        """The result in one sentence."""
        found = f"{self.violations} violations" if self.violations else "no violation"
        if self.dead_end is not None:
            where = np.round(self.dead_end, 4).tolist()
            found += f" and {self.dead_ends} dead ends, such as {where},"
        return (
            f"{found} in {self.steps:,} filtered actions; smallest barrier under certified "
            f"actions {self.margin:.3g} ({self.barrier}, found by {self.adversary}), under any "
            f"action {self.lowest:.3g}; "
            f"{100.0 * self.coverage:.0f} % of the projected cells of the start box visited"
        )


@dataclass(slots=True)
class _Script:
    """What an adversary plays: starts, and per segment inputs and disturbances in [-1, 1]."""

    start: FloatArray
    nominal: FloatArray
    noise: FloatArray
    greedy: FloatArray


def hunt(
    gate: Verifiable,
    settings: Hunt,
    *,
    truths: tuple[Barrier, ...] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> Finding:
    """Looks for the worst that can happen to a filter.

    Args:
        gate: The filter, with its system and barriers.
        settings: How to hunt.
        truths: What must really not fall below zero, where the filter's barriers only stand for
            it; these barriers themselves by default.
        progress: Called with the adversary's name, rounds done and rounds in all.

    Raises:
        ValueError: If the system is not recorded or control-affine, or no start is safe.
    """
    plant = Plant(gate.system, tuple(gate.barriers), truths)
    rng = np.random.default_rng(settings.seed)
    finding = Finding()
    cells: set[tuple[int, int, int, int]] = set()
    plan = [("random", 2), ("greedy", 2), ("cross-entropy", settings.rounds)]
    total, done = sum(count for _, count in plan), 0
    for adversary, rounds in plan:
        mean, spread = None, None
        for _ in range(rounds):
            script = _script(plant, settings, rng, adversary, mean, spread)
            scores, flat = _play(gate, plant, settings, script, rng, adversary, finding, cells)
            elite = np.argsort(scores)[: max(4, int(_ELITE * settings.episodes))]
            mean, spread = flat[:, elite].mean(axis=1), flat[:, elite].std(axis=1) + 0.02
            done += 1
            if progress is not None:
                progress(adversary, done, total)
    n = plant.system.n
    pairs = max(1, n * (n - 1) // 2)
    size = _CELLS**2 if n > 1 else _CELLS
    finding.coverage = len(cells) / (pairs * size)
    return finding


def _script(
    plant: Plant,
    settings: Hunt,
    rng: np.random.Generator,
    adversary: str,
    mean: FloatArray | None,
    spread: FloatArray | None,
) -> _Script:
    n, m, B = plant.system.n, plant.system.m, settings.episodes
    low, high = np.asarray(settings.low, float), np.asarray(settings.high, float)
    size = n + _SEGMENTS * (m + n)
    if mean is None or spread is None or adversary != "cross-entropy":
        flat = rng.uniform(-1.0, 1.0, (size, B))
        bang = rng.random(B) < 0.5
        flat[n:, bang] = np.sign(flat[n:, bang])
    else:
        flat = np.clip(mean[:, None] + spread[:, None] * rng.normal(size=(size, B)), -1.0, 1.0)
    start = _safe_starts(plant, flat[:n], low, high, rng)
    flat[:n] = 2.0 * (start - low[:, None]) / np.maximum(high - low, 1e-12)[:, None] - 1.0
    nominal = flat[n : n + _SEGMENTS * m].reshape(_SEGMENTS, m, B)
    noise = flat[n + _SEGMENTS * m :].reshape(_SEGMENTS, n, B)
    greedy = {"random": 0.0, "greedy": 1.0, "cross-entropy": 0.3}[adversary]
    return _Script(start, nominal, noise, (rng.random(B) < greedy).astype(float))


def _safe_starts(
    plant: Plant, unit: FloatArray, low: FloatArray, high: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Starts in the safe set: those that are not are drawn anew."""
    start = low[:, None] + 0.5 * (unit + 1.0) * (high - low)[:, None]
    for _ in range(200):
        bad = plant.inside(start) < 0.0
        if not np.any(bad):
            return start
        drawn = rng.uniform(0.0, 1.0, (len(low), int(bad.sum())))
        start[:, bad] = low[:, None] + drawn * (high - low)[:, None]
    good = plant.inside(start) >= 0.0
    if not np.any(good):
        raise ValueError("no safe start was found in the box; the safe set may be empty there")
    chosen = rng.choice(np.flatnonzero(good), start.shape[1])
    return np.ascontiguousarray(start[:, chosen])


def _play(
    gate: Verifiable,
    plant: Plant,
    settings: Hunt,
    script: _Script,
    rng: np.random.Generator,
    adversary: str,
    finding: Finding,
    cells: set[tuple[int, int, int, int]],
) -> tuple[FloatArray, FloatArray]:
    """Runs the episodes; smallest certified barrier of each, and the script as flat numbers."""
    system, B = plant.system, settings.episodes
    low, high = np.asarray(system.u_min), np.asarray(system.u_max)
    middle, half = 0.5 * (low + high), 0.5 * (high - low) * settings.reach
    bound = np.asarray(system.disturbance)
    error = np.asarray(getattr(gate, "uncertainty", np.zeros(system.n)))
    gates = Gates(gate, B, gate.tick_s)
    X, sure, lost = script.start.copy(), np.ones(B, dtype=bool), np.zeros(B, dtype=bool)
    score, which = np.full(B, np.inf), np.zeros(B, dtype=int)
    trace: list[tuple[NDArray[Any], ...]] = []
    for k in range(settings.ticks):
        part = min(_SEGMENTS - 1, k * _SEGMENTS // settings.ticks)
        U = middle[:, None] + half[:, None] * script.nominal[part]
        W = bound[:, None] * script.noise[part]
        danger_u, danger_w = plant.towards_danger(X)
        greedy = script.greedy > 0.0
        U, W = np.where(greedy, danger_u, U), np.where(greedy, danger_w, W)
        seen = X + error[:, None] * rng.choice([-1.0, 1.0], X.shape)
        actions, status, backups = gates.answer(k, seen, U)
        for index, name in zip(status, backups, strict=True):
            label = str(STATUSES[index]) + (f":{name}" if name else "")
            finding.statuses[label] += 1
        ended = sure & ~_SURE[status] & ~_strayed(gate, X)
        if np.any(ended) and finding.dead_end is None:
            finding.dead_end = X[:, int(np.argmax(ended))].copy()
        finding.dead_ends += int(ended.sum())
        lost |= _strayed(gate, X)
        sure &= _SURE[status]
        trace.append((X.copy(), U.copy(), actions.copy(), W.copy(), status.copy()))
        for _ in range(settings.looks):
            X = plant.step(X, actions, W, gate.tick_s / settings.looks)
            h = plant.h.batch(X)
            least = h.min(axis=0)
            finding.lowest = min(finding.lowest, float(np.min(least[~lost], initial=np.inf)))
            better = sure & (least < score)
            which[better] = h.argmin(axis=0)[better]
            score[better] = least[better]
        finding.steps += B
        if k % 5 == 0:
            _visit(cells, X, np.asarray(settings.low, float), np.asarray(settings.high, float))
    finding.violations += int(np.sum(score < -settings.tolerance))
    worst = int(np.argmin(score))
    finding.margins[adversary] = min(finding.margins.get(adversary, np.inf), float(score[worst]))
    if score[worst] < finding.margin:
        finding.margin, finding.adversary = float(score[worst]), adversary
        finding.barrier = plant.truths[which[worst]].label
        finding.trajectory = _trajectory(plant, gate.tick_s, trace, worst)
    flat = np.concatenate(
        (
            2.0
            * (script.start - np.asarray(settings.low, float)[:, None])
            / np.maximum(np.subtract(settings.high, settings.low), 1e-12)[:, None]
            - 1.0,
            script.nominal.reshape(-1, B),
            script.noise.reshape(-1, B),
        )
    )
    return score, flat


def _strayed(gate: Verifiable, X: FloatArray) -> NDArray[np.bool_]:
    """Whether a state is outside the filter's domain, where it promises nothing; ``(B,)``."""
    domain = getattr(gate, "domain", None)
    if domain is None:
        return np.zeros(X.shape[1], dtype=bool)
    low, high = (np.asarray(side, dtype=np.float64)[:, None] for side in domain)
    outside: NDArray[np.bool_] = np.any((low > X) | (high < X), axis=0)
    return outside


def _visit(
    cells: set[tuple[int, int, int, int]], X: FloatArray, low: FloatArray, high: FloatArray
) -> None:
    """Marks the cells, of each pair of states, in which the states lie."""
    index = np.floor((X - low[:, None]) / np.maximum(high - low, 1e-12)[:, None] * _CELLS)
    inside = (index >= 0) & (index < _CELLS)
    n = len(low)
    for i in range(n):
        for j in range(i + 1, n) if n > 1 else [i]:
            both = inside[i] & inside[j]
            found = np.unique(np.stack((index[i, both], index[j, both])).astype(int), axis=1)
            cells.update((i, j, int(a), int(b)) for a, b in found.T)


def _trajectory(
    plant: Plant, tick_s: float, trace: list[tuple[NDArray[Any], ...]], episode: int
) -> dict[str, FloatArray]:
    X, U, A, W, S = (np.array([step[i][..., episode] for step in trace]) for i in range(5))
    return {
        "t": tick_s * np.arange(len(X)),
        "x": X,
        "u_nominal": U,
        "u": A,
        "w": W,
        "h": plant.h.batch(np.ascontiguousarray(X.T)).T,
        "status": S,
    }
