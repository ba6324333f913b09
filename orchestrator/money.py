"""Money: an integer number of nano-dollars (R1).

A token can cost 5e-8 USD, so a cent is far too coarse and a float far too vague. Amounts
enter through `Money.usd`, which refuses whatever it cannot represent exactly; inside the
market they are plain integers in variables whose names end in `_nanos`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Final

from orchestrator.errors import InvalidMoney

NANOS_PER_USD: Final = 1_000_000_000
AMOUNT_NANOS_MAX: Final = 10**9 * NANOS_PER_USD
"""The largest amount that anybody may name; a larger one is taken for a mistaken unit."""

NANOS_MAX: Final = 2**63 - 1
"""What 64 bits hold, and so the most that an account can: sums may come to more than anybody may name at once."""

_DECIMAL_PLACES: Final = 9
_EXPONENT_MAX: Final = 12
_SHOWN_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """A non-negative amount of US dollars, exact to the nano-dollar.

    Args:
        nanos: the amount in nano-dollars (1e-9 USD), from 0 to 2**63 - 1.

    Raises:
        InvalidMoney: `nanos` is not an int, is negative or is above what 64 bits hold.
    """

    nanos: int

    def __post_init__(self) -> None:
        if type(self.nanos) is not int:
            raise InvalidMoney(f"money is a whole number of nano-dollars, not {type(self.nanos).__name__}")
        if self.nanos < 0:
            raise InvalidMoney(f"money cannot be negative: {format_usd(self.nanos)} USD")
        if self.nanos > NANOS_MAX:
            raise InvalidMoney("more than 9,223,372,036 USD cannot be counted; check the unit")

    @classmethod
    def usd(cls, amount: Money | int | str | Decimal | float) -> Money:
        """Read an amount of US dollars, exactly or not at all.

        Args:
            amount: dollars as int, str, Decimal or Money; a float only where its shortest
                decimal form has at most nine places.

        Returns:
            The amount.

        Raises:
            InvalidMoney: it is negative, not finite, a bool, not a number, finer than a
                nano-dollar or above one billion dollars.
        """
        read = amount if isinstance(amount, Money) else cls(_to_nanos(amount))
        if read.nanos > AMOUNT_NANOS_MAX:
            raise InvalidMoney("an amount above 1,000,000,000 USD is refused; check its unit")
        return read

    def __add__(self, other: Money) -> Money:
        return Money(self.nanos + other.nanos)

    def __sub__(self, other: Money) -> Money:
        return Money(self.nanos - other.nanos)

    def share(self, fraction: float) -> Money:
        """The given fraction of this amount, rounded down to the nano-dollar.

        Args:
            fraction: a finite number of 0 or more.

        Returns:
            The share.

        Raises:
            InvalidMoney: `fraction` is negative or not finite.
        """
        if not 0.0 <= fraction < float("inf"):
            raise InvalidMoney(f"a share of money is a finite fraction of 0 or more, not {fraction}")
        numerator, denominator = Decimal(repr(float(fraction))).as_integer_ratio()
        return Money(self.nanos * numerator // denominator)

    def to_float(self) -> float:
        """Dollars as a float, for statistics only: never convert it back."""
        return self.nanos / NANOS_PER_USD

    def __str__(self) -> str:
        return format_usd(self.nanos)

    def __repr__(self) -> str:
        return f"Money.usd('{self}')"


def format_usd(nanos: int) -> str:
    """Write signed nano-dollars as decimal dollars with two to nine places, losing nothing.

    Args:
        nanos: the amount in nano-dollars; may be negative (a loss).

    Returns:
        For example `"0.05"`, `"-1.000000001"`.
    """
    sign = "-" if nanos < 0 else ""
    whole, rest = divmod(abs(nanos), NANOS_PER_USD)
    places = f"{rest:09d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{places}"


def _to_nanos(amount: object) -> int:
    shown = _shown(amount)
    if isinstance(amount, bool) or not isinstance(amount, int | str | Decimal | float):
        raise InvalidMoney(f"{shown} is not an amount of money; give dollars as a number, for example 10 or '2.50'")
    try:
        # NumPy's figures are floats that call themselves something else.
        exact = Decimal(repr(float(amount))) if isinstance(amount, float) else Decimal(amount)
    except (InvalidOperation, ValueError):
        raise InvalidMoney(f"{shown} is not a number of dollars; write for example 10 or '2.50'") from None
    if not exact.is_finite():
        raise InvalidMoney(f"{shown} is not a finite number of dollars")
    if exact < 0:
        raise InvalidMoney(f"{shown} is negative; money is 0 or more")
    if exact.adjusted() > _EXPONENT_MAX:
        raise InvalidMoney(f"{shown} is above 1,000,000,000 USD; check its unit")
    if not exact:
        return 0
    if exact.adjusted() < -_DECIMAL_PLACES:
        # Not left to the arithmetic below, which takes what lies beyond its exponents for 0.
        raise _too_fine(shown)
    # With a precision of its own: in the caller's context Decimal rounds, to 28 places or fewer.
    digits = len(exact.as_tuple().digits)
    scaled = exact.scaleb(_DECIMAL_PLACES, Context(prec=digits + 2 * _EXPONENT_MAX))
    if scaled != scaled.to_integral_value():
        raise _too_fine(shown)
    return int(scaled)


def _too_fine(shown: str) -> InvalidMoney:
    return InvalidMoney(f"{shown} is finer than a nano-dollar (nine decimal places); round it first")


def _shown(amount: object) -> str:
    try:
        return repr(amount)[:_SHOWN_CHARACTERS]
    except Exception:
        return f"this {type(amount).__name__}"
