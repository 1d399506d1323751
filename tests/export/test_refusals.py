"""What cannot be exported is refused in one sentence that names it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hiera.safety import Context
from hiera.safety.barriers import Barrier
from hiera.safety.export import ExportError, export_c
from hiera.safety.filters import CbfFilter, Guard
from tests.export.gates import braking, disc
from tests.safety.systems import single


class Halt:
    name = "halt"

    def propose(self, x: np.ndarray, context: Context) -> tuple[np.ndarray | None, str]:
        return None, "never"


def branching(x: np.ndarray) -> float:
    return disc(x) if x[0] < 50.0 else 0.0


def away(x: np.ndarray, p: np.ndarray) -> float:
    return (x[0] - p[0]) ** 2 + (x[1] - p[1]) ** 2 - 0.1


OPAQUE = Barrier(branching, 5.0, "branch", gradient=lambda x: 2.0 * (x - [1.0, 0.2]), curvature=0.0)


@pytest.mark.parametrize(
    ("barriers", "guard", "words"),
    [
        ([Barrier(disc), Barrier(away, name="rocks", over="points")], Guard(), "barrier rocks"),
        ([OPAQUE], Guard(), "barrier branch"),
        ([Barrier(disc)], Guard(backups=[Halt()]), "backup halt"),
        ([Barrier(disc)], Guard(budget_s=0.001), "budget_s=0.001"),
        ([], Guard(), "no barriers"),
    ],
)
def test_what_c_cannot_do_is_named(
    barriers: list[Barrier], guard: Guard, words: str, tmp_path: Path
) -> None:
    gate = CbfFilter(single(), barriers, tick_s=0.05, guard=guard)
    with pytest.raises(ExportError, match=words) as caught:
        export_c(gate, tmp_path / "c", "gate")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a b", "../a", "é"])
def test_names_that_c_does_not_take_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no name for C"):
        export_c(braking(), tmp_path / "c", name)
    assert not (tmp_path / "c").exists()


def test_other_filters_are_refused(tmp_path: Path) -> None:
    class Mine(CbfFilter):
        def filter(self, x, u, context=None):  # type: ignore[no-untyped-def]
            return super().filter(x, u, context)

    with pytest.raises(ExportError, match="a Mine cannot be exported"):
        export_c(Mine(single(), [Barrier(disc)], tick_s=0.1), tmp_path, "gate")
    with pytest.raises(ExportError, match="a Halt cannot"):
        export_c(Halt(), tmp_path, "gate")  # type: ignore[arg-type]
