"""How well this set removes CO2: the wearer's breath and what the lime has left, told by a balance.

Of the CO2 given off a share ``mu`` comes back unabsorbed. The balance of the suit's gas shows it,

    mu = (n_C' + c Q y (1 - s)) / V_C,      and the model says      mu = 1 - phi(Q, V) (1 - s) + b,

    V = g (V_E + d D y),        s = exp(-k m h (1 - X / e) / Q)

with factors g of the ventilation, d of its drive by inhaled CO2, h of the lime's rate and e of its
capacity, and a share b that passes by the lime or that the sensor invents. An extended Kalman
filter follows the logarithms of the factors, and b. Where the flow falls below the ventilation
``mu`` tells the breath; where it is well above, the lime; how that grows with what is used, the
capacity; what does not change with the flow, b. What the output V_C is wrong by cancels nearly.

None of these is among the eighteen states, and the flow that removes most CO2 hangs on them: up
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
BREATH, DRIVEN, RATE, CAPACITY, PASSED = range(5)
"""Places of the logarithms of g, d, h and e, and of b."""
USUAL = np.array([0.0, 0.3, 0.0, 0.12, 0.03])
"""What they are in an ordinary set. The model leaves out the cores of the granules, which make the
lime last longer, channels past it, and part of the drive; found over missions 900 to 916."""
PRIOR = np.array([0.07, 0.45, 0.08, 0.1, 0.05])
"""Their deviations among sets and wearers."""
MEMORY_S = np.array([2400.0, 1e5, 1e5, 1e6, 7200.0])
"""Time over which they return to what is usual [s]: the breath changes with the work, a sensor
drifts, wearer and lime stay what they are."""
NOISE = 0.1
"""Deviation of a balance: noise of the CO2 over the window, and what lasts for several of them."""
MOST = np.array([0.5, 1.2, 0.4, 0.5, 0.3])
"""How far they may go."""
_LEFT = 0.02
"""Least share of the lime that is taken to be left: the balance has the last word on an estimate
that believes it spent."""
_CLIP = 0.15
UNSURE = 0.06
"""Standard deviation of the ventilation's logarithm for which a flow is chosen."""


class Factors(NamedTuple):
    """What a set and its wearer are multiplied by.

    Attributes:
        breath: Factor of the ventilation.
        deviation: Standard deviation of that factor's logarithm.
        lime: Factor of the lime's rate and of what is left of it.
    """

    breath: float = 1.0
    deviation: float = float(PRIOR[BREATH])
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
    left = factors.lime * _unused(float(made[names.CONVERSION]))
    made[names.BREATHING] = factors.breath * driven(made, p)
    made[names.CONVERSION] = float(np.clip(1.0 - left, 0.0, 0.999))
    return made


def _unused(conversion: float) -> float:
    return max(1.0 - conversion, 1e-3)


class Removal:
    """Follows breath and lime of one set.

    Attributes:
        z: Logarithms of four factors, and a share; see `USUAL`. Shape ``(5,)``.
        covariance: Shape ``(5, 5)``.

    Args:
        model: The prediction model.
    """

    def __init__(self, model: LifeSupportModel) -> None:
        self._p = model.parameters
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self.z, self.covariance = USUAL.copy(), np.diag(PRIOR**2)
        self._rows: list[FloatArray] = []
        self._began_mol, self._elapsed_s, self._blind_s = -1.0, 0.0, 0.0

    def factors(self, x: FloatArray) -> Factors:
        """What a state's ventilation and unused lime are to be multiplied by, as far as is known.

        Without a CO2 sensor nothing would show a breath that is driven deeper; it is then taken to
        be a deviation deeper than believed.

        Args:
            x: As believed, shape ``(18,)``.
        """
        breath, left = self._breath(x, self.z), self._left(x, self.z)
        by_drive = 1.0 - float(np.exp(self.z[BREATH])) * float(x[names.BREATHING]) / breath
        slope = np.array([1.0, by_drive])
        deviation = float(np.sqrt(slope @ self.covariance[:RATE, :RATE] @ slope))
        if self._blind_s >= WINDOW_S:
            breath *= float(np.exp(deviation))
        unused = _unused(float(x[names.CONVERSION]))
        return Factors(breath / driven(x, self._p), deviation, left / unused)

    def observe(self, x: FloatArray, elapsed_s: float, measured: bool) -> None:
        """Takes a state in.

        Args:
            x: As believed, shape ``(18,)``.
            elapsed_s: Since the last one [s].
            measured: Whether there is a reading of the CO2.
        """
        self._blind_s = 0.0 if measured else self._blind_s + elapsed_s
        kept = np.exp(-elapsed_s / MEMORY_S)
        self.z = USUAL + kept * (self.z - USUAL)
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

    def _breath(self, x: FloatArray, z: FloatArray) -> float:
        more = driven(x, self._p) - float(x[names.BREATHING])
        return float(np.exp(z[BREATH]) * (x[names.BREATHING] + np.exp(z[DRIVEN]) * more))

    def _left(self, x: FloatArray, z: FloatArray) -> float:
        """Factor of fresh lime's rate that is left."""
        unused = max(_LEFT, 1.0 - float(x[names.CONVERSION] * np.exp(-z[CAPACITY])))
        return float(np.exp(z[RATE])) * unused

    def _unexpected(self, x: FloatArray, z: FloatArray, gained: float) -> float:
        """By how much the share that comes back exceeds what the model says."""
        p, flow = self._p, float(x[names.FLOW])
        k = float(lime.rate(x[names.LIME_K], x[names.MOISTURE], p))
        slip = float(lime.passed(1.0 - self._left(x, z), flow, k, p))
        density = p.outside_pa / (MOLAR_GAS * float(x[names.GAS_K]))
        y = float(x[names.DIOXIDE] / x[:4].sum())
        shown = (gained + density * flow * y * (1.0 - slip)) / float(x[names.OUTPUT])
        caught = float(lime.caught(flow, self._breath(x, z), p))
        return shown - (1.0 - caught * (1.0 - slip) + float(z[PASSED]))

    def _update(self, x: FloatArray, gained: float) -> None:
        h = 0.02
        surprise = self._unexpected(x, self.z, gained)
        slope = np.array(
            [(surprise - self._unexpected(x, self.z + h * e, gained)) / h for e in np.eye(5)]
        )
        gain = self.covariance @ slope / (slope @ self.covariance @ slope + NOISE**2)
        moved = self.z + gain * float(np.clip(surprise, -_CLIP, _CLIP))
        self.z = np.clip(moved, -MOST, MOST)
        self.covariance = self.covariance - np.outer(gain, slope @ self.covariance)
