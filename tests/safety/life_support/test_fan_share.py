"""What a fan makes of the flow that is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.safety.life_support import LifeSupportModel
from hiera.safety.life_support.fan_share import FanShare

P = LifeSupportModel().parameters


def followed(share: float, seconds: int, *, noise: float = 0.0, hidden: bool = False) -> float:
    """A fan under commands that step up and down, its lag and share its own."""
    fan, random = FanShare(P), np.random.default_rng(0)
    flow, found = share * 1e-3, 1.0
    for k in range(seconds):
        command = 1e-3 if k // 40 % 2 else 2e-3
        flow += (share * command - flow) * (1.0 - np.exp(-1.0 / P.fan_s))
        shown = flow * (1.0 + noise * random.standard_normal())
        found = fan.observe(command, None if hidden else shown, 1.0)
    return found


def test_a_weak_fan_is_told_from_one_that_lags() -> None:
    assert followed(0.6, 200) == pytest.approx(0.6, abs=0.02)
    assert followed(1.0, 200) == pytest.approx(1.0, abs=0.02)
    assert followed(0.6, 200, noise=0.05) == pytest.approx(0.6, abs=0.03)


def test_nothing_is_said_before_it_has_settled_or_without_a_flow() -> None:
    assert followed(0.6, 15) == 1.0
    assert followed(0.6, 200, hidden=True) == 1.0
