"""A market that cannot be opened lets go of the bidders that it has built, and of nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from orchestrator import Market
from orchestrator.errors import BrokenPlugin, InvalidConfig, StoreUnavailable
from orchestrator.store import MemoryStore
from tests.engine.world import Scripted


class Held(Scripted):
    """Holds something, as the server of a model."""

    closed: ClassVar[list[str]] = []

    def __init__(self, name: str, roles: Any = ("transformer",)) -> None:
        super().__init__(name, {1: "1"}, roles)

    def close(self) -> None:
        self.closed.append(self.name)


class Unwritable(MemoryStore):
    """Opens, and then cannot be written."""

    is_closed = False

    def transact(self, work: Any) -> Any:
        raise StoreUnavailable("the disk is full")

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(autouse=True)
def none_closed() -> None:
    Held.closed.clear()


def config(**options: Any) -> dict[str, Any]:
    return {"version": 1, "bidders": [{"name": "built", "type": f"{__name__}:Held", "options": options}]}


def test_a_store_that_cannot_be_opened_leaves_no_built_bidder_behind(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        Market(config(), bidders=[Held("own")], store=str(tmp_path / "file" / "market.db"))
    assert Held.closed == ["built"]


def test_a_store_that_was_given_is_its_callers_to_close() -> None:
    store = Unwritable()
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        Market(config(), store=store)
    assert (Held.closed, store.is_closed) == (["built"], False)


def test_a_bidder_of_the_callers_that_is_none_leaves_no_built_one_behind() -> None:
    with pytest.raises(InvalidConfig, match="two bidders are called 'built'"):
        Market(config(), bidders=[Held("built")], store="memory")
    with pytest.raises(BrokenPlugin):
        Market(config(), bidders=[object()], store="memory")
    assert Held.closed == ["built", "built"]


def test_a_bidder_that_is_broken_is_closed_at_once() -> None:
    with Market(config(roles=["painter"]), store="memory") as market:
        assert [each.name for each in market.broken] == ["built"]
        assert Held.closed == ["built"]


def test_a_market_that_opens_closes_its_bidders_when_it_closes() -> None:
    with Market(config(), bidders=[Held("own")], store="memory"):
        assert Held.closed == []
    assert Held.closed == ["built", "own"]
