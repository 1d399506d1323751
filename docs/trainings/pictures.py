"""Draws what came out of the breathing set's trainings, from what is recorded beside this file.

    python docs/trainings/pictures.py

Needs Matplotlib (the extra ``docs``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from hiera.controllers.life_support.metabolism import LearnedMetabolism
from hiera.controllers.life_support.metabolism.history import UNIT
from hiera.controllers.life_support.rule import Rule
from hiera.envs.life_support.catalogue import mission
from hiera.envs.life_support.world import LifeSupportEnv

HERE = Path(__file__).parent
METABOLISM, ADVISOR = HERE / "life_support_metabolism", HERE / "life_support_advisor"
SHOWN_SEED, SHOWN_S, AHEAD_S = 905, 2400, 60.0
NAMES = {
    "learned": "learned",
    "learned_without_heart": "learned, heart lost",
    "held": "held value",
    "mission_mean": "mission mean",
}


def saved(figure: Any, path: Path) -> None:
    """Writes a picture small and the same every time."""
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def forecast_picture() -> None:
    """Error and likelihood over the horizon, and a mission beside what was expected."""
    scores = json.loads((METABOLISM / "metrics.json").read_text())["scores"]
    figure, axes = plt.subplots(1, 3, figsize=(9.0, 2.9), width_ratios=(1, 1, 1.7))
    for key, label in NAMES.items():
        for axis, figures in zip(axes, ("rmse", "nll"), strict=False):
            axis.plot(scores["horizons_s"], scores[key][figures], marker=".", label=label)
    axes[0].set(xlabel="horizon [s]", ylabel="RMSE [L/min]", ylim=(0.0, None))
    axes[1].set(xlabel="horizon [s]", ylabel="negative log-likelihood [nats]")
    axes[0].legend(fontsize=6)
    minutes, asked, mean, deviation = expected_course()
    axes[2].plot(minutes, asked, "k", lw=1, label="asked for")
    axes[2].plot(minutes, mean, lw=1, label=f"expected {AHEAD_S:.0f} s before")
    low, high = mean - 1.645 * deviation, mean + 1.645 * deviation
    axes[2].fill_between(minutes, low, high, alpha=0.25, lw=0, label="90 %")
    axes[2].set(xlabel="minutes", ylabel="oxygen [L/min]", ylim=(0.0, 4.5))
    axes[2].legend(fontsize=6, ncols=3, loc="upper center")
    saved(figure, METABOLISM / "forecast.svg")


def expected_course() -> tuple[Any, Any, Any, Any]:
    """Minutes, demand, and what was forecast for each `AHEAD_S` before."""
    env = LifeSupportEnv(mission(SHOWN_SEED))
    observation, _ = env.reset(seed=SHOWN_SEED)
    rule = Rule(env.model, env.limits, gauge_pa=100.0, oxygen=0.205)
    rule.reset(0)
    model = LearnedMetabolism()
    asked, found = [], []
    for _ in range(SHOWN_S):
        asked.append(env.scenario.phase(env.time_s).uptake_l_min)
        observation, _, over, _, _ = env.step(rule.act(observation))
        model.observe(observation, 1.0)
        ahead = model.forecast(1, AHEAD_S)
        found.append((ahead.demand[0] / UNIT, ahead.deviation[0] / UNIT))
        if over:
            break
    late = round(AHEAD_S)
    every = slice(None, None, 5)
    table = np.array(found)[:-late][every]
    at = np.arange(len(asked))[late:][every] / 60.0
    return at, np.array(asked)[late:][every], table[:, 0], table[:, 1]


def advisor_picture() -> None:
    """Endurance of the held-out missions over the training, and what it costs in enriched gas."""
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 2.9))
    for path in sorted(ADVISOR.glob("curve_*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        name = path.stem.removeprefix("curve_").replace("_", " ")
        steps = [r["step"] / 1000.0 for r in rows]
        line = "-" if "dsac" in name else "--"
        axes[0].plot(steps, [r["worth"] for r in rows], line, marker=".", label=name)
        axes[1].plot(steps, [r["geometric"] for r in rows], line, marker=".", label=name)
    axes[0].set(xlabel="thousand decisions", ylabel="worth [min]")
    axes[1].set(xlabel="thousand decisions", ylabel="endurance, geometric mean [min]")
    axes[0].legend(fontsize=7)
    saved(figure, ADVISOR / "training.svg")


if __name__ == "__main__":
    plt.rcParams.update({"svg.hashsalt": "hiera", "font.size": 8, "svg.fonttype": "none"})
    forecast_picture()
    advisor_picture()
