"""No filter at all, for measuring what a filter changes; only ever by this name."""

from __future__ import annotations

import time

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, Status


class PassThrough:
    """Returns the nominal action unchecked, with a status that says so."""

    def reset(self) -> None:
        """Nothing is kept."""

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        """Returns ``u_nominal`` with `Status.PASS_THROUGH`; it carries no certificate."""
        start = time.perf_counter()
        u = np.array(u_nominal, dtype=np.float64)
        return SafeAction(
            u, Status.PASS_THROUGH, intervened=False, solve_time_s=time.perf_counter() - start
        )
