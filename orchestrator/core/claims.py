"""When two answers are the same answer."""

from __future__ import annotations

import ast
import json
import re
import warnings
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"[+-]?\$?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?%?")
_PERCENT = re.compile(r" ?(\\%|percent|per cent)$")
_LETTER = re.compile(r"\(?([A-Za-z])\)?[.:)]?")
_WORDS = re.compile(r"([^\W\d_]+(?:[ '-][^\W\d_]+)*)\.?")
"""Nothing but words: a sign, a digit or a quotation mark among them may mean something, and so may case beside it."""
_WORDS_CHARACTERS_MAX = 60
_ANSWERS = frozenset({"yes", "no"})
_SYMBOL_CHARACTERS_MAX = 3
_WRAPPERS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"```[\w+-]*\n(.*)\n?```",
        r"`([^`]+)`",
        r"\*{1,3}([^*]+)\*{1,3}",
        r"\${1,2}([^$]+)\${1,2}",
        r"\\\((.*)\\\)",
        r"\\\[(.*)\\\]",
        r"\\(?:boxed|text|textbf|mathrm|mathbf)\{(.*)\}",
    )
)
"""What an answer may be wrapped in that is none of it: Markdown and TeX."""
_FRACTION = re.compile(r"(-?)\\[dt]?frac\{(\d+)\}\{(\d+)\}")
"""A fraction of TeX; beside a number it may be part of a mixed one, so it is written on one line only by itself."""
_CALL = re.compile(r"\[?[A-Za-z_][\w.]*\(.*\)\]?", re.DOTALL)
_LITERAL_START = frozenset("[{('\"")
_WARNED_OF = re.compile(r"\\|\b\d[\w.]*(and|else|for|if|in|is|not|or)")
"""What Python warns of in a literal: a backslash that escapes nothing, and a word that touches a number (`(1or 2)`)."""
_SHORT_CHARACTERS_MAX = 2000


def normalise(answer: str | None) -> str | None:
    r"""Write an answer so that equal answers have equal texts.

    Markup around the whole answer is none of it (`**7**`, `\boxed{7}` and `$7$` are `7`). Numbers lose thousands'
    commas, a dollar sign, a closing full stop and zeros that say nothing (`10,080.` is `10080`, `8.00` and `(8.0)` are
    `8`), and fractions of TeX are written on one line; a single letter loses brackets and case (`(b)` is `B`); code
    literals are laid out one way, whatever order a set or a dictionary is written in, and so are JSON and calls of
    functions, whatever order named arguments are in; a few plain words lose a closing full stop, and case, unless it
    may mean something (`Yes.` is `yes`, and `CO` is not `Co`); of everything else the white space is evened out.

    Returns:
        The text; None where there is no answer.
    """
    bare = _unwrapped((answer or "").strip())
    text = " ".join(bare.split())
    if not text:
        return None
    if (letter := _LETTER.fullmatch(text)) is not None:
        return letter.group(1).upper()
    if (number := _as_number(text)) is not None:
        return number
    if (literal := _as_literal(bare) or _as_literal(text)) is not None:
        # A number in brackets is that number: laid out it reads like one, and would be another text the next time.
        return _as_number(literal) or literal
    if (call := _as_call(bare)) is not None:
        return call
    if len(text) <= _WORDS_CHARACTERS_MAX and (words := _WORDS.fullmatch(text)) is not None:
        plain = words.group(1)
        # Written out again: what is folded to a single letter (the sign for kelvin) is one.
        return normalise(plain.casefold()) if _is_plain(plain) and plain != plain.casefold() else plain
    fraction = _FRACTION.fullmatch(text)
    return text if fraction is None else fraction.expand(r"\1\2/\3")


def _is_plain(words: str) -> bool:
    """Whether case means nothing: it may within a word (`pH`), or in a short one that is all capitals (`CO`, `US`)."""
    return words.casefold() in _ANSWERS or all(
        word[1:].islower() or len(word) == 1 or (word.isupper() and len(word) > _SYMBOL_CHARACTERS_MAX)
        for word in re.split("[ '-]", words)
    )


def _unwrapped(text: str) -> str:
    """A short text without what it is wrapped in, time and again; what would leave nothing is left."""
    while len(text) <= _SHORT_CHARACTERS_MAX:
        inside = next((found for wrapper in _WRAPPERS if (found := _inside(wrapper, text))), None)
        if inside is None:
            break
        text = inside
    return text


def _inside(wrapper: re.Pattern[str], text: str) -> str | None:
    found = wrapper.fullmatch(text)
    return found.group(1).strip() if found is not None and _is_balanced(found.group(1)) else None


def _is_balanced(text: str) -> bool:
    """Whether each brace that is closed was opened: else the first and the last of a text are no pair."""
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0


def _as_number(text: str) -> str | None:
    text = _PERCENT.sub("%", text).replace("\\$", "$")
    if _NUMBER.fullmatch(text) is None or not any(map(str.isdigit, text)):
        return None
    # Formatted, not normalised: that would round to 28 digits, and long whole numbers would become equal.
    plain = format(Decimal(text.replace(",", "").replace("$", "").rstrip("%").rstrip(".")), "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return ("0" if plain == "-0" else plain) + "%" * text.endswith("%")


def _as_literal(text: str) -> str | None:
    if text[0] not in _LITERAL_START or len(text) > _SHORT_CHARACTERS_MAX:
        return None
    try:
        with _silence() if _WARNED_OF.search(text) else nullcontext():
            return _laid_out(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _as_json(text)


def _as_call(text: str) -> str | None:
    """A call of a function, or a list of calls, as Python would write it, with named arguments in order."""
    if len(text) > _SHORT_CHARACTERS_MAX or _CALL.fullmatch(text) is None:
        return None
    try:
        with _silence() if _WARNED_OF.search(text) else nullcontext():
            written = ast.parse(text, mode="eval").body
            calls = written.elts if isinstance(written, ast.List) else [written]
            if not all(isinstance(call, ast.Call) for call in calls):
                return None
            for call in ast.walk(written):
                if isinstance(call, ast.Call):
                    call.keywords.sort(key=lambda given: given.arg or "")
            return ast.unparse(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _as_json(text: str) -> str | None:
    """What of JSON is no code literal, `true`, `false` and `null` in it, laid out as if it were one."""
    try:
        return _laid_out(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    """What is no JSON, though Python reads it as such, could not be read back once it is laid out."""
    raise ValueError(constant)


def _silence() -> AbstractContextManager[object]:
    """What is odd in a model's answer is no concern of whoever runs the market.

    What is silenced is so in all threads, so that nothing is that need not be.
    """
    return warnings.catch_warnings(action="ignore")


def _laid_out(value: Any) -> str:
    """As `repr` does, but with sets and dictionaries in order: `repr` of a set differs from process to process."""
    if isinstance(value, set):
        return "{" + ", ".join(sorted(map(_laid_out, value))) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{_laid_out(key)}: {_laid_out(each)}" for key, each in value.items())) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_laid_out, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_laid_out, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)
