"""Whatever breaks, what comes back is the resting action, and it says so."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from hiera.safety import Context, SafeAction, Status
from hiera.safety.sidecar import SidecarClient, SidecarError
from hiera.safety.sidecar.protocol import Kind, frame
from tests.sidecar.gates import Box, Scripted
from tests.sidecar.served import GATES, PATIENT_S, REST, command, heard, serving

NOW = Context(0.0)
ZERO = np.zeros(3)


def wanting(first: float) -> np.ndarray:
    return np.array([first, 0.0, 0.0])


def rests(action: SafeAction, backup: str) -> bool:
    assert action.reason
    return (
        action.status is Status.STOP
        and action.backup == backup
        and np.array_equal(action.u, REST)
        and not action.certified
    )


@pytest.mark.parametrize("what", [10.0, 11.0, 12.0, 13.0, 14.0])
def test_a_filter_that_fails_rests(what: float) -> None:
    with serving(Scripted()) as server, SidecarClient(server.address, PATIENT_S) as client:
        assert rests(client.filter(ZERO, wanting(what), NOW), "resting")
        assert client.filter(ZERO, wanting(0.5), NOW).status is Status.NOMINAL
        assert client.stats().failures == 1


def test_a_filter_that_cannot_be_reset_is_not_asked() -> None:
    class Stuck(Box):
        def reset(self) -> None:
            raise OSError("stuck")

    with serving(Stuck()) as server, SidecarClient(server.address, PATIENT_S) as client:
        assert rests(client.filter(ZERO, ZERO, NOW), "resting")


def test_a_slow_filter_rests_and_its_late_answer_is_thrown_away() -> None:
    with serving(Scripted()) as server, SidecarClient(server.address, 0.05) as client:
        assert rests(client.filter(ZERO, wanting(15.0), NOW), "watchdog")
        answer = client.filter(ZERO, wanting(0.5), NOW)
        while answer.status is Status.STOP:
            answer = client.filter(ZERO, wanting(0.5), NOW)
        assert answer.u[0] == 0.5
        assert client.discarded >= 1
        assert client.stats().superseded <= client.rested - 1


def test_the_watchdog_acts_when_the_client_is_silent() -> None:
    acted: list[SafeAction] = []
    done = threading.Event()

    def on_backup(action: SafeAction) -> None:
        acted.append(action)
        done.set()

    with (
        serving(Box(), budget_s=0.03, on_backup=on_backup) as server,
        SidecarClient(server.address, PATIENT_S) as client,
    ):
        client.filter(ZERO, ZERO, NOW)
        assert done.wait(PATIENT_S)
        assert rests(acted[0], "watchdog")
        assert client.filter(ZERO, ZERO, NOW).status is Status.NOMINAL
        assert client.tripped
        assert client.trips >= 1
        assert client.stats().trips >= 1


def test_the_watchdog_acts_by_a_policy_when_it_is_given_one() -> None:
    acted: list[SafeAction] = []
    done = threading.Event()

    def on_backup(action: SafeAction) -> None:
        acted.append(action)
        done.set()

    duties = {"budget_s": 0.03, "backup": lambda x: -x, "on_backup": on_backup}
    with serving(Box(), **duties) as server, SidecarClient(server.address, PATIENT_S) as client:
        client.filter(np.array([1.0, 2.0, 3.0]), ZERO, NOW)
        assert done.wait(PATIENT_S)
        assert acted[0].status is Status.BACKUP
        assert acted[0].u.tolist() == [-1.0, -2.0, -3.0]


@pytest.mark.parametrize("broken", [lambda x: x[:2], lambda x: x * np.nan, lambda x: 1 / 0])
def test_a_broken_policy_or_callback_rests_and_ends_nothing(broken: object) -> None:
    acted: list[SafeAction] = []
    done = threading.Event()

    def on_backup(action: SafeAction) -> None:
        acted.append(action)
        done.set()
        raise OSError("the bus is down")

    duties = {"budget_s": 0.02, "backup": broken, "on_backup": on_backup}
    with serving(Box(), **duties) as server, SidecarClient(server.address, PATIENT_S) as client:
        client.filter(ZERO, ZERO, NOW)
        assert done.wait(PATIENT_S)
        assert rests(acted[0], "watchdog")
        assert client.filter(ZERO, ZERO, NOW).status is Status.NOMINAL


def test_the_watchdog_acts_when_the_client_dies_and_the_next_one_is_told() -> None:
    done = threading.Event()
    duties = {"budget_s": 0.05, "on_backup": lambda action: done.set()}
    with serving(Box(), **duties) as server:
        dying = SidecarClient(server.address, PATIENT_S)
        dying.filter(ZERO, ZERO, NOW)
        dying._link.close()
        assert done.wait(PATIENT_S)
        with SidecarClient(server.address, PATIENT_S) as client:
            assert client.hello is not None
            assert client.hello.tripped
            assert client.trips == 1


def test_the_watchdog_rests_while_nobody_has_asked_and_after_a_farewell() -> None:
    with serving(Box(), budget_s=0.01) as server:
        with SidecarClient(server.address, PATIENT_S) as client:
            client.reset()
            time.sleep(0.03)
        with SidecarClient(server.address, PATIENT_S) as client:
            assert client.stats().trips == 0


def test_a_killed_server_is_survived_and_found_again(tmp_path: Path) -> None:
    words = (f"{GATES}:Box", "--socket", tmp_path / "s", "--budget-ms", 20000, "--json")
    first = command(*words)
    assert heard(first)["event"] == "serving"
    client = SidecarClient(f"{tmp_path}/s", 5.0)
    assert client.filter(ZERO, ZERO, NOW).status is Status.NOMINAL
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert rests(client.filter(ZERO, ZERO, NOW), "watchdog")
    assert rests(client.filter(ZERO, ZERO, NOW), "watchdog")
    second = command(*words)
    try:
        assert heard(second)["event"] == "serving"
        assert client.filter(ZERO, ZERO, NOW).status is Status.NOMINAL
    finally:
        second.kill()
        second.communicate()


def test_a_second_client_is_turned_away_with_a_sentence() -> None:
    with serving(Box()) as server, SidecarClient(server.address, PATIENT_S) as client:
        with pytest.raises(SidecarError, match="another controller is connected"):
            SidecarClient(server.address)
        assert client.filter(ZERO, ZERO, NOW).status is Status.NOMINAL
        assert client.stats().turned_away == 1


def test_a_place_that_was_left_is_free_at_once() -> None:
    with serving(Box()) as server:
        for _ in range(20):
            client = SidecarClient(server.address, PATIENT_S)
            client.filter(ZERO, ZERO, NOW)
            client._link.close()


def test_every_connection_and_every_reset_resets_the_filter() -> None:
    gate = Box()
    with serving(gate) as server, SidecarClient(server.address, PATIENT_S) as client:
        before = gate.resets
        client.reset()
        assert gate.resets == before + 1
        client.close()
        client.filter(ZERO, ZERO, NOW)
        assert gate.resets == before + 2


@pytest.mark.parametrize(
    ("x", "u", "context"),
    [
        (np.zeros(2), ZERO, NOW),
        (ZERO, np.zeros((1, 3)), NOW),
        (ZERO, ZERO, Context(0.0, points=np.zeros(4))),
        (ZERO, ZERO, Context(0.0, u_previous=np.zeros(2))),
        (ZERO, ZERO, Context(0.0, movers=np.zeros((1, 2)))),
        (ZERO, ZERO, Context(0.0, scan=np.zeros(70000))),
        (ZERO, ZERO, Context("noon")),  # type: ignore[arg-type]
        (None, None, None),
    ],
)
def test_a_request_that_makes_no_sense_rests(
    x: np.ndarray, u: np.ndarray, context: Context
) -> None:
    with serving(Box()) as server, SidecarClient(server.address, PATIENT_S) as client:
        assert rests(client.filter(x, u, context), "refused")
        assert client.filter(ZERO, ZERO, NOW).status is Status.NOMINAL


def test_a_client_that_knows_how_to_rest_may_come_first(tmp_path: Path) -> None:
    with SidecarClient(f"{tmp_path}/nobody", resting=REST) as client:
        assert rests(client.filter(ZERO, ZERO, NOW), "watchdog")


def test_a_client_that_does_not_needs_a_server(tmp_path: Path) -> None:
    with pytest.raises(SidecarError, match="No such file"):
        SidecarClient(f"{tmp_path}/nobody")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6 this is something else\r\n",
        frame(Kind.REPLY, 0),
        frame(Kind.HELLO, 0, bytes(31)),
        frame(Kind.HELLO, 0, bytes(32))[:-1],
    ],
)
def test_something_else_that_listens_is_no_sidecar(said: bytes, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{tmp_path}/other")
        other.listen()

        def greet() -> None:
            came, _ = other.accept()
            came.sendall(said)
            came.close()

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(SidecarError):
            SidecarClient(f"{tmp_path}/other")
        thread.join()
