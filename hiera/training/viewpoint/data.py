"""Gathered decisions in memory, and batches of them as PyTorch tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hiera.controllers.rl.viewpoint.features import OFFSETS, PAIR, TOKEN

_RAGGED = ("tokens", "pairs", "pixel", "cost_m")
_INPUTS = {"count", "tokens", "pairs", "pixel", "picture"}
_POOL = 16
"""Batches that are sorted by length together, so that little is padded."""


@dataclass(frozen=True, slots=True)
class Batch:
    """B decisions, padded to n tokens; see `network`.

    Attributes:
        inputs: ``tokens``, ``pairs``, ``pixel``, ``picture`` and ``mask``.
        labels: What else is known of each decision, by name: ``cost_m`` of every candidate, NaN
            at the robot and at padding, ``(B, n)``; anything with one number a decision ``(B,)``;
            ``truth``, the true share of free ground per pixel, ``(B, 64, 64)``.
    """

    inputs: tuple[torch.Tensor, ...]
    labels: dict[str, torch.Tensor]

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(
            tuple(tensor.to(device) for tensor in self.inputs),
            {name: tensor.to(device) for name, tensor in self.labels.items()},
        )


class Decisions:
    """Shards end to end."""

    def __init__(self, shards: Sequence[Mapping[str, NDArray[Any]]]) -> None:
        """Joins them.

        Args:
            shards: Arrays as `packed` makes them, with or without labels, all alike.

        Raises:
            ValueError: If they hold no decision.
        """
        parts = [shard for shard in shards if len(shard["count"])]
        if not parts:
            raise ValueError("training: no decision was gathered")
        whole = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        self._whole = whole
        self.count: NDArray[np.int64] = whole["count"].astype(np.int64)
        starts = {
            "tokens": self.count,
            "pixel": self.count,
            "pairs": self.count**2,
            "cost_m": self.count - 1,
        }
        self._start = {n: np.concatenate(([0], np.cumsum(c)[:-1])) for n, c in starts.items()}

    def __len__(self) -> int:
        return len(self.count)

    def batch(self, index: NDArray[np.integer], turn: tuple[bool, int] = (False, 0)) -> Batch:
        """Some decisions, mirrored and turned.

        Args:
            index: Which.
            turn: Whether to mirror x, then by how many right angles to turn.
        """
        whole, start, count = self._whole, self._start, self.count[index]
        b, n = len(index), int(count.max())
        tokens = np.zeros((b, n, TOKEN), np.float32)
        pairs = np.zeros((b, n, n, PAIR), np.float32)
        pixel = np.zeros((b, n, 2), np.float32)
        cost = np.full((b, n), np.nan, np.float32)
        for row, (k, m) in enumerate(zip(index.tolist(), count.tolist(), strict=True)):
            at = {name: int(start[name][k]) for name in _RAGGED}
            tokens[row, :m] = whole["tokens"][at["tokens"] : at["tokens"] + m]
            square = whole["pairs"][at["pairs"] : at["pairs"] + m * m]
            pairs[row, :m, :m] = square.reshape(m, m, PAIR)
            pixel[row, :m] = whole["pixel"][at["pixel"] : at["pixel"] + m]
            if "cost_m" in whole:
                cost[row, 1:m] = whole["cost_m"][at["cost_m"] : at["cost_m"] + m - 1]
        picture = whole["picture"][index].astype(np.float32) / 255.0
        labels = {name: whole[name][index] for name in whole.keys() - _INPUTS - {"cost_m"}}
        if "truth" in labels:
            truth = labels["truth"].astype(np.float32)[:, None] / 255.0
            picture = np.concatenate((picture, truth), axis=1)
        picture = turned(tokens, pixel, picture, *turn)
        if "truth" in labels:
            picture, labels["truth"] = np.ascontiguousarray(picture[:, :3]), picture[:, 3]
        if "cost_m" in whole:
            labels["cost_m"] = cost
        mask = np.arange(n) < count[:, None]
        return Batch(
            inputs=tuple(torch.from_numpy(a) for a in (tokens, pairs, pixel, picture, mask)),
            labels={name: torch.from_numpy(a) for name, a in labels.items()},
        )

    def epochs(
        self, batch: int, rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.intp], tuple[bool, int]]]:
        """Batches without end: indices and how to turn them."""
        while True:
            order = rng.permutation(len(self))
            batches = []
            for first in range(0, len(order), batch * _POOL):
                pool = order[first : first + batch * _POOL]
                pool = pool[np.argsort(self.count[pool], kind="stable")]
                batches += [pool[k : k + batch] for k in range(0, len(pool), batch)]
            for k in rng.permutation(len(batches)):
                yield batches[k], (bool(rng.integers(2)), int(rng.integers(4)))


def turned(
    tokens: NDArray[np.float32],
    pixel: NDArray[np.float32],
    picture: NDArray[np.float32],
    mirror: bool,
    quarters: int,
) -> NDArray[np.float32]:
    """Mirrors and turns the world: ``tokens`` and ``pixel`` in place.

    Args:
        tokens: Shape ``(B, n, TOKEN)``.
        pixel: Shape ``(B, n, 2)``.
        picture: Any channels, shape ``(B, c, 64, 64)``.
        mirror: Whether x changes its sign first.
        quarters: By how many right angles ``(x, y)`` then becomes ``(-y, x)``.

    Returns:
        The picture, turned.
    """
    side = picture.shape[-1]
    if mirror:
        picture = picture[..., ::-1]
        pixel[..., 0] = side - pixel[..., 0]
        for x, _ in OFFSETS:
            tokens[..., x] *= -1.0
    for _ in range(quarters):
        picture = picture.swapaxes(2, 3)[..., ::-1]
        pixel[:] = np.stack((side - pixel[..., 1], pixel[..., 0]), axis=-1)
        for x, y in OFFSETS:
            tokens[..., [x, y]] = np.stack((-tokens[..., y], tokens[..., x]), axis=-1)
    return np.ascontiguousarray(picture)
