"""A result is read afresh whenever it is asked, and what it says at once is of one moment."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable

import pytest

from orchestrator import Market, Result
from orchestrator.engine.recorder import RequestLog
from orchestrator.errors import InvalidRequest
from tests.engine.world import Scripted, make_market, presenter


class Counted:
    """A market's records, and how often they were read."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.reads = 0

    def read_log(self, request_id: str) -> RequestLog:
        self.reads += 1
        return self._market.read_log(request_id)

    def pick(self, request_id: str, rank: int) -> None:
        self._market.pick(request_id, rank)


def opened() -> Market:
    market = make_market(Scripted("a", {1: "4"}), presenter("p", {2: "3"}), presenter("q", {2: "2"}))
    market.run("hello", 10, seed=1)
    return market


def test_a_result_as_data_or_in_a_line_is_read_once_and_so_of_one_moment() -> None:
    records = Counted(opened())
    result = Result(records, "r1")
    assert json.loads(json.dumps(result.to_dict()))["status"] == "open"
    assert records.reads == 1
    assert repr(result) == "<Result r1: open, 1 offers>"
    assert records.reads == 2


@pytest.mark.parametrize(("rank", "status", "picked"), [(1, "released", 1), (0, "rejected", None)])
def test_a_result_as_data_says_what_its_attributes_say(rank: int, status: str, picked: int | None) -> None:
    market = opened()
    market.pick("r1", rank)
    result = market.result("r1")
    data = result.to_dict()
    assert (data["status"], data["picked"]) == (result.status, picked) == (status, picked)
    assert data["offers"] == [offer.to_dict() for offer in result.offers]
    assert data["reason"] == result.reason
    assert data["bounty"] == str(result.bounty)
    assert data["journal_hash"] == result.journal_hash


def test_what_is_posted_must_be_a_posting() -> None:
    with pytest.raises(InvalidRequest, match=r"a Posting\(text, budget\), not str"):
        opened().post("hello")  # type: ignore[arg-type]


@pytest.mark.parametrize("copied", [lambda result: pickle.loads(pickle.dumps(result)), copy.deepcopy])
def test_a_result_that_goes_to_another_process_shows_what_was_known_then(copied: Callable[[Result], Result]) -> None:
    market = opened()
    result = market.result("r1")
    before, told = copied(result), result.to_dict()
    assert (before.to_dict(), before.statement(), before.receipts()) == (told, result.statement(), result.receipts())
    with pytest.raises(InvalidRequest, match="this result of r1 was pickled or copied and shows what was known then"):
        before.pick(1)
    result.pick(1)
    assert (result.status, before.status) == ("released", "open")
    assert copied(before).to_dict() == told, "and on from there"
