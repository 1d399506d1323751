"""Holds the life-support model against published data and writes the page about it.

    python docs/life_support/validate.py              # validation.md and its pictures, beside this

Needs Matplotlib (the extra ``docs``). Every figure on the page is computed here.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from comparisons import (
    HARVEY,
    REGULATION,
    P,
    Row,
    closures,
    enrichment,
    estimate_rows,
    gel_rows,
    lime_rows,
    other_gels,
    suit_rows,
    wearer_rows,
)

from hiera.safety.life_support import gel
from hiera.safety.life_support.canister import Machine, Run, breathe
from hiera.safety.life_support.gases import litres_per_minute, saturation_pa
from hiera.safety.life_support.metabolism import output_for, ventilation_for

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
