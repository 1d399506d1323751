"""A language model behind a real HTTP server, well-behaved or not, from the command line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hiera.record import Record
from tests.cli.calling import Made, asking, backwards, finished, small
from tests.cli.conftest import Invoke
from tests.planners.ollama_server import Behaviour, Script, serving

SHORT = (*small(), "report.html=false", "clock.max_time_s=20")


@pytest.fixture(scope="module")
def with_model(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run whose plans a model made, as late as it took; the server is gone when it is used."""
    with serving(Script(backwards)) as address:
        return finished(tmp_path_factory.mktemp("model"), *small(), *asking(address), "--json")


def provenances(run: Path) -> Counter[str]:
    return Counter(event["provenance"] for event in Record.open(run).events("plan"))


def test_the_models_plans_are_counted_recorded_and_told_from_the_tours(with_model: Made) -> None:
    metrics = with_model.metrics
    assert metrics["outcome"] == "complete"
    assert metrics["plans"]["llm"] > 0
    assert dict(provenances(with_model.path)) == metrics["plans"]
    rungs = metrics["plan_rungs"]
    assert rungs["call"] == rungs["answered"] == rungs["complete"]
    exchanges = Record.open(with_model.path).exchanges()
    assert len(exchanges) >= rungs["call"]
    assert {exchange["rung"] for exchange in exchanges} == {"complete"}
    assert all(exchange["reply"]["latency_s"] > 0 for exchange in exchanges)


def test_a_run_with_a_model_is_replayed_to_the_same_bytes_with_the_server_off(
    with_model: Made, hiera: Invoke, tmp_path: Path
) -> None:
    said = hiera("replay", with_model.path, "--out", tmp_path, "--json")
    assert said.json["identical"], said
    assert said.code == 0
    again = Path(said.json["run"])
    assert (again / "metrics.json").read_bytes() == (with_model.path / "metrics.json").read_bytes()
    assert hiera("replay", again, "--out", tmp_path / "third", "--json").json["identical"]


def test_a_plan_on_its_way_when_the_run_ended_does_not_arrive_in_the_replay(
    hiera: Invoke, tmp_path: Path
) -> None:
    script = Script(backwards)

    def late(body: dict[str, object]) -> str:
        if len(script.requests) > 1:
            script.stop.wait(60.0)
        return backwards(body)

    script.answer = late
    with serving(script) as address:
        live = hiera(*SHORT, "clock.max_time_s=8", *asking(address), "--out", tmp_path, "--json")
    run = Path(live.json["run"])
    assert live.json["plans"] == {"llm": 1}
    said = hiera("replay", run, "--out", tmp_path / "again", "--json")
    assert said.json["identical"]


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour.IGNORES_FORMAT,
        Behaviour.MALFORMED,
        Behaviour.EMPTY,
        Behaviour.DYING,
        Behaviour.DRIBBLE,
    ],
)
def test_a_server_that_misbehaves_costs_plans_and_not_the_run(
    hiera: Invoke, tmp_path: Path, behaviour: Behaviour
) -> None:
    script = Script(backwards, behaviour=behaviour)
    with serving(script) as address:
        said = hiera(
            *SHORT,
            *asking(address),
            "clock.latency.kind=zero",
            "clock.plan_deadline_s=0.8",
            "--out",
            tmp_path,
            "--json",
        )
    assert said.code == 0, said
    assert said.json["outcome"] == "time_limit"
    rungs = said.json["plan_rungs"]
    assert rungs["call"] == rungs["tour"] > 0
    assert rungs.get("complete", 0) == 0
    assert said.json["plans"]["fallback"] == rungs["tour"]
    assert provenances(Path(said.json["run"]))["fallback"] == rungs["tour"]
    assert said.json["actions"] == said.json["certificates"]


def test_a_server_that_goes_away_in_the_middle_costs_plans_and_not_the_run(
    hiera: Invoke, tmp_path: Path
) -> None:
    script = Script(backwards)

    def then_gone(body: dict[str, object]) -> str:
        if len(script.requests) >= 2:
            script.behaviour = Behaviour.FAILING
        return backwards(body)

    script.answer = then_gone
    with serving(script) as address:
        said = hiera(
            *SHORT, *asking(address), "clock.latency.kind=zero", "--out", tmp_path, "--json"
        )
    assert said.json["plans"]["llm"] >= 2
    rungs = said.json["plan_rungs"]
    assert rungs["call"] > rungs["answered"]
    assert rungs["last_plan"] > 0
    assert said.json["plans"]["cached"] == rungs["last_plan"]


def test_a_server_that_never_answers_the_first_question_is_one_sentence(
    hiera: Invoke, tmp_path: Path
) -> None:
    script = Script(backwards, behaviour=Behaviour.SLOW)
    with serving(script) as address:
        sentence = hiera(*SHORT, *asking(address), "--out", tmp_path / "runs").mistake()
    assert "does not answer in time" in sentence
    assert not (tmp_path / "runs").exists()


def test_an_openai_server_without_a_key_serves_as_well(
    hiera: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serving(Script(backwards)) as address:
        said = hiera(
            *SHORT,
            "llm.backend=openai",
            f"llm.base_url={address}/v1",
            "llm.model=scripted:latest",
            "clock.latency.kind=zero",
            "--out",
            tmp_path,
            "--json",
        )
    assert said.json["plans"]["llm"] > 0
