"""Cutting of documents into passages, and their index."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bidders.collection import load_collection, parse_collection
from bidders.index import Index
from bidders.words import mentions, stem, terms
from orchestrator.errors import InvalidConfig
from tests.bidders.lots import GARDENS


def test_markdown_is_cut_at_its_headings() -> None:
    collection = parse_collection(GARDENS)
    assert (collection.title, collection.description) == ("Gardens", "Gardens of Arden and Belfort.")
    assert [passage.heading for passage in collection.passages] == ["Moss garden", "Rose walk", "Belfort maze"]
    assert collection.passages[1].quote.startswith("Rose walk: The rose walk in Arden")


def test_a_text_without_headings_is_cut_at_its_paragraphs() -> None:
    assert [passage.quote for passage in parse_collection("Just a note.").passages] == ["Just a note."]
    letter = parse_collection("Rain is likely\nin May.\n \n\nBring boots.\n")
    assert [passage.quote for passage in letter.passages] == ["Rain is likely in May.", "Bring boots."]
    titled = parse_collection("# Weather\n\nRain is likely.\n\nBring boots.")
    assert [passage.quote for passage in titled.passages] == ["Weather: Rain is likely.", "Weather: Bring boots."]
    assert (titled.title, titled.description) == ("Weather", "Rain is likely. Bring boots.")


def test_a_folder_is_one_collection_of_its_documents(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".drafts").mkdir()
    (tmp_path / "a.md").write_text(GARDENS, encoding="utf-8")
    (tmp_path / "b" / "note.TXT").write_bytes(b"\xef\xbb\xbfThe mill of Corin turns at noon.\r\n\r\nIt is free.\r\n")
    for left_out in ("c.pdf", ".hidden.md", ".drafts/d.md"):
        (tmp_path / left_out).write_bytes(b"\xff not read")
    alone, all_of_it = load_collection(tmp_path / "a.md"), load_collection(tmp_path)
    assert all_of_it.passages[:-2] == alone.passages
    assert [passage.quote for passage in all_of_it.passages[-2:]] == ["The mill of Corin turns at noon.", "It is free."]
    assert (all_of_it.title, all_of_it.description) == (alone.title, alone.description)
    assert all_of_it.names == alone.names | {"corin"}


def test_a_document_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_bytes("Café".encode("latin-1"))
    with pytest.raises(InvalidConfig, match=r"the document .*old\.md cannot be read: byte 3 is not UTF-8; save it"):
        load_collection(tmp_path)


def test_all_documents_that_cannot_be_read_are_named_at_once(tmp_path: Path) -> None:
    for number in range(13):
        (tmp_path / f"{number:02}.md").write_bytes(b"\xff" if number else b"Good")
    with pytest.raises(
        InvalidConfig, match=r"01\.md cannot be read: .*; .*10\.md cannot be .*; and 2 more$"
    ) as refusal:
        load_collection(tmp_path)
    assert "00.md" not in str(refusal.value)


def test_an_inner_folder_that_cannot_be_read_is_not_left_out_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text("The mill turns at noon.", encoding="utf-8")
    for inner in ("closed", ".hidden"):
        (tmp_path / inner).mkdir()
    listed = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name in ("closed", ".hidden"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(InvalidConfig, match=r"cannot read the folder .*closed: Permission denied$"):
        load_collection(tmp_path)
    (tmp_path / "closed").rmdir()
    assert load_collection(tmp_path).passages, "what is hidden is not looked into"


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
