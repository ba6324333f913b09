"""Reading of what a text prefers and avoids."""

from __future__ import annotations

import pytest

from bidders.leanings import affirmed_terms, leaning_sentences, negated_terms, read_leanings


@pytest.mark.parametrize(
    ("text", "avoided"),
    [
        ("avoid museums", {"museum"}),
        ("He hates crowds, queues and coaches.", {"crowd", "queu", "coach"}),
        ("Keep us away from the harbour.", {"harbour"}),
        ("Trains rather than buses, please.", {"bus"}),
        ("No casinos. A quiet street.", {"casino"}),
        ("The ferry was a mistake.", {"ferry"}),
        ("I prefer gardens over palaces.", {"palac"}),
        ("I do not want a brochure.", {"brochur"}),
        ("A quiet street with a garden.", set()),
    ],
)
def test_what_a_text_avoids_is_found(text: str, avoided: set[str]) -> None:
    assert read_leanings(text).avoided == avoided


@pytest.mark.parametrize(
    ("text", "preferred"),
    [
        ("Pottery is my favourite.", {"pottery"}),
        ("She likes slow trains but no buses.", {"slow", "train"}),
        ("I would rather row than sail.", {"row"}),
        ("There is a museum.", set()),
    ],
)
def test_what_a_text_prefers_is_found(text: str, preferred: set[str]) -> None:
    assert read_leanings(text).preferred == preferred


def test_a_term_that_is_praised_oftener_than_blamed_is_preferred() -> None:
    assert "train" in read_leanings("I like trains. I love trains. No trains at night.").preferred
    assert "train" not in read_leanings("I like trains. No trains. Never trains.").preferred


def test_what_a_text_says_is_absent_is_not_affirmed() -> None:
    text = "A garden far from any road and without traffic."
    assert "traffic" not in affirmed_terms(text)
    assert "garden" in affirmed_terms(text)
    assert negated_terms(text) == {"traffic"}


def test_only_sentences_with_a_leaning_are_told() -> None:
    text = "The tap drips. I prefer quiet rooms. We ate soup."
    assert leaning_sentences(text) == ["I prefer quiet rooms."]
