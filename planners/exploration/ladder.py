"""From any text to a valid order of places: the validity ladder.

A language model's answer is climbed rung by rung: it has arrived, it parses, its ids are known,
none occurs twice, each is still useful, each can be reached, none is missing. A rung is counted
when the answer passed it as it came, so that counts over calls are validity rates; what failed is
dropped (or, for missing ids, appended by the tour) and the climb goes on. An answer without a
single usable id costs one repair call, which quotes the fault in a sentence; then the last valid
plan is brought up to date; then the tour decides alone.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hiera.planners.exploration.prompt import ORDER_FIELD, TEXT_FIELDS
from hiera.planners.exploration.survey import Survey
from hiera.planners.language.contract import Reply, ReplyStatus

_MOST_BRACES: Final = 64
_MOST_TEXT: Final = 100_000


class Rung(StrEnum):
    """Steps of the ladder; counted under these names in `Plan.rungs`."""

    CALL = "call"
    """A language model was asked."""
    ANSWERED = "answered"
    """An answer arrived in time."""
    PARSED = "parsed"
    """It holds a JSON object with an order."""
    KNOWN = "known"
    """Every id in it has been given to a place at some time."""
    UNIQUE = "unique"
    """None occurs twice."""
    CURRENT = "current"
    """Each belongs to a place of this belief that still has something to see."""
    REACHABLE = "reachable"
    """Each can be reached by the robot."""
    COMPLETE = "complete"
    """None that was asked for is missing."""
    REPAIR_CALL = "repair_call"
    """The model was asked once more, with the fault in a sentence."""
    LAST_PLAN = "last_plan"
    """The last valid plan was brought up to date instead."""
    TOUR = "tour"
    """The open tour decided alone."""


CLIMB: Final = (
    Rung.ANSWERED,
    Rung.PARSED,
    Rung.KNOWN,
    Rung.UNIQUE,
    Rung.CURRENT,
    Rung.REACHABLE,
    Rung.COMPLETE,
)
"""The checks, in the order in which an answer meets them."""


@dataclass(slots=True)
class Climb:
    """What became of one answer.

    Attributes:
        order: Usable ids in the model's order, each once; possibly empty.
        passed: Rungs passed without any correction.
        fault: The first fault in one sentence, empty if there was none.
        strategy: The model's strategy, if it gave one.
    """

    order: tuple[int, ...] = ()
    passed: list[Rung] = field(default_factory=list)
    fault: str = ""
    strategy: str = ""

    @property
    def flawless(self) -> bool:
        """Whether the answer is valid as it came."""
        return len(self.passed) == len(CLIMB)

    @property
    def reached(self) -> str:
        """The last rung before the first fault, for the record."""
        last = Rung.CALL
        for rung in CLIMB:
            if rung not in self.passed:
                break
            last = rung
        return str(last)

    def count(self, rungs: Counter[str]) -> None:
        """Adds the passed rungs to a plan's counts."""
        rungs.update(str(rung) for rung in self.passed)

    def _judge(self, rung: Rung, bad: list[int], sentence: str) -> None:
        if not bad:
            self.passed.append(rung)
        elif not self.fault:
            self.fault = sentence.format(ids=_some(bad))


def climb(reply: Reply, survey: Survey, listed: tuple[int, ...]) -> Climb:
    """Checks an answer against the belief it was asked for.

    Args:
        reply: Whatever came back.
        survey: Of the belief in force.
        listed: Ids that were to be put in order.
    """
    result = Climb()
    if reply.status is not ReplyStatus.OK:
        result.fault = reply.error or f"The answer was {reply.status}."
        return result
    result.passed.append(Rung.ANSWERED)
    answer = _first_answer(reply.text)
    if answer is None:
        result.fault = f'There was no JSON object with a list "{ORDER_FIELD}" in it.'
        return result
    result.passed.append(Rung.PARSED)
    strategy = answer.get(TEXT_FIELDS[-1])
    result.strategy = " ".join(strategy.split())[:400] if isinstance(strategy, str) else ""
    _sift(result, answer[ORDER_FIELD], survey, listed)
    return result


def _sift(result: Climb, given: object, survey: Survey, listed: tuple[int, ...]) -> None:
    """Drops what cannot be used from the order, one rung after the other."""
    entries = given if isinstance(given, list) else []
    ids = [_as_id(entry) for entry in entries]
    known = [i for i in ids if 0 <= i < survey.issued]
    bad = [i for i in ids if not 0 <= i < survey.issued]
    result._judge(Rung.KNOWN, bad, "There is no place with the id {ids}.")
    unique = list(dict.fromkeys(known))
    twice = [i for i, times in Counter(known).items() if times > 1]
    result._judge(Rung.UNIQUE, twice, "The id {ids} occurs more than once.")
    useful = set(survey.places.tolist())
    current = [i for i in unique if i in useful or i in survey.out_of_reach]
    gone = [i for i in unique if i not in useful and i not in survey.out_of_reach]
    result._judge(Rung.CURRENT, gone, "The place {ids} has nothing left to explore.")
    reachable = [i for i in current if i in useful]
    lost = [i for i in current if i not in useful]
    result._judge(Rung.REACHABLE, lost, "The place {ids} cannot be reached.")
    missing = [i for i in listed if i not in reachable]
    result._judge(Rung.COMPLETE, missing, "The id {ids} is missing.")
    result.order = tuple(reachable)


def _first_answer(text: str) -> dict[str, object] | None:
    """The first JSON object with an order, whatever stands around it."""
    decoder = json.JSONDecoder()
    text = text[:_MOST_TEXT]
    at = text.find("{")
    for _ in range(_MOST_BRACES):
        if at < 0:
            return None
        try:
            found, _ = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and isinstance(found.get(ORDER_FIELD), list):
            return found
        at = text.find("{", at + 1)
    return None


def _as_id(entry: object) -> int:
    """A place's id as models write it: 7, 7.0, "7"; -1 for anything else."""
    if isinstance(entry, bool):
        return -1
    if isinstance(entry, int):
        return entry
    if isinstance(entry, float) and entry.is_integer():
        return int(entry)
    if isinstance(entry, str):
        digits = entry.strip().lstrip("#")
        if digits.isascii() and digits.isdigit() and len(digits) < 10:
            return int(digits)
    return -1


def _some(ids: list[int]) -> str:
    shown = ", ".join(str(i)[:12] for i in ids[:5])
    return shown if len(ids) <= 5 else f"{shown} and {len(ids) - 5} more"
