"""Gymnasium's vector environments: one gate a row, or one gate for the whole batch.

A row that the environment resets by itself gets a gate without memory: after the step in mode
``SAME_STEP``, in the step whose action is ignored in mode ``NEXT_STEP``, and in
``reset(options={"reset_mask": …})`` in mode ``DISABLED``. No time stamp outlives its episode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.vector.utils import iterate
from numpy.typing import NDArray

from hiera.safety.contract import Context, FloatArray, SafetyFilter, Status
from hiera.safety.embed.spaces import demand_known, from_vector, placeholder, to_vector
from hiera.safety.embed.summary import SafetySummary, intervention_cost
from hiera.safety.embed.ticked import TickedGate, demand_finite, demand_tick

AnyVectorEnv = VectorEnv[Any, Any, Any]


@runtime_checkable
class BatchGate(Protocol):
    """A filter that answers for many states at once and keeps nothing, such as `CbfFilter`."""

    def reset(self) -> None:
        """Forgets the previous episodes."""
        ...

    def filter_batch(self, X: FloatArray, U: FloatArray) -> Any:
        """Returns ``u`` of shape ``(B, m)`` and ``status`` of shape ``(B,)``.

        Args:
            X: States, shape ``(B, n)``.
            U: Proposed actions, shape ``(B, m)``.
        """
        ...


Gates = BatchGate | Sequence[SafetyFilter] | Callable[[], SafetyFilter]


class SafeActionVectorWrapper(VectorWrapper[Any, Any, Any, Any, Any]):
    """Puts gates between a batch of agents and a vector environment.

    ``infos`` holds what `SafeActionWrapper` puts into ``info``, one entry a row, with Gymnasium's
    masks (``infos["_safety"]`` and so on): False in rows whose action was ignored.

    Attributes:
        counts: Executed actions by status, over all rows and episodes.
    """

    def __init__(
        self,
        env: AnyVectorEnv,
        gate: Gates,
        *,
        state: Callable[[AnyVectorEnv, Any], FloatArray],
        tick_s: float,
        context: Callable[[AnyVectorEnv, Any, FloatArray], Sequence[Context]] | None = None,
        penalty: float = 0.0,
    ) -> None:
        """Wraps the vector environment.

        Args:
            env: Its metadata must say its ``autoreset_mode``.
            gate: A gate with ``filter_batch``, called once a step; or one gate a row; or a
                function that makes a gate, called once a row.
            state: ``state(env, observations)``, the gate's states, shape ``(B, n)``.
            tick_s: Period between two steps [s].
            context: ``context(env, observations, times_s)`` with times of shape ``(B,)``, one
                context a row; not for a gate with ``filter_batch``, which takes none.
            penalty: Weight of ``|u - u_nominal|^2`` taken off each reward.

        Raises:
            TypeError: If the action space has no vectors, or a gate is given that is none.
            ValueError: If there is not one gate a row, or the mode of resetting is not known.
        """
        super().__init__(env)
        demand_known(env.single_action_space)
        if "autoreset_mode" not in env.metadata:
            raise ValueError(f"metadata of {env} says nothing about its autoreset_mode")
        if not penalty >= 0.0:
            raise ValueError(f"penalty must not be negative, not {penalty}")
        self.counts: Counter[Status] = Counter()
        self._mode = AutoresetMode(env.metadata["autoreset_mode"])
        self._tick_s = demand_tick(tick_s)
        self._state = state
        self._context = context
        self._penalty = penalty
        self._batch: BatchGate | None = None
        self._rows: list[TickedGate] = []
        if isinstance(gate, BatchGate) and not isinstance(gate, type):
            self._batch = gate
        else:
            self._rows = self._one_a_row(gate)
        if self._batch is not None and context is not None:
            raise ValueError("filter_batch takes no context: give one gate a row instead")
        self._ended = np.zeros(env.num_envs, dtype=np.bool_)
        self._observations: Any = None

    def _one_a_row(self, gate: Any) -> list[TickedGate]:
        # A class has the methods of its instances, and is a function that makes one.
        if isinstance(gate, SafetyFilter) and not isinstance(gate, type):
            raise TypeError("one gate cannot remember several rows: give a function that makes one")
        gates = [gate() for _ in range(self.num_envs)] if callable(gate) else list(gate)
        if len({id(one) for one in gates}) != self.num_envs:
            raise ValueError(f"{self.num_envs} environments need as many separate gates")
        return [TickedGate(one, self._tick_s, self.counts) for one in gates]

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Resets the environments and their gates; only those in ``options["reset_mask"]``."""
        mask = np.ones(self.num_envs, dtype=np.bool_)
        if options is not None and "reset_mask" in options:
            mask = np.array(options["reset_mask"], dtype=np.bool_)
        self._observations, infos = self.env.reset(seed=seed, options=options)
        self._ended &= ~mask
        self._forget(mask)
        return self._observations, infos

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Executes what the gates make of the actions.

        Raises:
            NonFiniteAction: If a gate lets NaN pass.
            ValueError: If a gate's action lies outside the action space.
        """
        space = self.single_action_space
        ignored = self._ended & (self._mode is AutoresetMode.NEXT_STEP)
        proposed = np.stack([to_vector(space, one) for one in iterate(self.action_space, actions)])
        proposed[ignored] = placeholder(space)
        u, summaries = self._filter(proposed, ~ignored)
        executed = np.stack([np.asarray(from_vector(space, one)) for one in u])
        cost = np.array(
            [intervention_cost(p, one, self._penalty) for p, one in zip(proposed, u, strict=True)]
        )
        self._observations, rewards, terminated, truncated, infos = self.env.step(executed)
        self._ended = np.logical_or(terminated, truncated)
        same = self._mode is AutoresetMode.SAME_STEP
        self._forget(self._ended if same else ignored)
        ours = {
            "safety": summaries,
            "executed_action": executed,
            "proposed_action": np.array(actions),
            "intervention_penalty": cost,
        }
        masks = {f"_{key}": ~ignored for key in ours}
        return self._observations, rewards - cost, terminated, truncated, infos | ours | masks

    def _forget(self, mask: NDArray[np.bool_]) -> None:
        for i in np.flatnonzero(mask) if self._rows else ():
            self._rows[i].reset()
        if self._batch is not None and mask.all():
            self._batch.reset()

    def _filter(
        self, proposed: FloatArray, gated: NDArray[np.bool_]
    ) -> tuple[FloatArray, NDArray[np.object_]]:
        states = np.asarray(self._state(self.env, self._observations), dtype=np.float64)
        u, summaries = proposed.copy(), np.full(self.num_envs, None, dtype=object)
        rows: list[int] = np.flatnonzero(gated).tolist()
        if self._batch is not None:
            answer = self._batch.filter_batch(states, proposed)
            for i in rows:
                u[i] = answer.u[i]
                demand_finite(u[i], self._batch)
                status = _status(answer.status[i])
                self.counts[status] += 1
                summaries[i] = SafetySummary(status, not np.allclose(u[i], proposed[i]))
            return u, summaries
        contexts: Sequence[Context | None] = [None] * self.num_envs
        if self._context is not None:
            times = np.array([row.time_s for row in self._rows])
            contexts = self._context(self.env, self._observations, times)
        for i in rows:
            safe = self._rows[i].filter(states[i], proposed[i], contexts[i])
            u[i], summaries[i] = safe.u, SafetySummary.of(safe)
        return u, summaries


def _status(value: object) -> Status:
    """A status given by its name, or by its place in `Status`, best first."""
    if isinstance(value, int | np.integer):
        return tuple(Status)[int(cast("int", value))]
    return Status(str(value))
