"""Carts on one rail, one behind the other, as a parallel environment; they leave one by one."""

from __future__ import annotations

import functools
import time
from typing import Any

import gymnasium
import numpy as np
from pettingzoo import ParallelEnv

from hiera.safety import Context, SafeAction, Status

TICK_S = 0.1
GAP = 0.2


class Carts(ParallelEnv[str, np.ndarray, np.ndarray]):
    """Each sets its speed; ``touches`` counts pairs nearer than `GAP`."""

    metadata: dict[str, Any] = {"name": "carts_v0", "render_modes": []}  # noqa: RUF012 - theirs

    def __init__(self, lives: tuple[int, ...] = (60, 20, 40)) -> None:
        self.possible_agents = [f"cart_{i}" for i in range(len(lives))]
        self.agents: list[str] = []
        self.render_mode = None
        self.executed: list[dict[str, np.ndarray]] = []
        self.touches = 0
        self._lives = dict(zip(self.possible_agents, lives, strict=True))

    @functools.cache  # noqa: B019 - the API wants the same object at every call
    def observation_space(self, agent: str) -> gymnasium.spaces.Space[np.ndarray]:
        return gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float64)

    @functools.cache  # noqa: B019 - the API wants the same object at every call
    def action_space(self, agent: str) -> gymnasium.spaces.Space[np.ndarray]:
        return gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.agents = self.possible_agents[:]
        self.x = {agent: 0.5 * i for i, agent in enumerate(self.agents)}
        self.ticks = 0
        return self._seen(self.agents), {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, np.ndarray]) -> Any:
        present = self.agents
        self.executed.append(actions)
        self.ticks += 1
        for agent in present:
            assert self.action_space(agent).contains(actions[agent])
            self.x[agent] += TICK_S * float(actions[agent][0])
        self.touches += touching(np.array([self.x[agent] for agent in present]))
        left = {agent: self.ticks >= self._lives[agent] for agent in present}
        self.agents = [agent for agent in present if not left[agent]]
        rewards = {agent: self.x[agent] for agent in present}
        never = dict.fromkeys(present, False)
        return self._seen(present), rewards, left, never, {agent: {} for agent in present}

    def _seen(self, agents: list[str]) -> dict[str, np.ndarray]:
        return {agent: np.array([self.x[agent]]) for agent in agents}


def touching(x: np.ndarray) -> int:
    return int(np.sum(np.diff(np.sort(x)) < GAP - 1e-6))


class SpeedGate:
    """One cart alone: no faster than ``limit``."""

    def __init__(self, limit: float = 0.5) -> None:
        self.limit = limit
        self.times: list[float] = []

    def reset(self) -> None:
        self.times.append(-1.0)

    def filter(self, x: np.ndarray, u_nominal: np.ndarray, context: Context) -> SafeAction:
        start = time.perf_counter()
        self.times.append(context.time_s)

        def answer(u: np.ndarray, status: Status, **more: str) -> SafeAction:
            changed = status is not Status.NOMINAL
            return SafeAction(u, status, changed, solve_time_s=time.perf_counter() - start, **more)

        if not np.all(np.isfinite(u_nominal)):
            stop = np.zeros(len(u_nominal))
            return answer(stop, Status.STOP, backup="stop", reason="not a number")
        u = np.clip(u_nominal, -self.limit, self.limit)
        within = np.array_equal(u, u_nominal)
        return answer(u, Status.NOMINAL if within else Status.FILTERED)


class GapGate(SpeedGate):
    """All carts together: speeds scaled down until no two come nearer than `GAP`."""

    def __init__(self, agents: tuple[str, ...]) -> None:
        super().__init__(limit=1.0)
        self.agents = agents

    def filter(self, x: np.ndarray, u_nominal: np.ndarray, context: Context) -> SafeAction:
        assert x.shape == u_nominal.shape == (len(self.agents),)
        safe = super().filter(x, u_nominal, context)
        if not touching(x + TICK_S * safe.u):
            return safe
        for scale in (0.75, 0.5, 0.25, 0.0):
            u = scale * safe.u
            if not touching(x + TICK_S * u):
                break
        took = safe.solve_time_s
        return SafeAction(u, Status.FILTERED, True, active=("gap",), solve_time_s=took)
