"""Networks of DSAC-T: two Gaussian critics computed as one, a bounded actor, their targets."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from stable_baselines3.common.policies import BaseModel
from stable_baselines3.common.preprocessing import get_action_dim
from stable_baselines3.sac.policies import Actor, SACPolicy
from torch import nn

LOG_STD_LEAST, LOG_STD_MOST = -20.0, 0.5


class TwinCritic(BaseModel):
    """Two critics ``(mu, sigma)`` whose layers are multiplied as one batch.

    Every layer holds both critics' weights, shape ``(2, in, out)``: half the calls of two networks,
    which is what counts on a CPU.
    """

    def __init__(
        self, *args: Any, net_arch: list[int], features_dim: int,
        activation_fn: type[nn.Module] = nn.GELU, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Builds them.

        Args:
            *args: Observation and action space.
            net_arch: Hidden widths.
            features_dim: Numbers in an observation's features.
            activation_fn: Between layers.
            **kwargs: For `stable_baselines3.common.policies.BaseModel`.
        """
        super().__init__(*args, **kwargs)
        self._activation = activation_fn()
        widths = [features_dim + get_action_dim(self.action_space), *net_arch, 2]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for into, outof in pairwise(widths):
            reach = 1.0 / math.sqrt(into)
            self.weights.append(nn.Parameter(torch.empty(2, into, outof).uniform_(-reach, reach)))
            self.biases.append(nn.Parameter(torch.empty(2, 1, outof).uniform_(-reach, reach)))

    def forward(self, obs: Any, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Means and spreads, each of shape ``(2, B)``."""
        features = self.extract_features(obs, self.features_extractor)
        h = torch.cat((features, actions), dim=1).expand(2, -1, -1)
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, h, weight)
            if i < last:
                h = self._activation(h)
        return h[..., 0], nn.functional.softplus(h[..., 1])


class BoundedActor(Actor):
    """The tanh-Gaussian actor; its log deviation stays within [-20, 0.5]."""

    def get_action_dist_params(self, obs: Any) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
        """Mean and log deviation before the tanh."""
        latent = self.latent_pi(self.extract_features(obs, self.features_extractor))
        return self.mu(latent), self.log_std(latent).clamp(LOG_STD_LEAST, LOG_STD_MOST), {}


class DSACTPolicy(SACPolicy):
    """Actor, twin critic, and target copies of both; three layers of 256 and GELU by default."""

    def __init__(
        self, *args: Any, net_arch: Any = None, activation_fn: type[nn.Module] = nn.GELU,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Takes what `stable_baselines3.sac.policies.SACPolicy` takes.

        Args:
            *args: Spaces and learning rate.
            net_arch: Hidden widths.
            activation_fn: Between layers.
            **kwargs: The rest.
        """
        net_arch = [256, 256, 256] if net_arch is None else net_arch
        super().__init__(*args, net_arch=net_arch, activation_fn=activation_fn, **kwargs)

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        self.actor_target = self.make_actor()
        self.actor_target.load_state_dict(self.actor.state_dict())
        self.actor_target.set_training_mode(False)

    def make_actor(self, features_extractor: Any = None) -> BoundedActor:
        """A new actor."""
        kwargs = self._update_features_extractor(self.actor_kwargs, features_extractor)
        made: BoundedActor = BoundedActor(**kwargs).to(self.device)
        return made

    def make_critic(self, features_extractor: Any = None) -> TwinCritic:
        """A new pair of critics."""
        kwargs = self._update_features_extractor(self.critic_kwargs, features_extractor)
        for name in ("n_critics", "share_features_extractor"):
            kwargs.pop(name)
        made: TwinCritic = TwinCritic(**kwargs).to(self.device)
        return made
