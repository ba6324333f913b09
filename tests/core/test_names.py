"""Names: one rule for all who take them, and twins that lead back to the entry they were made from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.keys import key, read_key
from orchestrator.core.names import RESERVED_NAMES, entry_of, is_later_twin, is_name, twin_name

entries = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,50}", fullmatch=True)


@given(entries, st.integers(1, 100))
def test_a_twin_has_a_name_and_leads_back_to_its_entry(name: str, number: int) -> None:
    twin = twin_name(name, number)

    assert is_name(twin)
    assert entry_of(twin) == name
    assert is_later_twin(twin) is (number > 1)
    assert (twin == name) is (number == 1)


@given(entries)
def test_a_name_survives_in_a_key(name: str) -> None:
    assert read_key(key("r1", "0", 0, twin_name(name, 2), "bid")).bidder == twin_name(name, 2)


@pytest.mark.parametrize("value", ["", "a/b", "a:b", "~2", ".a", "a b", "a\n", "é", "a" * 65, 7, None])
def test_what_would_break_keys_accounts_or_terminals_is_no_name(value: object) -> None:
    assert not is_name(value)


def test_the_market_keeps_the_names_of_its_own_accounts_to_itself() -> None:
    assert {"requester", "treasury", "issuer"} == RESERVED_NAMES
