"""Gymnasium: an environment whose every action has passed a gate.

    env = SafeActionWrapper(env, gate, state=lambda env, observation: observation, tick_s=0.05)

The agent proposes, the gate decides, the environment executes the gate's answer. Each ``info``
says what happened:

- ``info["safety"]``: a `SafetySummary` (status, margins, backup, reason);
- ``info["executed_action"]``: what the environment got;
- ``info["proposed_action"]``: what the agent proposed, as it came;
- ``info["intervention_penalty"]``: what was taken off the reward.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, SupportsFloat

import gymnasium
import numpy as np

from hiera.safety.contract import Context, FloatArray, SafetyFilter, Status
from hiera.safety.embed.gymnasium_vector import SafeActionVectorWrapper
from hiera.safety.embed.spaces import demand_known, from_vector, to_vector
from hiera.safety.embed.summary import SafetySummary, intervention_cost
from hiera.safety.embed.ticked import TickedGate

__all__ = ["SafeActionVectorWrapper", "SafeActionWrapper"]

AnyEnv = gymnasium.Env[Any, Any]


class SafeActionWrapper(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Puts a gate between the agent and the environment.

    The gate is reset with the environment, and its time stamps start at 0 with each episode. NaN
    never reaches the environment: a gate refuses it; if the gate checks nothing, an error is
    raised.

    Attributes:
        counts: Executed actions by status, over all episodes.
    """

    def __init__(
        self,
        env: AnyEnv,
        gate: SafetyFilter,
        *,
        state: Callable[[AnyEnv, Any], FloatArray],
        tick_s: float,
        context: Callable[[AnyEnv, Any, float], Context] | None = None,
        on_stop: Literal["execute", "truncate", "terminate"] = "execute",
        penalty: float = 0.0,
    ) -> None:
        """Wraps the environment.

        Args:
            env: With a `Box` or `Discrete` action space; the index of an action is a vector of
                one number. Its actions are the gate's: put rescaling wrappers outside of this one.
            gate: One instance for this environment alone.
            state: ``state(env, observation)``, the gate's state, shape ``(n,)``; the environment
                is the wrapped one, the observation its latest.
            tick_s: Period between two steps [s].
            context: ``context(env, observation, time_s)``, what the gate needs besides; by
                default the time and the action executed before.
            on_stop: What follows a `Status.STOP`: the stop action is executed in any case, and
                the episode goes on, is truncated, or is terminated.
            penalty: Weight of ``|u - u_nominal|^2`` taken off the reward; actions in the units of
                the environment.

        Raises:
            TypeError: If the action space has no vectors.
            ValueError: If the tick, the penalty or ``on_stop`` makes no sense.
        """
        super().__init__(env)
        demand_known(env.action_space)
        if not penalty >= 0.0:
            raise ValueError(f"penalty must not be negative, not {penalty}")
        if on_stop not in ("execute", "truncate", "terminate"):
            raise ValueError(f"on_stop must be execute, truncate or terminate, not {on_stop!r}")
        self._gate = TickedGate(gate, tick_s)
        self._state = state
        self._context = context
        self._on_stop = on_stop
        self._penalty = penalty
        self._observation: Any = None

    @property
    def counts(self) -> Counter[Status]:
        """Executed actions by status, over all episodes."""
        return self._gate.counts

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Resets the environment and the gate."""
        self._observation, info = self.env.reset(seed=seed, options=options)
        self._gate.reset()
        return self._observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Executes what the gate makes of the action.

        Raises:
            NonFiniteAction: If the gate lets NaN pass.
            ValueError: If the gate's action lies outside the action space.
        """
        proposed = to_vector(self.env.action_space, action)
        context = None
        if self._context is not None:
            context = self._context(self.env, self._observation, self._gate.time_s)
        safe = self._gate.filter(self._state(self.env, self._observation), proposed, context)
        executed = from_vector(self.env.action_space, safe.u)
        self._observation, reward, terminated, truncated, info = self.env.step(executed)
        cost = intervention_cost(proposed, safe.u, self._penalty)
        ends = self._on_stop if safe.status is Status.STOP else "execute"
        info = info | {
            "safety": SafetySummary.of(safe),
            "executed_action": np.array(executed),
            "proposed_action": np.array(action),
            "intervention_penalty": cost,
        }
        return (
            self._observation,
            float(reward) - cost if cost else reward,
            bool(terminated or ends == "terminate"),
            bool(truncated or ends == "truncate"),
            info,
        )
