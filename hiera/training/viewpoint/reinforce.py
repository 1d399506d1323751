"""Proximal policy optimisation over the candidates of a decision.

J. Schulman et al., "Proximal Policy Optimization Algorithms", arXiv 1707.06347. The set of
candidates changes with every decision and every decision has its own number of them, which
Stable-Baselines3's action spaces cannot say, so the update is written out here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from hiera.controllers.rl.viewpoint.features import prior
from hiera.controllers.rl.viewpoint.torch_network import ViewpointNet
from hiera.training.viewpoint.data import Batch, Decisions
from hiera.training.viewpoint.fit import trainable
from hiera.training.viewpoint.settings import ReinforceSettings

_NEVER = -1e9


@dataclass(frozen=True, slots=True)
class Step:
    """What a step found.

    Attributes:
        policy: Clipped surrogate loss.
        value: Square of the value's error [(10 m)^2].
        entropy: Entropy of the policy.
        moved: How far the policy has moved, Kullback-Leibler, estimated.
    """

    policy: torch.Tensor
    value: torch.Tensor
    entropy: torch.Tensor
    moved: torch.Tensor

    def numbers(self) -> dict[str, float]:
        """As plain numbers."""
        names = ("policy", "value", "entropy", "moved")
        return {name: float(getattr(self, name).detach()) for name in names}


def step_of(net: ViewpointNet, batch: Batch, clip: float) -> Step:
    """Losses of a batch of `roll_out` decisions."""
    tokens, *_, mask = batch.inputs
    score, value, _ = net(*batch.inputs)
    candidates = mask.clone()
    candidates[:, 0] = False
    preference = (prior(tokens) - score).masked_fill(~candidates, _NEVER)
    likelihood = torch.log_softmax(preference, 1)
    chosen = likelihood.gather(1, batch.labels["chosen"][:, None])[:, 0]
    change = chosen - batch.labels["likelihood"]
    ratio, advantage = change.exp(), batch.labels["advantage"]
    surrogate = torch.min(ratio * advantage, ratio.clamp(1.0 - clip, 1.0 + clip) * advantage)
    return Step(
        policy=-surrogate.mean(),
        value=((value - batch.labels["return"]) ** 2).mean(),
        entropy=-(likelihood.exp() * likelihood.clamp(min=-50.0)).sum(1).mean(),
        moved=(ratio - 1.0 - change).mean(),
    )


def improve(
    net: ViewpointNet,
    optimiser: torch.optim.Optimizer,
    decisions: Decisions,
    settings: ReinforceSettings,
    *,
    rng: np.random.Generator,
    device: torch.device,
) -> dict[str, float]:
    """One iteration's passes over its decisions, in place.

    Args:
        net: The network.
        optimiser: Over its `trainable` parameters.
        decisions: Of `roll_out`, advantages normalised over all of them.
        settings: How.
        rng: Order of the batches.
        device: Where to compute.

    Returns:
        Means over the steps, see `Step`.
    """
    net.to(device).train()
    found: list[dict[str, float]] = []
    batches = decisions.epochs(settings.batch, rng)
    for _ in range(settings.epochs * -(-len(decisions) // settings.batch)):
        index, _ = next(batches)
        step = step_of(net, decisions.batch(index).to(device), settings.clip)
        loss = step.policy + settings.value * step.value - settings.entropy * step.entropy
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable(net), 1.0)
        optimiser.step()
        found.append(step.numbers())
    return {name: float(np.mean([f[name] for f in found])) for name in found[0]}
