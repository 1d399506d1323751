"""One seed per run, spawned into named streams, so that no part disturbs another's randomness."""

from __future__ import annotations

from typing import Final

import numpy as np

STREAMS: Final = (
    "layout",
    "dynamics",
    "sensors",
    "controller",
    "planner",
    "llm",
    "filter",
    "people",
)
"""Order matters: a stream's position is its spawn key. Append only."""


class Seeds:
    """Named, independent random streams of one run.

    Two streams differ even when two parts are given the same layout; the same run twice gets
    the same bytes.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        children = np.random.SeedSequence(seed).spawn(len(STREAMS))
        self._streams = dict(zip(STREAMS, children, strict=True))

    def integer(self, stream: str) -> int:
        """A 32-bit seed for interfaces that take an integer."""
        return int(self._streams[stream].generate_state(1)[0])

    def generator(self, stream: str) -> np.random.Generator:
        """A fresh generator at the start of the stream."""
        return np.random.default_rng(self._streams[stream])

    def manifest(self) -> dict[str, int]:
        """What the run directory records."""
        return {name: self.integer(name) for name in STREAMS}
