"""Oxygen that the lowest cell shows less."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.safety.contract import Context
from hiera.safety.life_support import LifeSupportModel, life_support_filter
from hiera.safety.life_support import state as names
from hiera.safety.life_support.lowest_cell import LowestCell, with_less_oxygen

MODEL = LifeSupportModel()
STATE = MODEL.start()
NOW = MODEL.readings(STATE)
OXYGEN, PRESSURE = float(NOW.oxygen), 101325.0 + float(NOW.gauge_pa)


def followed(cell: LowestCell, fractions: tuple[float, ...], seconds: int) -> float:
    """What is behind after so many seconds in which cells show fractions of oxygen."""
    for _ in range(seconds):
        behind = cell.observe(STATE, np.array(fractions) * PRESSURE, 1.0)
    return behind


def test_cells_that_show_less_are_followed_by_a_hundredth_at_once() -> None:
    def behind(*fractions: float) -> float:
        return followed(LowestCell(MODEL.parameters), fractions, 60)

    less = OXYGEN - 0.004
    assert behind(OXYGEN, less, OXYGEN) == pytest.approx(0.004, abs=2e-5)
    assert behind(less, np.nan, np.nan) == pytest.approx(0.004, abs=2e-5)
    assert behind(OXYGEN, OXYGEN + 0.03, OXYGEN) == behind(np.nan, np.nan, 0.0) == 0.0
    assert behind(OXYGEN, 0.5 * OXYGEN, OXYGEN) == pytest.approx(0.01)


def test_a_cell_that_falls_behind_as_slowly_as_a_drift_is_followed_and_one_that_falls_is_not() -> (
    None
):
    cell = LowestCell(MODEL.parameters)

    def behind(gap: float, seconds: int) -> float:
        return followed(cell, (OXYGEN, OXYGEN, OXYGEN - gap), seconds)

    drifted = [behind(0.03 * minute / 60.0, 60) for minute in range(90)]
    assert drifted[60] == pytest.approx(0.03, abs=0.001)
    assert drifted[89] == pytest.approx(0.0445, abs=0.001)
    assert behind(0.1, 60) == pytest.approx(0.0445, abs=0.002)
    assert behind(0.1, 3600) == pytest.approx(0.01)
    assert behind(0.04, 20) < 0.012


def test_the_gate_feeds_for_the_lowest_cell_though_the_belief_is_at_the_fire_ceiling() -> None:
    gate = life_support_filter(MODEL, without=frozenset(("humidity", "nitrogen_strict")))
    believed = MODEL.start(oxygen=0.233)
    lower = with_less_oxygen(believed, 0.035)
    assert lower[:4].sum() == pytest.approx(believed[:4].sum())
    assert float(MODEL.readings(lower).oxygen) == pytest.approx(0.198, abs=1e-4)
    asked = np.array([8e-4, 1.2e-3, 0.0])
    fed = [gate.filter(x, asked, Context(time_s=0.0)).u[names.FEED] for x in (believed, lower)]
    assert fed[0] < fed[1]
