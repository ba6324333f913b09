"""What builds bidders lets go of them: a market that cannot be opened, and whoever only looks at them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from orchestrator import Market
from orchestrator.api.checking import find_mute_models
from orchestrator.api.dry_run import dry_run
from orchestrator.api.posting import Posting
from orchestrator.api.roster import read_roster
from orchestrator.config import Config, load_config
from orchestrator.errors import BrokenPlugin, InvalidConfig, InvalidRequest, StoreUnavailable
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


@pytest.mark.parametrize("store", [5, Path("market.db"), MemoryStore], ids=["number", "path", "class"])
def test_what_is_no_store_is_refused_and_leaves_no_built_bidder_behind(store: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"^`store` is a store, or a text: `memory`, the path of an SQLite file"):
        Market(config(), store=store)
    assert Held.closed == ["built"]


@pytest.mark.parametrize("bidders", [Held("own"), None, "own"])
def test_bidders_that_are_no_list_are_refused(bidders: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"^`bidders` is a list of bidders, not .*; a single one is \[bidder\]"):
        Market(config(), bidders=bidders, store="memory")


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


@pytest.mark.parametrize(
    "look",
    [
        find_mute_models,
        lambda config: dry_run(config, MemoryStore(), Posting("hello", 10)),
        lambda config: read_roster(config, MemoryStore()),
    ],
    ids=["at its models", "ahead", "at the roster"],
)
def test_who_only_looks_at_bidders_closes_those_that_were_built_for_it(look: Callable[[Config], Any]) -> None:
    look(load_config(config()))
    assert Held.closed == ["built"]
