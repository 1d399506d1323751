"""The advisor as the slow layer: from a belief and a forecast to a course of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiera.controllers.life_support import Advice
from hiera.controllers.rl.advisor.advisor import outside_k
from hiera.planners import Plan, PlanStatus, Provenance

if TYPE_CHECKING:
    from hiera.controllers.rl.advisor import Advisor
    from hiera.families.life_support.breathing import BreathingBelief


class AdvisorPlanner:
    """Asks the advisor; nothing is kept from one request to the next."""

    def __init__(self, advisor: Advisor) -> None:
        """Takes the advisor."""
        self._advisor = advisor

    def reset(self, seed: int) -> None:
        """Has nothing to forget and draws nothing."""

    def plan(self, belief: BreathingBelief, deadline_s: float) -> Plan[Advice]:
        """One course of commands; none where the belief cannot be used, and why."""
        seen = belief.observation
        try:
            advice = self._advisor.advise(
                seen["estimate"], seen["deviation"], outside_k(seen), belief.forecast
            )
        except ValueError as error:
            return Plan(
                (), PlanStatus.INFEASIBLE, Provenance.NUMERIC, belief.version, reason=str(error)
            )
        minutes = advice.period_s * len(advice.commands) / 60.0
        return Plan(
            (advice,), PlanStatus.OK, Provenance.NUMERIC, belief.version,
            strategy=f"{advice.source}: commands for {minutes:.0f} min",
        )  # fmt: skip
