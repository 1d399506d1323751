"""The baseline: two PID loops and a switch, on readings and nothing else.

It knows no model and no estimate, as sets of today do not. Its gains are tuned over missions
(``hiera train life_support_pid``) and come with the package, with the record of how they were found
in ``docs/trainings``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.life_support.pid_law import CHANNELS, MEMORY, Gains, begin, law
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel
from hiera.safety.life_support import state as names

SHIPPED = Path(__file__).with_name("pid_gains.json")
Variant = Literal["plain", "forward"]


class GainsError(ValueError):
    """A file of gains cannot be used; the text is one sentence."""


def load_gains(path: Path = SHIPPED, variant: Variant = "plain") -> Gains:
    """Gains from a file: ``{"plain": {"oxygen_set": 0.21, …}, "forward": {…}}``.

    Args:
        path: JSON file.
        variant: ``plain``, or ``forward`` for those found with feed-forward of the uptake.

    Raises:
        GainsError: If it is none, lacks a gain or has one that is not known.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))[variant]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GainsError(f"{path} holds no gains {variant!r}: {error}") from error
    wanted = set(Gains._fields)
    if not isinstance(found, Mapping) or set(found) != wanted:
        odd = sorted(wanted ^ set(found)) if isinstance(found, Mapping) else []
        raise GainsError(f"{path}: gains {variant!r} lack or do not know {', '.join(odd)}")
    for name, value in found.items():
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise GainsError(f"{path}: {variant}.{name} is {value!r}, expected a number")
    return Gains(**{name: float(value) for name, value in found.items()})


class Pid:
    """Two loops with memory.

    Observation: see `hiera.controllers.life_support.contract`. Advice is not listened to.
    """

    def __init__(
        self, gains: Gains, *, tick_s: float = 1.0, model: LifeSupportModel | None = None
    ) -> None:
        """Takes the gains.

        Args:
            gains: Of both loops.
            tick_s: Between two calls [s].
            model: If given, the estimate is read in place of the instruments.
        """
        self._gains, self._tick_s, self._model = gains, tick_s, model
        self.memory = np.zeros(MEMORY)
        begin(self.memory)

    def reset(self, seed: int) -> None:
        """Forgets everything; nothing is random."""
        begin(self.memory)

    def act(
        self, observation: Mapping[str, NDArray[Any]], subgoal: Any = None
    ) -> NDArray[np.float64]:
        """``(feed, fan, damper)`` [mol/s, m^3/s, 1]."""
        made = np.empty(names.M)
        law(self.memory, self._shown(observation), self._gains, self._tick_s, made)
        return made

    def _shown(self, observation: Mapping[str, NDArray[Any]]) -> FloatArray:
        valid = np.asarray(observation["valid"], dtype=np.bool_)
        shown = np.where(valid, observation["readings"], np.nan)
        if self._model is None:
            return shown
        now = self._model.readings(np.asarray(observation["estimate"]))
        oxygen = now.oxygen * (self._model.parameters.outside_pa + now.gauge_pa)
        believed = {"dioxide": now.dioxide_pa, "gauge": now.gauge_pa, "humidity": now.humidity,
                    "heart": now.heart}  # fmt: skip
        shown[:3] = oxygen
        for name, value in believed.items():
            shown[CHANNELS.index(name)] = value
        return shown
