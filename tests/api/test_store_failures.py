"""A store that fails in mid-run: one error for the operator, and the run can be resumed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from orchestrator import Market
from orchestrator.api.posting import Posting
from orchestrator.api.reports import list_requests
from orchestrator.errors import InvalidRecord, StoreUnavailable
from orchestrator.progress import read_progress
from orchestrator.store import open_store
from tests.engine.world import Paid, Provider, Scripted, assert_sound, faults, make_market, presenter


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "market.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def market(template: Path, tmp_path: Path) -> Iterator[Market]:
    path = shutil.copy(template, tmp_path / "market.db")
    source = Provider("0.01")
    bidders: list[Any] = [
        Paid("a", {1: "3", 2: "2"}, source, bid_calls=1, says="x" * 5_000),
        Scripted("d", {1: "1", 2: "3"}, says="y" * 50_000),
        presenter("p", {3: "4"}, says="z" * 50_000),
        presenter("q", {3: "3"}),
    ]
    market = make_market(*bidders, store=f"sqlite:///{path}")
    yield market
    market.close()


def pragmas(market: Market, *statements: str) -> Callable[[], None]:
    """Run pragmas at the start of every transaction, until the function returned is called."""
    engine: Any = market.store._engine  # type: ignore[attr-defined]

    def on_begin(connection: Any) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    event.listen(engine, "begin", on_begin)
    return lambda: event.remove(engine, "begin", on_begin)


def failing_at(market: Market, kind: str, stage: int, *statements: str) -> tuple[list[Callable[[], None]], Any]:
    undo: list[Callable[[], None]] = []

    def on_event(happened: Any, progress: Any) -> None:
        if happened.kind == kind and happened.stage == stage and not undo:
            undo.append(pragmas(market, *statements))

    return undo, on_event


@pytest.mark.parametrize(("kind", "stage"), [("announced", 1), ("cleared", 1), ("announced", 2), ("settled", 2)])
@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (("PRAGMA query_only=1",), "read-only"),
        (("PRAGMA max_page_count=1", "PRAGMA cache_size=1"), "the disk is full"),
    ],
    ids=["read-only", "full"],
)
def test_a_store_that_fails_in_mid_run_is_one_error_and_resume_goes_on(
    market: Market, kind: str, stage: int, statements: tuple[str, ...], said: str
) -> None:
    undo, on_event = failing_at(market, kind, stage, *statements)
    with pytest.raises(StoreUnavailable, match=said) as caught:
        market.run("hello", 10, seed=1, on_event=on_event)
    assert str(caught.value).isprintable()
    undo[0]()
    restore = pragmas(market, "PRAGMA query_only=0", "PRAGMA max_page_count=1073741823")
    assert market.result("r1").status == "running"
    market.resume("r1")
    restore()
    assert market.result("r1").status == "open"
    assert faults(market) == []
    market.pick("r1", 1)
    assert_sound(market)


def test_the_same_run_on_a_store_that_does_not_fail_ends_without_an_error(market: Market) -> None:
    """The control of the one before."""
    undo, on_event = failing_at(market, "announced", 1, "PRAGMA query_only=0")
    market.run("hello", 10, seed=1, on_event=on_event).pick(1)
    undo[0]()
    assert_sound(market)


def test_a_closed_market_says_so(market: Market) -> None:
    for each in (market, make_market(store="memory")):
        each.close()
        with pytest.raises(StoreUnavailable, match="is closed"):
            each.run("hello", 10)


def damage(market: Market, statement: str) -> int:
    """Change the file as a failing disk might: no rule of the store stands in its way. Returns how many rows it hit."""
    engine: Any = market.store._engine  # type: ignore[attr-defined]
    with engine.begin() as connection:
        triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
        for trigger in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        return int(connection.exec_driver_sql(statement).rowcount)


_ANOTHER_PRICE = (
    """UPDATE journal SET body = replace(body, '"price_nanos":1', '"price_nanos":2') WHERE kind = 'settled'"""
)


@pytest.mark.parametrize("act", ["pick", "cancel", "show"])
def test_nothing_is_paid_on_a_journal_that_the_disk_has_changed(market: Market, act: str) -> None:
    """One digit of a price is another: the requester was refunded another sum, and the rest stayed in the escrow."""
    market.run("hello", 10, seed=1)
    assert damage(market, _ANOTHER_PRICE) > 0
    do: dict[str, Callable[[], object]] = {
        "pick": lambda: market.pick("r1", 1),
        "cancel": lambda: market.cancel("r1"),
        "show": lambda: market.result("r1").offers,
    }
    before = market.store.read(lambda reader: reader.balances())
    with pytest.raises(InvalidRecord, match=r"request r1: entry \d+ of its journal is not what was written"):
        do[act]()
    assert market.store.read(lambda reader: reader.balances()) == before
    assert [(each.where, each.what.endswith("is not what was written")) for each in market.audit()] == [("r1", True)]


def test_nothing_is_told_of_how_a_market_does_by_a_journal_that_the_disk_has_changed(market: Market) -> None:
    market.run("hello", 10, seed=1, judge="top")
    assert read_progress(market.store).to_dict()["objective"]
    assert damage(market, _ANOTHER_PRICE) > 0
    with pytest.raises(InvalidRecord, match=r"nothing is paid or told by it"):
        read_progress(market.store)


def test_an_interrupted_request_whose_journal_is_damaged_keeps_no_other_from_being_finished(market: Market) -> None:
    for text in ("hello", "again"):
        market.post(Posting(text, 10, seed=1))
    damage(market, "UPDATE requests SET driver = ''")
    damage(market, "UPDATE journal SET body = '{' WHERE request = 'r1'")
    with pytest.raises(InvalidRecord, match="request r1"):
        market.resume()
    assert [(row.id, row.status) for row in market.requests()] == [("r1", "running"), ("r2", "open")]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM journal WHERE request = 'r1'",
        "DELETE FROM journal WHERE request = 'r1' AND sequence = 0",
        "UPDATE journal SET body = '{' WHERE request = 'r1'",
    ],
)
def test_a_request_whose_journal_is_damaged_hides_no_other_from_the_list(market: Market, change: str) -> None:
    market.run("hello", 10, seed=1)
    market.run("again", 10, seed=1)
    damage(market, change)
    shown = [(each.row.id, each.text) for each in list_requests(market.store)]
    assert shown == [("r1", "[its journal is damaged; see `vickrey audit`]"), ("r2", "again")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DELETE FROM journal", "its journal is gone"),
        ("DELETE FROM journal WHERE sequence = 2", "entry 2 of its journal is not what was written"),
        ("UPDATE requests SET status = 'released'", "do not agree on whether it has ended"),
        ("DELETE FROM requests", "it has a journal, but its row among the requests is gone"),
    ],
)
def test_an_audit_finds_journals_that_are_not_as_they_were_written(market: Market, change: str, said: str) -> None:
    market.run("hello", 10, seed=1)
    assert market.audit() == []
    damage(market, change)
    assert said in " ".join(each.what for each in market.audit())
