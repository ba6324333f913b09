"""A store on PostgreSQL: servers that go away, writers that overlap, and what the operator is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, make_url, text

from orchestrator import Market
from orchestrator.errors import OperatorError, StaleDriver, StoreUnavailable
from orchestrator.journal import Entry
from orchestrator.ledger import Account, audit, hold, post, transfer
from orchestrator.store import MemoryRow, Reader, Transaction, open_store, postgresql
from orchestrator.store.database import open_engine, upgrade
from orchestrator.store.schema import HEAD
from orchestrator.store.sql import SqlStore
from tests.cli.markets import vickrey
from tests.store.opening import opened_at_once
from tests.store.server import Server
from tests.store.test_long_lives import CONFIG, live

ACCOUNTS = [Account("issuer", may_overdraw=True), Account("a"), Account("b")]
FUND = transfer("fund", "issuer", "a", 10, "fund")
RESUMES = "`vickrey resume` goes on"


def put_text(name: str) -> Callable[[Transaction], None]:
    return lambda tx: tx.put_texts({name: "x"})


def texts(store: SqlStore, *names: str) -> list[str]:
    return sorted(store.read(lambda reader: reader.texts(names)))


def learn_once(tx: Transaction) -> None:
    """As every ending does: what is written rests on what was read."""
    known = tx.memory("m")
    tx.put_memory(MemoryRow("m", "tracker", 1, str(1 + int(known.body if known else 0))))


def test_a_market_lives_on_a_server_as_on_a_file(server_store: SqlStore) -> None:
    with Market(CONFIG, store=server_store) as market:
        live(market)
        assert market.audit() == []
        assert [row.id for row in market.requests()] == ["r1", "r2"]


@pytest.mark.parametrize("takes_turns", [True, False])
def test_writers_of_two_hosts_take_turns_so_that_nothing_learned_is_lost(
    server: Server, server_url: str, monkeypatch: pytest.MonkeyPatch, takes_turns: bool
) -> None:
    """Without turns, the control, the second writes over what the first has learned."""
    if not takes_turns:
        monkeypatch.setattr(
            postgresql, "_WRITING", text(f"{postgresql._WRITING}".replace("pg_advisory_xact_lock(:turn)", "0"))
        )
    one, two = SqlStore(server_url), SqlStore(server_url)
    seconds: list[Any] = []

    def learn_slowly(tx: Transaction) -> None:
        known = tx.memory("m")
        seconds.append(two.submit(learn_once))
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        deadline = time.monotonic() + 30
        while not (seconds[0].done() or server.execute(waiting)[0][0]) and time.monotonic() < deadline:
            pass
        assert known is None
        tx.put_memory(MemoryRow("m", "tracker", 1, "1"))

    one.transact(learn_slowly)
    seconds[0].result(timeout=30)
    learned = one.read(lambda reader: reader.memory("m"))
    assert learned is not None
    assert learned.body == ("2" if takes_turns else "1")
    one.close()
    two.close()


@pytest.mark.slow
def test_requests_that_two_hosts_post_at_once_both_stand(server_url: str) -> None:
    with Market(CONFIG, store=server_url) as one, Market(CONFIG, store=server_url) as two:
        failures: list[BaseException] = []

        def post_some(market: Market) -> None:
            try:
                for _ in range(3):
                    market.run("Plan a day out", budget=10).pick(1)
                    market.topup("ann", 1)
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=post_some, args=(market,)) for market in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failures == []
        assert [row.id for row in one.requests(["released"])] == [f"r{number}" for number in range(1, 7)]
        topups = one.store.read(lambda reader: reader.turnover(["bidder:ann"]))
        assert [row.in_nanos for row in topups if row.code == "topup"] == [6 * 10**9]
        assert one.audit() == []


@pytest.mark.parametrize("sees_one_state", [True, False])
def test_a_reader_sees_one_state_whatever_is_written_meanwhile(
    server_store: SqlStore, monkeypatch: pytest.MonkeyPatch, sees_one_state: bool
) -> None:
    """Without that, the control, an audit beside a running market finds what is not wrong."""
    if not sees_one_state:
        monkeypatch.setattr(postgresql, "_READING", "SELECT 1")
    server_store.transact(lambda tx: tx.open_accounts(ACCOUNTS))

    def look(reader: Reader) -> bool:
        balances = reader.balances()
        server_store.transact(lambda tx: tx.apply([FUND]))
        return audit(balances, reader.each_transfer()) == []

    assert server_store.read(look) is sees_one_state


def test_a_server_that_was_away_between_two_commits_is_not_noticed(server: Server, server_store: SqlStore) -> None:
    server_store.transact(put_text("one"))
    server.stop()
    server.start()
    server_store.transact(put_text("two"))
    assert texts(server_store, "one", "two") == ["one", "two"]


def test_a_connection_that_breaks_before_the_commit_has_written_nothing(
    server: Server, server_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[logging.LogRecord] = []
    last_resort = logging.Handler()
    last_resort.emit = printed.append  # type: ignore[method-assign,assignment]
    monkeypatch.setattr(logging, "lastResort", last_resort)
    monkeypatch.setattr(logging.root, "handlers", [])

    def work(tx: Transaction) -> None:
        tx.put_texts({"one": "x"})
        server.execute("SELECT pg_terminate_backend(pid, 30000) FROM pg_locks WHERE locktype = 'advisory'")
        tx.put_texts({"two": "x", "three": "x"})

    with pytest.raises(StoreUnavailable, match="the connection to the server was lost, and what was being written is "):
        server_store.transact(work)
    assert printed == [], "one line says it; what libraries log is for those who set up logging"
    assert texts(server_store, "one", "two", "three") == []
    server_store.transact(put_text("four"))
    assert texts(server_store, "four") == ["four"]


def at_next_commit(store: SqlStore, happens: Callable[[Any], None]) -> None:
    """Do something to the connection when the store sends its next commit."""

    @event.listens_for(store._engine, "commit", once=True)
    def on_commit(connection: Any) -> None:
        happens(connection.connection.dbapi_connection)


def lose_the_reply(connection: psycopg.Connection[Any]) -> None:
    connection.commit()
    connection.close()


def test_a_commit_that_was_made_but_not_answered_stands_and_nobody_need_know(server_store: SqlStore) -> None:
    server_store.transact(lambda tx: tx.open_accounts(ACCOUNTS))
    at_next_commit(server_store, lose_the_reply)
    assert server_store.transact(lambda tx: tx.apply([FUND])) == [FUND]
    assert server_store.read(lambda reader: reader.spendable(["a"])) == {"a": 10}


def test_a_commit_that_never_arrived_is_undone_and_told(server_store: SqlStore) -> None:
    at_next_commit(server_store, lambda connection: connection.close())
    with pytest.raises(StoreUnavailable, match=RESUMES):
        server_store.transact(put_text("one"))
    assert texts(server_store, "one") == []


def test_what_became_of_a_commit_may_stay_unknown_and_the_operator_is_told_to_look(
    server: Server, server_store: SqlStore
) -> None:
    def crash(connection: psycopg.Connection[Any]) -> None:
        lose_the_reply(connection)
        server.stop()

    at_next_commit(server_store, crash)
    with pytest.raises(StoreUnavailable, match="may stand or not: look before you do it again"):
        server_store.transact(put_text("one"))
    server.start()
    assert texts(server_store, "one") == ["one"]


@pytest.mark.slow
def test_a_run_whose_server_crashed_goes_on_and_pays_no_call_twice(server: Server, server_url: str) -> None:
    """At each of its commits: before it arrives, and after it was made but not answered."""
    for number in range(8):
        with Market(CONFIG, store=server_url) as market:
            assert isinstance(market.store, SqlStore)
            seen: list[int] = []

            @event.listens_for(market.store._engine, "commit")
            def crash(connection: Any, seen: list[int] = seen, number: int = number) -> None:
                seen.append(1)
                if len(seen) == 1 + number // 2:
                    if number % 2:
                        connection.connection.dbapi_connection.commit()
                    connection.connection.dbapi_connection.close()

            if number % 2:
                assert market.run("Plan a day out", budget=10, seed=1).status == "open", "it is known to be committed"
            else:
                with pytest.raises(StoreUnavailable, match=RESUMES):
                    market.run("Plan a day out", budget=10, seed=1)
        with Market(CONFIG, store=server_url) as market:
            market.resume()
            for row in market.requests(["open"]):
                market.pick(row.id, 1)
                paid = market.store.read(lambda reader, row=row: reader.transfers(request=row.id))  # type: ignore[misc]
                costs = sorted(each.amount_nanos for each in paid if each.code == "cost" and each.kind == "post")
                assert costs == [10**7, 2 * 10**7, 5 * 10**7]
            assert market.requests(["running"]) == []
            assert market.audit() == []


def test_a_writer_that_stands_still_is_undone_so_that_others_may_write(server_store: SqlStore, server_url: str) -> None:
    still = SqlStore(server_url)
    began, stopped = threading.Event(), threading.Event()

    def work(tx: Transaction) -> None:
        tx.put_texts({"one": "x"})
        idle = tx._connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout")  # type: ignore[attr-defined]
        assert idle.scalar_one() == "1min", "which is longer than a test may take"
        tx._connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 1")  # type: ignore[attr-defined]
        began.set()
        assert stopped.wait(timeout=30)
        tx.put_texts({"two": "x"})

    future = still.submit(work)
    assert began.wait(timeout=30)
    server_store.transact(put_text("three"))
    stopped.set()
    with pytest.raises(StoreUnavailable, match=r"a write stood still for .* so the server undid it|was lost"):
        future.result(timeout=30)
    assert texts(server_store, "one", "two", "three") == ["three"]
    still.close()


def refused(url: str, because: str) -> None:
    """Refused in one clear line."""
    with pytest.raises(StoreUnavailable, match=because) as refusal:
        open_store(url).transact(put_text("one"))
    assert isinstance(refusal.value, OperatorError)
    assert "\n" not in str(refusal.value)


def test_what_keeps_a_store_from_being_used_is_told_in_the_operators_words(
    server: Server, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(server_url).close()
    schema = server_url.rpartition("%3D")[2]
    server.execute(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO reader",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader",
    )
    reader_url = server_url.replace("vickrey@", "reader@")
    refused(reader_url, "this database user may not do that; grant it")
    assert texts(SqlStore(reader_url), "one") == [], "whoever may only read can read"
    refused(server.url("nowhere"), "there is no such database")
    refused(server.url(user="nobody_here"), "there is no such database, user or table")
    refused("postgresql+psycopg://x@127.0.0.1:1/market", "the server cannot be reached; check the URL's host and port")
    refused("postgresql://x@127.0.0.1:1/market", "the server cannot be reached")
    refused("postgresql://x@/market?host=/nowhere", "the server cannot be reached")
    refused("postgresql://x@127.0.0.1:1/market?sslmode=bogus", "invalid sslmode value")
    refused("postgresql://x@127.0.0.1:1/market?bogus=1", "invalid connection option")
    refused("mysql://x@127.0.0.1:1/market", "a store is an SQLite file or on PostgreSQL, not mysql")
    refused(f"{server_url}%20-cdefault_transaction_read_only%3Don", "the server only reads")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_not_every_text_fits_into_is_refused(server: Server, encoding: str) -> None:
    server.execute(
        "DROP DATABASE IF EXISTS other",
        f"CREATE DATABASE other ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    )
    refused(server.url("other"), f"encoding is {encoding}.*createdb --encoding=UTF8")


def test_two_hosts_that_open_one_new_store_at_once_both_get_it(server_url: str) -> None:
    for store in opened_at_once(lambda: SqlStore(server_url)):
        store.close()


INSERT = "INSERT INTO transfers (id, debit, credit, amount_nanos, kind, pending_id, code, request, stage) VALUES "
LAWS = {
    "a post above its hold": INSERT + "('t', 'a', 'b', 5, 'post', 'open', 'x', '', 0)",
    "a post between other accounts": INSERT + "('t', 'a', 'issuer', 1, 'post', 'open', 'x', '', 0)",
    "a post of what is no hold": INSERT + "('t', 'issuer', 'a', 1, 'post', 'fund', 'x', '', 0)",
    "a changed transfer": "UPDATE transfers SET amount_nanos = 9",
    "a deleted transfer": "DELETE FROM transfers",
    "all transfers thrown away": "TRUNCATE transfers CASCADE",
    "a changed journal": "UPDATE journal SET body = '[]'",
    "a deleted journal": "DELETE FROM journal",
    "all journals thrown away": "TRUNCATE journal",
    "a gap in a journal": "INSERT INTO journal VALUES ('r1', 2, 'k', '{}', 'd')",
    "a journal that does not start at 0": "INSERT INTO journal VALUES ('r2', 1, 'k', '{}', 'd')",
    "an overdrawn account": "UPDATE accounts SET debits_posted = 11 WHERE id = 'a'",
}


def fill(store: SqlStore) -> None:
    store.transact(lambda tx: tx.open_accounts(ACCOUNTS))
    store.transact(lambda tx: tx.apply([FUND, hold("open", "a", "b", 4, "price")]))
    store.transact(lambda tx: tx.append("r1", [Entry(0, "k", "{}", "d")]))


def test_the_servers_schema_refuses_what_breaks_a_law(server: Server, server_url: str) -> None:
    store = SqlStore(server_url)
    fill(store)
    path = f"SET search_path = {server_url.rpartition('%3D')[2]}"
    for statement in LAWS.values():
        with pytest.raises(psycopg.errors.IntegrityError):
            server.execute(path, statement)
    server.execute(path, INSERT + "('t', 'a', 'b', 4, 'post', 'open', 'x', '', 0)")
    server.execute(path, "INSERT INTO journal VALUES ('r1', 1, 'k', '{}', 'd')")
    store.close()


def test_a_store_of_the_first_schema_is_brought_up_to_date_with_what_it_holds(server: Server, server_url: str) -> None:
    def definitions() -> list[str]:
        found = server.execute(
            f"SELECT indexdef FROM pg_indexes WHERE schemaname = '{schema}' UNION SELECT pg_get_triggerdef(oid) "
            f"FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE '{schema}.%' UNION "
            f"SELECT prosrc FROM pg_proc WHERE pronamespace = '{schema}'::regnamespace"
        )
        return sorted("".join(str(each).split()) for (each,) in found if "alembic" not in str(each))

    schema = server_url.rpartition("%3D")[2]
    open_engine(server_url).dispose()
    fresh = definitions()
    assert len(fresh) > 25
    server.execute(f"DROP SCHEMA {schema} CASCADE", f"CREATE SCHEMA {schema}")
    engine = postgresql.postgresql_engine(make_url(server_url), 30)
    upgrade(engine, "0001")
    assert definitions() != fresh, "the control: the comparison sees what is missing"
    engine.dispose()
    store = SqlStore(server_url)
    assert definitions() == fresh
    fill(store)
    assert post(hold("open", "a", "b", 4, "price"), 4) in store.transact(
        lambda tx: tx.apply([post(hold("open", "a", "b", 4, "price"), 4)])
    )
    store.close()
    assert server.execute(f"SELECT version_num FROM {schema}.alembic_version") == [(HEAD,)]


def test_a_stale_driver_stops(server_store: SqlStore) -> None:
    fill(server_store)
    with pytest.raises(StaleDriver):
        server_store.transact(lambda tx: tx.append("r1", [Entry(0, "k", "{}", "d")]))
    with pytest.raises(StaleDriver):
        server_store.transact(lambda tx: tx.append("r1", [Entry(2, "k", "{}", "d")]))


def tables(server: Server, url: str) -> list[tuple[object, ...]]:
    schema = url.rpartition("%3D")[2]
    return server.execute(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}'")


def test_whoever_only_reads_is_told_of_a_database_without_a_store(server: Server, server_url: str) -> None:
    outcome = vickrey("leaderboard", "--store", server_url)
    assert outcome.code == 2
    assert outcome.stderr == (
        f"vickrey: --store {server_url}: the database has no tables yet; a run with this option makes a store there\n"
    )
    assert vickrey("bidders", "list", "--store", server_url).code == 0
    assert tables(server, server_url) == []


def test_whoever_only_reads_a_market_that_its_config_has_on_a_server_makes_no_store(
    server: Server, server_url: str, tmp_path: Path
) -> None:
    config = tmp_path / "vickrey.yaml"
    config.write_text(f'version: 1\nstore: "{server_url}"\nbidders: []\n', encoding="utf-8")
    outcome = vickrey("leaderboard", "--config", str(config))
    assert (outcome.code, outcome.stdout) == (0, "No bidder has taken part in this market yet.\n")
    assert tables(server, server_url) == []
    open_store(server_url).close()
    assert vickrey("leaderboard", "--store", server_url).code == 0, "the control: this one is there"
