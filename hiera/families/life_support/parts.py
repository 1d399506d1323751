"""Controllers and gates that a config of the breathing set can name."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from hiera.config.settings import Fraction, NonNegative, Positive, Settings
from hiera.errors import ConfigError, nearest
from hiera.registry import Component

FAMILY: Final = ("life_support",)
One = Annotated[int, Field(ge=1, strict=True)]


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


class NmpcSettings(Settings):
    """Receding-horizon control on the model; None leaves a number as the controller has it."""

    kind: Literal["nmpc"] = "nmpc"
    plan_every_s: Positive | None = None
    """Between two plans [s]."""
    iterations: One | None = None
    """Most steps of the solver for a plan."""
    scarce: Annotated[bool, Field(strict=True)] = True
    """Whether scarce stocks are dearer."""
    ahead_s: Positive | None = None
    """How long the mission is expected to go on, at any time [s]."""
    caution: NonNegative | None = None
    """Deviations of the forecast that are added to the demand planned for."""
    breath_caution: NonNegative | None = None
    """Deviations of the estimate that are added to the ventilation planned for."""


class AdvisedSettings(Settings):
    """The advisor as a controller of its own: it aims, a law makes commands."""

    kind: Literal["advised"] = "advised"
    weights: str | None = None
    """Weights file (safetensors); None: those that come with the package."""


class AdvisorSettings(Settings):
    """A learned policy that proposes a course of commands."""

    kind: Literal["advisor"] = "advisor"
    weights: str | None = None
    """Weights file (safetensors); None: those that come with the package."""
    periods: One = 30
    """Commands in a course."""
    period_s: Positive = 20.0
    """For how long each is held [s]."""


class PaceSettings(Settings):
    """How fast each limit may be approached, and what is kept back."""

    oxygen: Positive = 0.2
    """Gain of both oxygen limits [1/s]."""
    pressure: Positive = 0.8
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
    without: tuple[str, ...] = ("humidity", "nitrogen_strict")
    """Barriers to leave out. That of humidity moves fan and damper for comfort, at the price of
    dry lime and of a flow that is not the best. That of nitrogen below 23.5 % of oxygen cannot be
    met for good and would keep the oxygen at its lower limit meanwhile, without a reserve."""
    fan: Literal["best_flow", "row"] = "best_flow"
    """What answers where CO2 comes too near a limit: the flow that removes most, or the row's own
    answer, which swings about it."""
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


def _nmpc(
    settings: NmpcSettings, *, model: Any, limits: Any, tick_s: float, metabolism: Any
) -> Any:
    from hiera.controllers.life_support.nmpc import Nmpc, Tuning

    asked = settings.model_dump(exclude={"kind", "plan_every_s"}, exclude_none=True)
    if settings.plan_every_s is not None:
        asked["act_period_s"] = settings.plan_every_s
    return Nmpc(model, limits, Tuning(**asked), metabolism(), tick_s=tick_s)


def _advised(
    settings: AdvisedSettings, *, model: Any, limits: Any, tick_s: float, metabolism: Any
) -> Any:
    from hiera.controllers.rl.advisor import Advised, Advisor

    advisor = Advisor(model, limits, policy=_policy(settings.weights, "controller"))
    return Advised(advisor, metabolism(), model, tick_s=tick_s)


def _advisor(settings: AdvisorSettings, *, model: Any, limits: Any, **_: Any) -> Any:
    from hiera.controllers.rl.advisor import Advisor
    from hiera.families.life_support.advising import AdvisorPlanner

    return AdvisorPlanner(
        Advisor(
            model, limits, policy=_policy(settings.weights, "planner"), periods=settings.periods,
            period_s=settings.period_s,
        )
    )  # fmt: skip


def _policy(weights: str | None, key: str) -> Any:
    from hiera.controllers.rl.advisor import load_policy
    from hiera.controllers.weights import WeightsError

    try:
        return load_policy() if weights is None else load_policy(Path(weights))
    except WeightsError as error:
        raise ConfigError(f"{key}.weights: {error}") from error


def _life_support_cbf(
    settings: LifeSupportCbfSettings, *, model: Any, limits: Any, tick_s: float, **_: Any
) -> Any:
    from hiera.safety.life_support import Pace, life_support_filter
    from hiera.safety.life_support.best_flow import CO2_ROWS, BestFlowGate

    pace, without = Pace(**settings.pace.model_dump()), frozenset(settings.without)
    made = partial(life_support_filter, model, limits, tick_s=tick_s, pace=pace)
    try:
        whole = made(without=without)
        if settings.fan == "row" or without >= CO2_ROWS:
            return whole
        # The first sees every state and watches their times; the second is asked now and then.
        rest = made(without=without | CO2_ROWS).unwatched()
        return BestFlowGate(whole, rest, model)
    except ValueError as error:
        raise ConfigError(f"gate: {error}") from error


PID = Component("pid", PidSettings, _pid, "breathing set: two tuned PID loops", FAMILY)
RULE = Component("rule", RuleSettings, _rule, "breathing set: the best of this instant", FAMILY)
NMPC = Component("nmpc", NmpcSettings, _nmpc, "breathing set: receding horizon", FAMILY)
ADVISED = Component(
    "advised", AdvisedSettings, _advised, "breathing set: the learned advisor, obeyed", FAMILY
)
ADVISOR = Component(
    "advisor", AdvisorSettings, _advisor, "breathing set: a learned course of commands", FAMILY
)
LIFE_SUPPORT_CBF = Component(
    "life_support_cbf",
    LifeSupportCbfSettings,
    _life_support_cbf,
    "breathing set: barriers of limits and stocks",
    FAMILY,
)
