"""What the conformance kit shows a policy: lots, receipts and lessons of every kind that a market has."""

from __future__ import annotations

from typing import Final

from orchestrator.bidding import Lesson, Observation, Work
from orchestrator.core.keys import digest_text
from orchestrator.core.receipts import Receipt, Verdict
from orchestrator.core.rules import PRESENTER, TRANSFORMER
from orchestrator.core.state import Contribution
from orchestrator.testing.samples import REQUEST, make_receipt

RIGHT: Final = digest_text("18")
WRONG: Final = digest_text("17")
_ALONE: Final = (Contribution("walker", RIGHT),)
_AGREEING: Final = (Contribution("runner", RIGHT), Contribution("rider", RIGHT))
_PLAIN: Final = (Contribution("rider", ""),)
_DIVIDED: Final = (*_AGREEING, Contribution("climber", WRONG), Contribution("guide", ""))


def observations() -> list[Observation]:
    """Observations of many kinds, as a policy may get them."""
    return [
        Observation("walker", TRANSFORMER, 1, 8, 10.0),
        Observation("walker", TRANSFORMER, 3, 8, 10.0, estimate=0.4, cost_max_usd=0.02, last_price_usd=1.5, seed=1),
        Observation("walker", PRESENTER, 8, 8, 10.0, estimate=1.0, features={"relevance": 0.7, "novelty": 0.0}, seed=2),
        Observation("walker", TRANSFORMER, 2, 8, 0.0, estimate=0.0, seed=3),
        Observation(
            "walker", TRANSFORMER, 2, 8, 1e9, estimate=0.5, cost_max_usd=1e6, features={"novelty": -1.0}, seed=4
        ),
        Observation("walker", TRANSFORMER, 2, 8, 10.0, seed=5, request=REQUEST, contributions=_AGREEING, cost_usd=0.01),
        Observation("walker", PRESENTER, 4, 8, 10.0, seed=6, request=REQUEST, contributions=_DIVIDED, copies=3),
        Observation("stranger", PRESENTER, 4, 8, 10.0, seed=7, request="x", contributions=_DIVIDED),
        Observation("walker", TRANSFORMER, 3, 8, 10.0, request="x", contributions=_PLAIN, workers=("guide", "rider")),
        Observation("walker", PRESENTER, 3, 8, 10.0, request="x", contributions=_PLAIN, workers=("guide", "rider")),
        Observation("stranger", TRANSFORMER, 1, 2, 10.0, seed=8, request="x" * 20_000, copies=100),
    ]


def receipts() -> list[list[Receipt]]:
    """Receipts as they come, by request: released, rejected, passed on, failed, expired unseen, none; claims or not."""
    lost = {"won": False, "price_nanos": 0, "revenue_nanos": 0, "in_picked_chain": False}
    seen = {"request": REQUEST, "contributions": _AGREEING, "lot_price_nanos": 10**9}
    taken = Verdict(RIGHT, (WRONG,))
    return [
        [make_receipt(), make_receipt(stage=2, lot="0.0", role=PRESENTER, revenue_nanos=10**10)],
        [make_receipt(outcome="rejected", revenue_nanos=0, in_picked_chain=False)],
        [make_receipt(answer="pass", bid_nanos=0, cost_nanos=0, **lost)],
        [make_receipt(answer="fault", forfeit_nanos=10**9, cost_known=False, **lost)],
        [make_receipt(outcome="expired", censored=True, in_picked_chain=False)],
        [],
        [
            make_receipt(claim=RIGHT, verdict=taken, lot_buyers=("walker",), **seen),
            make_receipt(bidder="climber", lot="0.0", stage=2, claim=WRONG, verdict=taken, contributions=_ALONE),
            make_receipt(lot="0.0", stage=2, verdict=taken, lot_buyers=("climber",), observed=(("a", 0.5),), **lost),
            make_receipt(
                lot="0.0.0", stage=3, role=PRESENTER, verdict=taken, revenue_nanos=10**10, contributions=_DIVIDED
            ),
        ],
        [
            make_receipt(request="x", bidder="rider", lot="0.0", stage=2, workers=("guide",)),
            make_receipt(
                request="x", lot="0.0.0", stage=3, role=PRESENTER, contributions=_PLAIN, workers=("guide", "rider")
            ),
        ],
        [
            make_receipt(
                request="x",
                lot="0.0.0",
                stage=3,
                role=PRESENTER,
                contributions=_PLAIN,
                workers=("guide", "rider"),
                repeats=("rider",),
            ),
        ],
        [
            make_receipt(
                outcome="rejected",
                claim=WRONG,
                verdict=Verdict("", (WRONG,)),
                in_picked_chain=False,
                revenue_nanos=0,
                price_nanos=0,
                bounty_nanos=1,
                cost_nanos=10**12,
                **seen,
            )
        ],
    ]


def lessons() -> list[Lesson]:
    """Labelled tasks: agreed and divided, half right, without claims, hardly paid, and without any work."""
    return [
        Lesson(REQUEST, 10.0, (Work("walker", RIGHT, 1.0, 0.01), Work("runner", RIGHT, 1.0, 0.02))),
        Lesson(REQUEST, 10.0, (Work("walker", WRONG, 0.0, 0.01), Work("runner", RIGHT, 1.0, 0.0))),
        Lesson("What is half of it?", 1.0, (Work("walker", "", 0.5, 0.01),)),
        Lesson("x", 1e-9, (Work("stranger", RIGHT, 1.0, 1e6), Work("walker", WRONG, 0.25, 0.0))),
        Lesson("Nobody works on this.", 10.0, ()),
    ]
