"""The methods of the endurance study, by name.

A method is what a config of the breathing set says about its layers. Register one in a line::

    METHODS["mine"] = Method("my controller", ("controller.kind=mine", *GATE))
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from hiera.errors import ConfigError, nearest

BASE: Final = "pid"
"""Every ratio is one to this method."""
FORESIGHT: Final = "foresight"
"""No method: bounds from below and above of what could be reached with perfect foresight."""
GATE: Final = ("gate.kind=life_support_cbf",)
ROWS: Final = (*GATE, "gate.without=[]", "gate.fan=row")
"""The barriers as they are: humidity among them, and CO2 answered by its row's slope."""
OPEN: Final = ("gate.kind=pass_through",)
_ALONE: Final = ("planner.kind=none", "metabolism=held")
_LED: Final = ("planner.kind=advisor", "metabolism=learned")


@dataclass(frozen=True, slots=True)
class Method:
    """Who keeps the wearer alive.

    Attributes:
        summary: One line for a person.
        settings: What a config says about it, as ``key=value``.
        ordinary: Whether it is in the table unless methods are named.
    """

    summary: str
    settings: tuple[str, ...]
    ordinary: bool = True

    def but(self, summary: str, *settings: str, ordinary: bool = True) -> Method:
        """The same with further settings; a later one wins."""
        return replace(
            self, summary=summary, settings=(*self.settings, *settings), ordinary=ordinary
        )


_PID = Method("tuned PID", ("controller.kind=pid", *_ALONE, *OPEN))
_FORWARD = _PID.but("tuned PID with feed-forward", "controller.forward=true")
_RULE = Method(
    "the best of each instant, on the estimate", ("controller.kind=rule", *_ALONE, *OPEN)
)
_NMPC = Method(
    "receding horizon, learned forecast",
    ("controller.kind=nmpc", "planner.kind=none", "metabolism=learned", *GATE),
)
_FULL = _NMPC.but("receding horizon, learned forecast, advisor", *_LED)

METHODS: dict[str, Method] = {
    BASE: _PID,
    "pid_gate": _PID.but("tuned PID behind the gate", *GATE),
    "forward": _FORWARD,
    "forward_gate": _FORWARD.but("PID with feed-forward behind the gate", *GATE),
    "rule_gate": _RULE.but("the rule behind the gate", *GATE),
    "nmpc_gate": _NMPC,
    "nmpc_advisor_gate": _FULL,
    # What each ingredient buys.
    "nmpc_held": _FULL.but("the work is expected to go on as it is", "metabolism=held"),
    "nmpc_no_scarcity": _FULL.but("stocks are never dearer", "controller.scarce=false"),
    "nmpc_no_gate": _FULL.but("nobody has the last word", *OPEN),
    "nmpc_rows": _FULL.but("behind the barriers as they are", *ROWS, ordinary=False),
    "pid_rows": _PID.but("PID behind the barriers as they are", *ROWS, ordinary=False),
    "pid_estimate": _PID.but("PID on the estimate", "controller.reads=estimate", ordinary=False),
    "rule": _RULE.but("the rule without a gate", ordinary=False),
    "advised_gate": Method(
        "the advisor obeyed, behind the gate",
        ("controller.kind=advised", "planner.kind=none", "metabolism=learned", *GATE),
        ordinary=False,
    ),
}


def chosen(names: tuple[str, ...]) -> dict[str, Method]:
    """The methods to measure, the base first.

    Args:
        names: As a person wrote them; empty for the ordinary ones.

    Raises:
        ConfigError: If there is no such method.
    """
    for name in names:
        if name not in METHODS and name != FORESIGHT:
            hint = nearest(name, [*METHODS, FORESIGHT])
            raise ConfigError(f"--methods: there is no method {name!r}{hint}")
    ordinary = [name for name, method in METHODS.items() if method.ordinary]
    listed = dict.fromkeys((BASE, *(names or ordinary)))
    return {name: METHODS[name] for name in listed if name in METHODS}
