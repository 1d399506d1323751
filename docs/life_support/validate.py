"""Holds the life-support model against published data and writes the page about it.

    python docs/life_support/validate.py              # validation.md and its pictures, beside this

Needs Matplotlib (the extra ``docs``). Every figure on the page is computed here.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
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


# Pictures


def saved(figure: Any, folder: Path, name: str) -> None:
    """Writes a picture small and the same every time."""
    figure.tight_layout()
    figure.savefig(folder / name, metadata={"Date": None})
    plt.close(figure)


def draw(folder: Path, run: Run) -> None:
    """All pictures."""
    plt.rcParams.update({"svg.hashsalt": "hiera", "font.size": 9, "svg.fonttype": "none"})
    figure, left = plt.subplots(figsize=(6.4, 3.2))
    loads = ((1.15, 30.0), (1.8, 44.0), (2.0, 45.0), (2.5, 55.0), (3.2, 65.0))
    for output, air in loads:
        course = run if output == 2.0 else breathe(HARVEY, Machine(output, air))
        every = slice(None, None, 12)
        label = f"{output:g} L/min CO$_2$, {air:g} L/min"
        left.plot(
            course.minutes[every],
            course.inhaled_pa[every] / 1e3,
            label=label,
            lw=1.8 if output == 2.0 else 1.0,
        )
    left.plot([202.0], [1.0], "ko", label="Harvey 2016 (fitted)")
    left.plot([202.0 / 1.1], [0.5], "k^", label="curve shape (fitted)")
    left.plot([202.0 * 118 / 110], [2.0], "ks", mfc="none", label="curve shape (predicted)")
    left.set(xlabel="minutes", ylabel="inhaled CO$_2$ [kPa]", ylim=(0.0, 2.2), xlim=(0, 600))
    left.legend(fontsize=7, loc="center right")
    saved(figure, folder, "canister.svg")

    figure, axis = plt.subplots(figsize=(6.4, 3.2))
    humidity = np.linspace(0.02, 0.95, 60)
    at = 298.15
    axis.plot(
        humidity,
        [float(gel.equilibrium(h * saturation_pa(at), at, P)) for h in humidity],
        "k",
        lw=2,
        label="model (Wang and LeVan 2009)",
    )
    for name, loading in other_gels(humidity, at).items():
        axis.plot(humidity, loading, lw=1, label=name)
    axis.set(xlabel="relative humidity at 25 °C", ylabel="loading [kg/kg]")
    axis.legend(fontsize=7)
    saved(figure, folder, "isotherm.svg")

    figure, axes = plt.subplots(1, 2, figsize=(6.4, 2.8))
    uptakes = np.linspace(0.3, 3.4, 60)
    table = np.array(REGULATION)
    axes[0].plot(
        uptakes, [float(output_for(litres_per_minute(v))) / litres_per_minute(1.0) for v in uptakes]
    )
    axes[0].plot(table[:, 0], table[:, 1], "ko")
    axes[0].set(xlabel="O$_2$ uptake [L/min]", ylabel="CO$_2$ output [L/min]")
    axes[1].plot(uptakes, [60e3 * float(ventilation_for(litres_per_minute(v))) for v in uptakes])
    axes[1].plot(table[:, 0], table[:, 2], "ko", label="42 CFR 84.304/305")
    axes[1].set(xlabel="O$_2$ uptake [L/min]", ylabel="ventilation [L/min]")
    axes[1].legend(fontsize=7)
    saved(figure, folder, "wearer.svg")

    figure, axis = plt.subplots(figsize=(6.4, 2.8))
    for leak in (1.0, 3.0, 10.0, 20.0):
        minutes, fraction = enrichment(leak)
        axis.plot(minutes[::6], 100.0 * fraction[::6], label=f"leak × {leak:g}")
    for value, name in ((19.5, "low"), (23.5, "strict"), (40.0, "hard")):
        axis.axhline(value, color="0.6", lw=0.8, ls="--")
        axis.text(119.0, value + 0.5, name, fontsize=7, va="bottom", ha="right")
    axis.set(xlabel="minutes at 1.35 L/min, pressure held at 150 Pa", ylabel="oxygen [%]")
    axis.legend(fontsize=7)
    saved(figure, folder, "enrichment.svg")


def table(rows: list[Row]) -> str:
    """Rows as Markdown."""
    head = "| what | published | model | difference | | source |\n|---|---|---|---|---|---|\n"
    lines = [
        f"| {r.what} | {r.published} | {r.ours} | {r.error} | {r.kind} | {r.source} |" for r in rows
    ]
    return head + "\n".join(lines) + "\n"


PAGE = """# Validation of the life-support model

Written by `python docs/life_support/validate.py`; every figure is computed when it runs. *Fitted*
and *constants* are numbers that set the model and that it must give back; *predicted* ones it has
not seen.

## Soda lime

{lime}
![Inhaled CO2 over time at five loads](canister.svg)

Where it misses. The two constants are fitted to one canister and one lime. Another (Spherasorb)
lasts {spherasorb} less than ours would, so that rate and capacity belong to a product, not to soda
lime. A rest of a night adds {rest_published:.0f} min in the laboratory and {rest_ours:.0f} min
here, with the cores of the granules that only the plant has; with them on, continuous use differs
by {core_error}. Lime that stood open is not modelled. Whether the tests' 2 L/min were measured dry
at 0 °C, as we take it, is not said; the other reading changes the capacity by 7 %. The bed is
isothermal along its length and gets {bed:.0f} °C warm; no published temperature was at hand to hold
that against.

## Silica gel

{gel}
![Isotherms at 25 °C](isotherm.svg)

## Wearer

{wearer}
![CO2 and ventilation over uptake](wearer.svg)

Core and skin temperatures are Gagge's two nodes with a constant share of skin; they were **not**
held against measured temperatures in turnout gear, nor against another program.

## The whole set

{whole}
![Oxygen over time in leaking suits](enrichment.svg)

Nitrogen does not come back, so that any outflow enriches the gas: sealed sets reach 40 % here as
well, with the leak as the free number; a tight suit does not.

## What was chosen and not measured

{chosen} of the model's {count} constants are choices, without a measurement behind them: volumes,
valves, leaks, heat losses, lags of fan and damper. `hiera.safety.life_support.parameters` names
each.
"""


def main() -> None:
    """Writes page and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    rows, run = lime_rows()
    draw(out, run)
    from hiera.safety.life_support.parameters import table as parameters

    chosen = sum(r.source.startswith("chosen") for r in parameters(P))
    rested, unrested = (float(rows[i].ours.split()[0]) for i in (3, 4))
    page = PAGE.format(
        lime=table(rows),
        gel=table(gel_rows()),
        wearer=table(wearer_rows()),
        whole=table(closures() + suit_rows() + estimate_rows()),
        spherasorb=f"{100.0 * (1.0 - 138.0 / float(rows[5].ours.split()[0])):.0f} %",
        rest_published=240.0 - 202.0,
        rest_ours=rested - unrested,
        core_error=rows[4].error,
        bed=float(run.bed_k.max()) - 273.15,
        chosen=chosen,
        count=len(parameters(P)),
    )
    (out / "validation.md").write_text(page, encoding="utf-8")
    print(page)  # noqa: T201


if __name__ == "__main__":
    main()
