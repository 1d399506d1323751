"""What every registered part is built with here. A new registration needs a line below."""

from __future__ import annotations

from typing import Any, Final

from hiera import registry

KINEMATIC: Final = "kinematic"
HOP: Final = "hop"
BREATHING: Final = "breathing"

FAMILIES: Final[dict[str, dict[str, Any]]] = {
    "exploration": {
        "world": {"kind": "building", "size_m": [20, 15]},
        "clock": {"max_time_s": 3.0},
    },
    "life_support": {"clock": {"max_time_s": 20.0}},
}
"""A config small enough to be run to its end."""

FILTERS: Final[dict[str, tuple[str, ...]]] = {
    "lidar_cbf": (KINEMATIC,),
    "action_mask": (HOP,),
    "life_support_cbf": (BREATHING,),
    "pass_through": (KINEMATIC, HOP, BREATHING),
}
"""The motions, or the set, whose states and actions a filter is made for."""

CONTROLLERS: Final[dict[str, dict[str, Any]]] = {
    "nearest": {},
    "utility": {},
    "local_tour": {},
    "learned": {},
}
"""Viewpoint policies: settings beside the kind."""

BREATHING_CONTROLLERS: Final[dict[str, dict[str, Any]]] = {
    "pid": {"forward": True},
    "rule": {},
    "nmpc": {},
    "advised": {},
}
"""Controllers of the breathing set: settings beside the kind."""

TRAININGS: Final[dict[str, dict[str, Any]]] = {
    "viewpoint": {"name": "smallest"},
    "life_support_pid": {"name": "smallest", "missions": {"count": 1}},
    "life_support_metabolism": {"name": "smallest", "gather": {"missions": [0, 2]}},
    "life_support_advisor": {"name": "smallest", "steps": 64},
}
"""The smallest config of each."""

PLANNERS: Final[dict[str, dict[str, Any]]] = {
    "numeric": {},
    "fare": {"geometry_weight": 0.3},
    "none": {},
}
"""Settings beside the kind."""

ADVISORS: Final[dict[str, dict[str, Any]]] = {"advisor": {"periods": 6}}
"""Slow layers of the breathing set: settings beside the kind."""

WORLDS: Final[dict[str, dict[str, Any]]] = {
    "building": {"size_m": [20.0, 15.0], "style": "mixed"},
    "file": {"path": "{folder}/floor.npz"},
    "dare": {"path": "{folder}/dare.npz"},
}
"""Settings beside the kind; ``{folder}`` holds a map file of each sort."""

MISSIONS: Final[dict[str, dict[str, Any]]] = {
    "catalogue": {"name": "cells_drift"},
    "mission": {"number": 3},
    "phases": {
        "phases": [{"minutes": 1.0, "uptake_l_min": 2.0}],
        "faults": [{"fault": "leak", "at_s": 5.0, "value": 4.0}],
    },
}
"""Settings beside the kind."""

BACKENDS: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "ollama": {"model": "nobody", "host": "http://127.0.0.1:9"},
    "openai": {"model": "nobody", "base_url": "http://127.0.0.1:9/v1"},
    "llamacpp": {"model": "{folder}/no.gguf"},
    "replay": {"run": "{folder}/run"},
}
"""Settings with which nobody answers."""

TABLES: Final[dict[str, dict[str, Any]]] = {
    "families": FAMILIES,
    "filters": FILTERS,
    "controllers": CONTROLLERS | BREATHING_CONTROLLERS,
    "planners": PLANNERS | ADVISORS,
    "worlds": WORLDS | MISSIONS,
    "backends": BACKENDS,
    "trainings": TRAININGS,
}


def missing_cases() -> list[str]:
    """One sentence for each registered part that has no case, and each group without a table."""
    sentences = [
        f"registry group {group!r} has no conformance checks: add a table for it to TABLES in "
        "tests/conformance/cases.py and a test that goes through it"
        for group in registry.groups()
        if group not in TABLES
    ]
    for group, table in TABLES.items():
        sentences += [
            f"{group} {name!r} is registered without a conformance case: add a line {name!r} to "
            f"{group.upper()} in tests/conformance/cases.py that says what to build it with"
            for name in registry.names(group)
            if name not in table
        ]
        sentences += [
            f"{group.upper()} in tests/conformance/cases.py has a line {name!r}, but nothing of "
            "that name is registered: remove it"
            for name in table
            if name not in registry.names(group)
        ]
    return sentences
