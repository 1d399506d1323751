"""Parts of any family that do nothing: no slow layer, no gate."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from hiera.config.settings import Settings
from hiera.planners import Plan, PlanStatus, Provenance
from hiera.registry import Component
from hiera.safety import SafetyFilter
from hiera.safety.filters import PassThrough


class NoPlannerSettings(Settings):
    """No slow layer: the fast one alone."""

    kind: Literal["none"] = "none"


class PassThroughSettings(Settings):
    """No filter, asked for by name; nothing is certified."""

    kind: Literal["pass_through"] = "pass_through"


class Versioned(Protocol):
    """A belief that says which one it is."""

    @property
    def version(self) -> int:
        """Grows with every change."""
        ...


class NoPlanner:
    """The absent slow layer."""

    def reset(self, seed: int) -> None:
        """Nothing is kept."""

    def plan(self, belief: Versioned, deadline_s: float) -> Plan[Any]:
        """A plan without subgoals."""
        return Plan(
            (),
            PlanStatus.DONE,
            Provenance.NUMERIC,
            belief.version,
            strategy="no slow layer",
            reason="no slow layer was asked for",
        )


def _no_planner(settings: NoPlannerSettings, **_: Any) -> NoPlanner:
    return NoPlanner()


def _pass_through(settings: PassThroughSettings, **_: Any) -> SafetyFilter:
    return PassThrough()


NO_PLANNER = Component("none", NoPlannerSettings, _no_planner, "no slow layer", ())
PASS_THROUGH = Component(
    "pass_through", PassThroughSettings, _pass_through, "nothing is checked", ()
)
