"""PettingZoo: parallel environments whose agents are gated, each alone or all together.

    env = SafeParallelWrapper(env, make_gate, state=state, tick_s=0.1)        # one gate an agent
    env = JointSafeParallelWrapper(env, make_joint, state=state, tick_s=0.1)  # one gate for all

A joint gate sees the states and actions of all live agents, stacked in the order of
``env.agents``: what barriers between agents need.

Each agent's ``info`` holds what `SafeActionWrapper` reports: ``safety``, ``executed_action``,
``proposed_action``, ``intervention_penalty``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, SafetyFilter, Status
from hiera.safety.embed.spaces import demand_known, from_vector, to_vector
from hiera.safety.embed.summary import SafetySummary, intervention_cost
from hiera.safety.embed.ticked import TickedGate, demand_tick
from hiera.safety.extras import require

require("pettingzoo", "learn")

from pettingzoo.utils.wrappers import BaseParallelWrapper  # noqa: E402 - the guard goes first

__all__ = ["JointSafeParallelWrapper", "SafeParallelWrapper"]

Step = tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any], dict[Any, Any], dict[Any, Any]]


class _Gated(BaseParallelWrapper, ABC):  # type: ignore[misc]
    """What both wrappers share: reset, step, report."""

    def __init__(
        self,
        env: Any,
        state: Callable[[Any, Any, Any], FloatArray],
        tick_s: float,
        penalty: float,
    ) -> None:
        super().__init__(env)
        for agent in env.possible_agents:
            demand_known(env.action_space(agent))
        if not penalty >= 0.0:
            raise ValueError(f"penalty must not be negative, not {penalty}")
        self._state = state
        self._tick_s = demand_tick(tick_s)
        self._penalty = penalty
        self._observations: dict[Any, Any] = {}

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """Resets the environment and every gate."""
        self._observations, infos = self.env.reset(seed=seed, options=options)
        self._forget()
        return self._observations, infos

    def step(self, actions: dict[Any, Any]) -> Step:
        """Executes what the gates make of the actions of the agents that are still there.

        Raises:
            NonFiniteAction: If a gate lets NaN pass.
            ValueError: If a gate's action lies outside the agent's action space.
        """
        proposed = {
            agent: to_vector(self.env.action_space(agent), actions[agent])
            for agent in self.env.agents
            if agent in actions
        }
        answers = self._filter(proposed)
        executed = {
            agent: from_vector(self.env.action_space(agent), safe.u)
            for agent, safe in answers.items()
        }
        self._observations, rewards, terminated, truncated, infos = self.env.step(executed)
        rewards, infos = dict(rewards), dict(infos)
        for agent, safe in answers.items():
            cost = intervention_cost(proposed[agent], safe.u, self._penalty)
            if cost and agent in rewards:
                rewards[agent] = rewards[agent] - cost
            infos[agent] = infos.get(agent, {}) | {
                "safety": SafetySummary.of(safe),
                "executed_action": np.array(executed[agent]),
                "proposed_action": np.array(actions[agent]),
                "intervention_penalty": cost,
            }
        return self._observations, rewards, terminated, truncated, infos

    @abstractmethod
    def _forget(self) -> None:
        """Resets every gate."""

    @abstractmethod
    def _filter(self, proposed: dict[Any, FloatArray]) -> dict[Any, SafeAction]:
        """What the gates make of the proposed actions."""


class SafeParallelWrapper(_Gated):
    """One gate for each agent.

    Attributes:
        counts: Executed actions by status, for each agent, over all episodes.
    """

    def __init__(
        self,
        env: Any,
        gates: Mapping[Any, SafetyFilter] | Callable[[Any], SafetyFilter],
        *,
        state: Callable[[Any, Any, Any], FloatArray],
        tick_s: float,
        context: Callable[[Any, Any, Any, float], Context] | None = None,
        penalty: float = 0.0,
    ) -> None:
        """Wraps the environment.

        Args:
            env: A `ParallelEnv` with `Box` or `Discrete` action spaces.
            gates: The gate of each agent, or a function of the agent that makes it.
            state: ``state(env, agent, observation)``, shape ``(n,)``.
            tick_s: Period between two steps [s].
            context: ``context(env, agent, observation, time_s)``; by default the time and the
                action executed before.
            penalty: Weight of ``|u - u_nominal|^2`` taken off the agent's reward.
        """
        super().__init__(env, state, tick_s, penalty)
        make = gates if callable(gates) else gates.__getitem__
        self._gates = {agent: TickedGate(make(agent), tick_s) for agent in env.possible_agents}
        if len({id(ticked.gate) for ticked in self._gates.values()}) != len(self._gates):
            raise ValueError("one gate cannot remember several agents: give each its own")
        self._context = context

    @property
    def counts(self) -> dict[Any, Counter[Status]]:
        """Executed actions by status, for each agent, over all episodes."""
        return {agent: gate.counts for agent, gate in self._gates.items()}

    def _forget(self) -> None:
        for gate in self._gates.values():
            gate.reset()

    def _filter(self, proposed: dict[Any, FloatArray]) -> dict[Any, SafeAction]:
        answers = {}
        for agent, u in proposed.items():
            gate, observation = self._gates[agent], self._observations[agent]
            context = None
            if self._context is not None:
                context = self._context(self.env, agent, observation, gate.time_s)
            answers[agent] = gate.filter(self._state(self.env, agent, observation), u, context)
        return answers


class JointSafeParallelWrapper(_Gated):
    """One gate over the stacked states and actions of all live agents.

    When agents leave or join, a gate is made for those who are there; what the old one stored
    spoke of another system. A NaN from one agent is refused for all.

    Attributes:
        counts: Joint answers by status, over all episodes.
    """

    def __init__(
        self,
        env: Any,
        make_gate: Callable[[tuple[Any, ...]], SafetyFilter],
        *,
        state: Callable[[Any, Any, Any], FloatArray],
        tick_s: float,
        context: Callable[[Any, dict[Any, Any], float], Context] | None = None,
        penalty: float = 0.0,
    ) -> None:
        """Wraps the environment.

        Args:
            env: A `ParallelEnv` with `Box` or `Discrete` action spaces.
            make_gate: Makes the gate for a tuple of agents, in the order of the stacks.
            state: ``state(env, agent, observation)``, one agent's part, shape ``(n,)``.
            tick_s: Period between two steps [s].
            context: ``context(env, observations, time_s)``; by default the time and the joint
                action executed before.
            penalty: Weight of ``|u - u_nominal|^2``, of the agent's own part, taken off its reward.
        """
        super().__init__(env, state, tick_s, penalty)
        self.counts: Counter[Status] = Counter()
        self._make_gate = make_gate
        self._context = context
        self._agents: tuple[Any, ...] = ()
        self._gate: TickedGate | None = None

    def _forget(self) -> None:
        self._agents, self._gate = (), None

    def _filter(self, proposed: dict[Any, FloatArray]) -> dict[Any, SafeAction]:
        agents = tuple(self.env.agents)
        silent = [agent for agent in agents if agent not in proposed]
        if silent:
            raise ValueError(
                f"a joint gate needs an action of every live agent: {silent} gave none"
            )
        if not agents:
            return {}
        if self._gate is None or agents != self._agents:
            self._agents = agents
            self._gate = TickedGate(self._make_gate(agents), self._tick_s, self.counts)
        x = np.concatenate(
            [np.ravel(self._state(self.env, agent, self._observations[agent])) for agent in agents]
        )
        context = None
        if self._context is not None:
            context = self._context(self.env, self._observations, self._gate.time_s)
        safe = self._gate.filter(x, np.concatenate([proposed[agent] for agent in agents]), context)
        ends = np.cumsum([proposed[agent].size for agent in agents])[:-1]
        return {
            agent: replace(safe, u=part, intervened=not np.array_equal(part, proposed[agent]))
            for agent, part in zip(agents, np.split(safe.u, ends), strict=True)
        }
