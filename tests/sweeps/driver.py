"""A sweep as a process of its own, to be killed: ``python -m tests.sweeps.driver …``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hiera.sweeps.sweep import sweep
from tests.sweeps.row_functions import Ledger, Measured

POINTS: list[Mapping[str, Any]] = [{"x": float(x)} for x in range(20)]
SEEDS = range(15)


def main() -> None:
    """Arguments: folder of sweeps, ledger, the sweep to resume or ``-``."""
    out, ledger, resume = sys.argv[1:4]
    sweep(
        Measured(Ledger(Path(ledger)), pause_s=0.004),
        POINTS,
        seeds=SEEDS,
        out=Path(out),
        jobs=2,
        resume=None if resume == "-" else Path(resume),
    )


if __name__ == "__main__":
    main()
