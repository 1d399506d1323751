"""No bytes end the server, none are answered by an action nobody verified."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hiera.safety import Context, Status
from hiera.safety.sidecar import SidecarClient, SidecarServer
from hiera.safety.sidecar.address import open_socket, where
from hiera.safety.sidecar.answers import decode_error, decode_reply
from hiera.safety.sidecar.protocol import (
    HEADER,
    MAGIC,
    MAX_PAYLOAD,
    VERSION,
    Fault,
    Inbox,
    Kind,
    Message,
    ProtocolError,
    frame,
)
from hiera.safety.sidecar.request import encode_request
from tests.sidecar.gates import Box
from tests.sidecar.served import PATIENT_S, serving

GOOD = encode_request(9, np.zeros(3), np.full(3, 5.0), Context(0.0, points=np.ones((2, 2))))
ASKED = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture(scope="module")
def server() -> Iterator[SidecarServer]:
    with serving(Box()) as running:
        yield running


def talk(server: SidecarServer, *said: bytes) -> list[tuple[Message, bytes]]:
    """Says it, hangs up, and hears what is answered, without the hello."""
    heard = []
    with open_socket(server.address) as line:
        line.settimeout(PATIENT_S)
        line.connect(where(server.address))
        inbox = Inbox()
        while inbox.next() is None:
            inbox.receive(line)
        try:
            for part in said:
                line.sendall(part)
            line.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        while True:
            while (message := inbox.next()) is not None:
                heard.append((message, bytes(message.payload)))
            try:
                if not inbox.receive(line):
                    return heard
            except ConnectionResetError:
                return heard


def refusal(server: SidecarServer, said: bytes) -> ProtocolError:
    [(message, payload)] = talk(server, said)
    assert message.kind == Kind.ERROR
    return decode_error(memoryview(payload))


def test_a_refusal_names_what_was_wrong(server: SidecarServer) -> None:
    def header(magic: bytes = MAGIC, version: int = VERSION, kind: int = 2, size: int = 0) -> bytes:
        return HEADER.pack(magic, version, kind, 9, size, 0)

    for said, fault, words in (
        (header(magic=b"HTTP"), Fault.NOT_A_MESSAGE, "begins with b'HIER', not b'HTTP'"),
        (header(version=2), Fault.VERSION, "version 1 of the format, not 2"),
        (header(size=MAX_PAYLOAD + 1), Fault.TOO_LARGE, f"not {MAX_PAYLOAD + 1}"),
        (header(kind=99), Fault.KIND, "kind 99"),
        (header(kind=Kind.HELLO), Fault.KIND, "kind 1"),
        (header(), Fault.MALFORMED, "at least 56 bytes of payload, not 0"),
        (frame(Kind.REQUEST, 9, GOOD[24:] + b"!"), Fault.MALFORMED, "bytes of payload, not"),
        (frame(Kind.RESET, 9, b"now"), Fault.MALFORMED, "a RESET has no payload"),
        (
            encode_request(9, np.zeros(4), np.zeros(3), Context(0.0)),
            Fault.SIZE,
            "a state has 3 numbers, not 4",
        ),
        (
            encode_request(9, np.zeros(3), np.zeros(1), Context(0.0)),
            Fault.SIZE,
            "an action has 3 numbers, not 1",
        ),
    ):
        error = refusal(server, said)
        assert error.fault is fault
        assert words in str(error)


def judged(heard: list[tuple[Message, bytes]]) -> None:
    for message, payload in heard:
        assert message.kind in (Kind.REPLY, Kind.ERROR, Kind.RESET, Kind.STATS)
        if message.kind == Kind.REPLY:
            action, _ = decode_reply(memoryview(payload))
            assert np.all(np.abs(action.u) <= 1.0)
            assert action.status in (Status.NOMINAL, Status.FILTERED, Status.STOP)


def lives(server: SidecarServer) -> None:
    with SidecarClient(server.address, PATIENT_S) as client:
        assert client.filter(np.zeros(3), np.ones(3), Context(0.0)).status is Status.NOMINAL


@ASKED
@given(st.lists(st.binary(max_size=200), max_size=4))
def test_noise(server: SidecarServer, parts: list[bytes]) -> None:
    judged(talk(server, *parts))
    lives(server)


@ASKED
@given(
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6),
    st.integers(0, len(GOOD)),
    st.integers(1, 3),
)
def test_damaged_requests(
    server: SidecarServer, damage: list[tuple[int, int]], cut: int, times: int
) -> None:
    said = bytearray(GOOD * times)
    for place, value in damage:
        said[place % len(said)] = value
    judged(talk(server, bytes(said[:cut]), bytes(said[cut:])))
    lives(server)


@ASKED
@given(st.integers(0, 12), st.binary(max_size=120), st.lists(st.integers(0, 3), max_size=10))
def test_well_framed_nonsense(
    server: SidecarServer, kind: int, payload: bytes, counts: list[int]
) -> None:
    inside = bytes(16) + b"".join(c.to_bytes(4, "little") for c in counts) + payload
    size = len(inside)
    judged(talk(server, HEADER.pack(MAGIC, VERSION, kind, 3, size, 0) + inside, GOOD))
    lives(server)


def test_of_several_waiting_requests_the_newest_is_answered(server: SidecarServer) -> None:
    def numbered(k: int) -> bytes:
        return encode_request(k, np.zeros(3), np.zeros(3), Context(float(k)))

    heard = talk(server, numbered(1) + numbered(2) + frame(Kind.RESET, 3) + numbered(4))
    assert [message.sequence for message, _ in heard] == [2, 3, 4]


def test_a_client_that_reads_nothing_is_dropped(server: SidecarServer) -> None:
    with open_socket(server.address) as line:
        line.settimeout(PATIENT_S)
        line.connect(where(server.address))
        dropped = False
        while not dropped:
            try:
                line.sendall(frame(Kind.STATS, 1) * 100)
            except (BrokenPipeError, ConnectionResetError):
                dropped = True
    lives(server)
