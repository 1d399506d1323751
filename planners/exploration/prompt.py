"""What a language model is told, and the form its answer must have.

FARE asks in two steps, analysis (spatial characteristics, obstacle characteristics, exploration
challenges) and strategy, then for an order of waypoints in the global graph; its prompts are not
public. Ours asks for all of it in one structured answer. A JSON schema can demand that ids are
known, not that each occurs exactly once; for up to ten ids a grammar can, with one rule per set
of ids still to be placed: S(mask) -> id_i "," S(mask without i), in all 2^n - 1 rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.survey import Survey
from hiera.planners.language.contract import Completion, Message

GRAMMAR_UP_TO: Final = 10
"""Ids up to which a permutation grammar is built (1,023 rules)."""

TEXT_FIELDS: Final = (
    "spatial_characteristics",
    "obstacle_characteristics",
    "exploration_challenges",
    "strategy",
)
ORDER_FIELD: Final = "waypoints"

_TEXT_LENGTH: Final = 240
_SYSTEM: Final = (
    "You plan the order in which a robot explores a building it has never seen. The known part "
    "is divided into places. Judge the kind of building, then put the unfinished places in the "
    "order in which the robot should visit them, so that everything is explored with the least "
    "driving. Finish small places near the way before leaving them behind for a long return. "
    "Answer with JSON only."
)


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """How much is asked for and sent.

    Attributes:
        analysis: Ask for analysis and strategy before the order; costs a few hundred tokens.
        most_places: Unfinished places listed, the nearest first; the tour appends the others.
        temperature: Of the sampling; 0 is greedy.
        max_tokens: Upper bound on the answer [tokens].
    """

    analysis: bool = True
    most_places: int = 24
    temperature: float = 0.0
    max_tokens: int = 640


def listed_places(survey: Survey, most: int) -> tuple[int, ...]:
    """Ids of the unfinished places that a prompt lists, the nearest first."""
    nearest = np.lexsort((survey.places, survey.legs[0, 1:]))[:most]
    return tuple(survey.places[nearest].tolist())


def conversation(
    belief: ExplorationBelief,
    survey: Survey,
    environment: str,
    current: Sequence[int],
    listed: Sequence[int],
    settings: PromptSettings,
) -> tuple[Message, ...]:
    """System and user message for a belief.

    Args:
        belief: What is known.
        survey: The same, condensed.
        environment: A person's description of the place.
        current: Ids of the plan in force that are still useful, in order.
        listed: Ids to be put in order.
        settings: What to ask for.
    """
    low_x, low_y, high_x, high_y = belief.bounds
    lines = [
        f"Environment: {environment.strip() or 'not described.'}",
        f"Explored so far: {belief.explored_area_m2:.0f} m2 within "
        f"{high_x - low_x:.0f} m x {high_y - low_y:.0f} m, after {belief.time_s:.0f} s.",
        _whereabouts(survey),
        "",
        "Unfinished places (id | still to see | area m2 | distance m | position x,y m | next to):",
        *(_row(survey, place) for place in listed),
    ]
    if len(listed) < len(survey.places):
        rest = survey.utility[~np.isin(survey.places, listed)]
        lines.append(f"({len(rest)} more, farther away, {rest.sum()} still to see)")
    lines += ["", f"Current order: {', '.join(map(str, current)) or 'none'}.", ""]
    lines.append(_request(listed, settings.analysis))
    return (Message("system", _SYSTEM), Message("user", "\n".join(lines)))


def completion(
    messages: tuple[Message, ...],
    listed: Sequence[int],
    settings: PromptSettings,
    *,
    seed: int,
    timeout_s: float,
) -> Completion:
    """The request, with the schema and, for few ids, the grammar of the answer."""
    return Completion(
        messages=messages,
        schema=answer_schema(listed, analysis=settings.analysis),
        grammar=(
            permutation_grammar(listed, analysis=settings.analysis)
            if len(listed) <= GRAMMAR_UP_TO
            else None
        ),
        temperature=settings.temperature,
        seed=seed,
        max_tokens=settings.max_tokens,
        timeout_s=timeout_s,
    )


def answer_schema(ids: Sequence[int], *, analysis: bool = True) -> dict[str, Any]:
    """JSON schema of an answer that orders ``ids``."""
    text = {"type": "string", "maxLength": _TEXT_LENGTH}
    properties: dict[str, Any] = dict.fromkeys(TEXT_FIELDS, text) if analysis else {}
    properties[ORDER_FIELD] = {
        "type": "array",
        "items": {"type": "integer", "enum": list(ids)},
        "minItems": len(ids),
        "maxItems": len(ids),
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def permutation_grammar(ids: Sequence[int], *, analysis: bool = True) -> str:
    """GBNF grammar of an answer in which every id occurs exactly once.

    Raises:
        ValueError: If there are no ids, more than `GRAMMAR_UP_TO`, or one occurs twice.
    """
    n = len(ids)
    if not 1 <= n <= GRAMMAR_UP_TO or len(set(ids)) != n:
        raise ValueError(f"a permutation grammar needs 1 to {GRAMMAR_UP_TO} different ids")
    fields = "".join(f'"\\"{field}\\": " text ", " ' for field in TEXT_FIELDS) if analysis else ""
    full = (1 << n) - 1
    rules = [f'root ::= "{{" {fields}"\\"{ORDER_FIELD}\\": [" s{full} "]}}"']
    for mask in range(1, full + 1):
        choices = [
            f'"{ids[i]}, " s{mask ^ (1 << i)}' if mask != 1 << i else f'"{ids[i]}"'
            for i in range(n)
            if mask >> i & 1
        ]
        rules.append(f"s{mask} ::= {' | '.join(choices)}")
    if analysis:
        rules.append(f'text ::= "\\"" [^"\\\\\\x00-\\x1F]{{1,{_TEXT_LENGTH}}} "\\""')
    return "\n".join(rules)


def repair_message(fault: str, listed: Sequence[int]) -> Message:
    """Asks once more, with the fault in a sentence."""
    wanted = ", ".join(map(str, sorted(listed)))
    return Message(
        "user",
        f"That answer cannot be used: {fault} Answer again with JSON only; "
        f'"{ORDER_FIELD}" must hold each of these ids exactly once: {wanted}.',
    )


def _whereabouts(survey: Survey) -> str:
    x, y = survey.roadmap.xy[survey.roadmap.robot]
    place = survey.labels[survey.roadmap.robot]
    inside = f", in place {place}" if place >= 0 else ""
    return f"The robot is at ({x:.0f}, {y:.0f}){inside}."


def _row(survey: Survey, place: int) -> str:
    at = int(np.searchsorted(survey.places, place))
    vertex = int(np.searchsorted(survey.graph.ids, place))
    x, y = survey.graph.xy[vertex]
    around = survey.graph.ids[survey.graph.neighbours(vertex)].tolist()
    return (
        f"{place} | {survey.utility[at]} | {survey.area_m2[at]:.0f} | "
        f"{survey.legs[0, at + 1]:.0f} | {x:.0f},{y:.0f} | {' '.join(map(str, around)) or '-'}"
    )


def _request(listed: Sequence[int], analysis: bool) -> str:
    wanted = ", ".join(map(str, sorted(listed)))
    order = f'"{ORDER_FIELD}": every one of these ids exactly once, first to visit first: {wanted}'
    if not analysis:
        return f"Answer with a JSON object with {order}."
    texts = ", ".join(f'"{field}"' for field in TEXT_FIELDS)
    return f"Answer with a JSON object with {texts} (one short sentence each) and {order}."
