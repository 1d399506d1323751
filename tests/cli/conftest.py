"""What tests of the command line share: calling it, in this process or as one of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from hiera.cli import main
from tests.cli.calling import Made, Said, backwards, finished, small
from tests.planners.ollama_server import Script

Invoke = Callable[..., Said]


@pytest.fixture
def hiera(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Calls the command line in this process, where the kernels are loaded already."""

    def invoke(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["hiera", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capfd.readouterr()
        code = left.value.code
        return Said(code if isinstance(code, int) else 0, out, err)

    return invoke


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A small building explored to the end by a process, with all that a run leaves behind."""
    return finished(tmp_path_factory.mktemp("whole"), *small(gif=True), "--json")


@pytest.fixture
def script() -> Script:
    """What the stand-in for an Ollama server does."""
    return Script(backwards)
