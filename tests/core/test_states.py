"""States: whose words they are, when they are equal, and which deliveries make none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.events import AwardResult, Delivered, Faulted
from orchestrator.core.keys import digest_text
from orchestrator.core.progress import Progress
from orchestrator.core.rules import PRESENTER, Rules
from orchestrator.core.settlement import accept_delivery, settle_stage
from orchestrator.core.state import ERASED, REQUESTER, Segment, State, first_state, next_state
from tests.core.making import bid, close, deliver, make_request, opened, play_stage
from tests.effort import examples

texts = st.text("abé ", max_size=6)
segments = st.builds(
    Segment, texts, st.sampled_from(["text", "plan"]), st.just("text/plain"), st.sampled_from(["", "a", "z"])
)


def start(text: str = "Plan a tour") -> State:
    return first_state(text, digest_text(text))


def test_a_request_opens_with_its_own_text_written_by_the_requester() -> None:
    state = opened(make_request("a", text="Plan a tour")).lots()[0].state
    assert state.text == "Plan a tour"
    assert [piece.author for piece in state.segments] == [REQUESTER]
    assert state.parent is None


@examples(60)
@given(st.lists(segments, max_size=3))
def test_appended_segments_are_written_by_the_bidder_whoever_they_say_wrote_them(added: list[Segment]) -> None:
    before = start()
    after = next_state(before, added, replaces=False, author="b")
    assert after.segments[: len(before.segments)] == before.segments
    assert [piece.author for piece in after.segments[1:]] == ["b"] * len(added)
    assert [piece.text for piece in after.segments[1:]] == [piece.text for piece in added]
    assert after.parent == before.digest


@examples(60)
@given(st.lists(segments, max_size=4), st.lists(segments, max_size=4), st.randoms(use_true_random=False))
def test_replacing_keeps_the_authors_of_segments_that_stand_unchanged(
    first: list[Segment], fresh: list[Segment], random: object
) -> None:
    before = next_state(start(), first, replaces=False, author="a")
    mixed = [*before.segments, *fresh]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    after = next_state(before, mixed, replaces=True, author="b")
    known = {(piece.text, piece.kind): piece.author for piece in before.segments}
    assert [piece.author for piece in after.segments] == [known.get((piece.text, piece.kind), "b") for piece in mixed]


def test_answers_agree_that_read_the_same_once_they_are_written_in_one_way() -> None:
    eight, money, nine, plain = (Segment(text, kind="answer").claim for text in ("8.00", "$8", "9", "8"))
    assert eight == money == plain == digest_text("8")
    assert nine != eight
    assert Segment("8", kind="text").claim == "", "other kinds claim nothing"
    assert Segment(" \n", kind="answer").claim == "", "and neither does an empty answer"


def test_long_answers_agree_only_if_they_are_equal() -> None:
    words = "so " * 700
    assert Segment(words, kind="answer").claim == digest_text(words)
    assert Segment(words.rstrip(), kind="answer").claim != digest_text(words)


@pytest.mark.parametrize("kept", ["8", "8.00"])
def test_answers_whose_texts_were_erased_do_not_all_agree(kept: str) -> None:
    erased = Segment(ERASED, kind="answer", digest=digest_text(kept))
    assert erased.claim == digest_text(kept)
    assert erased.claim != Segment(ERASED, kind="answer", digest=digest_text("9")).claim


def test_a_segment_whose_kind_was_changed_counts_as_written_anew() -> None:
    before = start()
    after = next_state(before, [Segment("Plan a tour", kind="plan")], replaces=True, author="b")
    assert [piece.author for piece in after.segments] == ["b"]


def test_a_bidder_cannot_take_the_authorship_of_what_it_found() -> None:
    before = start()
    stolen = [Segment(piece.text, piece.kind, piece.media_type, author="thief") for piece in before.segments]
    assert next_state(before, stolen, replaces=True, author="thief").segments == before.segments


@examples(60)
@given(st.lists(segments, max_size=3), st.lists(segments, max_size=3))
def test_digests_tell_states_apart(one: list[Segment], other: list[Segment]) -> None:
    left = next_state(start(), one, replaces=False, author="a")
    right = next_state(start(), other, replaces=False, author="a")
    assert (left.digest == right.digest) == (left.segments == right.segments)


def test_a_state_reads_as_its_segments_with_an_empty_line_between() -> None:
    assert State((Segment("one"), Segment("two"))).text == "one\n\ntwo"
    assert State((Segment("é"), Segment("x"))).size_bytes() == 3


def test_states_and_segments_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        start().segments = ()  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Segment("a").text = "b"  # type: ignore[misc]


def test_equal_states_of_one_lot_are_merged_and_the_highest_bidders_is_sold() -> None:
    request = make_request("a", "b", "c", rules=Rules(copies=(2, 1)))
    step = play_stage(opened(request), {"0": [bid("a", 5), bid("b", 9), bid("c", 2)]}, {"a": "same", "b": "same"})
    assert [(sale.buyer, sale.price_nanos) for sale in step.progress.sales] == [("b", 2)]
    assert step.progress.on_sale == ("0.0",)
    kinds = {(row.debit, row.kind) for row in step.transfers}
    assert kinds == {("bidder:a", "void"), ("bidder:b", "post"), ("bidder:c", "void")}


def test_different_states_of_one_lot_are_both_sold() -> None:
    request = make_request("a", "b", "c", rules=Rules(copies=(2, 1)))
    step = play_stage(opened(request), {"0": [bid("a", 5), bid("b", 9), bid("c", 2)]}, {})
    assert [(sale.buyer, sale.price_nanos) for sale in step.progress.sales] == [("b", 2), ("a", 2)]
    assert step.progress.on_sale == ("0.0", "0.1")


def test_equal_offers_of_two_presenters_are_both_sold() -> None:
    request = make_request("a", "b", rules=Rules(copies=(2,)))
    bids = {"0": [bid("a", 5, PRESENTER), bid("b", 9, PRESENTER)]}
    step = play_stage(opened(request), bids, {"a": "same", "b": "same"})
    assert [offer.presenter for offer in step.progress.offers] == ["b", "a"]


@pytest.mark.parametrize("replaces", [True, False])
def test_an_offer_is_the_presenters_text_and_nothing_else(replaces: bool) -> None:
    present = close(opened(make_request("p")), {"0": [bid("p", 5, PRESENTER)]}).progress
    step = settle_stage(present, {"0": [deliver(present, "0", "p", "The plan.", replaces=replaces)]}, 0)
    assert [offer.text for offer in step.progress.offers] == ["The plan."]
    assert [piece.author for piece in step.progress.offers[0].state.segments] == ["p"]


def test_a_presenter_may_offer_the_text_that_it_bought() -> None:
    present = close(opened(make_request("p", text="Ready")), {"0": [bid("p", 5, PRESENTER)]}).progress
    assert isinstance(deliver(present, "0", "p", "Ready"), Delivered)


@pytest.mark.parametrize(
    ("delivered", "replaces", "fault"),
    [
        ((), False, "empty"),
        (("", " "), False, "empty"),
        (("Plan a tour",), True, "unchanged"),
        (("Plan a tour",), False, "unchanged"),
        (("Plan a tour", " "), False, "unchanged"),
        ((), True, "empty"),
        ((" \n ",), True, "empty"),
        (("x" * 90,), False, "too large"),
        (("é" * 51,), True, "too large"),
    ],
)
def test_a_delivery_without_a_usable_change_is_a_fault_that_forfeits(
    delivered: tuple[str, ...], replaces: bool, fault: str
) -> None:
    rules = Rules(state_bytes_max=100, forfeit_percent=50)
    present = close(opened(make_request("a", rules=rules)), {"0": [bid("a", 9)]}).progress
    result = deliver(present, "0", "a", *delivered, replaces=replaces)
    assert isinstance(result, Faulted)
    assert (result.fault, result.own_fault, result.forfeit_nanos) == (fault, True, 4)


@pytest.mark.parametrize(
    ("delivered", "replaces"),
    [(("x" * 89,), False), (("é" * 50,), True), (("Plan a tour!",), True), (("Plan a tour", "by tram"), False)],
)
def test_a_delivery_that_changes_the_text_within_its_size_is_accepted(
    delivered: tuple[str, ...], replaces: bool
) -> None:
    present = close(opened(make_request("a", rules=Rules(state_bytes_max=100))), {"0": [bid("a", 9)]}).progress
    assert isinstance(deliver(present, "0", "a", *delivered, replaces=replaces), Delivered)


@pytest.mark.parametrize(
    ("said", "again", "is_fault"),
    [("answer", "answer", False), ("text", "text", True), ("answer", "text", True)],
)
def test_who_agrees_with_anothers_answer_delivers_something_and_who_copies_a_text_does_not(
    said: str, again: str, is_fault: bool
) -> None:
    result = _says_again("b", said, again)
    assert isinstance(result, Faulted) == is_fault


def test_who_repeats_its_own_answer_delivers_nothing() -> None:
    result = _says_again("a", "answer", "answer")
    assert isinstance(result, Faulted)
    assert result.fault == "unchanged"


def _says_again(bidder: str, said: str, again: str) -> AwardResult:
    """What comes of `bidder` saying "18" after bidder a has said it, each as a segment of some kind."""
    first = close(opened(make_request("a", "b", rules=Rules(self_sale="open"))), {"0": [bid("a", 9)]}).progress
    bought = settle_stage(first, {"0": [_deliver_18(first, "0", said)]}, 0).progress
    return _deliver_18(close(bought, {"0.0": [bid(bidder, 9)]}).progress, "0.0", again)


def _deliver_18(present: Progress, path: str, kind: str) -> AwardResult:
    award = present.auctions[path].awards[0]
    return accept_delivery(present, path, award, [Segment("18", kind=kind)], replaces=False, cost_nanos=0)


def test_a_replacement_that_leaves_out_what_another_had_added_changes_the_text() -> None:
    bought = play_stage(opened(make_request("a", "b")), {"0": [bid("a", 9)]}, {"a": "Take the tram"}).progress
    present = close(bought, {"0.0": [bid("b", 9)]}).progress
    assert isinstance(deliver(present, "0.0", "b", "Plan a tour", replaces=True), Delivered)


def test_a_presenter_that_delivers_nothing_is_at_fault() -> None:
    present = close(opened(make_request("p")), {"0": [bid("p", 9, PRESENTER)]}).progress
    result = deliver(present, "0", "p")
    assert isinstance(result, Faulted)
    assert result.fault == "empty"


def test_a_digest_that_the_bidder_made_up_is_not_believed() -> None:
    present = close(opened(make_request("a")), {"0": [bid("a", 9)]}).progress
    forged = Segment("mine", author="somebody", digest=digest_text("a stranger's private text"))
    result = accept_delivery(present, "0", present.auctions["0"].awards[0], [forged], replaces=False, cost_nanos=0)
    assert isinstance(result, Delivered)
    assert result.segments == (Segment("mine"),)
    assert result.segments[0].digest == digest_text("mine")
