"""Where parts are looked up by name: ours, and those of installed packages.

A third-party package offers a part through an entry point in one of the groups
``hiera.families``, ``hiera.trainings``, ``hiera.planners``, ``hiera.controllers``,
``hiera.filters``, ``hiera.worlds`` or ``hiera.backends``, whose value is a `Component` (or a
`Family`, or a `Training`)::

    [project.entry-points."hiera.controllers"]
    my_policy = "my_package.policy:COMPONENT"

It is then a valid ``kind`` in every config, listed by ``hiera list`` and held to the same
conformance checks.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Final

from hiera.config.settings import Settings
from hiera.errors import HieraError, UnknownNameError, nearest

_PARTS: Final = "hiera.families.exploration.parts"
_BREATHING: Final = "hiera.families.life_support"
_NOTHING: Final = "hiera.families.nothing"

BUILTIN: Final[dict[str, dict[str, str]]] = {
    "families": {
        "exploration": "hiera.families.exploration:FAMILY",
        "life_support": "hiera.families.life_support:FAMILY",
    },
    "trainings": {
        "viewpoint": "hiera.training.viewpoint:TRAINING",
        "life_support_pid": "hiera.training.life_support_pid.training:TRAINING",
        "life_support_metabolism": "hiera.training.life_support_metabolism:TRAINING",
        "life_support_advisor": "hiera.training.life_support_advisor:TRAINING",
    },
    "worlds": {
        "building": "hiera.families.exploration.worlds:BUILDING",
        "file": "hiera.families.exploration.worlds:FILE",
        "dare": "hiera.families.exploration.worlds:DARE",
        "catalogue": f"{_BREATHING}.worlds:CATALOGUE",
        "mission": f"{_BREATHING}.worlds:MISSION",
        "phases": f"{_BREATHING}.worlds:PHASES",
    },
    "planners": {
        "fare": f"{_PARTS}:FARE",
        "numeric": f"{_PARTS}:NUMERIC",
        "none": f"{_NOTHING}:NO_PLANNER",
        "advisor": f"{_BREATHING}.parts:ADVISOR",
    },
    "controllers": {
        "nearest": f"{_PARTS}:NEAREST",
        "utility": f"{_PARTS}:UTILITY",
        "local_tour": f"{_PARTS}:LOCAL_TOUR",
        "learned": f"{_PARTS}:LEARNED",
        "pid": f"{_BREATHING}.parts:PID",
        "rule": f"{_BREATHING}.parts:RULE",
        "nmpc": f"{_BREATHING}.parts:NMPC",
        "advised": f"{_BREATHING}.parts:ADVISED",
    },
    "filters": {
        "lidar_cbf": f"{_PARTS}:LIDAR_CBF",
        "action_mask": f"{_PARTS}:ACTION_MASK",
        "life_support_cbf": f"{_BREATHING}.parts:LIFE_SUPPORT_CBF",
        "pass_through": f"{_NOTHING}:PASS_THROUGH",
    },
    "backends": {
        "none": "hiera.families.exploration.backends:NONE",
        "ollama": "hiera.families.exploration.backends:OLLAMA",
        "openai": "hiera.families.exploration.backends:OPENAI",
        "llamacpp": "hiera.families.exploration.backends:LLAMACPP",
        "replay": "hiera.families.exploration.backends:REPLAY",
    },
}


@dataclass(frozen=True, slots=True)
class Component:
    """A part that a config can name.

    Attributes:
        kind: The name in the config.
        settings: Its settings class; the discriminating field holds ``kind``.
        build: Called as ``build(settings, **what the family hands in)``.
        summary: One line for ``hiera list``.
        families: Scenario families whose configs may name it; empty for any.
    """

    kind: str
    settings: type[Settings]
    build: Callable[..., Any]
    summary: str = ""
    families: tuple[str, ...] = ("exploration",)


def groups() -> tuple[str, ...]:
    """Names of the groups parts are sorted into."""
    return tuple(BUILTIN)


@cache
def _targets(group: str) -> dict[str, str]:
    found = dict(BUILTIN[group])
    for point in entry_points(group=f"hiera.{group}"):
        found.setdefault(point.name, point.value)
    return found


def names(group: str) -> tuple[str, ...]:
    """Registered names of a group, without importing anything."""
    return tuple(_targets(group))


def names_for(group: str, family: str | None) -> tuple[str, ...]:
    """Names of a group that a family's configs may use; all of them for None.

    Of our own parts the package says it, so that none is imported; other packages' parts say it
    themselves.
    """
    if family is None:
        return names(group)
    return tuple(name for name in names(group) if _serves(group, name, family))


def _serves(group: str, name: str, family: str) -> bool:
    target = BUILTIN[group].get(name)
    if target is not None:
        return target.startswith((f"hiera.families.{family}.", f"{_NOTHING}:"))
    families = component(group, name).families
    return not families or family in families


@cache
def lookup(group: str, name: str) -> Any:
    """Imports and returns a registered part.

    Raises:
        UnknownNameError: If nothing of that name is registered.
        HieraError: If a third-party package's part cannot be imported.
    """
    targets = _targets(group)
    if name not in targets:
        raise UnknownNameError(
            f"there is no {group.removesuffix('s')} {name!r}{nearest(name, targets)}"
        )
    module, _, attribute = targets[name].partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        # A foreign module may raise anything at all while it is imported.
        if name in BUILTIN[group]:
            raise
        raise HieraError(
            f"{group} {name!r} is offered as {targets[name]!r} but cannot be imported: "
            f"{' '.join(str(error).split())}; mend or uninstall the package that offers it"
        ) from error


def component(group: str, name: str) -> Component:
    """`lookup` for groups of `Component`.

    Raises:
        HieraError: If the registered object is no `Component`.
    """
    found = lookup(group, name)
    if not isinstance(found, Component):
        raise HieraError(f"{group} {name!r} is registered as {found!r}, which is no Component")
    return found
