"""What a work is expected to cost: by its record, or for want of one by what others cost of what they declare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.costs import Costs
from bidders.policies.pooled.embedding import shape_and_words
from bidders.policies.pooled.outlook import Outlook
from bidders.policies.pooled.pool import Fit
from orchestrator import Observation
from tests.bidders.quiz import BOUNTY_USD, Player, Quiz

KNOWN = {"one": 0.001, "two": 0.004}


@pytest.fixture(scope="module")
def memory() -> object:
    """A pool that knows two players by many works of known cost."""
    quiz = Quiz({name: Player(1.5, cost_usd) for name, cost_usd in KNOWN.items()})
    return quiz.policy.practise(None, quiz.lessons(200))


def lot(bidder: str, cost_max_usd: float, cost_usd: float | None = None) -> Observation:
    return Observation(
        bidder, "transformer", 1, 9, BOUNTY_USD, cost_max_usd=cost_max_usd, cost_usd=cost_usd, request="?"
    )


def costs(memory: object, *others: Observation) -> Costs:
    assert isinstance(memory, dict)
    return Costs(Outlook(Fit.from_json(memory["fit"]), shape_and_words), others)


def test_a_stranger_is_expected_to_cost_the_share_of_its_worst_case_that_others_do(memory: object) -> None:
    known = costs(memory, lot("one", 0.01), lot("two", 0.04))
    assert known.expected_usd(lot("dear stranger", 1.0)) == pytest.approx(0.1, rel=0.05)
    assert known.expected_usd(lot("cheap stranger", 0.001)) == pytest.approx(0.0001, rel=0.05)


def test_a_stranger_among_strangers_is_expected_to_cost_what_works_do_and_no_more_than_it_declares(
    memory: object,
) -> None:
    alone = costs(memory)
    mean = sum(KNOWN.values()) / 2
    assert alone.expected_usd(lot("stranger", 1.0)) == pytest.approx(mean, rel=0.1)
    assert alone.expected_usd(lot("stranger", 0.0)) == pytest.approx(mean, rel=0.1)
    assert alone.expected_usd(lot("stranger", 0.0005)) == 0.0005


@given(worst=st.floats(0.0, 10.0), shares=st.lists(st.floats(1e-6, 10.0), max_size=3), name=st.sampled_from("ab"))
def test_no_work_is_expected_to_cost_more_than_its_worst_case(
    memory: object, worst: float, shares: list[float], name: str
) -> None:
    bidder = {"a": "one", "b": "stranger"}[name]
    others = [lot(known, cost_max_usd) for known, cost_max_usd in zip(KNOWN, shares, strict=False)]
    expected = costs(memory, *others).expected_usd(lot(bidder, worst))
    assert expected >= 0.0
    assert expected <= worst or worst == 0.0
    assert costs(memory, *others).expected_usd(lot(bidder, worst, cost_usd=0.3)) == 0.3


def test_a_dear_stranger_does_not_work_where_a_record_would_tell_that_it_costs_more_than_it_brings(
    memory: object,
) -> None:
    policy = BayesPolicy()
    lots = [lot("one", 0.01), lot("two", 0.04), lot("dear stranger", 2.0), lot("cheap stranger", 0.01)]
    one, _, dear, cheap = policy.value(memory, lots).means
    assert dear == 0.0
    assert 0.0 < cheap < one
