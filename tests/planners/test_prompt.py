"""What a model is told and the form its answer must have."""

from __future__ import annotations

import json
import re
from itertools import permutations

import pytest

from hiera.planners.exploration import NumericPlanner
from hiera.planners.exploration.prompt import (
    ORDER_FIELD,
    TEXT_FIELDS,
    PromptSettings,
    answer_schema,
    completion,
    conversation,
    listed_places,
    permutation_grammar,
)
from tests.planners.roadmaps import belief, rooms


def derivations(grammar: str) -> set[str]:
    """Every sentence of a permutation grammar without text rules."""
    rules = {}
    for line in grammar.splitlines():
        name, _, body = line.partition(" ::= ")
        rules[name] = [re.findall(r'"(?:[^"\\]|\\.)*"|\w+', choice) for choice in body.split(" | ")]

    def expand(symbol: str) -> list[str]:
        if symbol.startswith('"'):
            return [json.loads(symbol)]
        sentences = []
        for choice in rules[symbol]:
            partial = [""]
            for part in choice:
                partial = [head + tail for head in partial for tail in expand(part)]
            sentences += partial
        return sentences

    return set(expand("root"))


@pytest.mark.parametrize("ids", [(4,), (7, 2), (3, 11, 0, 25)])
def test_grammar_derives_exactly_the_permutations(ids: tuple[int, ...]) -> None:
    orders = {tuple(json.loads(s)[ORDER_FIELD]) for s in derivations(_grammar(ids))}
    assert orders == set(permutations(ids))


def _grammar(ids: tuple[int, ...]) -> str:
    return permutation_grammar(ids, analysis=False)


def test_grammar_has_one_rule_per_set_of_ids_left() -> None:
    grammar = permutation_grammar(range(10), analysis=False)
    assert len(grammar.splitlines()) == 2**10 - 1 + 1


@pytest.mark.parametrize("ids", [(), (1, 1), tuple(range(11))])
def test_grammar_is_refused_for_ids_it_cannot_order(ids: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="different ids"):
        permutation_grammar(ids)


def test_schema_names_every_id_and_the_analysis() -> None:
    schema = answer_schema((3, 5))
    assert schema["required"] == [*TEXT_FIELDS, ORDER_FIELD]
    assert schema["properties"][ORDER_FIELD]["items"]["enum"] == [3, 5]
    assert answer_schema((3, 5), analysis=False)["required"] == [ORDER_FIELD]
    json.dumps(schema)


def test_prompt_tells_environment_places_and_current_order() -> None:
    snapshot = belief(rooms(4))
    survey = NumericPlanner().surveyor.survey(snapshot)
    listed = listed_places(survey, 10)
    system, user = conversation(
        snapshot, survey, "A small museum.", listed[:2], listed, PromptSettings()
    )
    assert system.role == "system"
    assert "A small museum." in user.content
    for place in listed:
        assert re.search(rf"^{place} \| 5 \| ", user.content, re.MULTILINE)
    assert f"Current order: {listed[0]}, {listed[1]}." in user.content
    assert all(field in user.content for field in TEXT_FIELDS)


def test_prompt_lists_the_nearest_places_and_says_that_there_are_more() -> None:
    snapshot = belief(rooms(8))
    survey = NumericPlanner().surveyor.survey(snapshot)
    listed = listed_places(survey, 3)
    nearest = sorted(survey.legs[0, 1:].tolist())[:3]
    at = dict(zip(survey.places.tolist(), survey.legs[0, 1:], strict=True))
    assert [at[place] for place in listed] == nearest
    _, user = conversation(snapshot, survey, "", (), listed, PromptSettings())
    assert f"({len(survey.places) - 3} more, farther away" in user.content
    assert "not described" in user.content


def test_grammar_is_sent_for_ten_ids_and_not_for_eleven() -> None:
    ten, eleven = (
        completion((), tuple(range(n)), PromptSettings(), seed=0, timeout_s=1.0) for n in (10, 11)
    )
    assert ten.grammar is not None
    assert eleven.grammar is None
    assert eleven.schema is not None
