"""``hiera verify``: hunts for what a safety filter cannot hold, and says what was looked at."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from hiera.errors import ConfigError, HieraError, nearest
from hiera.gate_target import load_target
from hiera.report.curves import Panel, curves_svg
from hiera.safety.filters.batch import STATUSES
from hiera.safety.filters.cbf import CbfFilter
from hiera.safety.verify.hunting import Finding, Hunt, hunt
from hiera.safety.verify.plant import Plant, Verifiable
from hiera.safety.verify.viability import Viability, prove_viability


@dataclass(frozen=True)
class Asked:
    """What the command line said; None where it said nothing.

    Attributes:
        target: A YAML file, ``file.py:name`` or ``package.module:name``.
        low: Lower corner of the starts, as ``-3,-3``.
        high: Upper corner.
        settings: Further fields of `Hunt`.
        boxes: Budget of the proof.
        out: Folder of the results.
    """

    target: str
    low: str | None
    high: str | None
    settings: dict[str, int | None]
    boxes: int
    out: Path


def verify(asked: Asked, screen: Console, *, as_json: bool, quiet: bool) -> int:
    """Hunts, proves, writes; 0 if nothing was found, 1 if something was.

    Raises:
        HieraError: If the target is no filter that can be hunted on, or a setting is wrong.
    """
    target = load_target(asked.target)
    gate = target.gate
    if not isinstance(gate, Verifiable):
        raise HieraError(
            f"{asked.target} is a {type(gate).__name__}; a filter can be hunted on if it has "
            "system, barriers and tick_s"
        )
    settings = _settings(asked, target.verify, gate)
    with _progress(show=not (quiet or as_json)) as bar:
        task = bar.add_task("hunting", total=1)

        def show(adversary: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=adversary)

        try:
            finding = hunt(gate, settings, truths=target.truths, progress=show)
        except ValueError as error:
            raise HieraError(f"{asked.target}: {error}") from error
    proof = _prove(gate, settings, asked.boxes)
    asked.out.mkdir(parents=True, exist_ok=True)
    _write(asked.out, asked.target, gate, settings, finding, proof)
    if as_json:
        sys.stdout.write(json.dumps(_facts(asked.target, finding, proof, settings)) + "\n")
    elif not quiet:
        _print(screen, finding, proof, asked.out)
    return 0 if finding.clean else 1


def _settings(asked: Asked, given: Any, gate: Verifiable) -> Hunt:
    known = {f.name for f in fields(Hunt)}
    for key in given:
        if key not in known:
            raise ConfigError(
                f"{asked.target}: there is no setting 'verify.{key}'{nearest(key, known)}"
            )
    domain = getattr(gate, "domain", None)
    values = {"low": domain[0], "high": domain[1]} if domain is not None else {}
    values |= dict(given)
    for key, text in (("low", asked.low), ("high", asked.high)):
        if text is not None:
            values[key] = _numbers(key, text)
    n = gate.system.n
    for key in ("low", "high"):
        if key not in values:
            raise HieraError(f"say where the starts lie: --low and --high, {n} numbers each")
        if np.shape(values[key]) != (n,):
            raise HieraError(f"{key} must be {n} numbers, not {values[key]!r}")
    hunt_settings = Hunt(**values)
    return replace(hunt_settings, **{k: v for k, v in asked.settings.items() if v is not None})


def _numbers(key: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise HieraError(f"--{key} must be numbers with commas between, not {text!r}") from error


def _prove(gate: Verifiable, settings: Hunt, boxes: int) -> Viability | None:
    """Viability of a recorded barrier filter; None for other filters, or if not asked for."""
    if not isinstance(gate, CbfFilter) or gate.rows.varying or gate.rows.program.q or boxes < 1:
        return None
    return prove_viability(
        gate.system,
        gate.rows.program,
        np.asarray(settings.low, dtype=np.float64),
        np.asarray(settings.high, dtype=np.float64),
        tick_s=gate.tick_s,
        uncertainty=gate.uncertainty,
        boxes=boxes,
        stop_at_refutation=False,
    )


def _facts(
    target: str, finding: Finding, proof: Viability | None, settings: Hunt
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "target": target,
        "steps": finding.steps,
        "violations": finding.violations,
        "dead_ends": finding.dead_ends,
        "dead_end": None if finding.dead_end is None else finding.dead_end.tolist(),
        "smallest_barrier": finding.margin,
        "smallest_barrier_under_any_action": finding.lowest,
        "barrier": finding.barrier,
        "adversary": finding.adversary,
        "smallest_by_adversary": finding.margins,
        "statuses": dict(finding.statuses),
        "coverage": finding.coverage,
        "settings": {
            k: list(v) if isinstance(v, (list, tuple)) or hasattr(v, "tolist") else v
            for k, v in asdict(settings).items()
        },
    }
    if proof is not None:
        state = proof.counterexample
        facts["proof"] = asdict(proof) | {
            "counterexample": None if state is None else state.tolist()
        }
    return facts


def _write(
    out: Path,
    target: str,
    gate: Verifiable,
    settings: Hunt,
    finding: Finding,
    proof: Viability | None,
) -> None:
    facts = _facts(target, finding, proof, settings)
    (out / "verify.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    if finding.trajectory:
        arrays: dict[str, Any] = {"tick_s": gate.tick_s} | finding.trajectory
        np.savez_compressed(out / "worst.npz", **arrays)
        (out / "worst.svg").write_text(_plot(gate, finding), encoding="utf-8")


def _plot(gate: Verifiable, finding: Finding) -> str:
    data, system = finding.trajectory, gate.system
    title = f"worst episode: {finding.barrier} down to {finding.margin:.3g} ({finding.adversary})"
    plain = [(n, data["x"][:, i], False) for i, n in enumerate(system.names)]
    inputs = [
        curve
        for j, name in enumerate(system.inputs)
        for curve in (
            (name, data["u"][:, j], False),
            (f"{name} asked", data["u_nominal"][:, j], True),
        )
    ]
    truths = [
        (f"h {i}" if data["h"].shape[1] > 1 else finding.barrier, data["h"][:, i], False)
        for i in range(min(6, data["h"].shape[1]))
    ]
    panels = [Panel("barriers", truths, 0.0), Panel("inputs", inputs), Panel("states", plain[:6])]
    return curves_svg(title, data["t"], panels)


def _progress(*, show: bool) -> Progress:
    return Progress(
        TextColumn("{task.description:>14}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} rounds"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not show,
    )


def _print(screen: Console, finding: Finding, proof: Viability | None, out: Path) -> None:
    screen.print(finding.sentence())
    if proof is not None:
        screen.print(proof.sentence())
    for status, count in finding.statuses.most_common():
        screen.print(f"  {status:<28}{count:>12,}  {100.0 * count / finding.steps:6.2f} %")
    screen.print(f"written to {out}: verify.json, worst.npz, worst.svg")


def replay(target: str, record: Path, screen: Console, *, as_json: bool) -> int:
    """Runs the worst episode of a record again, action by action; 0 if it comes out the same.

    Raises:
        HieraError: If the file is no such record.
    """
    gate = load_target(target).gate
    if not isinstance(gate, Verifiable):
        raise HieraError(f"{target} has no system, barriers and tick_s")
    try:
        with np.load(record) as file:
            data = {name: file[name] for name in ("t", "x", "u_nominal", "u", "w", "status")}
    except (OSError, ValueError, KeyError) as error:
        raise HieraError(f"{record} is no record of a hunt: {error}") from error
    plant = Plant(gate.system, tuple(gate.barriers))
    gate.reset()
    worst, same = np.inf, True
    from hiera.safety.contract import Context

    for k, x in enumerate(data["x"]):
        answer = gate.filter(x, data["u_nominal"][k], Context(float(data["t"][k])))
        same &= bool(np.allclose(answer.u, data["u"][k], atol=1e-9))
        same &= STATUSES.index(answer.status) == int(data["status"][k])
        worst = min(worst, float(plant.h(x).min()))
    facts = {"actions": len(data["x"]), "same": same, "smallest_barrier_at_ticks": worst}
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
    else:
        verdict = "all the same" if same else "they differ"
        screen.print(f"{len(data['x'])} actions replayed, {verdict}; smallest barrier {worst:.3g}")
    return 0 if same else 1
