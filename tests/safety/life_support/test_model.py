"""The prediction model: written once, balanced, differentiable, affine in its controls."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.safety.life_support import kernel
from hiera.safety.life_support.gases import gauge_pa, litres_per_minute, saturation_pa
from hiera.safety.life_support.ledger import Account, crossing, inside
from hiera.safety.life_support.metabolism import output_for, ventilation_for
from hiera.safety.life_support.model import LifeSupportModel
from hiera.safety.life_support.parameters import Parameters, table
from hiera.safety.life_support.rates import drift, flows, gains, rates
from hiera.safety.life_support.state import (
    CYLINDER,
    HIGH,
    LOW,
    NAMES,
    NITROGEN,
    UNITS,
    UPTAKE,
    N,
    Surroundings,
    start,
)

P = Parameters()
MODEL = LifeSupportModel(P)


def anywhere(seed: int) -> tuple[np.ndarray, np.ndarray, Surroundings]:
    """A state, controls and surroundings somewhere in the model's range."""
    rng = np.random.default_rng(seed)
    around = Surroundings(
        litres_per_minute(rng.uniform(0.3, 3.5)),
        rng.uniform(283.0, 333.0),
        rng.uniform(0.0, 200.0),
        rng.uniform(0.0, 10.0),
    )
    x = start(
        P,
        around,
        gauge_pa=rng.uniform(-100.0, 800.0),
        oxygen=rng.uniform(0.15, 0.6),
        dioxide=rng.uniform(1e-4, 0.03),
        vapour=rng.uniform(0.005, 0.06),
        temperature_k=rng.uniform(290.0, 320.0),
        conversion=rng.uniform(0.0, 0.95),
        loading=rng.uniform(0.02, 0.35),
    )
    x[[6, 9]] += rng.uniform(0.0, 30.0, 2)
    x[7] = rng.uniform(0.05, 0.2)
    x[14:16] += rng.uniform(-2.0, 2.0, 2)
    x[16], x[17] = rng.uniform(LOW[1], HIGH[1]), rng.uniform(0.0, 1.0)
    return x, rng.uniform(LOW, HIGH), around


@given(st.integers(0, 10_000))
def test_the_compiled_rates_are_the_plain_ones(seed: int) -> None:
    x, u, around = anywhere(seed)
    out = np.empty(N)
    kernel.rate_into(x, u, around, P.record()[()], out)
    np.testing.assert_allclose(out, MODEL.rhs(x, u, around), rtol=1e-12, atol=1e-18)


@given(st.integers(0, 10_000))
def test_the_recorded_rates_are_the_plain_ones(seed: int) -> None:
    x, u, around = anywhere(seed)
    recorded = MODEL.recording(np.concatenate((x, u, around)))
    np.testing.assert_allclose(recorded, MODEL.rhs(x, u, around), rtol=1e-9, atol=1e-16)


@given(st.integers(0, 10_000))
def test_controls_enter_affinely(seed: int) -> None:
    x, u, around = anywhere(seed)
    affine = np.array(drift(x, around, P)) + gains(P) @ u
    np.testing.assert_allclose(affine, rates(x, u, around, P), rtol=1e-12, atol=1e-18)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_derivatives_are_those_of_complex_steps(seed: int) -> None:
    x, u, around = anywhere(seed)
    A, B = MODEL.linearised(x, u, around)
    z = np.concatenate((x, u))
    for i in range(N + 3):
        shifted = z.astype(complex)
        shifted[i] += 1e-30j
        held = MODEL.rhs(shifted[:N], shifted[N:], around)
        slope = A[:, i] if i < N else B[:, i - N]
        np.testing.assert_allclose(slope, held.imag / 1e-30, rtol=1e-8, atol=1e-14)


@given(st.integers(0, 10_000))
def test_interval_bounds_hold_the_rates(seed: int) -> None:
    x, u, around = anywhere(seed)
    centre = np.concatenate((x, u, around))
    width = 1e-3 * np.abs(centre)
    low, high = MODEL.recording.bounds(centre - width, centre + width)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        inner = centre + width * rng.uniform(-1.0, 1.0, centre.size)
        value = MODEL.recording(inner)
        assert np.all((low <= value) & (value <= high))
    assert np.all(np.isfinite(high - low))


@given(st.integers(0, 10_000))
def test_every_element_and_energy_balance_at_every_instant(seed: int) -> None:
    """The account's slope along the rates is what crosses the border."""
    x, u, around = anywhere(seed)
    step = 1e-30j
    moved = inside(x + step * MODEL.rhs(x, u, around), P)
    into = crossing(x, around, P, flows(x, around, P))
    scale = Account(1e-3, 1e-3, 1e-3, 1e-3, 300.0)
    for slope, flow, size in zip(moved, into, scale, strict=True):
        assert np.imag(slope) / 1e-30 == pytest.approx(flow, abs=1e-11 * size, rel=1e-10)


def _with_accounts(y: np.ndarray, u: np.ndarray, around: Surroundings) -> np.ndarray:
    x = y[:N]
    into = crossing(x, around, P, flows(x, around, P))
    return np.concatenate((MODEL.rhs(x, u, around), np.array(into, dtype=float)))


def test_four_hours_close_every_account() -> None:
    """Against flows that are integrated beside the state, with changing work and a leaky suit."""
    u, h = np.zeros(3), 5.0
    x = start(P, Surroundings(litres_per_minute(1.0)))
    y, first = np.concatenate((x, np.zeros(5))), np.array(inside(x, P))
    for tick in range(int(4 * 3600 / h)):
        work = (0.5, 2.0, 3.0, 1.35)[tick // 60 % 4]
        around = Surroundings(litres_per_minute(work), 313.0, 50.0, 5.0)
        gauge = gauge_pa(y[:4].sum(), y[4], P)
        u[:] = min(max(y[UPTAKE] + 1e-5 * (250.0 - gauge), 0.0), HIGH[0]), 1.5e-3, 0.7
        k1 = _with_accounts(y, u, around)
        k2 = _with_accounts(y + 0.5 * h * k1, u, around)
        k3 = _with_accounts(y + 0.5 * h * k2, u, around)
        k4 = _with_accounts(y + h * k3, u, around)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    last = np.array(inside(y[:N], P))
    np.testing.assert_allclose(last, first + y[N:], rtol=1e-11)
    assert np.all(np.abs(y[N:]) > 1e-2 * np.abs(first) * np.array([0, 1e-2, 1, 1e-2, 1e-4]))
    assert y[CYLINDER] < 0.5 * P.cylinder_mol


def test_nitrogen_decays_with_the_gas_that_leaves() -> None:
    """At constant amount ``y_N = y_N0 exp(-V_out / V)``: an hour of a leaking suit."""
    p = Parameters(leak_softness_pa=1e-3)
    model, around = LifeSupportModel(p), Surroundings(litres_per_minute(1.35), leak=10.0)
    x, turnovers, h = model.start(around, gauge_pa=200.0), 0.0, 1.0
    first = x[NITROGEN]
    u = np.array([0.0, 1.2e-3, 0.5])
    share = []
    for _ in range(3600):
        w = flows(x, around, p)
        share.append((w.vent + w.leak) / x[:4].sum())
        u[0] = min(max(x[UPTAKE] + 1e-5 * (200.0 - gauge_pa(x[:4].sum(), x[4], p)), 0.0), HIGH[0])
        x = model.step(x, u, around, h)
    w = flows(x, around, p)
    share.append((w.vent + w.leak) / x[:4].sum())
    turnovers = h * float(np.sum(share[1:-1]) + 0.5 * (share[0] + share[-1]))
    assert x[NITROGEN] / first == pytest.approx(np.exp(-turnovers), rel=1e-6)
    assert x[NITROGEN] < 0.5 * first


def _halved(h: float) -> np.ndarray:
    x, u, around = anywhere(2)
    return np.asarray(kernel.advance(x, u, around, P.record()[()], h, round(24.0 / h)))


def test_the_integrator_is_of_order_four() -> None:
    exact = _halved(1.0 / 128.0)
    errors = [np.max(np.abs(_halved(h) / exact - 1.0)) for h in (1.0, 0.5, 0.25)]
    ratios = np.array(errors[:-1]) / np.array(errors[1:])
    assert np.all((ratios > 14.0) & (ratios < 24.0)), ratios


def test_a_recorded_step_is_a_step() -> None:
    x, u, around = anywhere(11)
    program = MODEL.discretised(2.0)
    stepped = program(np.concatenate((x, u, around)))
    np.testing.assert_allclose(stepped, MODEL.step(x, u, around, 2.0), rtol=1e-11)


def test_the_casadi_function_is_the_same() -> None:
    pytest.importorskip("casadi", reason="needs the extra mpc")
    from hiera.safety.tape.to_casadi import to_casadi

    x, u, around = anywhere(5)
    z = np.concatenate((x, u, around))
    found = np.asarray(to_casadi(MODEL.recording)(z)).ravel()
    np.testing.assert_allclose(found, MODEL.recording(z), rtol=1e-10, atol=1e-16)


@pytest.mark.parametrize(
    ("uptake", "output", "air"),
    [(0.5, 0.4, 20.0), (1.35, 1.15, 30.0), (2.0, 1.8, 44.0), (2.5, 2.5, 55.0), (3.0, 3.2, 65.0)],
)
def test_work_rates_of_the_regulation_are_met(uptake: float, output: float, air: float) -> None:
    """42 CFR 84.304 and 84.305."""
    asked = litres_per_minute(uptake)
    assert output_for(asked) == pytest.approx(litres_per_minute(output), rel=0.02)
    assert ventilation_for(asked) == pytest.approx(air / 60e3, rel=0.02)


@pytest.mark.parametrize(
    ("celsius", "pascal"), [(0.0, 611.2), (25.0, 3169.0), (37.0, 6282.0), (60.0, 19946.0)]
)
def test_saturation_is_that_of_steam_tables(celsius: float, pascal: float) -> None:
    assert saturation_pa(celsius + 273.15) == pytest.approx(pascal, rel=4e-3)


def test_pressure_solves_the_gas_law_in_a_suit_that_stretches() -> None:
    for amount in (1.7, 1.85, 1.95):
        gauge = gauge_pa(amount, 305.0, P)
        volume = P.volume_m3 + P.compliance_m3_pa * gauge
        assert (P.outside_pa + gauge) * volume == pytest.approx(amount * 8.314462618 * 305.0)


def test_every_parameter_has_a_unit_a_meaning_and_a_source() -> None:
    rows = table(P)
    assert len(rows) > 50
    for row in rows:
        assert row.unit, row.name
        assert len(row.meaning) > 9, row.name
        assert len(row.source) > 4, row.name
    assert len(NAMES) == len(UNITS) == N


@pytest.mark.parametrize("wrong", [{"volume_m3": 0.0}, {"lime_kg": -1.0}, {"cooling_w_k": np.nan}])
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Parameters(**wrong)


def test_the_model_is_built_without_compiling() -> None:
    code = (
        "import sys\n"
        "from hiera.safety.life_support.model import LifeSupportModel\n"
        "model = LifeSupportModel(); model.start(); model.recording\n"
        "print('numba' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
