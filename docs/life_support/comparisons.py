"""What the model says beside what was published, row by row; used by `validate.py`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.envs.life_support.apparatus import OWN
from hiera.envs.life_support.world import LifeSupportEnv
from hiera.safety.life_support import LifeSupportModel, Limits, Parameters, Surroundings, gel, lime
from hiera.safety.life_support import state as names
from hiera.safety.life_support.canister import Machine, Run, breathe, fit
from hiera.safety.life_support.gases import (
    MOLAR_GAS,
    litres_per_minute,
    saturation_pa,
)
from hiera.safety.life_support.ledger import crossing, inside
from hiera.safety.life_support.metabolism import heat_w, output_for, ventilation_for
from hiera.safety.life_support.rates import flows
from hiera.safety.life_support.state import HIGH, N

P = Parameters()
HARVEY = replace(P, lime_kg=2.64)


@dataclass(frozen=True)
class Row:
    """One comparison; ``kind`` says whether the number was used to set a constant."""

    what: str
    published: str
    ours: str
    error: str
    kind: str
    source: str


def compared(
    what: str, published: float, ours: float, unit: str, kind: str, source: str, digits: int = 0
) -> Row:
    """A row of two numbers and their relative difference."""
    return Row(
        what,
        f"{published:.{digits}f} {unit}".strip(),
        f"{ours:.{digits}f} {unit}".strip(),
        f"{100.0 * (ours / published - 1.0):+.1f} %",
        kind,
        source,
    )


# Soda lime


def with_cores(p: Parameters, machine: Machine, rest_after_min: float, rest_h: float) -> float:
    """Breathing time to 1 kPa where CO2 creeps into the granules' cores, as in the plant [min]."""
    core_mol_kg, core_s = OWN["core_mol_kg"][0], OWN["core_s"][0]
    added = litres_per_minute(machine.dioxide_l_min)
    through = litres_per_minute(machine.air_l_min)
    flow = through * MOLAR_GAS * machine.exhaled_k / p.outside_pa
    bed = breathe(p, machine, end_pa=900.0)
    bed_k, moisture = float(np.median(bed.bed_k)), float(np.median(bed.moisture))
    k = float(lime.rate(bed_k, moisture, p))
    used, cores, minutes, step = 0.0, 0.0, 0.0, 10.0

    def creep(seconds: float, load: float) -> None:
        nonlocal used, cores
        for _ in range(int(seconds / step)):
            moved = core_mol_kg * (used - cores / core_mol_kg) / core_s
            used += step * (load / (p.lime_kg * p.lime_capacity_mol_kg))
            used -= step * moved / p.lime_capacity_mol_kg
            cores += step * moved

    while True:
        slip = float(lime.passed(used, flow, k, p))
        if slip / (1.0 - slip) * added / through * p.outside_pa > 1000.0 and minutes > 20.0:
            return minutes
        creep(step, added)
        minutes += step / 60.0
        if rest_h and abs(minutes - rest_after_min) < 0.5 * step / 60.0:
            creep(3600.0 * rest_h, 0.0)


def capacity_needed(kg: float, minutes: float) -> float:
    """Capacity with which our lime lasts that long [mol/kg]."""
    low, high = 4.0, 14.0
    for _ in range(24):
        middle = 0.5 * (low + high)
        p = replace(P, lime_kg=kg, lime_capacity_mol_kg=middle)
        lasts = breathe(p, Machine(), end_pa=1100.0).minutes_until(1000.0)
        low, high = (middle, high) if lasts < minutes else (low, middle)
    return 0.5 * (low + high)


def lime_rows() -> tuple[list[Row], Run]:
    """Soda lime against canister tests."""
    run = breathe(HARVEY, Machine())
    at = {level: run.minutes_until(1e3 * level) for level in (0.5, 1.0, 2.0)}
    found = fit(HARVEY, Machine(), 202.0, 1.10)
    heavy = breathe(HARVEY, Machine(2.0, 45.0), end_pa=1100.0).minutes_until(1e3)
    light = breathe(HARVEY, Machine(0.4, 9.0), end_pa=1100.0, limit_min=2400.0).minutes_until(1e3)
    other = breathe(replace(P, lime_kg=2.38), Machine(), end_pa=1100.0).minutes_until(1e3)
    theory = 0.75 / 0.074093
    harvey, pollock = "Harvey 2016, DHM 46(2)", "Pollock 2018, DHM 48(2)"
    rows = [
        compared(
            "2.64 kg Sofnolime, 2 L/min CO2, 45 L/min, to 1 kPa",
            202.0,
            at[1.0],
            "min",
            "fitted",
            harvey,
        ),
        compared(
            "time to 1 kPa / to 0.5 kPa",
            1.10,
            at[1.0] / at[0.5],
            "",
            "fitted",
            "rebreather training text",
            3,
        ),
        compared(
            "time to 2 kPa / to 1 kPa", 118 / 110, at[2.0] / at[1.0], "", "predicted", "the same", 3
        ),
        compared(
            "the same canister, a night's rest after 90 min (cores on)",
            240.0,
            with_cores(HARVEY, Machine(), 90.0, 14.0),
            "min",
            "predicted",
            pollock,
        ),
        compared(
            "and without the rest (cores on)",
            202.0,
            with_cores(HARVEY, Machine(), 90.0, 0.0),
            "min",
            "predicted",
            harvey,
        ),
        compared(
            "2.38 kg Spherasorb, with our Sofnolime", 138.0, other, "min", "predicted", harvey
        ),
        Row(
            "five times the load shortens the time by",
            "5 to 10",
            f"{light / heavy:.1f}",
            "inside" if 5.0 < light / heavy < 10.0 else "outside",
            "predicted",
            "rebreather training text",
        ),
        Row(
            f"capacity; {theory:.1f} mol/kg is what 75 % Ca(OH)2 could take",
            "",
            f"{found.capacity_mol_kg:.2f} mol/kg",
            f"{100.0 * found.capacity_mol_kg / theory:.0f} % of it",
            "fitted",
            "formula weight",
        ),
        Row(
            "capacity that 28 days open (188 min) would need",
            "",
            f"{capacity_needed(2.64, 188.0):.2f} mol/kg",
            "",
            "not modelled",
            pollock,
        ),
        Row(
            "capacity that Spherasorb (138 min) would need",
            "",
            f"{capacity_needed(2.38, 138.0):.2f} mol/kg",
            "",
            "not modelled",
            harvey,
        ),
    ]
    return rows, run


# Silica gel


def other_gels(humidity: NDArray[np.float64], at_k: float) -> dict[str, NDArray[np.float64]]:
    """Loadings by other published isotherms, for comparison [kg/kg]."""
    potential = -MOLAR_GAS * at_k * np.log(humidity)
    return {
        "Fuji A, Freundlich (Sakoda 1984)": 0.346 * humidity**0.625,
        "Fuji RD2560, D-A (Thu 2013)": 997.0 * 3.27e-4 * np.exp(-((potential / 4384.0) ** 1.35)),
        "Siogel, D-A (Sapienza 2017)": 0.38 * np.exp(-((potential / 3962.2) ** 1.10)),
    }


def gel_rows() -> list[Row]:
    """Silica gel against its own isotherm as published and against other gels."""
    rows = []
    for celsius, humidity, published in (
        (25, 0.2, 0.140),
        (25, 0.5, 0.248),
        (30, 0.8, 0.325),
        (40, 0.5, 0.233),
    ):
        at = celsius + 273.15
        ours = float(gel.equilibrium(humidity * saturation_pa(at), at, P))
        what = f"loading at {celsius} °C, {100 * humidity:.0f} % (kg/kg)"
        rows.append(compared(what, published, ours, "", "constants", "Wang and LeVan 2009", 3))
    at = 298.15
    for humidity in (0.2, 0.5):
        ours = float(gel.equilibrium(humidity * saturation_pa(at), at, P))
        for name, theirs in other_gels(np.array([humidity]), at).items():
            what = f"other gel at 25 °C, {100 * humidity:.0f} % (kg/kg)"
            rows.append(compared(what, float(theirs[0]), ours, "", "predicted", name, 3))
    loading, seconds = 0.05, 0.0
    while loading < 0.05 + 0.2 * (1.0 - np.exp(-1.0)):
        loading += 0.01801528 * float(gel.adsorbed(loading, 0.25, 1e3, P)) / P.gel_kg
        seconds += 1.0
    rows.append(
        compared("63 % of a step, vapour in plenty", 800.0, seconds, "s", "constants", "V-HAB")
    )
    return rows


# Wearer

REGULATION = (
    (0.5, 0.4, 20.0),
    (1.35, 1.15, 30.0),
    (2.0, 1.8, 44.0),
    (2.5, 2.5, 55.0),
    (3.0, 3.2, 65.0),
)


def wearer_rows() -> list[Row]:
    """The wearer against the regulation's rates and two formulas for heat."""
    rows = []
    for uptake, output, air in REGULATION:
        asked = litres_per_minute(uptake)
        made = float(output_for(asked)) / litres_per_minute(1.0)
        source = "42 CFR 84.304, 84.305"
        rows.append(
            compared(f"CO2 at {uptake} L/min O2", output, made, "L/min", "constants", source, 2)
        )
        breathed = 60e3 * float(ventilation_for(asked))
        rows.append(
            compared(
                f"ventilation at {uptake} L/min O2", air, breathed, "L/min", "constants", source, 1
            )
        )
    for uptake, output, _ in REGULATION:
        iso = (0.23 * output / uptake + 0.77) * 5.88 * 60.0 * uptake
        weir = float(heat_w(litres_per_minute(uptake), litres_per_minute(output)))
        rows.append(compared(f"heat at {uptake} L/min O2", iso, weir, "W", "predicted", "ISO 8996"))
    model = LifeSupportModel()
    x, seconds = model.start(), 0.0
    first, last = x[names.UPTAKE], litres_per_minute(2.0)
    while x[names.UPTAKE] < first + (last - first) * (1.0 - np.exp(-1.0)):
        x = model.step(x, np.array([last, 1e-3, 1.0]), Surroundings(last), 0.5)
        seconds += 0.5
    rows.append(compared("63 % of a step of uptake", 33.0, seconds, "s", "constants", "V-HAB", 1))
    uptake = litres_per_minute(2.8)
    air = 60e3 * float(ventilation_for(uptake))
    what = "1,240 L of air to a quarter: high-rise climb at 2.8 L/min O2"
    rows.append(
        compared(
            what,
            12.0,
            0.75 * 1240.0 / air,
            "min",
            "predicted",
            "Williams-Bell 2010: half of 36 before 12 min",
            1,
        )
    )
    return rows


# Whole set


def held(model: LifeSupportModel, x: Any, gauge_pa: float) -> Any:
    """A command that holds the pressure and carries the breath."""
    feed = x[names.UPTAKE] + 2e-5 * (gauge_pa - float(model.readings(x).gauge_pa))
    feed = max(feed, 0.1 * (0.205 - float(model.readings(x).oxygen)))
    fan = 1.2 * x[names.BREATHING]
    return np.clip([feed, fan, 1.0], names.LOW, HIGH)


def closures() -> list[Row]:
    """Elements and energy after four hours of the performance cycle, leaks included."""
    model, h = LifeSupportModel(), 2.5
    x = model.start()
    y, first = np.concatenate((x, np.zeros(5))), np.array(inside(x, P))

    def both(y: Any, u: Any, around: Surroundings) -> Any:
        x = y[:N]
        into = crossing(x, around, P, flows(x, around, P))
        return np.concatenate((model.rhs(x, u, around), np.array(into, dtype=float)))

    for tick in range(int(4 * 3600 / h)):
        work = (3.0, 2.0, 2.0, 2.0, 0.5, 0.5)[int(tick * h / 300.0) % 6]
        around = Surroundings(litres_per_minute(work), 313.0, 20.0, 3.0)
        u = held(model, y[:N], 150.0)
        k1 = both(y, u, around)
        k2 = both(y + 0.5 * h * k1, u, around)
        k3 = both(y + 0.5 * h * k2, u, around)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + both(y + h * k3, u, around))
    gap = np.abs(np.array(inside(y[:N], P)) - first - y[N:]) / np.abs(first)
    labels = ("carbon", "hydrogen", "oxygen", "nitrogen", "energy")
    return [
        Row(
            f"{name} over four hours, relative to the stock",
            "0",
            f"{value:.1e}",
            "",
            "follows",
            "conservation",
        )
        for name, value in zip(labels, np.maximum(gap[[0, 1, 2, 3, 4]], 0.0), strict=True)
        if np.isfinite(value)
    ]


def enrichment(leak: float, minutes: int = 120) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Oxygen over time in a leaking set that is held at 150 Pa: minutes and fractions."""
    model = LifeSupportModel()
    around = Surroundings(litres_per_minute(1.35), 298.15, 0.0, leak)
    x, fractions = model.start(), []
    for _ in range(minutes * 12):
        fractions.append(float(model.readings(x).oxygen))
        x = model.step(x, held(model, x, 150.0), around, 5.0)
    return np.arange(minutes * 12) / 12.0, np.array(fractions)


def suit_rows() -> list[Row]:
    """Enrichment of a worn closed set."""
    rows, limits = [], Limits()
    for leak in (1.0, 10.0, 20.0):
        minutes, fraction = enrichment(leak)
        litres = leak * 0.15 * P.leak_mol_s_pa * 1e3 / litres_per_minute(1.0)
        beyond = minutes[fraction > limits.oxygen_hard]
        when = f"{beyond[0]:.0f} min" if len(beyond) else "not in 120 min"
        rows.append(
            Row(
                f"40 % O2 with {litres:.2f} L/min leaking at 150 Pa",
                "below 60 min",
                when,
                "",
                "predicted",
                "maker of the BioPak 240R, in a sealed suit",
            )
        )
    return rows


def estimate_rows() -> list[Row]:
    """How well the lime's reserve is known aboard, on plants that the model does not know."""
    errors, beds = [], []
    for seed in range(4):
        env = LifeSupportEnv("cap_3", max_time_s=3600.0)
        env.reset(seed=seed)
        over = False
        while not over:
            _, _, ended, cut, _ = env.step(held(env.model, env.estimate.x, 150.0))
            over = ended or cut
            if env.time_s % 600.0 == 0.0:
                errors.append(env.estimate.x[names.CONVERSION] - env.state[names.CONVERSION])
                if env.time_s >= 1800.0:
                    beds.append(env.state[names.LIME_K])
    worst = float(np.max(np.abs(errors)))
    swing = float(np.ptp(beds))
    return [
        Row(
            "lime used up, estimate less truth, 4 plants, 1 h, worst",
            "within 0.05",
            f"{worst:.3f}",
            "inside" if worst < 0.05 else "outside",
            "predicted",
            "wanted: better than a temperature stick",
        ),
        Row(
            "bed temperature from 30 to 60 min at constant work changes by, all plants",
            "no reserve visible (12 of 12 alarms failed)",
            f"{swing:.1f} K",
            "",
            "predicted",
            "Silvanius 2019, DHM 49(1)",
        ),
    ]
