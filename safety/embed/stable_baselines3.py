"""Stable-Baselines3: off-policy training (SAC, TD3, DDPG, DQN) on what was executed.

Behind a gate the agent's action and the executed one differ, and Stable-Baselines3 stores the
agent's. A critic that learns from it credits an action with what another one did. These replay
buffers store the executed action, read from the ``info`` of `SafeActionWrapper`:

    model = SAC("MlpPolicy", env, replay_buffer_class=ExecutedActionReplayBuffer)

What is stored, by ``replay_buffer_kwargs={"store": …}``:

- ``"executed"`` (default): ``(s, u, r, s')``, true of the environment without the gate; the
  penalty for the intervention is not in ``r``, since ``u`` by itself causes none.
- ``"proposed"``: ``(s, u_nominal, r - penalty, s')``, true of the environment with the gate.
- ``"both"``: the first, and after an intervention the second too, so that the critic learns what
  to propose as well as what happens. Two entries of the buffer where the gate intervened.

On-policy algorithms (PPO, A2C) need the proposed action, whose probability they know: they work
with `SafeActionWrapper` as they are.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hiera.safety.extras import require

require("stable_baselines3", "learn")

from gymnasium.spaces import Box  # noqa: E402 - the guard goes first
from stable_baselines3.common.buffers import DictReplayBuffer, ReplayBuffer  # noqa: E402

__all__ = ["ExecutedActionDictReplayBuffer", "ExecutedActionReplayBuffer", "StoresExecutedAction"]


class StoresExecutedAction:
    """Mix-in for a replay buffer: ``add`` stores the executed action instead of the proposed.

    Args:
        store: ``"executed"``, ``"proposed"`` or ``"both"``.

    Raises:
        ValueError: For another word; for ``"both"`` with ``optimize_memory_usage``, which lets
            neighbouring entries share observations.
    """

    action_space: Any
    n_envs: int
    action_dim: int

    def __init__(
        self,
        *args: Any,
        store: Literal["executed", "proposed", "both"] = "executed",
        **kwargs: Any,
    ) -> None:
        if store not in ("executed", "proposed", "both"):
            raise ValueError(f"store must be executed, proposed or both, not {store!r}")
        super().__init__(*args, **kwargs)
        if store == "both" and getattr(self, "optimize_memory_usage", False):
            raise ValueError("store='both' does not go with optimize_memory_usage=True")
        self._store = store

    def add(
        self,
        obs: Any,
        next_obs: Any,
        action: NDArray[Any],
        reward: NDArray[Any],
        done: NDArray[Any],
        infos: list[dict[str, Any]],
    ) -> None:
        """Stores one transition of every environment.

        Args:
            obs: Observations, one a row.
            next_obs: Observations after the action; terminal ones where an episode ended.
            action: Proposed actions, scaled to ``[-1, 1]`` where the space is a `Box`, shape
                ``(n_envs, m)``.
            reward: Shape ``(n_envs,)``, penalties taken off.
            done: Shape ``(n_envs,)``.
            infos: What each environment's `SafeActionWrapper` reported.

        Raises:
            KeyError: If an environment did not report what it executed.
        """
        executed = np.stack([self._normalised(info) for info in infos])
        proposed = np.asarray(action).reshape(executed.shape)
        # A proposal that is not a number teaches nothing and would spoil the networks.
        proposed = np.where(np.isfinite(proposed), proposed, executed)
        penalty = np.array([info["intervention_penalty"] for info in infos])
        if self._store != "proposed":
            self._add(obs, next_obs, executed, reward + penalty, done, infos)
        intervened = any(info["safety"].intervened for info in infos)
        if self._store == "proposed" or (self._store == "both" and intervened):
            self._add(obs, next_obs, proposed, reward, done, infos)

    def _add(self, *transition: Any) -> None:
        super().add(*transition)  # type: ignore[misc] # of the replay buffer next in line

    def _normalised(self, info: dict[str, Any]) -> NDArray[Any]:
        if "executed_action" not in info:
            raise KeyError(
                "no info['executed_action']: wrap every environment in SafeActionWrapper"
            )
        executed = np.asarray(info["executed_action"])
        space = self.action_space
        if isinstance(space, Box):
            executed = 2.0 * (executed - space.low) / (space.high - space.low) - 1.0
        return executed.reshape(self.action_dim)


class ExecutedActionReplayBuffer(StoresExecutedAction, ReplayBuffer):  # type: ignore[misc]
    """`ReplayBuffer` of executed actions."""


class ExecutedActionDictReplayBuffer(StoresExecutedAction, DictReplayBuffer):  # type: ignore[misc]
    """`DictReplayBuffer` of executed actions, for dictionary observations."""
