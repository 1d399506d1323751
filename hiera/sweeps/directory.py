"""The folder of a sweep: ``sweep.yaml``, ``manifest.json``, ``rows.sqlite``, what is made of them.

``sweep.yaml`` can be run as it is; ``rows.sqlite`` is what counts, and all that a resumed sweep
reads.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hiera import __version__
from hiera.config import yaml_core
from hiera.recording import RunDirectory
from hiera.sweeps.code_version import code_version
from hiera.sweeps.plan import Plan
from hiera.sweeps.store import FILE, Store
from hiera.sweeps.task import SweepError

RUNS = "runs"


@dataclass(frozen=True, slots=True)
class SweepDirectory:
    """An open sweep.

    Attributes:
        path: Its folder.
        store: Its rows.
    """

    path: Path
    store: Store

    @classmethod
    def create(
        cls,
        out: Path,
        name: str,
        plan: Plan,
        *,
        written: dict[str, Any] | None = None,
        command: Sequence[str] = (),
    ) -> Self:
        """Makes ``out/name/<UTC stamp>-<digest>`` with all rows laid out in it.

        Raises:
            RecordError: If the folder cannot be made.
            SweepError: If the file in it cannot be written.
        """
        total = hashlib.sha256()
        for point in plan.points:
            total.update(point.digest.encode())
        total.update(repr(tuple(plan.seeds)).encode())
        run = RunDirectory.create(out, name, total.hexdigest()[:8])
        if written is not None:
            run.write("sweep.yaml", yaml_core.dump(written))
        manifest = {
            "hiera": __version__,
            "code": code_version(),
            "python": platform.python_version(),
            "platform": platform.platform(),
            "command": list(command or sys.argv),
        }
        run.write_json("manifest.json", manifest)
        store = Store(run.path / FILE, create=True)
        store.put("name", name)
        store.lay_out(plan)
        return cls(run.path, store)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Opens a sweep, finished or killed.

        Raises:
            SweepError: If it is none, in one sentence.
        """
        if not path.is_dir():
            raise SweepError(f"there is no sweep directory {path}")
        if not is_sweep(path):
            inner = [p.parent for p in sorted(path.glob(f"*/{FILE}"))]
            hint = f"; did you mean {inner[-1]}?" if inner else ""
            raise SweepError(f"{path} is no sweep directory: it has no {FILE}{hint}")
        return cls(path, Store(path / FILE))

    def write(self, name: str, text: str) -> Path:
        """Replaces a file in the folder atomically."""
        return RunDirectory(self.path).write(name, text)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other processes from computing rows of it.

        Raises:
            SweepError: If one does already.
        """
        lock = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.pread(lock, 32, 0).decode().strip() or "unknown"
                raise SweepError(
                    f"{self.path} is being computed by process {holder}; wait for it or stop it"
                ) from None
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(lock)


def is_sweep(path: Path) -> bool:
    """Whether a folder holds a sweep."""
    return (path / FILE).is_file()
