"""A tool: works out a sum that a text asks for."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

_NUMBER = r"-?\d+(?:\.\d+)?"
_DO: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "plus": operator.add,
    "+": operator.add,
    "minus": operator.sub,
    "-": operator.sub,
    "times": operator.mul,
    "*": operator.mul,
    "divided by": operator.truediv,
    "/": operator.truediv,
}
_SUM = re.compile(rf"({_NUMBER})\s*({'|'.join(map(re.escape, _DO))})\s*({_NUMBER})", re.IGNORECASE)


def result(text: str) -> str:
    """Work out the first sum of two numbers in a text, such as `48 minus 27` or `6 * 7`.

    Args:
        text: whatever holds the sum; signs or words stand for plus, minus, times and divided by.

    Returns:
        The number: exact, or to 28 digits where it never ends.

    Raises:
        ValueError: there is no sum, or it divides by nothing.
    """
    found = _SUM.search(text)
    if found is None:
        raise ValueError("the text asks for no sum of two numbers")
    first, sign, second = found.groups()
    try:
        value = _DO[sign.lower()](Fraction(first), Fraction(second))
    except ZeroDivisionError:
        raise ValueError(f"{found[0]} has no value") from None
    if value.denominator == 1:
        return str(value.numerator)
    return f"{Decimal(value.numerator) / value.denominator:f}"
