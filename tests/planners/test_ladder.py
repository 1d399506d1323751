"""From any text to a valid plan."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.planners import Plan, PlanStatus, Provenance
from hiera.planners.exploration import NumericPlanner, Waypoint
from hiera.planners.exploration.fare import FarePlanner
from hiera.planners.exploration.ladder import CLIMB, Rung, climb
from hiera.planners.exploration.survey import Survey
from hiera.planners.language import Reply, ReplyStatus
from tests.planners.roadmaps import ArrayRoadmap, belief, lattice, roadmaps, rooms
from tests.planners.scripted import Scripted

ROOMS = rooms(5)
SURVEY = NumericPlanner().surveyor.survey(belief(ROOMS))
IDS = tuple(SURVEY.places.tolist())

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
orders = st.lists(st.integers(-2, 14) | st.sampled_from(IDS) | values, max_size=14)
answers = st.builds(lambda order: json.dumps({"strategy": "s", "waypoints": order}), orders)
texts = (
    st.text(max_size=200)
    | answers
    | st.builds(lambda a, b, c: a + b + c, st.text(max_size=20), answers, st.text(max_size=20))
    | st.builds(lambda a, n: a[:n], answers, st.integers(0, 60))
    | values.map(lambda value: json.dumps(value))
)
replies = st.builds(
    Reply, texts, st.sampled_from(ReplyStatus), st.floats(0.0, 20.0), error=st.text(max_size=20)
)


def assert_valid(plan: Plan[Waypoint], survey: Survey) -> None:
    """Known, useful, reachable, each once, complete."""
    places = [w.community for w in plan.subgoals]
    assert sorted(places) == survey.places.tolist()
    for waypoint in plan.subgoals:
        assert survey.labels[waypoint.node] == waypoint.community
        assert survey.roadmap.utility[waypoint.node] > 0
        assert np.isfinite(survey.distance[waypoint.node])
    assert plan.belief_version == survey.version


@given(st.lists(replies, min_size=1, max_size=4))
@settings(max_examples=200)
def test_any_reply_whatsoever_gives_a_valid_plan(given_replies: list[Reply]) -> None:
    planner = FarePlanner(Scripted(given_replies), NumericPlanner(), "rooms")
    for version in range(2):
        plan = planner.plan(belief(ROOMS, version), 10.0)
        assert plan.status is PlanStatus.OK
        assert_valid(plan, replace(SURVEY, version=version))
        assert plan.provenance is not Provenance.NUMERIC
        json.dumps(dict(plan.rungs))


@given(roadmaps(), texts)
@settings(max_examples=60)
def test_any_reply_gives_a_valid_plan_on_any_graph(roadmap: ArrayRoadmap, text: str) -> None:
    snapshot = belief(roadmap)
    planner = FarePlanner(Scripted([text]), NumericPlanner(radius_m=8.0), "")
    plan = planner.plan(snapshot, 10.0)
    survey = NumericPlanner(radius_m=8.0).surveyor.survey(snapshot)
    assert_valid(plan, survey)
    assert (plan.status is PlanStatus.OK) == bool(len(survey.places))


def said(order: object, **more: object) -> Reply:
    return Reply(json.dumps({"waypoints": order, **more}), ReplyStatus.OK)


@pytest.mark.parametrize("wrap", ["{}", "```json\n{}\n```", "Well, {{no}} {{}} so: {} Done {{"])
def test_valid_order_is_taken_as_it_is_whatever_stands_around_it(wrap: str) -> None:
    text = wrap.format(json.dumps({"waypoints": IDS[::-1], "strategy": "the far end\nfirst"}))
    result = climb(Reply(text, ReplyStatus.OK), SURVEY, IDS)
    assert result.flawless
    assert result.order == IDS[::-1]
    assert result.strategy == "the far end first"


@pytest.mark.parametrize("written", [[str(i) for i in IDS], [float(i) for i in IDS]])
def test_ids_written_as_text_or_decimals_count(written: list[object]) -> None:
    assert climb(said(written), SURVEY, IDS).flawless


@pytest.mark.parametrize(
    ("reply", "failed", "fault"),
    [
        (Reply("", ReplyStatus.TIMEOUT, error="Too late."), Rung.ANSWERED, "Too late."),
        (Reply("no", ReplyStatus.OK), Rung.PARSED, "no JSON object"),
        (said("1, 2"), Rung.PARSED, "no JSON object"),
        (said([*IDS, 999]), Rung.KNOWN, "999"),
        (said([*IDS, True]), Rung.KNOWN, "no place"),
        (said([*IDS, IDS[0]]), Rung.UNIQUE, "more than once"),
        (said(IDS[1:]), Rung.COMPLETE, "missing"),
    ],
)
def test_every_fault_is_named_at_its_rung(reply: Reply, failed: Rung, fault: str) -> None:
    result = climb(reply, SURVEY, IDS)
    assert failed not in result.passed
    assert fault in result.fault
    before = CLIMB[: CLIMB.index(failed)]
    assert set(before) <= set(result.passed)
    assert result.reached == str(before[-1] if before else Rung.CALL)


def test_a_finished_place_fails_at_current_and_is_dropped() -> None:
    planner = NumericPlanner(radius_m=14.0)
    first = planner.surveyor.survey(belief(rooms(4, useful=(1, 2))))
    later = belief(replace(rooms(4, useful=(2,)), version=1), 2)
    survey = planner.surveyor.survey(later)
    gone = [i for i in first.places.tolist() if i not in survey.places]
    result = climb(said([*gone, *survey.places.tolist()]), survey, tuple(survey.places.tolist()))
    assert Rung.CURRENT not in result.passed
    assert Rung.KNOWN in result.passed
    assert result.order == tuple(survey.places.tolist())


def test_a_place_out_of_reach_fails_at_reachable_and_is_dropped() -> None:
    mask = np.ones((2, 9), dtype=bool)
    mask[:, 4] = False
    utility = np.zeros(16, dtype=np.int32)
    utility[[2, 7]] = 4
    roadmap = lattice(mask, utility, robot=8)
    survey = NumericPlanner().surveyor.survey(belief(roadmap))
    assert len(survey.out_of_reach) == 1
    here = survey.places.tolist()
    result = climb(said([*survey.out_of_reach, *here]), survey, tuple(here))
    assert Rung.REACHABLE not in result.passed
    assert result.order == tuple(here)
