"""What improves a network by its own episodes, and how it goes on after a kill."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch

from hiera.controllers.rl.viewpoint.features import prior
from hiera.controllers.rl.viewpoint.torch_network import ViewpointNet
from hiera.training.viewpoint.episodes import Shard

_NEVER = -1e9


class Learner(Protocol):
    """One algorithm at work.

    Attributes:
        net: The policy that tries, and is scored.
    """

    net: ViewpointNet

    def improve(self, shards: list[Shard], iteration: int) -> dict[str, float]:
        """Learns from an iteration's episodes, each of `roll_out`; says what it found."""
        ...

    def state(self) -> dict[str, Any]:
        """All that going on needs, as tensors and plain numbers."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state` gave."""
        ...


def log_policy(
    score: torch.Tensor, tokens: torch.Tensor, mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logarithm of the policy ``(B, n)``, and which tokens are candidates ``(B, n)``.

    Args:
        score: The network's, shape ``(B, n)``.
        tokens: Shape ``(B, n, TOKEN)``.
        mask: Which tokens are real, shape ``(B, n)``; the first is the robot's and no candidate.
    """
    candidates = mask.clone()
    candidates[:, 0] = False
    preference = (prior(tokens) - score).masked_fill(~candidates, _NEVER)
    return torch.log_softmax(preference, 1), candidates


def rated(net: ViewpointNet, eye: ViewpointNet, inputs: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Scores and, as the last column, the value: ``(B, n + 1)``; the convolutions do not learn.

    Args:
        net: Who rates.
        eye: Whose convolutions look.
        inputs: Of a `Batch`.
    """
    with torch.no_grad():
        levels = eye.eye.look(inputs[3])
    score, value = net.rate(levels, *inputs)
    return torch.cat((score, value[:, None]), dim=1)


def joined(shards: list[Shard]) -> Shard:
    """An iteration's episodes end to end, those without a decision left out.

    Raises:
        ValueError: If there was no decision at all.
    """
    real = [shard for shard in shards if len(shard["count"])]
    if not real:
        raise ValueError("training: no decision was made in an iteration")
    return {name: np.concatenate([s[name] for s in real]) for name in real[0]}
