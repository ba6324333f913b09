"""What a work is expected to cost: by its record, or for want of one by what others cost of what they declare."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.embedding import shape_and_words
from bidders.policies.pooled.outlook import Outlook
from bidders.policies.pooled.pool import Fit
from orchestrator import Observation, Receipt
from tests.bidders.lots import receipt
from tests.bidders.quiz import BOUNTY_USD, NANOS, Player, Quiz

COSTS_USD = {"one": 0.001, "two": 0.004}
SHARE = 0.1
"""Which share of their worst case works cost; both players declare alike."""


def worked(name: str, number: int, cost_max_usd: float) -> Receipt:
    """The receipt of a work of known cost."""
    return receipt(
        request_id=f"r{number}",
        bidder=name,
        bounty_nanos=round(BOUNTY_USD * NANOS),
        claim="x",
        cost_nanos=round(COSTS_USD[name] * NANOS),
        cost_max_nanos=round(cost_max_usd * NANOS),
    )


def learned(share: float | None) -> Any:
    """The memory of a pool in which two players worked 60 times; without a share they declared no worst case."""
    works = []
    for number in range(120):
        name = "one" if number % 2 else "two"
        cost_max_usd = COSTS_USD[name] / share if share else 0.0
        works.append(worked(name, number, cost_max_usd))
    return BayesPolicy().learn(None, works)


@pytest.fixture(scope="module")
def memory() -> Any:
    return learned(SHARE)


def outlook(memory: Any) -> Outlook:
    return Outlook(Fit.from_json(memory["fit"]), shape_and_words)


def lot(bidder: str, cost_max_usd: float, cost_usd: float | None = None) -> Observation:
    return Observation(
        bidder, "transformer", 1, 9, BOUNTY_USD, cost_max_usd=cost_max_usd, cost_usd=cost_usd, request="?"
    )


def test_a_stranger_is_expected_to_cost_the_share_of_its_worst_case_that_others_do(memory: Any) -> None:
    known = outlook(memory)
    assert known.expected_cost_usd(lot("dear stranger", 1.0)) == pytest.approx(SHARE, rel=0.05)
    assert known.expected_cost_usd(lot("cheap stranger", 0.001)) == pytest.approx(SHARE * 0.001, rel=0.05)


@pytest.mark.parametrize("source", ["receipts", "practice"])
def test_where_no_worst_case_is_known_a_stranger_is_expected_to_cost_what_works_do(source: str) -> None:
    quiz = Quiz({name: Player(1.5, cost_usd) for name, cost_usd in COSTS_USD.items()})
    memory = learned(None) if source == "receipts" else quiz.policy.practise(None, quiz.lessons(60))
    known, mean = outlook(memory), sum(COSTS_USD.values()) / 2
    assert known.expected_cost_usd(lot("stranger", 1.0)) == pytest.approx(mean, rel=0.1)
    assert known.expected_cost_usd(lot("stranger", 0.0)) == pytest.approx(mean, rel=0.1)
    assert known.expected_cost_usd(lot("stranger", 0.0005)) == 0.0005


@given(worst=st.floats(0.0, 10.0), name=st.sampled_from(["one", "stranger"]))
def test_no_work_is_expected_to_cost_more_than_its_worst_case_unless_its_bidder_says_so(
    memory: Any, worst: float, name: str
) -> None:
    expected = outlook(memory).expected_cost_usd(lot(name, worst))
    assert expected >= 0.0
    assert expected <= worst or worst == 0.0
    assert outlook(memory).expected_cost_usd(lot(name, worst, cost_usd=0.3)) == 0.3


def test_a_dear_stranger_asked_alone_does_not_bid_as_the_cheap_ones_do(memory: Any) -> None:
    # One lot a call, as a market asks: what strangers cost must be in the memory.
    policy = BayesPolicy()
    one, dear, cheap = (
        policy.value(memory, [seen]).means[0]
        for seen in (lot("one", 0.01), lot("dear stranger", 2.0), lot("cheap stranger", 0.01))
    )
    assert dear == 0.0
    assert cheap == pytest.approx(one, rel=0.02)


def test_a_memory_that_knows_of_no_worst_cases_is_read_and_learned_on_from(memory: Any) -> None:
    before = json.loads(json.dumps(memory))
    del before["worsts"], before["fit"]["cost_share"]
    assert outlook(before).fit.cost_share is None
    before = BayesPolicy().learn(before, [worked("one", number, 0.01) for number in range(200, 230)])
    assert outlook(before).fit.cost_share == pytest.approx(SHARE, rel=0.05)
