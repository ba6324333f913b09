"""When two recorded answers are the same answer."""

from __future__ import annotations

import ast
import re
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?\$?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?%?")
_LETTER = re.compile(r"\(?([A-Za-z])\)?[.:)]?")
_LITERAL_START = frozenset("[{('\"")
_LITERAL_CHARACTERS_MAX = 2000


def normalise(answer: str | None) -> str | None:
    """Write an answer so that equal answers have equal texts.

    Numbers lose thousands' commas, a dollar sign, a closing full stop and zeros that say nothing
    (`10,080.` is `10080`, `8.00` is `8`); a single letter loses brackets and case (`(b)` is `B`);
    code literals are laid out one way; of everything else the white space is evened out.

    Returns:
        The text; None where there is no answer.
    """
    text = " ".join((answer or "").split())
    if not text:
        return None
    if (letter := _LETTER.fullmatch(text)) is not None:
        return letter.group(1).upper()
    if (number := _as_number(text)) is not None:
        return number
    return _as_literal(text) or text


def _as_number(text: str) -> str | None:
    if _NUMBER.fullmatch(text) is None or not any(map(str.isdigit, text)):
        return None
    value = Decimal(text.replace(",", "").replace("$", "").rstrip("%").rstrip("."))
    plain = format(value.normalize() if value else Decimal(0), "f")
    return plain + "%" * text.endswith("%")


def _as_literal(text: str) -> str | None:
    if text[0] not in _LITERAL_START or len(text) > _LITERAL_CHARACTERS_MAX:
        return None
    try:
        return repr(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
