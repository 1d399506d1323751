"""Controllers and gates that a config of the breathing set can name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from hiera.config.settings import Fraction, NonNegative, Positive, Settings
from hiera.errors import ConfigError, nearest
from hiera.registry import Component

FAMILY: Final = ("life_support",)


class PidSettings(Settings):
    """Two PID loops on the instruments: oxygen by the feed, CO2 by the fan."""

    kind: Literal["pid"] = "pid"
    forward: Annotated[bool, Field(strict=True)] = False
    """Feed at once what the heart rate tells of the uptake."""
    gains: str | None = None
    """File of gains (JSON); None: those that come with the package."""
    reads: Literal["instruments", "estimate"] = "instruments"
    """What the loops act on: voted cells and the other instruments, or the estimate."""


class RuleSettings(Settings):
    """Uptake and pressure by the feed, the best flow by the fan, on the estimate."""

    kind: Literal["rule"] = "rule"
    gauge_pa: Positive = 100.0
    """Overpressure to hold [Pa]."""
    oxygen: Fraction = 0.205
    """Least fraction of oxygen to hold."""


class PaceSettings(Settings):
    """How fast each limit may be approached, and what is kept back."""

    oxygen: Positive = 0.2
    """Gain of both oxygen limits [1/s]."""
    pressure: Positive = 0.2
    """Gain of both pressure limits [1/s]."""
    dioxide: tuple[Positive, Positive] = (0.1, 0.2)
    """Both gains of the CO2 rows [1/s]."""
    humidity: tuple[Positive, Positive] = (0.05, 0.2)
    """Both gains of the humidity row [1/s]."""
    nitrogen: tuple[Positive, Positive] = (1e-3, 0.1)
    """Both gains of the nitrogen rows [1/s]."""
    stock: Positive = 0.02
    """Gain of the row for the oxygen stock [1/s]."""
    oxygen_margin: NonNegative = 0.005
    """Kept from the oxygen limits [1]."""
    dioxide_margin_pa: NonNegative = 100.0
    """Kept from the CO2 limits [Pa]."""


_ROWS: Final = (
    "oxygen_low", "pressure_low", "oxygen_hard", "dioxide_hard", "dioxide_alarm", "pressure_high",
    "oxygen_strict", "humidity", "nitrogen_hard", "nitrogen_strict", "oxygen_stock",
)  # fmt: skip


class LifeSupportCbfSettings(Settings):
    """Barriers of instant limits and of stocks, the least slack where not all can hold."""

    kind: Literal["life_support_cbf"] = "life_support_cbf"
    without: tuple[str, ...] = ()
    """Barriers to leave out."""
    pace: PaceSettings = PaceSettings()

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.without:
            if name not in _ROWS:
                raise ValueError(f"without: there is no barrier {name!r}{nearest(name, _ROWS)}")
        return self


def _pid(settings: PidSettings, *, model: Any, tick_s: float, **_: Any) -> Any:
    from hiera.controllers.life_support.pid import SHIPPED, GainsError, Pid, load_gains

    path = SHIPPED if settings.gains is None else Path(settings.gains)
    try:
        gains = load_gains(path, "forward" if settings.forward else "plain")
    except GainsError as error:
        raise ConfigError(f"controller.gains: {error}") from error
    return Pid(gains, tick_s=tick_s, model=model if settings.reads == "estimate" else None)


def _rule(settings: RuleSettings, *, model: Any, limits: Any, **_: Any) -> Any:
    from hiera.controllers.life_support.rule import Rule

    return Rule(model, limits, gauge_pa=settings.gauge_pa, oxygen=settings.oxygen)


def _life_support_cbf(
    settings: LifeSupportCbfSettings, *, model: Any, limits: Any, tick_s: float, **_: Any
) -> Any:
    from hiera.safety.life_support import Pace, life_support_filter

    try:
        return life_support_filter(
            model,
            limits,
            tick_s=tick_s,
            pace=Pace(**settings.pace.model_dump()),
            without=frozenset(settings.without),
        )
    except ValueError as error:
        raise ConfigError(f"gate: {error}") from error


PID = Component("pid", PidSettings, _pid, "breathing set: two tuned PID loops", FAMILY)
RULE = Component("rule", RuleSettings, _rule, "breathing set: the best of this instant", FAMILY)
LIFE_SUPPORT_CBF = Component(
    "life_support_cbf",
    LifeSupportCbfSettings,
    _life_support_cbf,
    "breathing set: barriers of limits and stocks",
    FAMILY,
)
