"""Backends speak real HTTP through the real clients to a small server."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from hiera.planners.language import Completion, LanguageBackend, Message, Reply, ReplyStatus
from hiera.planners.language.ollama import OllamaBackend
from hiera.planners.language.openai import OpenAIBackend
from tests.planners.ollama_server import MODEL, Behaviour, Script, serving

pytest.importorskip("ollama")
pytest.importorskip("openai")

ANSWER = '{"waypoints": [3, 1, 2], "strategy": "round"}'
SCHEMA = {"type": "object", "properties": {"waypoints": {"type": "array"}}}
Make = Callable[[str, str], LanguageBackend]


def ollama(address: str, model: str = MODEL) -> LanguageBackend:
    return OllamaBackend(model, host=address)


def openai(address: str, model: str = MODEL) -> LanguageBackend:
    return OpenAIBackend(model, base_url=f"{address}/v1")


both = pytest.mark.parametrize("make", [ollama, openai])


def request(timeout_s: float = 20.0) -> Completion:
    return Completion((Message("user", "hello"),), SCHEMA, timeout_s=timeout_s, seed=7)


def ask(make: Make, behaviour: Behaviour, timeout_s: float = 20.0) -> tuple[Reply, Script]:
    script = Script(lambda body: ANSWER, behaviour)
    with serving(script) as address:
        return make(address, MODEL).complete(request(timeout_s)), script


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@both
def test_answer_comes_back_with_tokens_and_latency(make: Make) -> None:
    reply, _ = ask(make, Behaviour.GOOD)
    assert (reply.status, reply.text) == (ReplyStatus.OK, ANSWER)
    assert (reply.prompt_tokens, reply.reply_tokens) == (11, 7)
    assert reply.latency_s > 0.0


@both
@pytest.mark.parametrize(
    ("behaviour", "status", "word"),
    [
        (Behaviour.EMPTY, ReplyStatus.EMPTY, "nothing"),
        (Behaviour.DYING, ReplyStatus.ERROR, "broke off"),
        (Behaviour.FAILING, ReplyStatus.ERROR, "says"),
        (Behaviour.NOT_HTTP_JSON, ReplyStatus.ERROR, "no sense"),
        (Behaviour.NO_ACCESS, ReplyStatus.REFUSED, ""),
    ],
)
def test_a_servers_fault_is_a_status_and_a_sentence(
    make: Make, behaviour: Behaviour, status: ReplyStatus, word: str
) -> None:
    reply, _ = ask(make, behaviour)
    assert reply.status is status
    assert reply.text == ""
    assert word in reply.error
    assert "\n" not in reply.error


@both
def test_a_slow_server_is_given_up(make: Make) -> None:
    reply, _ = ask(make, Behaviour.SLOW, 0.3)
    assert reply.status is ReplyStatus.TIMEOUT
    assert "longer than 0.3 s" in reply.error


def test_a_server_that_dribbles_is_given_up_too() -> None:
    script = Script(lambda body: ANSWER * 20, Behaviour.DRIBBLE)
    with serving(script) as address:
        assert ollama(address).complete(request(0.3)).status is ReplyStatus.TIMEOUT


@both
def test_nobody_there_is_told_from_an_unknown_model(make: Make) -> None:
    absent = make(free_address(), MODEL)
    assert absent.complete(request()).status is ReplyStatus.UNAVAILABLE
    assert not absent.check().ok
    with serving(Script(lambda body: ANSWER)) as address:
        unknown = make(address, "other")
        reply = unknown.complete(request())
        assert reply.status is ReplyStatus.REFUSED
        assert "'other'" in reply.error
        assert not unknown.check().ok
        assert "'other'" in unknown.check().sentence


@both
def test_check_is_ok_when_server_and_model_are_there(make: Make) -> None:
    with serving(Script(lambda body: ANSWER)) as address:
        assert make(address, MODEL).check().ok


def test_ollama_is_sent_schema_and_options() -> None:
    _, script = ask(ollama, Behaviour.GOOD)
    body = script.requests[0]["body"]
    assert body["format"] == SCHEMA
    assert body["options"] == {"temperature": 0.0, "seed": 7, "num_predict": 512, "num_thread": 1}
    assert body["keep_alive"]


def test_ollama_finds_a_model_without_its_tag() -> None:
    with serving(Script(lambda body: ANSWER)) as address:
        assert ollama(address, MODEL.removesuffix(":latest")).check().ok


def test_openai_is_sent_the_schema_and_the_key_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    with serving(script := Script(lambda body: ANSWER)) as address:
        backend = OpenAIBackend(MODEL, base_url=f"{address}/v1", key_variable="MY_KEY")
        assert backend.complete(request()).status is ReplyStatus.OK
        refused = Script(lambda body: ANSWER, Behaviour.NO_ACCESS)
        with serving(refused) as other:
            denied = OpenAIBackend(MODEL, base_url=f"{other}/v1", key_variable="MY_KEY")
            assert "MY_KEY" in denied.check().sentence
            assert "secret" not in denied.complete(request()).error
    body = script.requests[0]["body"]
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert script.requests[0]["authorization"] == "Bearer secret"
