"""Proximal policy optimisation over the candidates of a decision.

J. Schulman et al., "Proximal Policy Optimization Algorithms", arXiv 1707.06347. The set of
candidates changes with every decision and every decision has its own number of them, which
Stable-Baselines3's action spaces cannot say, so the update is written out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from hiera.controllers.rl.viewpoint.torch_network import ViewpointNet
from hiera.training.viewpoint.data import Batch, Decisions
from hiera.training.viewpoint.episodes import Shard
from hiera.training.viewpoint.fit import trainable
from hiera.training.viewpoint.learner import joined, log_policy, rated
from hiera.training.viewpoint.settings import ReinforceSettings

_LABELS = {"reward", "follows", "distance_m", "togo_m"}
_REINFORCE = 2


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
    out = rated(net, net, batch.inputs)
    likelihood, _ = log_policy(out[:, :-1], tokens, mask)
    chosen = likelihood.gather(1, batch.labels["chosen"][:, None])[:, 0]
    change = chosen - batch.labels["likelihood"]
    ratio, advantage = change.exp(), batch.labels["advantage"]
    surrogate = torch.min(ratio * advantage, ratio.clamp(1.0 - clip, 1.0 + clip) * advantage)
    return Step(
        policy=-surrogate.mean(),
        value=((out[:, -1] - batch.labels["return"]) ** 2).mean(),
        entropy=-(likelihood.exp() * likelihood.clamp(min=-50.0)).sum(1).mean(),
        moved=(ratio - 1.0 - change).mean(),
    )


class Proximal:
    """Improves a network by each iteration's decisions, which are then forgotten.

    Attributes:
        net: The network.
    """

    def __init__(
        self, net: ViewpointNet, settings: ReinforceSettings, seed: int, device: torch.device
    ) -> None:
        """Takes the network and how it is to learn."""
        self.net = net.to(device)
        self._settings, self._seed, self._device = settings, seed, device
        self._optimiser = torch.optim.Adam(trainable(net), settings.rate, eps=1e-5)

    def improve(self, shards: list[Shard], iteration: int) -> dict[str, float]:
        """One iteration's passes over its decisions; means over the steps, see `Step`."""
        settings = self._settings
        rng = np.random.default_rng([self._seed, _REINFORCE, iteration])
        whole = joined(shards)
        advantage = whole["advantage"]
        spread = float(advantage.std()) + 1e-6
        whole = {n: a for n, a in whole.items() if n not in _LABELS}
        whole["advantage"] = (advantage - float(advantage.mean())) / np.float32(spread)
        decisions = Decisions([whole])
        self.net.train()
        found: list[dict[str, float]] = []
        batches = decisions.epochs(settings.batch, rng)
        for _ in range(settings.epochs * -(-len(decisions) // settings.batch)):
            index, _ = next(batches)
            step = step_of(self.net, decisions.batch(index).to(self._device), settings.clip)
            loss = step.policy + settings.value * step.value - settings.entropy * step.entropy
            self._optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trainable(self.net), 1.0)
            self._optimiser.step()
            found.append(step.numbers())
        return {name: float(np.mean([f[name] for f in found])) for name in found[0]}

    def state(self) -> dict[str, Any]:
        """Network and optimiser."""
        return {"net": self.net.state_dict(), "optimiser": self._optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state` gave."""
        self.net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])
