"""Episodes and bounds, one after another or in worker processes; rows that are there stay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import hiera
from hiera.bench.life_support.episode import Case, Episode, config, lived, world
from hiera.bench.life_support.methods import FORESIGHT, Method
from hiera.bench.pool import performed
from hiera.errors import RecordError
from hiera.record import read_lines
from hiera.recording import to_json


@dataclass(frozen=True, slots=True)
class Foresight:
    """What perfect foresight could reach on a mission.

    Attributes:
        mission: Its name.
        seed: Of plant and sensors.
        feasible_s: Some course of commands lasts so long [s].
        feasible_end: What ends it, empty at the longest duration.
        bound_s: None lasts longer [s].
        bound_cause: What must break.
    """

    mission: str
    seed: int
    feasible_s: float
    feasible_end: str
    bound_s: float
    bound_cause: str

    @property
    def pair(self) -> tuple[str, int]:
        """What the same world has in common."""
        return self.mission, self.seed


Row = Episode | Foresight


@dataclass(frozen=True, slots=True)
class Task:
    """One method on one mission, or what foresight could do there.

    Attributes:
        case: Mission and set.
        name: Of the method, or ``foresight``.
        method: Who; None for foresight.
    """

    case: Case
    name: str
    method: Method | None

    @property
    def key(self) -> str:
        """Equal for tasks with equal answers, as far as the code is the same."""
        if self.method is not None:
            return f"{self.name} {config(self.case, self.method).digest}"
        return f"{FORESIGHT} {self.case.mission} {self.case.seed} {self.case.longest_s:g}"


def perform(task: Task) -> Row:
    """Runs a task.

    Raises:
        HieraError: If it cannot be run.
    """
    if task.method is not None:
        return lived(task.case, task.name, task.method)
    from hiera.bench.life_support.foresight import foreseen
    from hiera.bench.life_support.relaxed import relaxed
    from hiera.safety.life_support import LifeSupportModel, Limits

    case = task.case
    mission = world(case, int(case.longest_s))
    model, limits = LifeSupportModel(), Limits()
    found = foreseen(mission, model, limits, seed=case.seed)
    bound = relaxed(mission, model, limits)
    return Foresight(
        case.mission, case.seed, float(found.seconds), found.ended_by, float(bound.seconds),
        bound.cause,
    )  # fmt: skip


@cache
def code_of_the_family() -> str:
    """Fingerprint of all code that an episode runs through."""
    root = Path(hiera.__file__).parent
    parts = (
        "safety", "envs/life_support", "controllers/life_support", "controllers/rl/advisor",
        "controllers/weights.py", "families/life_support", "loop.py",
    )  # fmt: skip
    total = hashlib.sha256()
    for part in parts:
        place = root / part
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        for path in files:
            total.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:12]


class Rows:
    """A file of rows, one JSON line each; those of other code are computed again."""

    def __init__(self, path: Path | None) -> None:
        """Reads what is there.

        Args:
            path: The file; None keeps nothing.

        Raises:
            RecordError: If it cannot be read.
        """
        self._path = path
        self.found: dict[str, Row] = {}
        if path is None:
            return
        for line in read_lines(path):
            if line.get("code") != code_of_the_family():
                continue
            kind = Foresight if line["kind"] == FORESIGHT else Episode
            self.found[line["key"]] = kind(**line["row"])

    def add(self, task: Task, row: Row) -> None:
        """Appends a row and hands it to the system before it returns."""
        if self._path is None:
            return
        kind = FORESIGHT if isinstance(row, Foresight) else "episode"
        line = {"kind": kind, "key": task.key, "code": code_of_the_family(), "row": asdict(row)}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(to_json(line), separators=(",", ":")) + "\n")
        except OSError as error:
            raise RecordError(
                f"--rows: {self._path} cannot be written: {error.strerror or error}"
            ) from error


def perform_all(tasks: Sequence[Task], jobs: int, rows: Rows) -> Iterator[Row]:
    """Yields the rows of tasks, those that are there first.

    Args:
        tasks: What is wanted.
        jobs: Worker processes; 1 stays in this one.
        rows: Where rows are kept.

    Raises:
        HieraError: If a task cannot be run, or a worker died.
    """
    missing = []
    for task in tasks:
        known = rows.found.get(task.key)
        if known is None:
            missing.append(task)
        else:
            yield known
    for task, row in performed(perform, missing, jobs):
        rows.add(task, row)
        yield row
