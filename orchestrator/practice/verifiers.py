"""Verifiers: how right a text is, given what is known of its task."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from orchestrator.core.claims import normalise
from orchestrator.errors import InvalidConfig, InvalidRequest
from orchestrator.plugins.functions import check_call, find_function, plain_number
from orchestrator.plugins.plugin import said as in_words
from orchestrator.practice.tasks import LabelledTask

Verifier = Callable[[Mapping[str, Any], str], float]
_ANSWER: Final = "answer"
# A sign is no sign after a digit or a bracket (`5-3`), and a point no decimal one after a word (`No.5`).
_UNSIGNED: Final = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\w.])\.\d+)(?:[eE][-+]?\d+)?"
_NUMBER: Final = re.compile(rf"(?:(?<![\d)\]])-)?\$?{_UNSIGNED}(?:\s*/\s*{_UNSIGNED})?")
_LATEX_FRACTION: Final = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_WHOLE: Final = re.compile(r"-?\d+")
_TOLERANCE: Final = 1e-6


def exact(record: Mapping[str, Any], text: str) -> float:
    """1 where the text is the answer, but for case, blanks and a final full stop."""
    return float(_plain(text) == _plain(_answer(record)))


def contains(record: Mapping[str, Any], text: str) -> float:
    """1 where the text holds the answer somewhere, but for case and blanks."""
    return float(_plain(_answer(record)) in _plain(text))


def number(record: Mapping[str, Any], text: str) -> float:
    """1 where the last number in the text is that of the answer; a fraction is one number."""
    wanted, found = _last_number(_answer(record)), _last_number(text)
    if wanted is None:
        raise InvalidRequest(f"its answer {_answer(record)[:40]!r} holds no number")
    return float(found is not None and _are_equal(found, wanted))


BUILT_IN: Final[Mapping[str, Verifier]] = {"exact": exact, "contains": contains, "number": number}


def load_verifier(name: str) -> Verifier:
    """Find a verifier.

    Args:
        name: `exact`, `contains`, `number`, or the path `package.module:function` of one of your own:
            a function of the task's record and a text, which returns a score from 0 to 1.

    Raises:
        InvalidConfig: there is none of this name.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    if ":" not in name:
        raise InvalidConfig(
            f"there is no verifier {name[:60]!r}; choose one of {', '.join(BUILT_IN)}, "
            "or give the path package.module:function of your own"
        )
    return find_function(name, "verifier")


def check_verifier(verifier: Verifier, tasks: Sequence[LabelledTask]) -> None:
    """Find out whether a verifier can score tasks, before anybody is paid for working on them.

    Those that come along are tried on every task. One of the operator's own may be slow, so its
    parameters are looked at, and it is tried once: on the first task, with the task's own text.

    Raises:
        InvalidConfig: it does not take a record and a text.
        InvalidRequest: it cannot score a task; the message names the task.
    """
    if verifier in BUILT_IN.values():
        for task in tasks:
            score_of(verifier, task, "")
        return
    _check_parameters(verifier)
    for task in tasks[:1]:
        try:
            score_of(verifier, task, task.request)
        except InvalidRequest as refusal:
            raise InvalidRequest(
                f"{refusal}; it was tried with the task's own text, before anything was asked: "
                "a work may be any text, and one that is not right scores 0"
            ) from refusal


def score_of(verifier: Verifier, task: LabelledTask, text: str) -> float:
    """How right a text is.

    Raises:
        InvalidRequest: the verifier failed, or returned no score; the message names the task.
    """
    try:
        said: Any = verifier(task.record, text)
    except InvalidRequest as refusal:
        raise InvalidRequest(f"{task.place}: {refusal}") from None
    except (Exception, SystemExit) as error:
        raise InvalidRequest(f"{task.place}: the verifier failed ({in_words(error)})") from error
    score = plain_number(said)
    if not isinstance(score, bool | int | float | Decimal) or not 0 <= score <= 1:
        raise InvalidRequest(
            f"{task.place}: the verifier returned {str(said)[:40]!r} ({type(said).__name__}); "
            "a score is a number from 0 to 1"
        )
    return float(score)


def _check_parameters(verifier: Verifier) -> None:
    name = getattr(verifier, "__qualname__", type(verifier).__name__)
    if inspect.iscoroutinefunction(verifier):
        raise InvalidConfig(f"verifier {name} is asynchronous; a verifier is a plain function")
    check_call(verifier, ({}, ""), f"verifier {name}", "a task's record and a text")


def _answer(record: Mapping[str, Any]) -> str:
    answer = record.get(_ANSWER)
    if answer is None or (isinstance(answer, str) and not _plain(answer)):
        # Of full stops alone nothing is left to compare, and nothing stands in every text.
        left = "no" if answer is None or not answer.strip() else f"nothing but full stops ({answer[:40]!r}) as"
        raise InvalidRequest(f'it has {left} "answer" to compare with; a verifier of your own can use other fields')
    is_no_number = isinstance(answer, bool) or (isinstance(answer, float) and not math.isfinite(answer))
    if not isinstance(answer, str | int | float) or is_no_number:
        raise InvalidRequest(
            f'its "answer" is {json.dumps(answer)[:60]}; it must be a text or a number to be compared with, '
            "unless you name a verifier of your own"
        )
    return str(answer)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".").rstrip()


def _last_number(text: str) -> str | None:
    """As it is written, but for commas, a dollar sign, and how fractions and minus signs are set."""
    plain = _LATEX_FRACTION.sub(r"\1/\2", text.replace("\N{MINUS SIGN}", "-"))
    found = _NUMBER.findall(plain)
    return found[-1].replace(",", "").replace("$", "") if found else None


def _are_equal(found: str, wanted: str) -> bool:
    """Whole numbers to the last digit, others but for rounding; those that are too big for that as they are written."""
    value = _value(wanted)
    are_whole = _WHOLE.fullmatch(found) and _WHOLE.fullmatch(wanted)
    if are_whole or not math.isfinite(value):
        return normalise(found.casefold()) == normalise(wanted.casefold())
    return math.isclose(_value(found), value, rel_tol=_TOLERANCE, abs_tol=0.0 if value else _TOLERANCE)


def _value(number: str) -> float:
    above, _, below = number.partition("/")
    divisor = float(below or 1)
    return float(above) / divisor if divisor else math.nan
