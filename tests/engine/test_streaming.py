"""What presenters write can be watched, and watching changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator import Segment, WonLot
from orchestrator.engine.streaming import Piece, Writing
from tests.engine.world import Scripted, assert_sound, make_market, presenter


class Writer(Scripted):
    """Says what it writes while it writes, and then delivers it."""

    async def transform(self, lot: WonLot) -> Any:
        if lot.on_text is not None:
            for word in ("Dear ", "friend"):
                lot.on_text(word)
        return [Segment("Dear friend")]


def writer(name: str, **more: Any) -> Writer:
    return Writer(name, "3", ("presenter",), **more)


def market() -> Any:
    writers = [Writer(name, {1: bid}, ("presenter",)) for name, bid in (("p", "3"), ("q", "2"))]
    return make_market(*writers, rules={"copies": 2})


def test_pieces_come_with_their_writer_and_end_with_a_last_one() -> None:
    heard: list[Piece] = []
    made = market()
    made.run("hello", 10, seed=1, on_text=heard.append)
    assert [piece for piece in heard if piece.bidder == "p"] == [
        Piece("0", "p", "Dear "),
        Piece("0", "p", "friend"),
        Piece("0", "p", "", is_last=True),
    ]
    assert_sound(made)


def test_a_run_is_the_same_whether_or_not_anybody_watches() -> None:
    hashes = set()
    for on_text in (None, lambda piece: None):
        made = market()
        hashes.add(made.run("hello", 10, seed=1, on_text=on_text).journal_hash)
    assert len(hashes) == 1


def test_a_watcher_that_fails_disturbs_nobody() -> None:
    def fail(piece: Piece) -> None:
        raise RuntimeError("the terminal is gone")

    made = market()
    assert len(made.run("hello", 10, seed=1, on_text=fail).offers) == 2


def test_transformers_are_not_watched() -> None:
    seen: list[Any] = []

    class Curious(Scripted):
        async def transform(self, lot: WonLot) -> Any:
            seen.append(lot.on_text)
            return await super().transform(lot)

    made = make_market(Curious("a", {1: "4"}), presenter("p", {2: "3"}))
    made.run("hello", 10, seed=1, on_text=lambda piece: None)
    assert seen == [None]


@pytest.mark.parametrize("wrong", [None, 3, b"x", object(), ""])
def test_what_is_no_text_is_dropped(wrong: Any) -> None:
    heard: list[Piece] = []
    Writing("0", "p", heard.append, 100)(wrong)
    assert heard == []


def test_no_more_is_passed_on_than_could_be_delivered() -> None:
    heard: list[Piece] = []
    writing = Writing("0", "p", heard.append, 10)
    for _ in range(5):
        writing("four")
    assert "".join(piece.text for piece in heard) == "fourfourfo"


def test_what_comes_after_the_end_is_dropped_and_the_end_comes_once() -> None:
    heard: list[Piece] = []
    writing = Writing("0", "p", heard.append, 100)
    writing.close()
    writing("late")
    writing.close()
    assert heard == [Piece("0", "p", "", is_last=True)]
