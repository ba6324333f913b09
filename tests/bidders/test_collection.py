"""Cutting of documents into passages, and their index."""

from __future__ import annotations

import pytest

from bidders.collection import parse_collection
from bidders.index import Index
from bidders.words import mentions, stem, terms
from tests.bidders.lots import GARDENS


def test_markdown_is_cut_at_its_headings() -> None:
    collection = parse_collection(GARDENS)
    assert (collection.title, collection.description) == ("Gardens", "Gardens of Arden and Belfort.")
    assert [passage.heading for passage in collection.passages] == ["Moss garden", "Rose walk", "Belfort maze"]
    assert collection.passages[1].quote.startswith("Rose walk: The rose walk in Arden")


def test_a_text_without_headings_is_one_passage() -> None:
    assert [passage.text for passage in parse_collection("Just a note.").passages] == ["Just a note."]


@pytest.mark.parametrize("empty", ["", "\n\n", "# Title only"])
def test_a_text_without_content_has_no_passages(empty: str) -> None:
    assert parse_collection(empty).passages == ()


def test_names_are_told_by_their_capitals_and_days_are_not_names() -> None:
    names = parse_collection("## Walks\n\nThe walk to Arden starts on Monday. Boots help.").names
    assert names == {"arden"}


def test_an_index_finds_the_passage_with_the_rarest_of_the_words() -> None:
    index = Index(parse_collection(GARDENS))
    scores = index.scores({"garden": 1.0, "rak": 1.0})
    assert scores.index(max(scores)) == 0
    assert index.scores({"unheard": 1.0}) == [0.0, 0.0, 0.0]
    assert index.informativeness("rak") > index.informativeness("visit")


@pytest.mark.parametrize("form", ["surf", "surfs", "surfing", "Surfed"])
def test_the_forms_of_a_word_share_a_stem(form: str) -> None:
    assert stem(form) == "surf"


def test_stop_words_and_figures_say_nothing() -> None:
    assert terms("How do I get to the 3 gardens at 9:30?") == ["garden"]


def test_a_compound_mentions_its_root_but_a_short_root_is_no_root() -> None:
    assert mentions({"waterfront"}, "water")
    assert not mentions({"carpet"}, "car")
