"""DSAC-T as an algorithm of Stable-Baselines3; what it minimises stands in `losses`.

Actor, temperature and all targets move every second critic step, counted over all calls of
`train`, so that they move as often whatever ``gradient_steps`` is.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.utils import polyak_update

from hiera.controllers.rl.dsac.losses import Target, backup, critic_loss
from hiera.controllers.rl.dsac.networks import DSACTPolicy


class DSACT(OffPolicyAlgorithm):
    """Distributional soft actor-critic with three refinements.

    `learn`, `predict`, `save`, `load`, callbacks and TensorBoard are those of Stable-Baselines3.
    """

    policy_aliases: ClassVar[dict[str, Any]] = {"MlpPolicy": DSACTPolicy}
    policy: DSACTPolicy

    def __init__(
        self,
        policy: str | type[DSACTPolicy],
        env: Any,
        learning_rate: Any = 1e-4,
        buffer_size: int = 1_000_000,
        learning_starts: int = 10_000,
        batch_size: int = 256,
        tau: float = 0.005,
        gamma: float = 0.99,
        train_freq: int | tuple[int, str] = 1,
        gradient_steps: int = 1,
        *,
        temperature: float = 1.0,
        temperature_rate: float = 3e-4,
        scale_rate: float = 0.005,
        policy_delay: int = 2,
        target_entropy: str | float = "auto",
        _init_setup_model: bool = True,
        **kwargs: Any,
    ) -> None:
        """Sets the algorithm up; the defaults are the paper's.

        Args:
            policy: ``"MlpPolicy"`` or a class of its kind.
            env: Gymnasium environment, vector environment, or id; boxes as actions.
            learning_rate: Of actor and critics; a number or a schedule.
            buffer_size: Transitions that are kept.
            learning_starts: Transitions gathered at random first.
            batch_size: Transitions per critic step.
            tau: How far targets move.
            gamma: Discount.
            train_freq: When to train.
            gradient_steps: Critic steps then.
            temperature: Weight of the entropy to begin with; it is learned.
            temperature_rate: Its learning rate.
            scale_rate: How fast the running spread follows.
            policy_delay: Critic steps per step of actor, temperature and targets.
            target_entropy: ``"auto"`` for less the number of actions.
            _init_setup_model: Whether the networks are built now; Stable-Baselines3's `load`
                does it later.
            **kwargs: As for `stable_baselines3.common.off_policy_algorithm.OffPolicyAlgorithm`.

        Raises:
            ValueError: If ``policy_delay`` is below 1 or ``temperature`` is not positive.
        """
        if not temperature > 0.0:
            raise ValueError(f"temperature must be positive, not {temperature}")
        if policy_delay < 1:
            raise ValueError(f"policy_delay must be at least 1, not {policy_delay}")
        given = {"sde_support": False, "supported_action_spaces": (spaces.Box,)}
        given |= {"support_multi_env": True}
        super().__init__(
            policy, env, learning_rate, buffer_size, learning_starts, batch_size, tau, gamma,
            train_freq, gradient_steps, **(given | kwargs),
        )  # fmt: skip
        self.temperature, self.temperature_rate = temperature, temperature_rate
        self.scale_rate = scale_rate
        self.policy_delay, self.target_entropy = policy_delay, target_entropy
        if _init_setup_model:
            self._setup_model()

    def _setup_model(self) -> None:
        super()._setup_model()
        if self.target_entropy == "auto":
            self.target_entropy = -float(np.prod(self.action_space.shape or (1,)))
        begin = torch.full((1,), math.log(self.temperature), device=self.device)
        self.log_temperature = begin.requires_grad_(True)
        self.temperature_optimizer = torch.optim.Adam([self.log_temperature], self.temperature_rate)
        # Negative until the first batch has been seen.
        self.spread_scale = torch.full((2, 1), -1.0, device=self.device)

    def train(self, gradient_steps: int, batch_size: int = 256) -> None:
        """Makes so many critic steps."""
        policy, buffer = self.policy, self.replay_buffer
        assert buffer is not None
        policy.set_training_mode(True)
        self._update_learning_rate([policy.actor.optimizer, policy.critic.optimizer])
        losses: dict[str, list[float]] = {}
        for _ in range(gradient_steps):
            batch = buffer.sample(batch_size, env=self._vec_normalize_env)
            found = self._critic_step(batch)
            self._n_updates += 1
            if self._n_updates % self.policy_delay == 0:
                found |= self._actor_step(batch.observations)
                self._follow()
            for name, value in found.items():
                losses.setdefault(name, []).append(value)
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        for name, values in losses.items():
            self.logger.record(f"train/{name}", float(np.mean(values)))

    def targets(self, batch: Any) -> Target:
        """Targets of a batch of transitions, by the target actor and the target critics."""
        with torch.no_grad():
            action, log_prob = self.policy.actor_target.action_log_prob(batch.next_observations)
            mean, spread = self.policy.critic_target(batch.next_observations, action)
            gamma = getattr(batch, "discounts", None)
            keep = (1.0 - batch.dones) * (self.gamma if gamma is None else gamma)
            soft = self.log_temperature.exp() * log_prob
            draw = torch.randn_like(mean)
            return backup(mean, spread, soft, batch.rewards[:, 0], keep[:, 0], draw)

    def _critic_step(self, batch: Any) -> dict[str, float]:
        critic = self.policy.critic
        target = self.targets(batch)
        mean, spread = critic(batch.observations, batch.actions)
        seen = spread.detach().mean(dim=1, keepdim=True)
        first = bool((self.spread_scale < 0.0).any())
        moved = self.spread_scale + self.scale_rate * (seen - self.spread_scale)
        self.spread_scale = seen if first else moved
        loss = critic_loss(mean, spread, target, self.spread_scale)
        critic.optimizer.zero_grad()
        loss.backward()
        critic.optimizer.step()
        return {"critic_loss": float(loss.detach()), "spread": float(self.spread_scale.mean())}

    def _actor_step(self, observations: Any) -> dict[str, float]:
        actor, critic = self.policy.actor, self.policy.critic
        action, log_prob = actor.action_log_prob(observations)
        # The critics pass a gradient on to the action and need none themselves.
        critic.requires_grad_(False)
        mean, _ = critic(observations, action)
        critic.requires_grad_(True)
        temperature = self.log_temperature.detach().exp()
        loss = (temperature * log_prob - mean.min(dim=0).values).mean()
        actor.optimizer.zero_grad()
        loss.backward()
        actor.optimizer.step()
        assert isinstance(self.target_entropy, float)
        excess = (log_prob.detach() + self.target_entropy).mean()
        self.temperature_optimizer.zero_grad()
        (-self.log_temperature * excess).sum().backward()
        self.temperature_optimizer.step()
        return {"actor_loss": float(loss.detach()), "temperature": float(temperature)}

    def _follow(self) -> None:
        p = self.policy
        polyak_update(p.critic.parameters(), p.critic_target.parameters(), self.tau)
        polyak_update(p.actor.parameters(), p.actor_target.parameters(), self.tau)

    def learn(
        self, total_timesteps: int, callback: Any = None, log_interval: int = 4,
        tb_log_name: str = "DSACT", reset_num_timesteps: bool = True, progress_bar: bool = False,
    ) -> DSACT:  # fmt: skip
        """Gathers and trains; arguments as everywhere in Stable-Baselines3."""
        super().learn(
            total_timesteps, callback, log_interval, tb_log_name, reset_num_timesteps, progress_bar
        )
        return self

    def _get_torch_save_params(self) -> tuple[list[str], list[str]]:
        states = ["policy", "policy.actor.optimizer", "policy.critic.optimizer"]
        return [*states, "temperature_optimizer"], ["log_temperature", "spread_scale"]
