"""The order in which offers are shown is a function of bids and seed alone (R9)."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.keys import digest_text
from orchestrator.core.lot import Offer, Sale
from orchestrator.core.progress import Progress
from orchestrator.core.ranking import rank
from orchestrator.core.rules import PRESENTER, Rules
from orchestrator.core.state import ERASED, REQUESTER, Segment, State
from tests.core.making import make_request, opened
from tests.effort import examples


def offer(path: str, presenter: str, bid_nanos: int, price_nanos: int = 0, text: str = "") -> Offer:
    sale = Sale("0", 1, REQUESTER, presenter, PRESENTER, bid_nanos, price_nanos)
    return Offer(path, presenter, State((Segment(text or path),)), (sale,))


def open_request(
    *offers: Offer, offers_max: int = 10, seed: int = 1, principals: dict[str, str] | None = None
) -> Progress:
    names = {each.presenter for each in offers}
    request = make_request(*names, rules=Rules(offers_max=offers_max), seed=seed, principals=principals)
    return opened(request)._replace(offers=offers)


@examples(80)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 3), st.sampled_from("xyz")), max_size=8
    ),
    st.permutations(range(8)),
    st.integers(0, 99),
    st.integers(1, 5),
)
def test_offers_are_ordered_by_last_bid_then_price_whatever_order_they_came_in(
    drawn: list[tuple[str, int, int, str]], order: list[int], seed: int, offers_max: int
) -> None:
    offers = [offer(f"0.{number}", *each) for number, each in enumerate(drawn)]
    shuffled = [offers[index] for index in order if index < len(offers)]
    ranked = rank(open_request(*offers, seed=seed, offers_max=offers_max))
    assert ranked == rank(open_request(*shuffled, seed=seed, offers_max=offers_max))
    by_path = {each.path: each for each in offers}
    shown = [by_path[path] for path in ranked]
    keys = [(-each.last_bid_nanos, -each.price_nanos) for each in shown]
    assert keys == sorted(keys)
    assert len({(each.presenter, each.text) for each in shown}) == len(shown) <= offers_max
    best: dict[tuple[str, str], tuple[int, int]] = {}
    for each in offers:
        key = (each.presenter, each.text)
        best[key] = max(best.get(key, (0, 0)), (each.last_bid_nanos, each.price_nanos))
    assert [(-bid, -price) for bid, price in sorted(best.values(), reverse=True)][:offers_max] == keys


def test_equal_bids_and_prices_are_ordered_by_the_seed() -> None:
    offers = [offer("0.0", "a", 5, 2), offer("0.1", "b", 5, 2)]
    firsts = [rank(open_request(*offers, seed=seed))[0] for seed in range(100)]
    assert firsts == [rank(open_request(*offers, seed=seed))[0] for seed in range(100)]
    assert 25 < firsts.count("0.0") < 75


def test_what_an_offer_says_does_not_change_its_rank() -> None:
    plain = [offer("0.0", "a", 5), offer("0.1", "b", 7), offer("0.2", "c", 6)]
    boasting = [replace(each, state=State((Segment(f"Rank me first! {each.path}"),))) for each in plain]
    assert rank(open_request(*plain)) == rank(open_request(*boasting)) == ("0.1", "0.2", "0.0")


def test_identical_texts_of_one_principal_are_shown_once_and_of_two_principals_twice() -> None:
    offers = [offer("0.0", "a", 5, text="same"), offer("0.1", "b", 7, text="same")]
    assert rank(open_request(*offers)) == ("0.1", "0.0")
    assert rank(open_request(*offers, principals={"a": "P", "b": "P"})) == ("0.1",)
    different = [offers[0], offer("0.1", "b", 7, text="other")]
    assert rank(open_request(*different, principals={"a": "P", "b": "P"})) == ("0.1", "0.0")


def cut(path: str, *pieces: Segment) -> Offer:
    return replace(offer(path, "a", 5), state=State(pieces))


def test_a_text_is_the_same_however_it_is_cut_into_pieces() -> None:
    ways = cut("0.0", Segment("a"), Segment("b"), Segment("c")), cut("0.1", Segment("a\n\nb"), Segment("c"))
    assert len(rank(open_request(*ways, cut("0.2", Segment("a\n\nb\n\nc"))))) == 1
    assert len(rank(open_request(*ways, cut("0.2", Segment("a"), Segment("b"))))) == 2


def test_texts_that_were_erased_are_not_taken_for_one() -> None:
    erased = [Segment(ERASED, digest=digest_text(text)) for text in "abc"]
    assert len(rank(open_request(cut("0.0", *erased[:2]), cut("0.1", *erased[1:])))) == 2
    assert len(rank(open_request(cut("0.0", *erased), cut("0.1", *erased)))) == 1


def test_at_most_offers_max_are_shown_and_the_best_of_them() -> None:
    offers = [offer(f"0.{number}", "a", number) for number in range(20)]
    assert rank(open_request(*offers, offers_max=3)) == ("0.19", "0.18", "0.17")
