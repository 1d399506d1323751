"""How well this set removes CO2: the wearer's breath and the lime's rate, told apart by the flow.

Of the CO2 given off a share ``mu`` comes back unabsorbed. The balance of the suit's gas shows it,

    mu = (n_C' + c Q y (1 - s)) / V_C,      and the model says      mu = 1 - phi(Q, g V_E) (1 - s),

with ``s = exp(-kappa a / Q)``. Where the flow falls below the ventilation ``mu`` tells the factor g
of the ventilation; where it is well above, the factor kappa of the lime's rate. Both are followed
by an extended Kalman filter on their logarithms; what the output V_C is wrong by cancels nearly.

Neither factor is among the eighteen states, and the flow that removes most CO2 hangs on both: up
for a deeper breath, down for slower lime. Whoever decides on a flow, controller or gate, should do
so from the state `with_factors`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.contract import FloatArray
from hiera.safety.life_support import lime
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import MOLAR_GAS
from hiera.safety.life_support.metabolism import DRIVE
from hiera.safety.life_support.model import LifeSupportModel
from hiera.safety.life_support.parameters import Parameters

WINDOW_S = 10.0
"""Time over which a balance is drawn up [s]."""
PRIOR = np.array([0.16, 0.12])
"""Deviations of the logarithms of both factors among sets and wearers."""
MEMORY_S = np.array([600.0, 7200.0])
"""Time over which they return to what is usual [s]: the breath changes with the work, the lime's
rate hardly. Without a return, a CO2 sensor that reads high would carry both off."""
NOISE = 0.08
"""Deviation of a balance: noise of the CO2 over the window, and what lasts for several of them."""
MOST = np.array([0.4, 0.3])
"""How far the logarithms may go."""
_CLIP = 0.15
DEEPER = 1.15
"""Breath that a flow is chosen for, over what is believed: with less flow the lime misses part of
every breath, which costs more than too much flow does."""


class Factors(NamedTuple):
    """What a set and its wearer are multiplied by.

    Attributes:
        breath: Factor of the ventilation.
        deviation: Standard deviation of that factor's logarithm.
        lime: Factor of the lime's rate.
    """

    breath: float = 1.0
    deviation: float = float(PRIOR[0])
    lime: float = 1.0


def driven(x: FloatArray, p: Parameters) -> float:
    """Ventilation with what the inhaled CO2 adds, without the factor [m^3/s]."""
    return float(x[names.BREATHING] + DRIVE * p.outside_pa * x[names.DIOXIDE] / x[:4].sum())


def with_factors(x: ArrayLike, factors: Factors, p: Parameters) -> FloatArray:
    """A state whose ventilation and lime are those of this set, shape ``(18,)``.

    Rate and what is left of the lime only appear as a product, so that a factor of the one is
    booked on the other.

    Args:
        x: State, shape ``(18,)``.
        factors: Of ventilation and lime.
        p: The model's.
    """
    made = np.array(x, dtype=np.float64)
    left = factors.lime * (1.0 - float(made[names.CONVERSION]))
    made[names.BREATHING] = factors.breath * driven(made, p)
    made[names.CONVERSION] = float(np.clip(1.0 - left, 0.0, 0.999))
    return made


class Removal:
    """Factors of ventilation and lime's rate.

    Attributes:
        logs: Their logarithms, shape ``(2,)``.
        covariance: Shape ``(2, 2)``.

    Args:
        model: The prediction model.
    """

    def __init__(self, model: LifeSupportModel) -> None:
        self._p = model.parameters
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self.logs, self.covariance = np.zeros(2), np.diag(PRIOR**2)
        self._rows: list[FloatArray] = []
        self._began_mol, self._elapsed_s = -1.0, 0.0

    @property
    def factors(self) -> Factors:
        """As far as they are known."""
        breath, rate = np.exp(self.logs)
        return Factors(float(breath), float(np.sqrt(self.covariance[0, 0])), float(rate))

    def observe(self, x: FloatArray, elapsed_s: float, measured: bool) -> None:
        """Takes a state in.

        Args:
            x: As believed, shape ``(18,)``.
            elapsed_s: Since the last one [s].
            measured: Whether there is a reading of the CO2.
        """
        kept = np.exp(-elapsed_s / MEMORY_S)
        self.logs = kept * self.logs
        back = np.diag((1.0 - kept**2) * PRIOR**2)
        self.covariance = self.covariance * np.outer(kept, kept) + back
        if not measured or self._began_mol < 0.0:
            self._rows, self._elapsed_s = [], 0.0
            self._began_mol = float(x[names.DIOXIDE]) if measured else -1.0
            return
        self._rows.append(x)
        self._elapsed_s += elapsed_s
        if self._elapsed_s >= WINDOW_S - 1e-9:
            gained = (float(x[names.DIOXIDE]) - self._began_mol) / self._elapsed_s
            self._update(np.mean(self._rows, axis=0), gained)
            self._rows, self._elapsed_s = [], 0.0
            self._began_mol = float(x[names.DIOXIDE])

    def _unabsorbed(self, x: FloatArray, logs: FloatArray) -> tuple[float, float]:
        """The share that comes back by the model, and the share that passes the bed."""
        p, flow = self._p, float(x[names.FLOW])
        k = float(lime.rate(x[names.LIME_K], x[names.MOISTURE], p)) * float(np.exp(logs[1]))
        slip = float(lime.passed(x[names.CONVERSION], flow, k, p))
        breath = driven(x, p) * float(np.exp(logs[0]))
        return 1.0 - float(lime.caught(flow, breath, p)) * (1.0 - slip), slip

    def _update(self, x: FloatArray, gained: float) -> None:
        amount, flow = float(x[:4].sum()), float(x[names.FLOW])
        expected, slip = self._unabsorbed(x, self.logs)
        density = self._p.outside_pa / (MOLAR_GAS * float(x[names.GAS_K]))
        mixed = density * flow * float(x[names.DIOXIDE]) / amount * (1.0 - slip)
        shown = (gained + mixed) / float(x[names.OUTPUT])
        h = 0.02
        slope = np.array(
            [(self._unabsorbed(x, self.logs + h * e)[0] - expected) / h for e in np.eye(2)]
        )
        surprise = float(np.clip(shown - expected, -_CLIP, _CLIP))
        gain = self.covariance @ slope / (slope @ self.covariance @ slope + NOISE**2)
        self.logs = np.clip(self.logs + gain * surprise, -MOST, MOST)
        self.covariance = self.covariance - np.outer(gain, slope @ self.covariance)
