"""What a receipt says beside the money that moved: what its bidder saw, and what others made of the lot."""

from __future__ import annotations

import pytest

from orchestrator.core.bid import Answer
from orchestrator.core.lot import Lot, Sale
from orchestrator.core.progress import Auction, Progress
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.core.rules import TRANSFORMER
from orchestrator.core.state import REQUESTER, first_state
from tests.core.making import make_request

BOUGHT = Sale("0", 1, REQUESTER, "a", TRANSFORMER, 9, 5)
KEPT = Sale("0.0", 2, "a", "a", TRANSFORMER, 0, 0, kept=True)


def receipt_of(chain: tuple[Sale, ...], sales: tuple[Sale, ...] = ()) -> Receipt:
    """The receipt of b, which bid for a lot that this chain led to and that these sales sold."""
    request = make_request("a", "b", "c", "d")
    lot = Lot("0.0.0", 3, first_state(request.text, request.text_digest), "a", chain)
    auction = Auction(lot, answers=(Answer("b", "bid", 3),))
    (receipt,) = receipts(Progress(request, auctions={lot.path: auction}, sales=(*chain, *sales)))
    return receipt


@pytest.mark.parametrize(
    ("chain", "price"), [((), 0), ((BOUGHT,), 5), ((BOUGHT, KEPT), 5)], ids=["none", "bought", "bought, then kept"]
)
def test_the_last_price_is_the_last_that_somebody_paid(chain: tuple[Sale, ...], price: int) -> None:
    assert receipt_of(chain).last_price_nanos == price


@pytest.mark.parametrize(("prices", "posted"), [((), None), ((4,), 4), ((4, 7), 7)])
def test_the_posted_price_is_public_whoever_bought(prices: tuple[int, ...], posted: int | None) -> None:
    sales = tuple(
        Sale("0.0.0", 3, "a", buyer, TRANSFORMER, 9, price) for buyer, price in zip("cd", prices, strict=False)
    )
    receipt = receipt_of((BOUGHT, KEPT), sales)

    assert (receipt.won, receipt.lot_price_nanos, receipt.lot_buyers) == (False, posted, tuple("cd"[: len(prices)]))


def test_whose_work_led_to_a_lot_is_said_also_where_it_was_replaced_since() -> None:
    receipt = receipt_of((BOUGHT, KEPT))
    assert receipt.workers == ("a", "a")
    assert receipt.contributions == (), "its text shows nobody's work"
