"""A policy in a process of its own says there what it believes; whatever it does, the market goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import pytest

from orchestrator import Beliefs
from orchestrator.engine.describing import Description, describe
from orchestrator.engine.isolation import bidder as isolation
from orchestrator.engine.isolation.bidder import IsolatedBidder
from tests.engine.isolated import Describing, Learning
from tests.engine.test_isolation import is_gone_soon

MEMORY = {"receipts": 4, "pid": 1}


@pytest.fixture
def built() -> Iterator[list[IsolatedBidder]]:
    bidders: list[IsolatedBidder] = []
    yield bidders
    for bidder in bidders:
        bidder.close()


def described(built: list[IsolatedBidder], says: str | None) -> Description | None:
    # A recipe of this module would have the other process import pytest and the whole market first.
    recipe = partial(Learning, "a") if says is None else partial(Describing, "a", says)
    bidder = IsolatedBidder("a", recipe)
    built.append(bidder)
    assert bidder.policy is not None
    return describe(bidder.policy, MEMORY)


def test_what_it_believes_is_said_in_its_process_and_rebuilt_here(built: list[IsolatedBidder]) -> None:
    found = described(built, "tables")
    assert found is not None
    ((title, columns, rows),) = found.tables
    assert (type(found.tables[0]), title, columns) == (Beliefs, "What was seen", ("receipts", "pid"))
    assert rows == ((4, built[0].pid),)
    assert built[0].pid != os.getpid()


def test_a_policy_there_that_describes_nothing_is_known_for_it(built: list[IsolatedBidder]) -> None:
    assert described(built, None) is None


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("raise", "ValueError: no idea"),
        pytest.param("exit", "ProcessOver: its process ended with exit code 3", marks=pytest.mark.slow),
        pytest.param("set", "TypeError: Object of type set is not JSON serializable", marks=pytest.mark.slow),
        ("number", "InvalidAnswer: its process returned something else than tables"),
        pytest.param("pairs", "InvalidAnswer: its process returned something that is no table", marks=pytest.mark.slow),
    ],
)
def test_whatever_it_does_there_instead_is_a_failure_with_its_reason(
    built: list[IsolatedBidder], says: str, reason: str
) -> None:
    found = described(built, says)
    assert found is not None
    assert found.failure == reason


def test_a_policy_that_hangs_there_is_killed(built: list[IsolatedBidder], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "BELIEFS_SECONDS", 0.05)
    found = described(built, "hang")
    assert found == Description(failure="ProcessOver: had not answered after 0.05 s")
    pid = built[0].pid
    assert pid is not None
    assert is_gone_soon(pid)
