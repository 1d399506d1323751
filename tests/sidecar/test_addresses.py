"""Where a sidecar may listen, and what it leaves behind."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import numpy as np
import pytest

from hiera.safety.sidecar import (
    Duties,
    SidecarError,
    SidecarServer,
    TcpAddress,
    UnixAddress,
    parse_address,
)
from hiera.safety.sidecar.address import Listener
from tests.sidecar.gates import Box

DUTIES = Duties(3, np.zeros(3))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("gate.sock", UnixAddress("gate.sock")),
        ("unix:/run/gate.sock", UnixAddress("/run/gate.sock")),
        ("tcp:7000", TcpAddress("127.0.0.1", 7000)),
        ("tcp:localhost:7000", TcpAddress("127.0.0.1", 7000)),
        ("tcp:127.0.0.2:0", TcpAddress("127.0.0.2", 0)),
        ("tcp:[::1]:7000", TcpAddress("::1", 7000)),
    ],
)
def test_addresses_are_read(text: str, address: object) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("unix:", "is empty"),
        ("x" * 200, "at most 103 bytes"),
        ("tcp:", "a port is a number from 0 to 65535"),
        ("tcp:70000", "not '70000'"),
        ("tcp:robot:7000", "an IP address or localhost, not 'robot'"),
    ],
)
def test_what_is_no_address_is_a_sentence(text: str, words: str) -> None:
    with pytest.raises(SidecarError, match=words):
        parse_address(text)


def test_only_this_machine_may_connect_unless_asked_by_name() -> None:
    with pytest.raises(SidecarError, match="reached from other machines"):
        Listener(parse_address("tcp:0.0.0.0:0"))
    Listener(parse_address("tcp:0.0.0.0:0"), allow_remote=True).close()


def test_a_socket_file_is_its_owners_and_goes_away(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with SidecarServer(Box(), f"unix:{path}", DUTIES):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


def test_a_stale_socket_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.exists()
    SidecarServer(Box(), f"unix:{path}", DUTIES).close()
    assert not path.exists()


def test_a_file_that_is_in_use_or_no_socket_is_left_alone(tmp_path: Path) -> None:
    with SidecarServer(Box(), f"unix:{tmp_path}/s", DUTIES):
        with pytest.raises(SidecarError, match="it is in use"):
            SidecarServer(Box(), f"unix:{tmp_path}/s", DUTIES)
        assert (tmp_path / "s").exists()
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(SidecarError, match="is not a socket"):
        SidecarServer(Box(), f"unix:{tmp_path}/notes", DUTIES)
    assert (tmp_path / "notes").read_text() == "mine"


def test_a_port_in_use_and_a_missing_folder_are_sentences(tmp_path: Path) -> None:
    with (
        SidecarServer(Box(), "tcp:0", DUTIES) as server,
        pytest.raises(SidecarError, match="it is in use"),
    ):
        SidecarServer(Box(), server.address, DUTIES)
    with pytest.raises(SidecarError, match="No such file or directory"):
        SidecarServer(Box(), f"unix:{tmp_path}/no/s", DUTIES)


@pytest.mark.parametrize(
    ("duties", "words"),
    [
        ({"resting": [np.nan, 0.0]}, "must be finite"),
        ({"resting": [[0.0]]}, r"shape \(m,\)"),
        ({"state_size": 0}, "1 to 1024 numbers, not 0"),
        ({"budget_s": 0.0}, "must be positive"),
        ({"budget_s": float("nan")}, "must be positive"),
    ],
)
def test_duties_that_make_no_sense_are_refused(duties: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Duties(**({"state_size": 3, "resting": [0.0]} | duties))  # type: ignore[arg-type]
