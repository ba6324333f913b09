"""Runs that reach the corners of the rules, by name."""

from __future__ import annotations

from tests.record.scripted import UNKNOWN, Scenario, Scripted, presenter


def _simple() -> list[Scripted]:
    return [
        Scripted("diary", {1: "3", 2: "1"}, says="No tourist traps, please."),
        Scripted("guide", {1: "2", 2: "4"}, says="See the castle at {lot}."),
        presenter("letter", {2: "3", 3: "6"}, says="Dear traveller ({lot})"),
        presenter("plan", {3: "7"}, says="09:00 start ({lot})"),
    ]


def _copies() -> list[Scripted]:
    return [
        Scripted("ann", {1: "3"}, says="the same idea"),
        Scripted("bob", {1: "2.5"}, says="the same idea"),
        Scripted("cid", {1: "2"}, says="another idea"),
        Scripted("dot", {1: "1"}),
        presenter("letter", {2: "5"}),
        presenter("plan", {2: "4.5"}),
        presenter("list", {2: "4"}),
    ]


def _fallback() -> list[Scripted]:
    return [
        Scripted("ann", {1: "3"}, fails_at=(1,)),
        Scripted("bob", {1: "2"}, replaces=True),
        Scripted("cid", {1: "1"}),
        presenter("letter", {2: "5"}),
        presenter("plan", {2: "4"}, work_cost="0.02"),
    ]


def _keep() -> list[Scripted]:
    return [
        Scripted("ann", {1: "3"}, keeps_below="4", keeps_at=(2,), work_cost="0.01"),
        Scripted("bob", {1: "2", 2: "3.5"}),
        presenter("letter", {2: "2", 3: "6"}),
        presenter("plan", {3: "5"}),
    ]


def _costly() -> list[Scripted]:
    return [
        Scripted("ann", {1: "3"}, bid_cost="0.01", work_cost="0.03"),
        Scripted("bob", {1: "2", 2: "1"}, bid_cost="0.02", work_cost="0.02"),
        presenter("letter", {2: "5"}, bid_cost="0.005", work_cost="0.04"),
        presenter("plan", {2: "4"}),
    ]


def _mute() -> list[Scripted]:
    bidders = _costly()
    bidders[1].work_cost = bidders[1].bid_cost = UNKNOWN
    bidders[0].fails_at = (1,)
    bidders[3].bid_cost, bidders[3].cost_max = "0.02", "0.01"
    return bidders


def _cancelling(doing: str, stage: int) -> list[Scripted]:
    bidders = _costly()
    bidders[2].cancels = (doing, stage)
    return bidders


def _bids_understated_and_cancelled() -> list[Scripted]:
    bidders = _understated()
    bidders[1].bid_cost = "0.03"
    bidders[2].cancels, bidders[2].yields = ("bid", 2), 20
    return bidders


def _understated_and_cancelled() -> list[Scripted]:
    bidders = _understated()
    bidders[1].cancels = ("transform", 2)
    return bidders


def _poor() -> list[Scripted]:
    return [
        Scripted("ann", {1: "3", 2: "4"}),
        Scripted("bob", {1: "49.99", 2: "1"}, work_cost="0.02"),
        Scripted("cid", {1: "500"}),
        Scripted("cid2", {1: "2.5"}, principal="ann"),
        presenter("letter", {2: "60", 3: "49.5"}),
        presenter("plan", {2: "1", 3: "3"}),
    ]


def _copies_that_fail() -> list[Scripted]:
    return [
        Scripted("ann", {1: "3", 2: "2"}, fails_at=(1,)),
        Scripted("bob", {1: "3", 2: "2"}),
        Scripted("cid", {1: "3"}, fails_at=(1,)),
        Scripted("dot", {1: "3"}),
        Scripted("eve", {1: "1", 2: "2"}),
        presenter("letter", {2: "2", 3: "6"}),
        presenter("plan", {2: "2", 3: "5"}, fails_at=(2,)),
    ]


def _eager() -> list[Scripted]:
    return [
        Scripted("ann", {1: "3"}),
        Scripted("bob", {1: "2"}),
        Scripted("cid", {2: "30"}, keeps_below="1", keeps_at=(3,)),
        Scripted("dot", {2: "20", 3: "10"}, work_cost="0.01", cost_max="45"),
        presenter("letter", {2: "26", 3: "27"}),
        presenter("plan", {2: "1", 3: "3"}),
    ]


def _understated() -> list[Scripted]:
    return [
        Scripted("ann", {1: "3"}, bid_cost="0.03", work_cost="0.05", cost_max="0.02"),
        Scripted("bob", {1: "2", 2: "3"}, work_cost="60", cost_max="0.02"),
        presenter("letter", {2: "2", 3: "6"}),
        presenter("plan", {3: "5"}),
    ]


SCENARIOS: dict[str, Scenario] = {
    "simple-chain": Scenario(_simple),
    "copies-and-merge": Scenario(_copies, rules={"copies": [3, 1]}, ends="pick 2"),
    "fallback-with-forfeit": Scenario(_fallback),
    "keep-under-reserve": Scenario(_keep),
    "first-price": Scenario(_simple, rules={"rule": "first_price"}),
    "subsidised": Scenario(_simple, rules={"rule": "subsidised"}, wealth={"treasury_stock": 10}),
    "rejected-with-deposit": Scenario(_costly, ends="none", options={"deposit": "0.06"}),
    "released-with-costs": Scenario(_costly, wealth={"rent": "0.1"}),
    "unknown-costs": Scenario(_mute),
    "beyond-promise": Scenario(_understated, options={"spend_cap": "50"}),
    "expired": Scenario(_simple, ends="expire"),
    "failed": Scenario(lambda: [Scripted("ann", {1: "1"})], ends=""),
    "left-open": Scenario(_simple, ends=""),
    "cancelled-while-open": Scenario(_costly, ends="cancel", options={"deposit": "0.5"}),
    "cancelled-while-bidding": Scenario(lambda: _cancelling("bid", 2), ends=""),
    "cancelled-while-transforming": Scenario(lambda: _cancelling("transform", 2), ends=""),
    "cancelled-beyond-promise": Scenario(
        _understated_and_cancelled, ends="", options={"spend_cap": "50", "deposit": "0.5"}
    ),
    "cancelled-bids-beyond-promise": Scenario(
        _bids_understated_and_cancelled, ends="", options={"spend_cap": "50", "deposit": "0.5"}
    ),
    "poor-bidders": Scenario(_poor),
    "copies-that-fail": Scenario(_copies_that_fail, rules={"copies": 2}),
    "overcommitted": Scenario(_eager, rules={"copies": [2, 1]}, options={"spend_cap": "500"}),
    "research": Scenario(
        _poor,
        rules={"self_sale": "open", "last_stage": "any", "stages_max": 3, "reserve": "0.5", "rule": "subsidised"},
        wealth={"treasury_stock": 100},
    ),
    "refilled": Scenario(_simple, wealth={"refill_below": "5", "rent": "1.5"}),
}
