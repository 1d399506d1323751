"""How long the set can last at most: the time until some limit must be broken, whatever is done.

Stocks are looked at alone, under constant work and the commands that spare them most:

    oxygen    (n_T + n_O - y_low n) / (V_O + y_low leak)      leak at the least pressure
    nitrogen  (n / leak) ln(n_N / (1 - Y - y_C - y_W) n)      until oxygen passes Y,
              in the hottest gas that may be inhaled, saturated, with as much CO2 as may be

Lime and core follow from a roll-out of the model at the least pressure with the flow that removes
most CO2 at its limit, max over Q of (c Q y + phi(Q) V_C) (1 - exp(-a / Q)), which falls as the
lime ages.

No controller lasts longer than the least of them, as far as the model is true. A real mission ends
earlier by what is kept for the way out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from hiera.safety.contract import FloatArray
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import MOLAR_GAS, leaked, saturation_pa
from hiera.safety.life_support.limits import Limits
from hiera.safety.life_support.model import LifeSupportModel
from hiera.safety.life_support.state import Surroundings

_TICK_S = 5.0


@dataclass(frozen=True, slots=True)
class Endurance:
    """Times until each limit must be broken [s], infinite beyond the horizon.

    Attributes:
        oxygen_s: Cylinder and suit hold no oxygen to spare.
        strict_s: Oxygen passes the strict fire ceiling.
        hard_s: Oxygen passes the hard fire ceiling.
        lime_s: CO2 cannot be kept below the hard limit.
        core_s: The core passes its end temperature.
    """

    oxygen_s: float
    strict_s: float
    hard_s: float
    lime_s: float
    core_s: float

    def first(self, *, without: tuple[str, ...] = ()) -> tuple[str, float]:
        """The limit that comes first, and when.

        Args:
            without: Names of limits that are left out, such as ``("strict_s", "core_s")``.
        """
        times = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in without}
        name = min(times, key=lambda key: times[key])
        return name, times[name]


def best_flow(
    model: LifeSupportModel,
    x: FloatArray,
    output: float,
    dioxide_pa: float,
    conversion: float,
    spread: float = 0.0,
) -> tuple[float, float]:
    """The flow that removes most CO2 [m^3/s], and how much that is [mol/s].

    Args:
        model: The apparatus.
        x: State, shape ``(18,)``: temperature and moisture of the lime, ventilation.
        output: CO2 that the wearer gives off [mol/s].
        dioxide_pa: Pressure of the CO2 that is inhaled [Pa].
        conversion: Of the lime.
        spread: Standard deviation of the ventilation's logarithm, over which is averaged.
    """
    from hiera.safety.life_support.sparing import best_unsure_removal

    return best_unsure_removal(  # type: ignore[no-any-return]
        np.asarray(x, dtype=np.float64), float(output), float(dioxide_pa), float(conversion),
        float(spread), model.record,
    )  # fmt: skip


def endurance(
    model: LifeSupportModel,
    x: FloatArray,
    around: Surroundings,
    limits: Limits | None = None,
    *,
    horizon_s: float = 8 * 3600.0,
) -> Endurance:
    """Times until each limit must be broken under constant work.

    Args:
        model: The apparatus.
        x: State, shape ``(18,)``.
        around: Work and surroundings, held.
        limits: What must hold; the default ones if not given.
        horizon_s: How far lime and core are looked ahead [s].
    """
    limits, p = Limits() if limits is None else limits, model.parameters
    leak = around.leak * float(leaked(limits.gauge_low_pa, p))
    hot = max(float(x[names.GAS_K]), limits.inhaled_k)
    # At the least pressure and as hot as it may get the suit holds least.
    volume = p.volume_m3 + p.compliance_m3_pa * limits.gauge_low_pa
    held = (p.outside_pa + limits.gauge_low_pa) * volume / (MOLAR_GAS * hot)
    amount = min(float(np.sum(x[:4])), held)
    # Both dilute the oxygen; neither can be more.
    vapour = float(saturation_pa(hot)) / p.outside_pa
    dioxide = limits.dioxide_hard_pa / p.outside_pa

    def until(ceiling: float) -> float:
        least = (1.0 - ceiling - vapour - dioxide) * amount
        ratio = x[names.NITROGEN] / least
        if ratio <= 1.0:
            return 0.0
        return amount / leak * float(np.log(ratio)) if leak > 0.0 else float("inf")

    spare = float(x[names.OXYGEN]) - limits.oxygen_low * amount
    lime_s, core_s = _rolled_out(model, x, around, limits, horizon_s)
    return Endurance(
        oxygen_s=max(0.0, float(x[names.CYLINDER]) + spare)
        / (around.demand + limits.oxygen_low * leak),
        strict_s=until(limits.oxygen_strict),
        hard_s=until(limits.oxygen_hard),
        lime_s=lime_s,
        core_s=core_s,
    )


def _rolled_out(
    model: LifeSupportModel,
    x: FloatArray,
    around: Surroundings,
    limits: Limits,
    horizon_s: float,
) -> tuple[float, float]:
    """When CO2 and when the core pass their limits [s]."""
    from hiera.safety.life_support.sparing import last

    held = Surroundings(*(float(v) for v in around))
    return last(
        np.array(x, dtype=np.float64), held, model.record, limits.gauge_low_pa,
        limits.dioxide_hard_pa, limits.core_end_k, _TICK_S, int(horizon_s / _TICK_S),
    )  # fmt: skip
