"""Trainings side by side on the held-out maps, paired map by map.

``python -m hiera.training.viewpoint.compare FOLDER FOLDER ...`` prints a row a training: the
weights after its last iteration, not the best, since choosing the best is a bias of its own.
The first folder is what the others are compared with.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hiera.training.viewpoint.evaluate import Score


@dataclass(frozen=True, slots=True)
class Row:
    """One training after its last iteration.

    Attributes:
        name: Its name.
        iterations: Iterations of reinforcement.
        cpu_min: CPU time of the iterations, held-out maps left out [min]; for a training of one
            process in one sitting.
        score: How it did.
    """

    name: str
    iterations: int
    cpu_min: float
    score: Score

    @classmethod
    def read(cls, folder: Path) -> Row:
        """Reads a training's folder.

        Raises:
            FileNotFoundError: If it holds no score.
        """
        scores = list((folder / "reinforced").glob("[0-9]*.json"))
        if not scores:
            raise FileNotFoundError(f"{folder} holds no score of held-out maps")
        last = max(scores, key=lambda path: int(path.stem))
        curve = [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]
        scored = [line["cpu_s"] for line in curve if line["kind"] == "held-out"]
        made = [line["cpu_s"] for line in curve if line["kind"] == "reinforce"]
        begun = scored[0] if scored and made and scored[0] < made[0] else 0.0
        spent = (made[-1] - begun) / 60.0 if made else 0.0
        return cls(folder.parent.name, int(last.stem), spent, Score.read(last))


def difference(mine: NDArray[np.float64], others: NDArray[np.float64]) -> tuple[float, float]:
    """Mean of the ratios of two distances on the same maps, and its standard error.

    Args:
        mine: Shape ``(k,)`` [m].
        others: Shape ``(k,)`` [m].
    """
    ratio = mine / others
    error = float(ratio.std(ddof=1) / len(ratio) ** 0.5) if len(ratio) > 1 else 0.0
    return float(ratio.mean()), error


def table(folders: list[Path]) -> str:
    """The trainings as a table in Markdown, each against the first.

    Raises:
        ValueError: If they were not scored on equally many maps.
    """
    rows = [Row.read(folder) for folder in folders]
    first = rows[0].score
    lines = [
        "| training | iterations | their CPU | distance | over nearest | over the first "
        "| complete |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        score = row.score
        if score.maps != first.maps:
            raise ValueError(f"{row.name}: scored on {score.maps} maps, not on {first.maps}")
        against = "1"
        if row is not rows[0]:
            mean, error = difference(np.array(score.each_m), np.array(first.each_m))
            against = f"{mean:.4f} ± {error:.4f}"
        lines.append(
            f"| {row.name} | {row.iterations} | {row.cpu_min:.1f} min | {score.distance_m:.1f} m "
            f"| {score.ratio:.3f} ± {score.error:.3f} | {against} | {score.complete:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table([Path(argument) for argument in sys.argv[1:]]) + "\n")
