"""The bidder with a private collection."""

from __future__ import annotations

import asyncio
import cProfile
import time
from pathlib import Path

import pytest

from bidders import documents
from bidders.collection import Collection, load_collection
from bidders.documents import DocumentBidder
from bidders.index import Index
from orchestrator import Segment, errors
from tests.bidders.lots import announce, bid_usd, delivered, pass_reason, state_of, win, write_documents

LIKES = Segment("I love rose gardens and slow walks.", kind="preference", author="diary")
SHUNS = Segment(
    "Avoid roses, moss, gardens, gardeners, raking, walks, paces and mazes.", kind="preference", author="diary"
)


@pytest.fixture
def gardens(tmp_path: Path) -> DocumentBidder:
    return DocumentBidder("gardens", write_documents(tmp_path), kind="garden")


def test_lots_that_are_announced_at_once_wait_for_one_indexing(
    gardens: DocumentBidder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Python 3.12 on, a cached property may be worked out by several threads at once."""
    indexed = []

    class Slow(Index):
        def __init__(self, collection: Collection) -> None:
            indexed.append(collection)
            time.sleep(0.05)
            super().__init__(collection)

    monkeypatch.setattr(documents, "Index", Slow)

    async def announce_several() -> None:
        await asyncio.gather(*(gardens.prepare() for _ in range(4)))

    asyncio.run(announce_several())
    assert len(indexed) == 1


def test_a_collection_that_denies_nothing_is_indexed_without_a_look_at_what_each_word_denies(tmp_path: Path) -> None:
    paragraph = "Passage {} tells of a garden, a mill and the river that turns it, and of all who like roses."
    path = tmp_path / "long.txt"
    path.write_text("\n\n".join(map(paragraph.format, range(100))))
    asyncio.run(DocumentBidder("warm", path).prepare())
    collection = load_collection(path)
    profile = cProfile.Profile()
    profile.runcall(Index, collection)
    calls = sum(row.callcount for row in profile.getstats())
    assert calls / (100 * len(paragraph.split())) < 12


def test_it_bids_on_a_request_that_its_documents_are_about(gardens: DocumentBidder) -> None:
    assert bid_usd(gardens, announce()) > 0


@pytest.mark.parametrize("request_text", ["Write a haiku about winter", "Plan a two-day visit to Prague"])
def test_it_passes_on_a_request_that_they_are_not_about(gardens: DocumentBidder, request_text: str) -> None:
    assert pass_reason(gardens, announce(request=request_text)) == "found nothing relevant"


REFUNDS = """# Handbook

## Refunds

Customers get their money back within thirty days; ask for the order's number.

## Parcels

Three parcels in four arrive within a day.
"""


@pytest.mark.parametrize(
    ("request_text", "finds"),
    [
        ("Draft a friendly email to a customer who asks when the money comes back after a refund", True),
        ("Draft a friendly email to a cousin who asks when the money comes back after a bet", False),
        ("Spend three out of four holidays on the lake in Tessin with cousins and friends", False),
    ],
    ids=["two things of one passage", "one thing", "numbers alone"],
)
def test_a_request_in_many_words_is_known_by_several_that_one_passage_has(
    tmp_path: Path, request_text: str, finds: bool
) -> None:
    handbook = DocumentBidder("handbook", write_documents(tmp_path, REFUNDS))
    assert (bid_usd(handbook, announce(request=request_text)) > 0) is finds


def test_it_quotes_passages_of_the_place_that_is_asked_for_and_not_of_others(gardens: DocumentBidder) -> None:
    text = delivered(gardens, win(announce()))
    assert "Moss garden: The moss garden of Arden" in text
    assert "Belfort" not in text


def test_a_place_is_known_in_small_letters_too(gardens: DocumentBidder) -> None:
    text = delivered(gardens, win(announce(request="plan a two-day visit to arden")))
    assert "moss garden" in text
    assert "Belfort" not in text


def test_what_the_state_says_already_is_worth_nothing(gardens: DocumentBidder) -> None:
    said = Segment(delivered(gardens, win(announce())), kind="garden", author="gardens")
    assert pass_reason(gardens, announce(state_of(said))) == "nothing new for this state"


def test_preferences_that_its_passages_fit_raise_its_bid(gardens: DocumentBidder) -> None:
    request = "A stroll in Arden for two"
    neutral = Segment("I love brass bands.", kind="preference", author="diary")
    fitting = bid_usd(gardens, announce(state_of(LIKES, request=request), request=request))
    assert fitting > bid_usd(gardens, announce(state_of(neutral, request=request), request=request))


def test_preferences_against_its_passages_silence_it(gardens: DocumentBidder) -> None:
    assert pass_reason(gardens, announce(state_of(SHUNS))) == "what it has is what the state says to avoid"


def test_a_statement_that_is_no_preference_silences_nobody(gardens: DocumentBidder) -> None:
    remark = Segment(SHUNS.text, kind="note", author="someone")
    assert bid_usd(gardens, announce(state_of(remark))) > 0


def test_a_collection_whose_character_is_shunned_passes(tmp_path: Path) -> None:
    path = write_documents(tmp_path)
    shuns = Segment("Avoid the mainstream, crowds and tourists.", kind="preference", author="diary")
    loud = DocumentBidder("loud", path, character=["mainstream", "crowded", "tourist"])
    calm = DocumentBidder("calm", path)
    assert pass_reason(loud, announce(state_of(shuns))) == "what it has is what the state says to avoid"
    assert bid_usd(calm, announce(state_of(shuns))) > 0


def test_a_second_helping_of_a_kind_is_worth_less(tmp_path: Path) -> None:
    path = write_documents(tmp_path)
    other = state_of(Segment("Something else.", kind="garden", author="someone"))
    assert bid_usd(DocumentBidder("a", path, kind="garden"), announce(other)) < bid_usd(
        DocumentBidder("b", path, kind="walk"), announce(other)
    )


def test_a_dearer_state_is_bid_for_higher_but_not_above_the_bounty(gardens: DocumentBidder) -> None:
    bids = [bid_usd(gardens, announce(price=price)) for price in ("0", "4", "9.99")]
    assert bids == sorted(bids)
    assert bids[0] < bids[-1] <= 10


def test_the_copies_further_down_are_bid_for_less(gardens: DocumentBidder) -> None:
    assert bid_usd(gardens, announce(lot="0.1")) < bid_usd(gardens, announce(lot="0.0"))


def test_excerpts_of_leanings_keep_the_rest_of_a_notebook_private(tmp_path: Path) -> None:
    notebook = "## Visits\n\nThe tap drips. On a visit I prefer two quiet days. The dentist cost 480 pounds."
    diary = DocumentBidder("diary", write_documents(tmp_path, notebook), kind="preference", excerpt="leanings")
    assert delivered(diary, win(announce())) == "On a visit I prefer two quiet days."


def test_nothing_of_the_documents_shows_in_a_bid(gardens: DocumentBidder) -> None:
    appraisal = gardens.appraise(announce())
    assert "moss" not in repr(appraisal).lower()
    assert "moss" not in repr(asyncio.run(gardens.bid(announce()))).lower()


def test_no_more_passages_are_quoted_than_allowed(tmp_path: Path) -> None:
    short = DocumentBidder("short", write_documents(tmp_path), passages_max=1)
    assert len(delivered(short, win(announce())).split("\n\n")) == 1


def test_documents_that_are_missing_or_empty_break_the_bidder(tmp_path: Path) -> None:
    with pytest.raises(errors.BrokenPlugin, match=r"has no documents: .* holds no \.md, \.markdown or \.txt file"):
        DocumentBidder("gardens", tmp_path)
    with pytest.raises(errors.BrokenPlugin, match=r"has no documents: .* is empty"):
        DocumentBidder("gardens", write_documents(tmp_path, ""))
    with pytest.raises(errors.InvalidConfig, match=r"the document .*nothing\.md cannot be read: No such file"):
        DocumentBidder("gardens", tmp_path / "nothing.md")


def test_a_folder_of_documents_is_sold_from_like_a_file_of_them(gardens: DocumentBidder, tmp_path: Path) -> None:
    folder = DocumentBidder("gardens", tmp_path, kind="garden")
    assert bid_usd(folder, announce()) == bid_usd(gardens, announce())
    assert delivered(folder, win(announce())) == delivered(gardens, win(announce()))


def test_of_a_text_without_headings_the_paragraphs_that_matter_are_sold_and_no_others(tmp_path: Path) -> None:
    text = "Our refund policy: customers get money back within 30 days.\n\nMy password is a pet's name."
    notes = DocumentBidder("notes", write_documents(tmp_path, text))
    won = win(announce(request="How long do customers have to ask for a refund?"))
    assert delivered(notes, won) == "Our refund policy: customers get money back within 30 days."


@pytest.mark.parametrize("option", [{"excerpt": "half"}, {"gain_max": 2}, {"passages_max": 0}])
def test_options_out_of_range_are_refused(tmp_path: Path, option: dict[str, object]) -> None:
    with pytest.raises(errors.InvalidConfig):
        DocumentBidder("gardens", write_documents(tmp_path), **option)  # type: ignore[arg-type]
