"""Mistakes a person can make, said in one sentence; the command line exits with 2 on them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HieraError(Exception):
    """A mistake or a missing thing that the user can mend; its text is one sentence."""


class ConfigError(HieraError):
    """A setting is wrong: the sentence names file, line and key."""


class RecordError(HieraError):
    """The run directory cannot be written or read."""


class StoppedError(Exception):
    """The user asked twice to stop; the command line exits with 130."""


class UnknownNameError(HieraError):
    """A name is not registered; the sentence offers the nearest ones."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns ``" (did you mean 'x'?)"``, or the whole list where nothing comes near."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (known: {', '.join(names)})" if names else ""
