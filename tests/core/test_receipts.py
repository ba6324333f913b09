"""What a receipt says beside the money that moved: what its bidder saw, and what others made of the lot."""

from __future__ import annotations

import pytest

from orchestrator.core.answer import Answer
from orchestrator.core.clearing import Award
from orchestrator.core.events import Delivered
from orchestrator.core.lot import Lot, Sale
from orchestrator.core.progress import Auction, Progress, delivered_state
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role
from orchestrator.core.state import REQUESTER, Segment, State, first_state
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


def test_what_a_failed_request_brought_nobody_is_not_censored() -> None:
    request = make_request("a", "b")
    lot = Lot("0", 1, first_state(request.text, request.text_digest), REQUESTER)
    auction = Auction(lot, answers=(Answer("b", "bid", 3),))
    (receipt,) = receipts(Progress(request, status="failed", auctions={lot.path: auction}))
    assert not receipt.censored


def test_a_lot_that_its_owner_kept_is_told_as_one_that_nobody_bought() -> None:
    kept = Sale("0.0.0", 3, "a", "a", TRANSFORMER, 0, 0, kept=True)
    receipt = receipt_of((BOUGHT, KEPT), (kept,))
    assert (receipt.lot_price_nanos, receipt.lot_buyers) == (None, ())


def test_whose_work_led_to_a_lot_is_said_also_where_it_was_replaced_since() -> None:
    receipt = receipt_of((BOUGHT, KEPT))
    assert receipt.workers == ("a", "a")
    assert receipt.contributions == (), "its text shows nobody's work"


REQUEST = make_request("a", "b")


def receipt_for(role: Role, *delivered: str) -> Receipt:
    """The receipt of b, which bought a text of three works and delivered these pieces in their place."""
    request = REQUEST
    pieces = (Segment("a draft", author="a"), Segment("a map", author="c"), Segment("a second draft", author="a"))
    state = State((*first_state(request.text, request.text_digest).segments, *pieces))
    award = Award("b", role, 9, 5)
    segments = tuple(Segment(text, kind="request" if text == request.text else "text") for text in delivered)
    lot = Lot("0.0.0", 3, state, "a")
    reached = delivered_state(lot, award, segments, replaces=True)
    event = Delivered(3, lot.path, award, segments, replaces=True, cost_nanos=0, state=reached.digest)
    auction = Auction(lot, answers=(Answer("b", "bid", 9, role=role),), awards=(award,), deliveries=((event, reached),))
    (receipt,) = receipts(Progress(request, auctions={lot.path: auction}))
    return receipt


@pytest.mark.parametrize(
    ("delivered", "repeated"),
    [
        (["a map"], ("c",)),
        (["a second draft", "a map"], ("a", "c")),
        (["a draft", "a second draft"], ("a",)),
        (["Here is a map:", "a map"], ()),
        (["a text"], ()),
        ([], ()),
    ],
    ids=["one", "two", "one author's", "with own words", "own words", "nothing"],
)
def test_a_presenter_repeats_those_whose_words_are_all_that_it_delivers(
    delivered: list[str], repeated: tuple[str, ...]
) -> None:
    assert receipt_for(PRESENTER, *delivered).repeats == repeated


@pytest.mark.parametrize("delivered", [[REQUEST.text], [REQUEST.text, "a map"]], ids=["alone", "with a work"])
def test_an_offer_that_shows_the_words_of_the_request_repeats_nobodys_work(delivered: list[str]) -> None:
    assert receipt_for(PRESENTER, *delivered).repeats == ()


def test_whoever_transforms_presents_nothing() -> None:
    assert receipt_for(TRANSFORMER, "a map").repeats == ()
