"""What ``hiera sweep`` prints: the rows it would compute, and what came of them."""

from __future__ import annotations

from typing import Any, Final

from rich.table import Table
from rich.text import Text

from hiera.cli.app import print_json
from hiera.cli.run_command import Screen
from hiera.sweeps.directory import SweepDirectory
from hiera.sweeps.expansion import Expansion
from hiera.sweeps.falsify import Hunt, is_violation
from hiera.sweeps.page import sweep_data
from hiera.sweeps.plan import Plan
from hiera.sweeps.settings import FalsifySettings
from hiera.sweeps.statistics import short

_SHOWN: Final = 20
_METRICS: Final = 3


def show_dry_run(expansion: Expansion, plan: Plan, source: str, screen: Screen) -> None:
    """Prints which rows there would be."""
    wanted = expansion.settings.falsify
    rows = wanted.budget if wanted is not None else len(plan)
    distinct = len({point.digest for point in plan.points}) * len(plan.seeds)
    if screen.as_json:
        print_json(
            {
                "rows": rows,
                "different": rows if wanted is not None else distinct,
                "points": [dict(point.settings) for point in plan.points],
                "seeds": list(plan.seeds),
                "search": wanted.model_dump() if wanted is not None else None,
            }
        )
        return
    if screen.quiet:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    keys = [*plan.factors, *plan.ranges]
    for key in keys:
        table.add_column(key)
    for point in plan.points[:_SHOWN]:
        cells = [short(point.settings[k]) if k in point.settings else "" for k in keys]
        table.add_row(*(Text(cell) for cell in cells))
    if plan.points and keys:
        screen.out.print(table)
    if len(plan.points) > _SHOWN:
        screen.out.print(f"… and {len(plan.points) - _SHOWN:,} more")
    seeds = f"seeds {plan.seeds[0]} to {plan.seeds[-1]}" if len(plan.seeds) > 1 else "one seed"
    if wanted is not None:
        screen.out.print(f"a search of up to {rows:,} rows over {', '.join(keys)}, {seeds}")
    else:
        screen.out.print(
            f"{rows:,} rows: {len(plan.points):,} points × {len(plan.seeds):,}, {seeds}"
        )
        if distinct < rows:
            screen.out.print(f"{distinct:,} of them differ and are computed")
    screen.out.print(f"# {source} is fine; nothing was run", style="dim", markup=False)


def summary(folder: SweepDirectory, hunt: Hunt | None) -> dict[str, Any]:
    """The result as plain data."""
    data = sweep_data(folder)
    counts = data["counts"]
    found: dict[str, Any] = {
        "sweep": str(folder.path),
        "rows": sum(counts.values()),
        "computed": counts.get("ok", 0),
        "failed": sum(counts.get(name, 0) for name in ("error", "timeout", "died")),
        "pending": counts.get("pending", 0),
        "factors": data["factors"],
        "metrics": data["metrics"],
        "missing": data["missing"],
        "groups": data["groups"],
        "baseline": data["baseline"],
        "differences": data["differences"],
        "failures": [{k: f[k] for k in ("status", "error", "rows")} for f in data["failures"]],
    }
    search = data["search"]
    if search is not None:
        wanted = FalsifySettings.model_validate(folder.store.get("falsify"))
        value = search["value"]
        found["search"] = {
            "metric": wanted.metric,
            "value": value,
            "violation": value is not None and is_violation(value, wanted),
            "rows": found["rows"] - found["pending"],
            "worst": search["file"] if value is not None else None,
        }
    if hunt is not None:
        found["search"] |= {"refused": hunt.refused, "exhausted": hunt.exhausted}
    return found


def show_summary(found: dict[str, Any], screen: Screen) -> None:
    """The result for a person."""
    search = found.get("search")
    if search is None:
        _show_groups(found, screen)
    if found["failed"]:
        rows = "row" if found["failed"] == 1 else "rows"
        screen.out.print(f"{found['failed']:,} {rows} failed", style="bold red")
        for failure in found["failures"][:3]:
            line = f"  {failure['rows']:,} × {failure['status']}: {failure['error']}"
            screen.out.print(line, markup=False)
    if search is not None and search["worst"] is not None:
        verdict = ", a violation" if search["violation"] else ""
        screen.out.print(
            f"worst {search['metric']}: {search['value']:.6g}{verdict} "
            f"({search['rows']:,} rows looked at); run it again: hiera run {search['worst']}",
            markup=False,
        )


def _show_groups(found: dict[str, Any], screen: Screen) -> None:
    metrics = found["metrics"][:_METRICS]
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for factor in found["factors"]:
        table.add_column(factor, overflow="fold")
    for title in ("rows", *metrics):
        table.add_column(title, justify="right", overflow="fold")
    for group in found["groups"][:_SHOWN]:
        cells = [_interval(group["values"].get(metric)) for metric in metrics]
        table.add_row(*(Text(f) for f in group["factors"]), f"{group['rows']:,}", *cells)
    screen.out.print(table)
    if len(found["groups"]) > _SHOWN:
        screen.out.print(f"… and {len(found['groups']) - _SHOWN:,} more groups")


def _interval(found: list[float | None] | None) -> str:
    if found is None or found[0] is None:
        return "–"
    mean, low, high = found[:3]
    if low is None or high is None:
        return f"{mean:.4g}"
    return f"{mean:.4g} ±{(high - low) / 2:.2g}"
