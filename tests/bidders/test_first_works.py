"""What first works bring of what was bid for them, and that a pool bids no more than that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.first_works import FirstWorks
from orchestrator import Contribution, Receipt
from tests.bidders.lots import receipt
from tests.bidders.quiz import BOUNTY_USD, Player, Quiz, observe

BOUNTY = 1000
PLAYERS = {"weak": Player(-1.0), "fair": Player(0.8), "strong": Player(2.5, cost_usd=0.02)}


def first_work(bid: int, revenue: int, **changed: Any) -> Receipt:
    told = {"won": True, "bounty_nanos": BOUNTY, "bid_nanos": bid, "revenue_nanos": revenue, "cost_nanos": 0}
    return receipt(**{**told, **changed})


def settled(worth: int, revenue: int, cost: int = 0, *, since: FirstWorks | None = None) -> FirstWorks:
    """What is known after many requests, where bids follow what is believed meanwhile, as in a market."""
    known = since or FirstWorks()
    for _ in range(3000):
        known = known.after([first_work(round(worth * known.share), revenue, cost_nanos=cost)], 0.995)
    return known


def test_nothing_is_held_back_before_anything_is_known() -> None:
    assert FirstWorks().share == 1.0


@pytest.mark.parametrize("brings", [0.5, 0.8, 0.95])
def test_bids_come_to_be_what_first_works_bring(brings: float) -> None:
    assert settled(800, round(800 * brings)).share == pytest.approx(brings, abs=0.05)


def test_costs_count_and_a_share_is_never_above_the_whole_nor_near_nothing() -> None:
    assert settled(500, 600, 200).share == pytest.approx(0.8, abs=0.05)
    assert settled(500, 900).share == 1.0
    assert settled(500, 0).share == 0.1


@pytest.mark.parametrize(
    "changed",
    [
        {"won": False},
        {"role": "presenter"},
        {"contributions": (Contribution("a", "x"),)},
        {"workers": ("a",)},
        {"censored": True},
        {"cost_known": False},
        {"bounty_nanos": 0},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_is_no_first_work_or_says_nothing_of_it_is_left_out(changed: dict[str, Any]) -> None:
    assert FirstWorks().after([first_work(800, 100, **changed)], 1.0) == FirstWorks()


@given(st.permutations([(800, 700), (300, 0), (999, 1000), (1, 5)]))
def test_the_order_of_receipts_makes_no_difference(works: list[tuple[int, int]]) -> None:
    told = [first_work(bid, revenue) for bid, revenue in works]
    in_order = sorted(told, key=lambda each: each.bid_nanos)
    assert FirstWorks().after(told, 1.0) == FirstWorks().after(in_order, 1.0)


def test_what_is_known_fades_and_survives_storage() -> None:
    known = FirstWorks.from_json(settled(800, 400).to_json())
    assert known.share < 0.6
    assert settled(800, 800, since=known).share > 0.9


def bids(policy: BayesPolicy, memory: Any, held: tuple[Contribution, ...], role: str = "transformer") -> list[float]:
    seen = [observe(name, role, held) for name in PLAYERS if name not in {piece.author for piece in held}]
    return list(policy.value(memory, seen).means)


def test_a_pool_bids_less_for_requests_in_one_proportion_and_for_nothing_else() -> None:
    """So whom to ask first stays the same, and so does when to stop."""
    policy = BayesPolicy(pool="all", exploration=0.0)
    memory = policy.practise(None, Quiz(PLAYERS).lessons(200))
    short = {**memory, "first_works": FirstWorks(100.0, 67.0).to_json()}
    held = (Contribution("fair", "x"),)

    before, now = bids(policy, memory, ()), bids(policy, short, ())
    assert [each / whole for each, whole in zip(now, before, strict=True)] == pytest.approx([0.7] * len(PLAYERS))
    assert bids(policy, short, held) == bids(policy, memory, held)
    assert bids(policy, short, held, "presenter") == bids(policy, memory, held, "presenter")


def test_what_first_works_bring_is_shown_once_some_were_seen() -> None:
    policy = BayesPolicy(pool="all")
    nothing = policy.learn(None, [])
    assert "first works" not in " ".join(table.title for table in policy.describe(nothing))
    short = {**nothing, "first_works": FirstWorks(100.0, 67.0).to_json()}
    (table,) = (each for each in policy.describe(short) if "first works" in each.title)
    assert table.rows == ((100.0, 67.0, pytest.approx(0.7)),)


def sold(policy: BayesPolicy, memory: Any, **changed: Any) -> Any:
    """The memory after a first work that sold for half of what was bid for it."""
    nanos = round(bids(policy, memory, ())[1] * 10**9)
    told = {"bounty_nanos": round(BOUNTY_USD * 10**9), "claim": "x", "bidder": "fair", "outcome": "expired", **changed}
    return policy.learn(memory, [first_work(nanos, round(0.5 * nanos), **told)])


@pytest.mark.parametrize(
    ("options", "changed", "learns"),
    [
        ({"pool": "all"}, {}, True),
        ({}, {}, False),
        ({"pool": "all"}, {"observed": (("estimate", 0.5),), "claim": ""}, False),
        ({"pool": "all", "by": ["heat"]}, {"observed": (("heat", 1.0),)}, False),
    ],
    ids=["of a pool", "without a pool", "open-ended", "told apart"],
)
def test_only_of_a_pools_answers_it_is_learned_what_first_works_bring(
    options: dict[str, Any], changed: dict[str, Any], learns: bool
) -> None:
    policy = BayesPolicy(exploration=0.0, **options)
    memory = sold(policy, policy.learn(None, []), **changed)
    assert (memory["first_works"] != FirstWorks().to_json()) == learns


def test_doubt_about_a_request_is_held_back_like_its_worth() -> None:
    policy = BayesPolicy(pool="all")
    memory = policy.practise(None, Quiz(PLAYERS).lessons(60))
    short = {**memory, "first_works": FirstWorks(100.0, 67.0).to_json()}
    seen = [observe(name, "transformer", ()) for name in PLAYERS]
    before, now = policy.value(memory, seen).deviations, policy.value(short, seen).deviations
    assert [each / whole for each, whole in zip(now, before, strict=True)] == pytest.approx([0.7] * len(PLAYERS))


def test_a_memory_that_an_earlier_version_wrote_bids_all_that_a_request_is_worth() -> None:
    policy = BayesPolicy(pool="all", exploration=0.0)
    memory = policy.practise(None, Quiz(PLAYERS).lessons(60))
    earlier = {key: value for key, value in memory.items() if key != "first_works"}
    assert bids(policy, earlier, ()) == bids(policy, memory, ())
    assert sold(policy, earlier)["first_works"] != FirstWorks().to_json()


def test_a_pool_learns_from_its_own_receipts_what_first_works_bring() -> None:
    policy = BayesPolicy(pool="all", exploration=0.0)
    memory = policy.practise(None, Quiz(PLAYERS).lessons(200))
    asked = sum(bids(policy, memory, ()))
    for number in range(60):
        memory = sold(policy, memory, request_id=f"r{number}")
    assert sum(bids(policy, memory, ())) < 0.9 * asked
