"""The record of a model's answers, and running from it."""

from __future__ import annotations

import json

import pytest

from hiera.planners.language import (
    Completion,
    Exchange,
    Message,
    Recorder,
    ReplayBackend,
    Reply,
    ReplyStatus,
)
from tests.planners.scripted import Scripted


def ask(content: str) -> Completion:
    return Completion((Message("user", content),))


LATE = Reply("", ReplyStatus.TIMEOUT, 30.0, error="too late")


def record(*replies: Reply | str) -> list[Exchange]:
    exchanges: list[Exchange] = []
    recorder = Recorder(Scripted(replies), exchanges.append)
    for number in range(len(replies)):
        recorder.complete(ask(f"prompt {number}"))
        recorder.judge("complete")
    return exchanges


def test_exchange_survives_json() -> None:
    for exchange in record("fine", LATE):
        assert Exchange.from_json(json.loads(json.dumps(exchange.to_json()))) == exchange


@pytest.mark.parametrize("data", [{}, {"index": 0, "backend": "x", "digest": "y", "reply": {}}])
def test_what_is_no_exchange_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a recorded exchange"):
        Exchange.from_json(data)


def test_replay_gives_answers_failures_and_latencies_in_order() -> None:
    replay = ReplayBackend(record("one", LATE, "three"))
    replies = [replay.complete(ask(f"prompt {number}")) for number in range(3)]
    assert [r.text for r in replies] == ["one", "", "three"]
    assert replies[1] == LATE
    assert replay.divergences == 0


def test_replay_says_when_the_run_has_diverged_or_the_record_ends() -> None:
    replay = ReplayBackend(record("one"))
    assert "diverged" in replay.complete(ask("another prompt")).error
    assert "record holds 1" in replay.complete(ask("one more")).error
    assert replay.divergences == 2
    lenient = ReplayBackend(record("one"), strict=False)
    assert lenient.complete(ask("another prompt")).text == "one"
    assert lenient.divergences == 1


def test_an_exchange_nobody_judged_is_recorded_all_the_same() -> None:
    exchanges: list[Exchange] = []
    recorder = Recorder(Scripted(["a", "b"]), exchanges.append)
    recorder.complete(ask("1"))
    recorder.complete(ask("2"))
    assert [e.rung for e in exchanges] == [""]
    recorder.flush()
    assert [e.index for e in exchanges] == [0, 1]


def test_an_empty_record_fails_its_check() -> None:
    assert not ReplayBackend([]).check().ok
    assert ReplayBackend(record("a")).check().ok


def test_digest_depends_on_everything_but_the_timeout() -> None:
    base = ask("x")
    assert base.digest() == Completion(base.messages, timeout_s=1.0).digest()
    assert base.digest() != Completion(base.messages, seed=1).digest()
    assert base.digest() != Completion(base.messages, {"type": "object"}).digest()
    assert base.digest() != ask("y").digest()
