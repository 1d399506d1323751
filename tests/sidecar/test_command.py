"""``hiera serve`` from end to end, and what it says to mistakes."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import numpy as np
import pytest

from hiera.errors import HieraError
from hiera.gate_target import load_gate
from hiera.safety import Context, SafetyFilter, Status
from hiera.safety.sidecar import SidecarClient
from tests.sidecar.served import GATES, command, heard


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("tcp", [False, True])
def test_a_filter_is_served_until_a_signal(tmp_path: Path, tcp: bool, ending: int) -> None:
    spin = ["--spin"] if tcp else []
    where = ["--tcp", 0] if tcp else []
    process = command(f"{GATES}:Box", *where, *spin, "--budget-ms", 20000, "--json", cwd=tmp_path)
    serving = heard(process)
    assert (serving["filter"], serving["states"], serving["actions"]) == ("Box", 3, 3)
    address = serving["address"] if tcp else f"unix:{tmp_path}/hiera.sock"
    with SidecarClient(address, 10.0) as client:
        answer = client.filter(np.zeros(3), np.full(3, 2.0), Context(0.0))
        assert answer.status is Status.FILTERED
        assert answer.u.tolist() == [1.0, 1.0, 1.0]
        process.send_signal(signal.SIGUSR1)
        counted = heard(process)
        assert (counted["event"], counted["requests"]) == ("counters", 1)
        process.send_signal(ending)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")
        assert json.loads(out)["event"] == "stopped"
        assert json.loads(out)["filtered"] == 1
        assert client.filter(np.zeros(3), np.zeros(3), Context(0.0)).status is Status.STOP
    assert not list(tmp_path.iterdir())


def test_people_are_told_what_is_served_and_quiet_is_quiet(tmp_path: Path) -> None:
    for quiet in ([], ["--quiet"]):
        process = command(f"{GATES}:lidar", "--states", 5, "--rest=0,-0.5", *quiet, cwd=tmp_path)
        if quiet:
            while not (tmp_path / "hiera.sock").exists():
                assert process.poll() is None
        else:
            assert process.stdout is not None
            assert process.stdout.readline() == (
                "serving LidarCbf at unix:hiera.sock: 5 states, 2 actions; "
                "after 20 ms of silence (0, -0.5) acts\n"
            )
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        assert out == ("" if quiet else "stopped: nobody asked\n")


def mistake(tmp_path: Path, *words: object) -> str:
    process = command(*words, cwd=tmp_path)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--tcp", "0.0.0.0:7000"), "can be reached from other machines"),
        (("--tcp", "seven"), "a port is a number from 0 to 65535, not 'seven'"),
        (("--socket", "/nowhere/s"), "No such file or directory"),
        (("--rest", "0,x"), "--rest takes numbers such as 0,0, not '0,x'"),
        (("--budget-ms", "0"), "the budget must be positive"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in mistake(tmp_path, f"{GATES}:Box", *words)


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "it is in use" in mistake(tmp_path, f"{GATES}:Box", "--tcp", port)


def test_sizes_that_nobody_tells_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text("from hiera.safety.filters import PassThrough as gate\n")
    assert "give --states" in mistake(tmp_path, "bare.py:gate")
    assert "give --rest" in mistake(tmp_path, "bare.py:gate", "--states", 2)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "beside.py").write_text("SIZE = 2\n")
    (tmp_path / "robot_gates.py").write_text(
        "from beside import SIZE\n"
        "from hiera.safety.filters import PassThrough\n"
        "gate = PassThrough()\n"
        "make_gate = lambda: PassThrough()\n"
        "def needs(a): ...\n"
        "def nothing(): ...\n"
    )
    (tmp_path / "wrong.py").write_text("def f(:\n")
    (tmp_path / "raises.py").write_text("import no_such_thing\n")
    return tmp_path


@pytest.mark.parametrize("place", ["robot_gates", "robot_gates.py", "./robot_gates.py"])
@pytest.mark.parametrize("name", ["gate", "make_gate", "PassThrough"])
def test_a_filter_is_found(here: Path, place: str, name: str) -> None:
    assert isinstance(load_gate(f"{place}:{name}"), SafetyFilter)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("robot_gates.py", "write file.yaml, file.py:name or package.module:name"),
        ("robot_gates.py:", "write file.yaml, file.py:name or package.module:name"),
        ("robot_gate.py:gate", "there is no file robot_gate.py (did you mean 'robot_gates.py'?)"),
        ("robot_gates.py:gats", "robot_gates.py has no 'gats' (did you mean 'gate'?)"),
        ("robot_gatez:gate", "there is no module 'robot_gatez', here or installed"),
        ("robot_gates.py:SIZE", "is of type int; a filter has reset() and filter("),
        ("robot_gates.py:needs", "cannot be called without arguments: TypeError"),
        (
            "robot_gates.py:nothing",
            "returns something of type NoneType; a filter has reset() and filter(",
        ),
        ("wrong.py:gate", "wrong.py cannot be loaded: SyntaxError: invalid syntax (line 1)"),
        ("raises.py:gate", "raises.py cannot be loaded: ModuleNotFoundError: No module named"),
        ("raises:gate", "raises cannot be loaded: ModuleNotFoundError: No module named"),
    ],
)
def test_what_is_no_filter_is_one_sentence(here: Path, target: str, words: str) -> None:
    with pytest.raises(HieraError) as told:
        load_gate(target)
    assert words in str(told.value)
    assert "\n" not in str(told.value)
