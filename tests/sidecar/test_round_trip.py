"""What comes back over the wire is what the filter said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hiera.safety import Context, SafeAction, SafetyFilter, Status
from hiera.safety.filters import PassThrough
from hiera.safety.sidecar import SidecarClient
from hiera.safety.sidecar.answers import STATUSES, decode_reply, encode_reply
from hiera.safety.sidecar.request import decode_request, encode_request
from hiera.testing import check_filter
from tests.sidecar.gates import Box, Echo, lidar
from tests.sidecar.served import PATIENT_S, serving

HEADER = 24
numbers = st.floats(allow_nan=True, allow_infinity=True)


def vector(most: int = 5) -> st.SearchStrategy[np.ndarray]:
    return st.integers(0, most).flatmap(lambda n: arrays(np.float64, n, elements=numbers))


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    k, q = draw(st.integers(0, 4)), draw(st.integers(0, 3))
    return Context(
        draw(numbers),
        draw(vector()),
        draw(arrays(np.float64, (k, 2), elements=numbers)),
        draw(arrays(np.float64, (q, 2), elements=numbers)),
        draw(arrays(np.float64, q, elements=numbers)),
        draw(arrays(np.float64, q, elements=numbers)),
        draw(vector()),
        draw(st.none() | st.integers(0, 9).flatmap(lambda n: arrays(np.bool_, n))),
        draw(vector()),
        draw(st.none() | numbers),
    )


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype != bool)
    return bool(one == other or (one != one and other != other))


@given(vector(), vector(), contexts())
def test_a_request_is_read_as_it_was_written(
    x: np.ndarray, u: np.ndarray, context: Context
) -> None:
    read = decode_request(memoryview(encode_request(5, x, u, context))[HEADER:])
    assert same(read.x, x)
    assert same(read.u_nominal, u)
    for name in Context.__slots__:
        assert same(getattr(read.context, name), getattr(context, name)), name


@given(
    vector(),
    st.sampled_from(Status),
    st.booleans(),
    vector(),
    st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1)),
    st.none() | st.text(st.characters(codec="utf-8"), max_size=60),
    st.text(st.characters(codec="utf-8"), max_size=200),
    st.booleans(),
)
def test_a_reply_is_read_as_it_was_written(
    u: np.ndarray,
    status: Status,
    intervened: bool,
    margins: np.ndarray,
    active: list[str],
    backup: str | None,
    reason: str,
    tripped: bool,
) -> None:
    action = SafeAction(u, status, intervened, margins, tuple(active[:5]), backup, reason, 0.5)
    read, told = decode_reply(memoryview(encode_reply(5, action, tripped=tripped))[HEADER:])
    assert told == tripped
    for name in SafeAction.__slots__:
        if name != "active" or len("\n".join(active[:5]).encode()) < 1024:
            assert same(getattr(read, name), getattr(action, name)), name


def test_every_status_has_a_code() -> None:
    assert set(STATUSES) == set(Status)


def test_long_text_is_cut_between_characters() -> None:
    action = SafeAction(np.zeros(1), Status.STOP, True, reason="ö" * 2000, backup="x" * 999)
    read, _ = decode_reply(memoryview(encode_reply(1, action))[HEADER:])
    assert read.reason == "ö" * 511
    assert read.backup == "x" * 255


def equal(one: SafeAction, other: SafeAction) -> bool:
    mine, theirs = replace(one, solve_time_s=0.0), replace(other, solve_time_s=0.0)
    return all(same(getattr(mine, name), getattr(theirs, name)) for name in SafeAction.__slots__)


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("spin", [False, True])
def test_a_round_trip_equals_a_direct_call(tcp: bool, spin: bool) -> None:
    direct, rng = lidar(), np.random.default_rng(5)
    with (
        serving(lidar(), tcp=tcp, spin=spin, states=5, rest=np.zeros(2)) as server,
        SidecarClient(server.address, PATIENT_S) as client,
    ):
        seen = set()
        for tick in range(60):
            if tick % 20 == 0:
                client.reset()
                direct.reset()
            x = rng.uniform([-0.2, -0.2, -3, 0, -1], [0.2, 0.2, 3, 1.4, 1])
            u = rng.uniform([-0.2, -2], [2, 2])
            points = rng.uniform(-3.0, 3.0, (rng.integers(0, 9), 2))
            context = Context(0.1 * tick, points=points)
            answer = client.filter(x, u, context)
            assert equal(answer, direct.filter(x, u, context))
            seen.add(answer.status)
        assert len(seen) >= 3
        assert client.rested == 0


def test_the_whole_context_reaches_the_filter() -> None:
    context = Context(
        3.0,
        np.ones(3),
        np.arange(8.0).reshape(4, 2),
        np.arange(4.0).reshape(2, 2),
        np.array([0.1, 0.2]),
        np.array([0.3, 0.4]),
        np.array([1.0, np.inf]),
        np.array([True, False, True]),
        np.array([9.0]),
        3.5,
    )
    x, u = np.arange(3.0), np.array([0.5, np.pi, -0.0])
    with serving(Echo()) as server, SidecarClient(server.address, PATIENT_S) as client:
        assert equal(client.filter(x, u, context), Echo().filter(x, u, context))


def test_a_big_scan_fits() -> None:
    context = Context(0.0, points=np.ones((2000, 2)), scan=np.arange(60000.0))
    with serving(Box()) as server, SidecarClient(server.address, PATIENT_S) as client:
        assert client.filter(np.zeros(3), np.zeros(3), context).status is Status.NOMINAL


def test_the_client_keeps_the_contract_of_a_filter() -> None:
    with (
        serving(lidar(), states=5, rest=np.zeros(2)) as server,
        SidecarClient(server.address, PATIENT_S) as client,
    ):
        assert isinstance(client, SafetyFilter)
        check_filter(
            client,
            states=[np.zeros(5)] * 3,
            actions=[np.array([v, 0.2]) for v in (0.1, 0.5, 5.0)],
            contexts=[Context(0.1 * k, points=np.array([[1.0, 0.0]])) for k in range(3)],
        )


def test_a_pass_through_says_so() -> None:
    with serving(PassThrough()) as server, SidecarClient(server.address, PATIENT_S) as client:
        answer = client.filter(np.zeros(3), np.full(3, 7.0), Context(0.0))
        assert answer.status is Status.PASS_THROUGH
        assert not answer.certified


def test_hello_tells_what_is_served() -> None:
    with serving(Box(), budget_s=7.0) as server, SidecarClient(server.address) as client:
        assert client.hello is not None
        assert (client.hello.name, client.hello.state_size, client.hello.budget_s) == ("Box", 3, 7)
        assert client.hello.resting.tolist() == [0.0, -0.25, 0.0]
