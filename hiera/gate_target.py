"""A safety filter named on the command line: a YAML file, or a name in a Python file or module."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from hiera.errors import HieraError, UnknownNameError, nearest
from hiera.safety.contract import SafetyFilter


@dataclass(frozen=True)
class GateFile:
    """A filter, and what its file says about verifying it.

    Attributes:
        gate: The filter.
        truths: Barriers under ``verify.truths``, what must really hold.
        verify: The other settings under ``verify``.
    """

    gate: SafetyFilter
    truths: tuple[Any, ...]
    verify: Mapping[str, Any]


def load_gate(target: str) -> SafetyFilter:
    """The filter of `load_target`."""
    return load_target(target).gate


def load_target(target: str) -> GateFile:
    """Loads a filter.

    Args:
        target: A YAML file (see `hiera.gate_config`) or the name of a shipped one, or
            ``file.py:name`` or ``package.module:name``; the name is that of a filter, or of
            something that returns one when it is called without arguments.

    Raises:
        HieraError: If there is no such file, module or name, if its code fails, or if what it
            names is no filter.
    """
    shipped = Path(__file__).parent / "configs"
    places = [shipped / f"{target}.yaml", shipped / "gates" / f"{target}.yaml"]
    known = next((place for place in places if place.is_file()), None)
    if known is not None or target.endswith((".yaml", ".yml")):
        from hiera.gate_config import load_gate_file

        return load_gate_file(known or Path(target))
    return GateFile(_named(target), (), {})


def _named(target: str) -> SafetyFilter:
    place, colon, name = target.rpartition(":")
    if not (colon and place and name.isidentifier()):
        raise HieraError(
            f"{target!r} names no filter; write file.yaml, file.py:name or package.module:name"
        )
    module = _file(Path(place)) if place.endswith(".py") else _module(place)
    if not hasattr(module, name):
        raise UnknownNameError(f"{place} has no {name!r}{nearest(name, _offered(module))}")
    found = getattr(module, name)
    if _is_filter(found):
        return found  # type: ignore[no-any-return]
    if not callable(found):
        raise HieraError(
            f"{target} is of type {type(found).__name__}; a filter has reset() and "
            "filter(x, u_nominal, context)"
        )
    try:
        made = found()
    except Exception as error:
        raise HieraError(f"{target} cannot be called without arguments: {_told(error)}") from error
    if not _is_filter(made):
        raise HieraError(
            f"{target} returns something of type {type(made).__name__}; a filter has reset() and "
            "filter(x, u_nominal, context)"
        )
    return made  # type: ignore[no-any-return]


def _is_filter(found: object) -> bool:
    return isinstance(found, SafetyFilter) and not isinstance(found, type)


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        folder = path.parent
        known = [str(folder / p.name) for p in folder.glob("*.py")] if folder.is_dir() else []
        raise UnknownNameError(f"there is no file {path}{nearest(str(path), known)}")
    name = f"_hiera_gate_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # As `python file.py` does: what lies beside the file can be imported by it.
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise HieraError(f"{path} cannot be loaded: {_told(error)}") from error
    return module


def _module(name: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise UnknownNameError(
                f"there is no module {error.name!r}, here or installed"
            ) from error
        raise HieraError(f"{name} cannot be loaded: {_told(error)}") from error
    except Exception as error:
        raise HieraError(f"{name} cannot be loaded: {_told(error)}") from error


def _offered(module: ModuleType) -> list[str]:
    """Names that may have been meant: what the module itself made, and filters it imported."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and (isinstance(value, SafetyFilter) or getattr(value, "__module__", "") == module.__name__)
    ]


def _told(error: Exception) -> str:
    """The error in one line."""
    where = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {' '.join(text.split())}{where}"
