"""What soft actor-critic remembers: decisions in the order in which they were made, each once.

The decision that follows another is the next row, so nothing is kept twice; features are in half
precision and pictures in bytes. On disk there is a compressed file an iteration; the state of a
training names the iterations that it remembers, and files that no state names are left behind
by a kill and written again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.training.viewpoint.data import Batch, Decisions
from hiera.training.viewpoint.episodes import Shard
from hiera.training.viewpoint.rollouts import Follows

_KEPT = ("count", "tokens", "pairs", "pixel", "picture", "chosen", "reward", "follows")


class Replay:
    """The last iterations' decisions."""

    def __init__(self, folder: Path, capacity: int) -> None:
        """Remembers nothing yet.

        Args:
            folder: Where the files lie.
            capacity: Decisions to remember; the newest iteration is remembered whole.
        """
        self._folder, self._capacity = folder, capacity
        self._parts: dict[int, Shard] = {}
        self._decisions: Decisions | None = None
        self._starts: NDArray[np.intp] = np.zeros(0, np.intp)
        self._follows: NDArray[np.int8] = np.zeros(0, np.int8)

    @property
    def held(self) -> list[int]:
        """Iterations that are remembered."""
        return sorted(self._parts)

    def __len__(self) -> int:
        return sum(len(part["count"]) for part in self._parts.values())

    def add(self, iteration: int, shard: Shard) -> None:
        """Remembers an iteration, in memory and on disk, and forgets the oldest."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # What was forgotten last time is named by no state any more.
        for path in self._folder.glob("*.npz"):
            if int(path.stem) not in self._parts:
                path.unlink()
        part = {name: shard[name] for name in _KEPT}
        path = self._folder / f"{iteration}.npz"
        with path.with_suffix(".part").open("wb") as file:
            np.savez_compressed(file, **part)  # type: ignore[arg-type]
        path.with_suffix(".part").replace(path)
        self._parts[iteration] = part
        while len(self._parts) > 1 and len(self) > self._capacity:
            del self._parts[min(self._parts)]
        self._join()

    def restore(self, held: list[int]) -> None:
        """Reads what a state names."""
        self._parts = {k: _read(self._folder / f"{k}.npz") for k in held}
        if held:
            self._join()

    def _join(self) -> None:
        parts = [self._parts[k] for k in self.held]
        self._decisions = Decisions(parts)
        self._follows = np.concatenate([part["follows"] for part in parts])
        self._starts = np.flatnonzero(self._follows != Follows.UNKNOWN)

    def draw(self, size: int, rng: np.random.Generator) -> tuple[Batch, Batch]:
        """Random decisions and what follows each, mirrored and turned alike.

        Where nothing follows, the second batch holds the decision itself.
        """
        assert self._decisions is not None
        index = self._starts[rng.integers(len(self._starts), size=size)]
        turn = bool(rng.integers(2)), int(rng.integers(4))
        after = index + (self._follows[index] == Follows.NEXT)
        return self._decisions.batch(index, turn), self._decisions.batch(after, turn)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path) as file:
        return dict(file)
