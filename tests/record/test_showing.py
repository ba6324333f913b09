"""One principal's equal texts are shown once, and runs of before that showed them twice verify as they did (R9)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from orchestrator import Market, Replacement, Segment, WonLot
from orchestrator.core.keys import digest_text
from orchestrator.core.ranking import rank, same_pieces
from orchestrator.record import export_request, replay, verify
from tests.engine.world import Scripted, make_market, presenter
from tests.record.test_verify import Record, body_of, seal_again

WHOLE, OPENING, REST = "Dear traveller,\n\nsee the castle.", "Dear traveller,", "see the castle."


class Cutting(Scripted):
    """Presents its two lots in so many words, each cut into pieces in a way of its own."""

    def __init__(self, *ways: Sequence[str], principal: str = "boss") -> None:
        super().__init__("cutter", {2: "5"}, ("presenter",), principal=principal)
        self._ways = ways

    async def transform(self, lot: WonLot) -> Any:
        return Replacement([Segment(piece) for piece in self._ways[int(lot.lot.rpartition(".")[2])]])


def market_of(*ways: Sequence[str]) -> Market:
    writers = [Scripted(f"writer{number}", {1: "3"}) for number in range(len(ways))]
    return make_market(*writers, Cutting(*ways), presenter("other", {2: "1"}), rules={"copies": [len(ways), 1]})


def shown(market: Market) -> list[str]:
    return [offer.text for offer in market.run("hello", 10, seed=1).offers]


def test_texts_that_read_the_same_are_shown_once_however_they_are_cut() -> None:
    assert shown(market_of([WHOLE], [OPENING, REST])) == [WHOLE]
    assert shown(market_of([OPENING, REST], [OPENING, REST])) == [WHOLE]
    assert len(shown(market_of([WHOLE], [OPENING + REST]))) == 2


def old_run(patch: pytest.MonkeyPatch, *ways: Sequence[str]) -> tuple[Market, Record]:
    """A run of when offers were told apart by their pieces, from which the second was picked."""
    patch.setattr("orchestrator.core.settlement.rank", partial(rank, identity_of=same_pieces))
    market = market_of(*ways)
    market.run("hello", 10, seed=1).pick(2)
    patch.undo()
    return market, export_request(market.store, "r1")


def test_a_run_of_before_that_showed_one_text_twice_verifies_and_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    _, record = old_run(monkeypatch, [WHOLE], [OPENING, REST])
    assert len(body_of(record, "offered")["offers"]) == 2
    assert verify(record) == []
    assert replay(record).identical


def test_a_run_that_showed_texts_once_verifies_when_a_piece_of_one_is_erased() -> None:
    market = market_of([WHOLE], [OPENING, REST], ["Go\n\nhome."], ["Go", "home."])
    market.run("hello", 10, seed=1).pick(1)
    market.store.transact(lambda tx: tx.erase_text(digest_text(REST)))
    record = export_request(market.store, "r1")
    assert len(body_of(record, "offered")["offers"]) == 2
    assert verify(record) == []
    assert replay(record).identical


def test_a_run_of_before_verifies_when_a_piece_is_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    market, _ = old_run(monkeypatch, [WHOLE], [OPENING, REST])
    market.store.transact(lambda tx: tx.erase_text(digest_text(REST)))
    assert verify(export_request(market.store, "r1")) == []


@pytest.mark.parametrize("erased", [False, True])
@pytest.mark.parametrize("offers", [lambda paths: paths[::-1], lambda paths: paths[:1]], ids=["reversed", "dropped"])
def test_no_other_order_is_taken_for_lawful(offers: Any, erased: bool) -> None:
    market = make_market(
        Scripted("ann", {1: "3"}),
        presenter("p", {2: "5"}),
        presenter("q", {2: "4"}),
        presenter("r", {2: "1"}),
        rules={"copies": [1, 2]},
    )
    market.run("hello", 10, seed=1).pick(1)
    if erased:
        market.store.transact(lambda tx: tx.erase_text(digest_text("q on 0.0")))
    record = export_request(market.store, "r1")
    assert verify(record) == []
    body = body_of(record, "offered")
    assert len(body["offers"]) == 2
    body["offers"] = offers(body["offers"])
    assert any("offered.offers" in finding.what for finding in verify(seal_again(record)))
