"""A gate whose CO2 rows answer with the best flow, and not with the slope of this instant.

A barrier's row on CO2 sees how uptake by the lime changes with the flow where the flow is now.
Where no flow is enough, its answer with the least slack runs to an end of the fan's range, past
the flow that removes most, and back: missions were measured to end a third earlier by that. Here a
row on CO2 says only *that* the fan must do more. It is set to the flow that removes most, unless
the controller's own removes nearly as much, and the rest of the command is filtered without these
rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, SafetyFilter, Status
from hiera.safety.life_support import state as names
from hiera.safety.life_support.fan_share import FanShare
from hiera.safety.life_support.model import LifeSupportModel
from hiera.safety.life_support.removal import UNSURE
from hiera.safety.life_support.stocks import best_flow

CO2_ROWS: Final = frozenset(("dioxide_hard", "dioxide_alarm"))
NAME: Final = "best_flow"
"""Stands among the active rows where the fan was set here."""
_ENOUGH: Final = 0.97
"""Share of the most that can be removed at which the controller's own flow stands: it may know the
wearer's breath better than the model does."""
_ORDER: Final = {status: k for k, status in enumerate(Status)}
_LAST: Final = (Status.BACKUP, Status.STOP)


class BestFlowGate:
    """Two filters, with and without rows on CO2, and the flow that removes most."""

    def __init__(
        self,
        whole: SafetyFilter,
        rest: SafetyFilter,
        model: LifeSupportModel,
    ) -> None:
        """Takes the filters.

        Args:
            whole: With rows on CO2; says when they matter.
            rest: Without them; has the last word on the command with the best flow.
            model: Whose lime and fan they are.
        """
        self._whole, self._rest = whole, rest
        self._model, self._fan = model, FanShare(model.parameters)
        self._seen_s: float | None = None

    def reset(self) -> None:
        """Forgets the previous episode."""
        self._whole.reset()
        self._rest.reset()
        self._fan.reset()
        self._seen_s = None

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        """A safe command; see `hiera.safety.contract.SafetyFilter`.

        Its status is the worse of the two filters', its margins are those of all rows.
        """
        elapsed_s = 0.0 if self._seen_s is None else max(0.0, context.time_s - self._seen_s)
        self._seen_s = context.time_s
        if len(context.u_previous):
            command = float(context.u_previous[names.FAN])
            self._fan.observe(command, float(x[names.FLOW]), elapsed_s)
        first = self._whole.filter(x, u_nominal, context)
        if first.status in _LAST or not CO2_ROWS.intersection(first.active):
            return first
        asked = np.array(u_nominal, dtype=np.float64)
        asked[names.FAN] = self._flow(x, float(asked[names.FAN]))
        second = self._rest.filter(x, asked, context)
        took = first.solve_time_s + second.solve_time_s
        if second.status in _LAST:
            return replace(second, margins=first.margins, solve_time_s=took)
        worse = max(first, second, key=lambda action: _ORDER[action.status])
        return replace(
            second,
            status=worse.status,
            reason=worse.reason,
            intervened=not np.array_equal(second.u, u_nominal),
            margins=first.margins,
            active=(*second.active, NAME),
            solve_time_s=took,
        )

    def _flow(self, x: FloatArray, nominal: float) -> float:
        """The nominal command where its flow removes nearly most, else that of the flow that does.

        Commands [m^3/s] are flows over the share of them that the fan makes.
        """
        from hiera.safety.life_support.sparing import removed_by

        output, used = float(x[names.OUTPUT]), float(x[names.CONVERSION])
        at = float(self._model.readings(x).dioxide_pa)
        best, most = best_flow(self._model, x, output, at, used, UNSURE)
        command = min(max(nominal, names.LOW[names.FAN]), names.HIGH[names.FAN])
        flow = self._fan.value * command
        removed = removed_by(flow, x, output, at, used, UNSURE, self._model.record)
        enough = removed >= _ENOUGH * most
        return command if enough else min(best / self._fan.value, names.HIGH[names.FAN])
