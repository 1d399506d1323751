"""Discrete soft actor-critic over the candidates of a decision.

T. Haarnoja et al., "Soft Actor-Critic Algorithms and Applications", arXiv 1812.05905, for finite
sets of actions as P. Christodoulou, "Soft Actor-Critic for Discrete Action Settings", arXiv
1910.07207, has it: with every candidate's value at hand, nothing is sampled. With twin critics
``Q_i``, their slowly following targets ``Q'_i``, the policy ``pi`` over the candidates alone and
the temperature ``alpha``,

    V(s)   = sum_a pi(a|s) [min_i Q'_i(s, a) - alpha ln pi(a|s)]
    y      = r + discount V(s'),                       r alone where nothing follows
    L_Q    = mean_i (Q_i(s, a) - y)^2
    L_pi   = sum_a pi(a|s) [alpha ln pi(a|s) - min_i Q_i(s, a)]
    L_alpha = ln alpha (H(pi(.|s)) - share ln n),      n candidates

What is ours: the target of the entropy grows with the number of candidates, which differs from
decision to decision; a critic is a viewpoint network whose value, less a candidate's score, plus
what the tour's prior is worth at the first temperature, is ``Q``, so that untrained critics agree
with the tour; nobody trains the convolutions, through which all look at the map.
"""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from hiera.controllers.rl.viewpoint.features import prior
from hiera.controllers.rl.viewpoint.torch_network import ViewpointNet
from hiera.training.viewpoint.data import Batch
from hiera.training.viewpoint.episodes import Shard
from hiera.training.viewpoint.fit import fresh, trainable, weights_of
from hiera.training.viewpoint.learner import joined, log_policy
from hiera.training.viewpoint.replay import Replay
from hiera.training.viewpoint.settings import ReinforceSettings

_REINFORCE, _CRITICS = 2, 3
_HEADS = ("score", "query", "there", "here", "value1", "value2")
_SURE = -50.0
"""Least logarithm of a probability that counts."""


def soft_value(
    log_policy: torch.Tensor, candidates: torch.Tensor, q: torch.Tensor, alpha: torch.Tensor
) -> torch.Tensor:
    """Value of decisions under a policy that is paid for its entropy, ``(B,)`` [10 m].

    Args:
        log_policy: Logarithm of the policy, shape ``(B, n)``.
        candidates: Which tokens are candidates, shape ``(B, n)``.
        q: The smaller critic's value of each, shape ``(B, n)``.
        alpha: Temperature, a scalar.
    """
    sure = log_policy.clamp(min=_SURE)
    each = sure.exp() * (q - alpha * sure)
    return torch.where(candidates, each, torch.zeros(())).sum(1)


def entropy(log_policy: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    """Entropy of decisions' policies, ``(B,)``."""
    nothing = torch.zeros_like(log_policy)
    return soft_value(log_policy, candidates, nothing, torch.ones(()))


def targets(
    reward: torch.Tensor, follows: torch.Tensor, value: torch.Tensor, discount: float
) -> torch.Tensor:
    """What the critics are to say of the choices made, ``(B,)``.

    Args:
        reward: Of each decision, shape ``(B,)``.
        follows: 1 where another decision follows, 0 where nothing does, shape ``(B,)``.
        value: `soft_value` of what follows, shape ``(B,)``.
        discount: Of what follows.
    """
    return reward + discount * torch.where(follows > 0, value, torch.zeros(()))


class SoftActorCritic:
    """Improves a network from what is remembered.

    Attributes:
        net: The policy's network.
        replay: What is remembered.
    """

    def __init__(
        self,
        net: ViewpointNet,
        settings: ReinforceSettings,
        seed: int,
        device: torch.device,
        folder: Path,
    ) -> None:
        """Takes the policy to begin with; the critics begin with its encoder.

        Args:
            net: The network.
            settings: How it is to learn.
            seed: The critics' heads and the order of the batches follow from it.
            device: Where to compute.
            folder: Where the replay buffer lies.
        """
        self.net = net.to(device)
        self._settings, self._seed, self._device = settings, seed, device
        self._critics = nn.ModuleList(_critic(net, seed, k) for k in (0, 1)).to(device)
        self._slow = copy.deepcopy(self._critics).requires_grad_(False)
        sac = settings.sac
        self._prior_worth = sac.temperature
        self._log_alpha = torch.tensor(math.log(sac.temperature), device=device, requires_grad=True)
        self._optimisers = {
            "policy": torch.optim.Adam(trainable(net), settings.rate, eps=1e-5),
            "critics": torch.optim.Adam(
                [p for c in self._critics for p in trainable(_net(c))], sac.critic_rate, eps=1e-5
            ),
            "temperature": torch.optim.Adam([self._log_alpha], sac.temperature_rate),
        }
        self.replay = Replay(folder, sac.replay)

    def improve(self, shards: list[Shard], iteration: int) -> dict[str, float]:
        """Remembers an iteration's episodes and learns from all that is remembered.

        Returns:
            Means over the steps: the losses of ``critics``, ``policy``, the ``entropy``, the
            ``temperature`` [10 m], ``q`` of the choices made [10 m]; ``remembered`` decisions.
        """
        self.replay.add(iteration, joined(shards))
        rng = np.random.default_rng([self._seed, _REINFORCE, iteration])
        sac, found = self._settings.sac, []
        self.net.train()
        for _ in range(sac.updates):
            here, then = self.replay.draw(self._settings.batch, rng)
            found.append(
                self._step(
                    here.to(self._device),
                    then.to(self._device),
                    act=iteration >= sac.critics_first,
                )
            )
        means = {name: float(np.mean([f[name] for f in found])) for name in found[0]}
        return means | {"remembered": float(len(self.replay))}

    def _step(self, here: Batch, then: Batch, *, act: bool) -> dict[str, float]:
        """One gradient step of everything; of the critics alone unless it may act."""
        with torch.no_grad():
            seen, seen_then = (self.net.eye.look(b.inputs[3]) for b in (here, then))
            value = self._value(then, seen_then)
            goal = targets(
                here.labels["reward"], here.labels["follows"], value, self._settings.discount
            )
        both = self._both(self._critics, here, seen)
        chosen = here.labels["chosen"][:, None].expand(2, -1, -1)
        said = both.gather(2, chosen)[..., 0]
        wrong = ((said - goal) ** 2).mean(1).sum()
        self._descend("critics", wrong, [p for c in self._critics for p in c.parameters()])
        for slow, fast in zip(self._slow.parameters(), self._critics.parameters(), strict=True):
            slow.data.lerp_(fast.data, self._settings.sac.target)
        numbers = {"critics": float(wrong.detach()), "q": float(said.detach().mean())}
        return numbers | self._act(here, seen, both.detach().amin(0), learn=act)

    def _value(self, then: Batch, seen: Any) -> torch.Tensor:
        """Soft value of what follows, by the slow critics."""
        tokens, *_, mask = then.inputs
        score, _ = self.net.rate(seen, *then.inputs)
        policy, candidates = log_policy(score, tokens, mask)
        q = self._both(self._slow, then, seen).amin(0)
        return soft_value(policy, candidates, q, self._log_alpha.exp())

    def _both(self, critics: nn.ModuleList, batch: Batch, seen: Any) -> torch.Tensor:
        """What both critics say of every candidate, ``(2, B, n)`` [10 m]."""
        worth = self._prior_worth * prior(batch.inputs[0])
        out = []
        for critic in critics:
            score, value = _net(critic).rate(seen, *batch.inputs)
            out.append(value[:, None] + worth - score)
        return torch.stack(out)

    def _act(self, here: Batch, seen: Any, q: torch.Tensor, *, learn: bool) -> dict[str, float]:
        """A step of policy and temperature, given the smaller critic's values."""
        tokens, *_, mask = here.inputs
        score, _ = self.net.rate(seen, *here.inputs)
        policy, candidates = log_policy(score, tokens, mask)
        loss = -soft_value(policy, candidates, q, self._log_alpha.detach().exp()).mean()
        spread = entropy(policy.detach(), candidates)
        wanted = self._settings.sac.entropy_share * candidates.sum(1).float().clamp(min=1.0).log()
        if learn:
            self._descend("policy", loss, trainable(self.net))
            # One candidate alone leaves nothing to choose.
            off = (spread - wanted)[candidates.sum(1) > 1]
            if len(off):
                self._descend("temperature", self._log_alpha * off.mean(), [self._log_alpha])
        return {
            "policy": float(loss.detach()),
            "entropy": float(spread.mean()),
            "temperature": float(self._log_alpha.detach().exp()),
        }

    def _descend(self, name: str, loss: torch.Tensor, of: list[Any]) -> None:
        optimiser = self._optimisers[name]
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(of, 1.0)
        optimiser.step()

    def state(self) -> dict[str, Any]:
        """Networks, targets, optimisers, temperature, and which iterations are remembered."""
        return {
            "net": self.net.state_dict(),
            "critics": self._critics.state_dict(),
            "slow": self._slow.state_dict(),
            "log_alpha": self._log_alpha.detach().clone(),
            "optimisers": {n: o.state_dict() for n, o in self._optimisers.items()},
            "replay": self.replay.held,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state` gave."""
        self.net.load_state_dict(state["net"])
        self._critics.load_state_dict(state["critics"])
        self._slow.load_state_dict(state["slow"])
        with torch.no_grad():
            self._log_alpha.copy_(state["log_alpha"])
        for name, optimiser in self._optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.replay.restore(state["replay"])


def _critic(net: ViewpointNet, seed: int, number: int) -> ViewpointNet:
    """A critic with the policy's encoder and heads of its own."""
    drawn = np.random.SeedSequence([seed, _CRITICS, number]).generate_state(1)
    own = fresh(net.sizes, int(drawn[0]), None)
    heads = {n: t for n, t in own.state_dict().items() if n.split(".")[0] in _HEADS}
    weights = weights_of(net)
    critic = fresh(net.sizes, seed, weights)
    critic.load_state_dict(critic.state_dict() | heads)
    with torch.no_grad():
        # Little to say at first: the prior speaks.
        critic.score.weight.mul_(0.1)
        critic.query.weight.mul_(0.1)
        critic.query.bias.zero_()
    return critic


def _net(module: nn.Module) -> ViewpointNet:
    assert isinstance(module, ViewpointNet)
    return module
