"""One guard for every optional dependency: name the extra that brings it."""

from __future__ import annotations

import importlib
from types import ModuleType


class MissingExtra(ImportError):  # noqa: N818 - reads as what it is: an extra is missing
    """An optional dependency is not installed; the message says how to install it."""


def require(module: str, extra: str) -> ModuleType:
    """Imports an optional dependency.

    Args:
        module: Name of the module to import.
        extra: Extra of hiera that installs it.

    Raises:
        MissingExtra: If the module, or something it needs itself, is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        absent = getattr(error, "name", None) or module
        because = "" if absent == module else f" (which needs {absent})"
        raise MissingExtra(
            f"{module}{because} is not installed: pip install 'hiera[{extra}]'",
            name=module,
        ) from error
