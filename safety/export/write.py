"""Putting the files together: header, source, a small main that calls it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hiera.safety.contract import FloatArray
from hiera.safety.export.facts import Facts, facts
from hiera.safety.export.fragments import decided, named, paragraphs, template, used
from hiera.safety.export.refusal import check_gate, check_name
from hiera.safety.export.statements import function, number
from hiera.safety.filters.cbf import CbfFilter
from hiera.safety.filters.packed import curvature_of, gains_of, limits_of, rest_of

COMPILE = "cc -std=c99 -O2 -ffp-contract=off"
"""How the source is compiled; without the last flag results may differ in their last bits."""
_CORNERS = 4
"""Most inputs for which every corner of the limits is tried, as in the filter's kernel."""


def export_c(gate: CbfFilter, folder: Path, name: str) -> tuple[Path, ...]:
    """Writes a filter as C99 that needs nothing but the mathematics library.

    Args:
        gate: The filter, without backups and time budget, its barriers recorded and fixed in
            number.
        folder: Where the files go; made if need be, files of the same names are replaced.
        name: Of the files, and beginning of all that they make public.

    Returns:
        Paths of ``NAME.h``, ``NAME.c`` and ``NAME_demo.c``.

    Raises:
        ExportError: If the filter or the name cannot be taken.
        OSError: If the folder cannot be written to.
    """
    check_name(name)
    check_gate(gate)
    sizes = facts(gate)
    texts = {
        f"{name}.h": f"{_about(gate, sizes, name)}\n{_header(sizes)}",
        f"{name}.c": _source(gate, sizes, name),
        f"{name}_demo.c": _demo(gate, sizes, name),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_text(named(text, name), encoding="ascii")
    return tuple(folder / file for file in texts)


def _header(sizes: Facts) -> str:
    text = template("header.h")
    for word, value in (
        ("STATES", sizes.states),
        ("INPUTS", sizes.inputs),
        ("PARAMETERS", sizes.parameters),
        ("ROWS", sizes.rows),
        ("MASKS", sizes.rows // 64 + 1),
    ):
        text = text.replace(f"@{word}@", str(value))
    return text


def _source(gate: CbfFilter, sizes: Facts, name: str) -> str:
    flags = {
        "GATE_MOVES": sizes.moves,
        "GATE_UNSURE": sizes.unsure,
        "GATE_KNOWN": sizes.known,
        "GATE_BOUNDED": sizes.bounded,
        "GATE_SOFT": sizes.soft,
    }

    def parts(file: str) -> list[str]:
        return paragraphs(decided(template(file), flags))

    listed = [*parts("scalars.c"), *parts("intervals.c"), *_settings(gate), *_programs(gate)]
    for file in ("programme.c", "least_slack.c", "margins.c", "answer.c", "filter.c"):
        listed += parts(file)
    body = "\n\n".join(used(listed))
    return f"{template('opening.c').replace('@FILE@', name)}\n{body}\n"


def _settings(gate: CbfFilter) -> list[str]:
    """The filter's numbers, as C constants."""
    rows = gate.rows
    n, m = gate.system.n, gate.system.m
    tick, low, high, weights, error = limits_of(rows.ints, rows.floats)
    first = 1 + 3 * m + n
    domain = rows.floats[first : first + 2 * n]
    clock = gate.clock
    corners = 1 << m if m <= _CORNERS else 0
    levels = [str(level) for level in rows.priorities]
    names = ",\n    ".join(_quoted(text) for text in (*rows.program.labels, "input_limits"))
    return [
        "#define GATE_WIDTH (GATE_STATES + GATE_PARAMETERS)",
        "#define GATE_UNKNOWNS (GATE_INPUTS + GATE_ROWS)",
        f"#define TICK {number(tick)} /* s */",
        f"#define GATE_MAX_GAP_S {number(clock.max_gap_s)}",
        f"#define GATE_MAX_AGE_S {number(clock.max_age_s)}",
        f"#define CORNERS {corners}",
        _table("LOWER", "GATE_INPUTS", low),
        _table("UPPER", "GATE_INPUTS", high),
        _table("WEIGHTS", "GATE_INPUTS", weights),
        _table("REST", "GATE_INPUTS", rest_of(rows.ints, rows.floats)),
        _table("UNCERTAINTY", "GATE_STATES", error),
        _table("DOMAIN_LOW", "GATE_STATES", domain[:n]),
        _table("DOMAIN_HIGH", "GATE_STATES", domain[n:]),
        _table("CURVATURE", "GATE_ROWS", curvature_of(rows.ints, rows.floats)),
        _table("GAINS", "GATE_ROWS", gains_of(rows.ints, rows.floats)),
        _table("LEVELS", "GATE_ROWS", levels, "int"),
        f"static const char *const NAMES[GATE_ROWS + 1] = {{\n    {names},\n}};",
    ]


def _programs(gate: CbfFilter) -> list[str]:
    """The barriers and the dynamics, as C functions on numbers and on intervals."""
    program = gate.rows.program
    n, m, q, k = gate.system.n, gate.system.m, program.q, program.k
    at = {"x": n, "p": q}
    during = {**at, "u": m, "w": n + q}
    filled = {"h": k, "least": k, "A": k * m, "b": k}
    notes = [_plain(label) for label in program.labels]
    return [
        function("rows_of", program.rows, at, filled, intervals=False, notes=notes),
        function("noise_over", program.noise, at, {"bound": n + q}, intervals=True),
        function("rows_over", program.rows, at, filled, intervals=True, notes=notes),
        function("flow_over", program.flow, during, {"pace": n + q}, intervals=True),
        function("motion_over", program.motion, during, {"rate": k}, intervals=True),
    ]


def _demo(gate: CbfFilter, sizes: Facts, name: str) -> str:
    text = template("demo.c")
    inputs = limits_of(gate.rows.ints, gate.rows.floats)[2]
    zeros = f"    double p[GATE_PARAMETERS] = {{{_list([0.0] * sizes.parameters)}}};\n"
    for word, value in (
        ("FILE", name),
        ("X", _list(np.asarray(gate.system.example, dtype=np.float64).tolist())),
        ("P", zeros if sizes.parameters else ""),
        ("U", _list(inputs.tolist())),
        ("PASS", "p" if sizes.parameters else "NULL"),
        ("TICK", number(gate.tick_s)),
    ):
        text = text.replace(f"@{word}@", value)
    return text


def _about(gate: CbfFilter, sizes: Facts, name: str) -> str:
    """The comment that opens the header."""
    labels = [_plain(label) for label in gate.rows.program.labels]
    lines = [
        f"A safety filter, written by `hiera export`; barriers: {sizes.rows}, "
        f"tick: {number(gate.tick_s)} s.",
        "",
        f"x  {_list(gate.system.names)}",
        f"u  {_list(gate.system.inputs)}",
        *(f"row {i}  {label}" for i, label in enumerate(labels)),
        "",
        "Results are those of the Python filter as long as the compiler keeps to IEEE arithmetic:",
        "no -ffast-math, and -ffp-contract=off, lest products and sums be fused. In a Makefile:",
        "",
        f"{name}.o: {name}.c {name}.h",
        f"\t{COMPILE} -c {name}.c",
        f"{name}_demo: {name}_demo.c {name}.o",
        f"\t{COMPILE} -o {name}_demo {name}_demo.c {name}.o -lm",
    ]
    return "/* " + "\n".join(f" * {_plain(line)}".rstrip() for line in lines)[3:] + "\n */"


def _table(name: str, size: str, values: FloatArray | list[str], kind: str = "double") -> str:
    listed = _list(values if isinstance(values, list) else values.tolist())
    text = f"static const {kind} {name}[{size}] = {{{listed}}};"
    return textwrap.fill(text, 96, subsequent_indent="    ", break_long_words=False)


def _list(values: Sequence[float] | Sequence[str]) -> str:
    return ", ".join(v if isinstance(v, str) else number(v) for v in values)


def _plain(text: str) -> str:
    """Text that may stand in a comment."""
    return ascii(text)[1:-1].replace("\\t", "\t").replace("*/", "* /").replace("/*", "/ *")


def _quoted(text: str) -> str:
    """Text as a C string, anything but plain characters as octal bytes of UTF-8."""
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode())
    return f'"{"".join(plain)}"'
