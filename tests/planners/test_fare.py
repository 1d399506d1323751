"""FARE's slow module: the model's order when it is valid, geometry when it is not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hiera.planners import PlanStatus, Provenance
from hiera.planners.exploration import NumericPlanner
from hiera.planners.exploration.fare import FarePlanner
from hiera.planners.exploration.ladder import CLIMB, Rung
from hiera.planners.language import Exchange, Recorder, ReplayBackend, Reply, ReplyStatus
from tests.planners.ollama_server import Behaviour, Script, serving
from tests.planners.roadmaps import belief, rooms
from tests.planners.scripted import Scripted

ROOMS = rooms(5)
IDS = tuple(NumericPlanner().surveyor.survey(belief(ROOMS)).places.tolist())
BACKWARDS = json.dumps({"strategy": "far first", "waypoints": IDS[::-1]})
DOWN = Reply("", ReplyStatus.UNAVAILABLE, 0.1, error="No server.")


def fare(*replies: Reply | str, geometry: float = 0.0) -> tuple[FarePlanner, Scripted]:
    backend = Scripted(replies)
    return FarePlanner(backend, NumericPlanner(), "Five rooms.", geometry=geometry), backend


def order(plan: object) -> tuple[int, ...]:
    return tuple(w.community for w in plan.subgoals)  # type: ignore[attr-defined]


def test_a_valid_order_is_followed_and_credited_to_the_model() -> None:
    planner, backend = fare(BACKWARDS)
    plan = planner.plan(belief(ROOMS), 30.0)
    assert order(plan) == IDS[::-1]
    assert plan.provenance is Provenance.LLM
    assert plan.strategy == "far first"
    assert plan.rungs == {str(rung): 1 for rung in (Rung.CALL, *CLIMB)}
    assert backend.verdicts == ["complete"]


def test_an_incomplete_order_is_completed_and_not_credited_as_valid() -> None:
    planner, backend = fare(json.dumps({"waypoints": [IDS[-1], 999]}))
    plan = planner.plan(belief(ROOMS), 30.0)
    assert order(plan)[0] == IDS[-1]
    assert sorted(order(plan)) == sorted(IDS)
    assert plan.provenance is Provenance.LLM_REPAIRED
    assert str(Rung.COMPLETE) not in plan.rungs
    assert len(backend.requests) == 1


def test_a_useless_answer_costs_one_repair_call_that_quotes_the_fault() -> None:
    planner, backend = fare("I like rooms.", BACKWARDS)
    plan = planner.plan(belief(ROOMS), 30.0)
    assert plan.provenance is Provenance.LLM_REPAIRED
    assert order(plan) == IDS[::-1]
    assert plan.rungs[Rung.REPAIR_CALL] == 1
    assert "no JSON object" in backend.requests[1].messages[-1].content
    assert backend.requests[1].messages[-2].content == "I like rooms."
    assert backend.verdicts == ["answered", "complete"]


def test_after_two_useless_answers_the_tour_decides() -> None:
    planner, backend = fare("no")
    plan = planner.plan(belief(ROOMS), 30.0)
    assert plan.provenance is Provenance.FALLBACK
    assert plan.rungs[Rung.TOUR] == 1
    assert len(backend.requests) == 2
    assert order(plan) == order(NumericPlanner().plan(belief(ROOMS), 1.0))


def test_a_dead_server_is_not_asked_twice_and_the_last_plan_serves() -> None:
    planner, backend = fare(BACKWARDS, DOWN)
    planner.plan(belief(ROOMS), 30.0)
    later = replace(rooms(5, useful=(0, 1, 3)), version=1)
    plan = planner.plan(belief(later, 2), 30.0)
    assert len(backend.requests) == 2
    assert plan.provenance is Provenance.CACHED
    assert plan.rungs[Rung.LAST_PLAN] == 1
    assert list(order(plan)) == [i for i in IDS[::-1] if i in order(plan)]
    assert plan.belief_version == 2


def test_the_repair_call_is_left_out_when_the_first_call_used_up_the_time() -> None:
    planner, backend = fare(Reply("no", ReplyStatus.OK, 9.4), BACKWARDS)
    assert planner.plan(belief(ROOMS), 10.0).provenance is Provenance.FALLBACK
    assert len(backend.requests) == 1


def test_calls_are_given_no_more_than_what_is_left_of_the_deadline() -> None:
    planner, backend = fare(Reply("no", ReplyStatus.OK, 4.0), "no")
    planner.plan(belief(ROOMS), 10.0)
    first, second = (request.timeout_s for request in backend.requests)
    assert first <= 10.0
    assert second <= first - 4.0


def test_without_time_the_model_is_not_asked_at_all() -> None:
    planner, backend = fare(BACKWARDS)
    plan = planner.plan(belief(ROOMS), 0.1)
    assert backend.requests == []
    assert plan.provenance is Provenance.FALLBACK
    assert plan.status is PlanStatus.OK


def test_nothing_useful_means_done_without_a_call() -> None:
    planner, backend = fare(BACKWARDS)
    assert planner.plan(belief(rooms(3, useful=())), 30.0).status is PlanStatus.DONE
    assert backend.requests == []


def test_full_weight_of_geometry_is_the_order_of_distance() -> None:
    planner, _ = fare(BACKWARDS, geometry=1.0)
    survey = NumericPlanner().surveyor.survey(belief(ROOMS))
    near = [p for _, p in sorted(zip(survey.legs[0, 1:], survey.places.tolist(), strict=True))]
    assert list(order(planner.plan(belief(ROOMS), 30.0))) == near
    with pytest.raises(ValueError, match="between 0 and 1"):
        fare(BACKWARDS, geometry=2.0)


def test_a_recorded_run_is_repeated_without_the_model() -> None:
    def plans(planner: FarePlanner) -> list[object]:
        beliefs = [belief(ROOMS, 1), belief(replace(rooms(5, useful=(1, 2)), version=1), 2)]
        return [planner.plan(snapshot, 30.0) for snapshot in beliefs]

    exchanges: list[Exchange] = []
    backend = Scripted(["not yet", BACKWARDS, DOWN])
    recorded = plans(FarePlanner(Recorder(backend, exchanges.append), NumericPlanner(), "x"))
    assert [exchange.rung for exchange in exchanges] == ["answered", "complete", "call"]
    lines = [json.dumps(exchange.to_json()) for exchange in exchanges]
    replay = ReplayBackend([Exchange.from_json(json.loads(line)) for line in lines])
    assert plans(FarePlanner(replay, NumericPlanner(), "x")) == recorded
    assert replay.divergences == 0


@pytest.mark.parametrize(
    ("behaviour", "provenance"),
    [
        (Behaviour.GOOD, Provenance.LLM),
        (Behaviour.PROSE, Provenance.LLM),
        (Behaviour.MALFORMED, Provenance.FALLBACK),
        (Behaviour.IGNORES_FORMAT, Provenance.FALLBACK),
        (Behaviour.EMPTY, Provenance.FALLBACK),
        (Behaviour.DYING, Provenance.FALLBACK),
        (Behaviour.FAILING, Provenance.FALLBACK),
    ],
)
def test_against_a_real_server_every_misbehaviour_ends_in_a_plan(
    behaviour: Behaviour, provenance: Provenance
) -> None:
    pytest.importorskip("ollama")
    from hiera.planners.language.ollama import OllamaBackend

    script = Script(lambda body: BACKWARDS, behaviour)
    with serving(script) as address:
        backend = OllamaBackend("scripted", host=address)
        plan = FarePlanner(backend, NumericPlanner(), "x").plan(belief(ROOMS), 30.0)
    assert plan.provenance is provenance
    assert sorted(order(plan)) == sorted(IDS)
    assert script.requests[0]["body"]["format"]["required"][-1] == "waypoints"
