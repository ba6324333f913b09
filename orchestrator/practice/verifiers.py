"""Verifiers: how right a text is, given what is known of its task."""

from __future__ import annotations

import math
import pkgutil
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.errors import InvalidConfig, InvalidRequest
from orchestrator.practice.tasks import Task

Verifier = Callable[[Mapping[str, Any], str], float]
_ANSWER: Final = "answer"
_NUMBER: Final = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_RELATIVE: Final = 1e-6


def exact(record: Mapping[str, Any], text: str) -> float:
    """1 where the text is the answer, but for case, blanks and a final full stop."""
    return float(_plain(text) == _plain(_answer(record)))


def contains(record: Mapping[str, Any], text: str) -> float:
    """1 where the text holds the answer somewhere, but for case and blanks."""
    return float(_plain(_answer(record)) in _plain(text))


def number(record: Mapping[str, Any], text: str) -> float:
    """1 where the last number in the text is that of the answer."""
    wanted, found = _last_number(_answer(record)), _last_number(text)
    if wanted is None:
        raise InvalidRequest(f"its answer {_answer(record)[:40]!r} holds no number")
    return float(found is not None and math.isclose(found, wanted, rel_tol=_RELATIVE, abs_tol=_RELATIVE))


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
    try:
        found = pkgutil.resolve_name(name)
    except Exception as error:
        raise InvalidConfig(f"verifier {name[:100]!r} cannot be loaded ({type(error).__name__}: {error})") from None
    if not callable(found):
        raise InvalidConfig(f"verifier {name[:100]!r} is {type(found).__name__}, not a function")
    verifier: Verifier = found
    return verifier


def score_of(verifier: Verifier, task: Task, text: str) -> float:
    """How right a text is.

    Raises:
        InvalidRequest: the verifier failed, or returned no score; the message names the task.
    """
    try:
        said: Any = verifier(task.record, text)
    except InvalidRequest as refusal:
        raise InvalidRequest(f"{task.place}: {refusal}") from None
    except Exception as error:
        raise InvalidRequest(f"{task.place}: the verifier failed ({type(error).__name__}: {error})") from error
    if not isinstance(said, bool | int | float) or not 0.0 <= said <= 1.0:
        raise InvalidRequest(f"{task.place}: the verifier returned {str(said)[:40]!r}; a score is a number from 0 to 1")
    return float(said)


def _answer(record: Mapping[str, Any]) -> str:
    answer = record.get(_ANSWER)
    if not isinstance(answer, str | int | float) or isinstance(answer, bool) or not str(answer).strip():
        raise InvalidRequest('it has no "answer" to compare with; a verifier of your own can use other fields')
    return str(answer)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".").rstrip()


def _last_number(text: str) -> float | None:
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "")) if found else None
