"""A safety filter as a YAML file: a system, barriers and a filter picked by name.

    system: {kind: double_integrator, d: 1, acceleration: 2.0}
    barriers:
      - {kind: braking_limit, name: wall, …}
    filter: {kind: cbf, tick_s: 0.02}
    verify: {low: [-3, -3], high: [3, 3]}        # for `hiera verify`

Settings are the keyword arguments of the functions in `hiera.safety`; a mistake is one sentence
with file, line, key and the nearest name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import hiera.safety.barriers as barrier_room
import hiera.safety.dynamics as dynamics_room
from hiera.config import yaml_core
from hiera.config.explain import yaml_problem
from hiera.errors import ConfigError, nearest
from hiera.gate_target import GateFile
from hiera.safety.barriers import Barrier

_FILTERS = {"cbf": "CbfFilter", "discrete": "DiscreteCbf", "predictive": "PredictiveFilter"}
_NOT_SYSTEMS = {"ControlAffine", "DiffDrive", "DiscreteTime", "DhLink", "forward_kinematics"}
_NOT_BARRIERS = {"Barrier", "SdfGrid", "all_of", "any_of", "from_casadi", "from_torch", "lyapunov"}


def load_gate_file(path: Path) -> GateFile:
    """Reads a filter.

    Raises:
        ConfigError: If there is no such file or a setting is wrong.
    """
    try:
        data, lines = yaml_core.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        told = yaml_problem(error) if isinstance(error, yaml.YAMLError) else str(error)
        raise ConfigError(f"{path}: {told}") from error
    return _Reader(str(path), lines).gate_file(data)


@dataclass(frozen=True)
class _Reader:
    source: str
    lines: yaml_core.Lines

    def fail(self, at: yaml_core.Path, problem: str) -> ConfigError:
        for end in range(len(at), -1, -1):
            if at[:end] in self.lines:
                return ConfigError(f"{self.source}:{self.lines[at[:end]]}: {problem}")
        return ConfigError(f"{self.source}: {problem}")

    def gate_file(self, data: Any) -> GateFile:
        known = {"system", "barriers", "filter", "verify"}
        if not isinstance(data, dict):
            raise self.fail((), "a filter's file holds system, barriers and filter")
        for key in data:
            if key not in known:
                raise self.fail((key,), f"there is no setting {key!r}{nearest(str(key), known)}")
        for key in ("system", "barriers", "filter"):
            if key not in data:
                raise self.fail((), f"{key!r} is missing")
        system = self.made(data["system"], ("system",), self.systems())
        barriers = self.barriers(data["barriers"], ("barriers",), system)
        settings = dict(self.mapping(data["filter"], ("filter",)))
        kind = settings.pop("kind", "cbf")
        if kind not in _FILTERS:
            hint = nearest(str(kind), _FILTERS)
            raise self.fail(
                ("filter", "kind"), f"filter.kind is {kind!r}, which is not known{hint}"
            )
        from hiera.safety import filters

        make = getattr(filters, _FILTERS[kind])
        gate = self.call(make, settings, ("filter",), system, barriers)
        verify = dict(self.mapping(data.get("verify", {}), ("verify",)))
        truths = self.barriers(verify.pop("truths", []), ("verify", "truths"), system)
        return GateFile(gate, tuple(truths), verify)

    def systems(self) -> dict[str, Callable[..., Any]]:
        names = [n for n in dynamics_room.__all__ if n not in _NOT_SYSTEMS]
        return {name: getattr(dynamics_room, name) for name in names}

    def barriers(self, data: Any, at: yaml_core.Path, system: Any) -> list[Barrier]:
        if not isinstance(data, list):
            raise self.fail(at, f"{'.'.join(map(str, at))} must be a list")
        names = [n for n in barrier_room.__all__ if n not in _NOT_BARRIERS]
        makers = {name: getattr(barrier_room, name) for name in names}
        found: list[Barrier] = []
        for index, item in enumerate(data):
            made = self.made(item, (*at, index), makers, system)
            found += made if isinstance(made, list) else [made]
        return found

    def mapping(self, data: Any, at: yaml_core.Path) -> Mapping[str, Any]:
        if not isinstance(data, dict):
            raise self.fail(at, f"{'.'.join(map(str, at))!r} must be a block of settings")
        return data

    def made(
        self,
        data: Any,
        at: yaml_core.Path,
        makers: Mapping[str, Callable[..., Any]],
        system: Any = None,
    ) -> Any:
        settings = dict(self.mapping(data, at))
        kind = settings.pop("kind", None)
        where = ".".join(map(str, at))
        if kind is None:
            raise self.fail(at, f"{where} needs a 'kind'{nearest('', makers)}")
        if kind not in makers:
            hint = nearest(str(kind), makers)
            raise self.fail((*at, "kind"), f"{where}.kind is {kind!r}, which is not known{hint}")
        maker = makers[kind]
        if "system" in inspect.signature(maker).parameters and system is not None:
            settings.setdefault("system", system)
        return self.call(maker, settings, at)

    def call(
        self, maker: Callable[..., Any], settings: dict[str, Any], at: yaml_core.Path, *first: Any
    ) -> Any:
        parameters = inspect.signature(maker).parameters
        offered = list(parameters)[len(first) :]
        for key in settings:
            if key not in offered:
                hint = nearest(key, offered)
                path = ".".join(map(str, (*at, key)))
                raise self.fail((*at, key), f"there is no setting {path!r}{hint}")
        for key in offered:
            empty = parameters[key].default is inspect.Parameter.empty
            if empty and key not in settings and parameters[key].kind.name != "VAR_KEYWORD":
                raise self.fail(at, f"{'.'.join(map(str, (*at, key)))!r} is missing")
        try:
            return maker(*first, **settings)
        except (TypeError, ValueError) as error:
            raise self.fail(at, f"{'.'.join(map(str, at))}: {error}") from error
