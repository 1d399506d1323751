"""A cart on a rail between two walls, its environment, and gates that keep it off them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from hiera.safety import Context, SafeAction, Status

WALL = 1.0
TICK_S = 0.1


def step(x: np.ndarray, a: float) -> np.ndarray:
    """Position and speed a tick later."""
    return np.array([x[0] + x[1] * TICK_S + 0.5 * a * TICK_S**2, x[1] + a * TICK_S])


def braking(x: np.ndarray, brake: float) -> float:
    return float(np.clip(-x[1] / TICK_S, -brake, brake))


def room(x: np.ndarray, a: float, brake: float) -> float:
    """Least distance to a wall over a tick of ``a`` and the braking after it."""
    x = step(x, a)
    worst = WALL - abs(x[0])
    while abs(x[1]) > 1e-12:
        x = step(x, braking(x, brake))
        worst = min(worst, WALL - abs(x[0]))
    return worst


class RailGate:
    """The nearest of 81 accelerations after which the cart can still brake."""

    def __init__(self, brake: float = 1.0) -> None:
        self.brake = brake
        self.resets = 0
        self.times: list[float] = []

    def reset(self) -> None:
        self.resets += 1
        self.times.append(-1.0)

    def filter(self, x: np.ndarray, u_nominal: np.ndarray, context: Context) -> SafeAction:
        start = time.perf_counter()
        self.times.append(context.time_s)
        here = np.array([WALL - abs(x[0])])

        def answer(a: float, status: Status, **more: Any) -> SafeAction:
            changed = status is not Status.NOMINAL
            took = time.perf_counter() - start
            return SafeAction(np.array([a]), status, changed, here, solve_time_s=took, **more)

        if u_nominal.shape != (1,) or not np.all(np.isfinite(u_nominal)):
            return answer(braking(x, self.brake), Status.STOP, backup="stop", reason="not a number")
        wanted = float(u_nominal[0])
        if abs(wanted) <= self.brake and room(x, wanted, self.brake) >= 0.0:
            return answer(wanted, Status.NOMINAL)
        for a in sorted(np.linspace(-self.brake, self.brake, 81), key=lambda a: abs(a - wanted)):
            if room(x, float(a), self.brake) >= 0.0:
                return answer(float(a), Status.FILTERED, active=("wall",))
        return answer(braking(x, self.brake), Status.BACKUP, backup="brake", reason="no room")


@dataclass(frozen=True)
class Answers:
    u: np.ndarray
    status: np.ndarray


class BatchRailGate:
    """`RailGate` row by row, in one call."""

    def __init__(self) -> None:
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def filter_batch(self, X: np.ndarray, U: np.ndarray) -> Answers:
        safe = [RailGate().filter(x, u, Context(0.0)) for x, u in zip(X, U, strict=True)]
        return Answers(np.stack([s.u for s in safe]), np.array([s.status for s in safe]))


class Rail(gymnasium.Env[np.ndarray, np.ndarray]):
    """Reward for being near the right wall; ``violations`` counts ticks beyond a wall."""

    def __init__(self, episode: int = 40, reach: float = 1.0) -> None:
        self.observation_space = gymnasium.spaces.Box(-10.0, 10.0, (2,), np.float64)
        self.action_space = gymnasium.spaces.Box(-reach, reach, (1,), np.float32)
        self.executed: list[np.ndarray] = []
        self.violations = 0
        self._episode = episode
        self._ticks = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.x = np.array([self.np_random.uniform(-0.5, 0.5), 0.0])
        self._ticks = 0
        return self.x.copy(), {}

    def step(self, action: np.ndarray) -> Any:
        self.executed.append(np.array(action))
        self.x = step(self.x, float(action[0]))
        self._ticks += 1
        # The gate computes in double precision, the action space holds single.
        self.violations += bool(abs(self.x[0]) > WALL + 1e-6)
        return self.x.copy(), float(self.x[0]), False, self._ticks >= self._episode, {}


def observed(env: Any, observation: np.ndarray) -> np.ndarray:
    return observation
