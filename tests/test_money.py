"""Money is exact or refused (R1)."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import CallerError, InvalidMoney
from orchestrator.money import AMOUNT_NANOS_MAX, NANOS_MAX, NANOS_PER_USD, Money, format_usd

NANOS = st.integers(0, AMOUNT_NANOS_MAX)


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("not even this")


@pytest.mark.parametrize(
    ("given_amount", "nanos"),
    [
        (0, 0),
        (10, 10 * NANOS_PER_USD),
        ("10", 10 * NANOS_PER_USD),
        (" 2.50 ", 2_500_000_000),
        ("1e-9", 1),
        ("0.00000005", 50),
        (Decimal("0.000000001"), 1),
        (Decimal("1E+9"), AMOUNT_NANOS_MAX),
        (0.1, 100_000_000),
        (2.5, 2_500_000_000),
        (1e-9, 1),
        ("-0", 0),
        ("0e-99999", 0),
        ("1." + "0" * 100, NANOS_PER_USD),
        (Money(7), 7),
        (np.float64(2.5), 2_500_000_000),
    ],
)
def test_an_amount_is_read_exactly(given_amount: Any, nanos: int) -> None:
    assert Money.usd(given_amount).nanos == nanos


@pytest.mark.parametrize(
    ("given_amount", "because"),
    [
        (True, "not an amount of money"),
        (False, "not an amount of money"),
        (None, "not an amount of money"),
        ([1], "not an amount of money"),
        (b"1", "not an amount of money"),
        (1j, "not an amount of money"),
        (Unshowable(), "this Unshowable is not an amount of money"),
        ("ten", "not a number of dollars"),
        ("", "not a number of dollars"),
        ("10 $", "not a number of dollars"),
        ("nan", "not a finite number"),
        (float("nan"), "not a finite number"),
        (Decimal("sNaN"), "not a finite number"),
        (float("inf"), "not a finite number"),
        ("-inf", "not a finite number"),
        (-1, "is negative"),
        ("-0.000000001", "is negative"),
        (-0.1, "is negative"),
        ("1e400", "check its unit"),
        (1e300, "check its unit"),
        ("1000000000.000000001", "check its unit"),
        (10**5000, "check its unit"),
        (-(10**5000), "is negative"),
        ("1e999999", "check its unit"),
        ("0.0000000001", "finer than a nano-dollar"),
        ("1e-999999", "finer than a nano-dollar"),
        ("1e-9999999", "finer than a nano-dollar"),
        ("1e-99999999999999", "finer than a nano-dollar"),
        (Money(AMOUNT_NANOS_MAX + 1), "check its unit"),
        (0.1 + 0.2, "finer than a nano-dollar"),
        (1 / 3, "finer than a nano-dollar"),
        ("1." + "0" * 40 + "1", "finer than a nano-dollar"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_exactly_money_is_refused_with_one_line_that_says_why(given_amount: Any, because: str) -> None:
    with pytest.raises(InvalidMoney, match=because) as refusal:
        Money.usd(given_amount)
    assert isinstance(refusal.value, CallerError)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 160


@pytest.mark.parametrize("nanos", [True, 1.0, "1", None, -1, NANOS_MAX + 1])
def test_the_constructor_takes_whole_lawful_nanos_only(nanos: Any) -> None:
    with pytest.raises(InvalidMoney):
        Money(nanos)


def test_the_constructor_takes_the_limits() -> None:
    assert (Money(0).nanos, Money(NANOS_MAX).nanos) == (0, NANOS_MAX)


@given(NANOS)
def test_what_is_written_reads_back_the_same(nanos: int) -> None:
    money = Money(nanos)
    assert Money.usd(str(money)) == money
    assert Money.usd(Decimal(str(money))) == money


@given(NANOS)
def test_a_written_amount_has_two_to_nine_places(nanos: int) -> None:
    places = str(Money(nanos)).partition(".")[2]
    assert 2 <= len(places) <= 9
    assert len(places) == 2 or not places.endswith("0")


@given(st.integers(-AMOUNT_NANOS_MAX, AMOUNT_NANOS_MAX))
def test_signed_amounts_are_written_exactly(nanos: int) -> None:
    assert Decimal(format_usd(nanos)) * NANOS_PER_USD == nanos


@given(st.integers(0, 10**6).map(lambda thousandths: thousandths / 1000))
def test_a_float_is_read_by_its_shortest_decimal_form(amount: float) -> None:
    assert Money.usd(amount) == Money.usd(repr(amount))


@given(NANOS, st.integers(1, 30))
def test_the_callers_decimal_context_changes_nothing(nanos: int, precision: int) -> None:
    written = str(Money(nanos))
    with decimal.localcontext() as context:
        context.prec = precision
        context.rounding = decimal.ROUND_UP
        assert Money.usd(written).nanos == nanos
        assert Money(nanos).share(1.0).nanos == nanos


@given(st.integers(0, NANOS_MAX), st.integers(0, NANOS_MAX))
def test_sums_and_differences_are_exact_or_refused(one: int, other: int) -> None:
    if one + other <= NANOS_MAX:
        assert (Money(one) + Money(other)).nanos == one + other
        assert Money(one) + Money(other) - Money(other) == Money(one)
    else:
        with pytest.raises(InvalidMoney, match="cannot be counted"):
            Money(one) + Money(other)
    if one < other:
        with pytest.raises(InvalidMoney, match="cannot be negative"):
            Money(one) - Money(other)


@given(NANOS, st.floats(0, 1))
def test_a_share_is_rounded_down_and_never_more_than_the_whole(nanos: int, fraction: float) -> None:
    share = Money(nanos).share(fraction).nanos
    numerator, denominator = Decimal(repr(fraction)).as_integer_ratio()
    assert share * denominator <= nanos * numerator < (share + 1) * denominator
    assert share <= nanos


@pytest.mark.parametrize("fraction", [-0.1, float("nan"), float("inf")])
def test_a_share_that_is_no_share_is_refused(fraction: float) -> None:
    with pytest.raises(InvalidMoney, match="a finite fraction of 0 or more"):
        Money(10).share(fraction)


def test_a_share_above_the_largest_amount_is_refused() -> None:
    assert Money(10).share(3).nanos == 30
    with pytest.raises(InvalidMoney, match="cannot be counted"):
        Money(10).share(1e300)


@given(NANOS, NANOS)
def test_amounts_are_ordered_as_their_nanos(one: int, other: int) -> None:
    assert (Money(one) < Money(other)) == (one < other)
    assert (Money(one) == Money(other)) == (one == other)


def test_money_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Money(1).nanos = 2  # type: ignore[misc]
