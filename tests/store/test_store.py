"""What every store promises, in memory and on a file alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.errors import (
    InsufficientFunds,
    InvalidRequest,
    LedgerRefused,
    StaleDriver,
    StoreUnavailable,
    TransferConflict,
)
from orchestrator.journal import Entry
from orchestrator.ledger import Account, Balance, hold, post, transfer, void
from orchestrator.store import AnswerRow, BidderRow, MemoryRow, Reader, RequestRow, Store, Transaction
from orchestrator.store.rows import Turnover

ACCOUNTS = [Account("issuer", may_overdraw=True), Account("a"), Account("b")]
REQUEST = RequestRow("r1", "running", "user", 10, 1.5, 2.5, None, "key", '{"team":"x"}', "{}", "pid 1")
ANSWER = AnswerRow("r1/0/0/a/bid/0/call/0", "r1", "r1/0/0/a/bid/0", "{}", 5)
HOLD = hold("h", "a", "b", 4, "price", "r1", 1)


class WorkFailed(Exception):
    pass


def entry(sequence: int, body: str = "{}") -> Entry:
    return Entry(sequence, "kind", body, f"digest {sequence}")


def everything(reader: Reader) -> list[Any]:
    """All that a store holds, as far as its interface shows it."""
    return [
        reader.balances(),
        reader.transfers(),
        reader.turnover(["a"]),
        reader.outcomes("user"),
        reader.open_holds("r1"),
        reader.journal("r1"),
        reader.texts(["d1", "d2"]),
        reader.answers("r1"),
        reader.requests(),
        reader.bidders(),
        reader.memory("m1"),
        reader.memory_ids(),
    ]


def fill(tx: Transaction) -> None:
    tx.open_accounts(ACCOUNTS)
    tx.apply([transfer("fund", "issuer", "a", 10, "fund"), HOLD])
    tx.append("r1", [entry(0), entry(1)])
    tx.put_texts({"d1": "one"})
    tx.put_answer(ANSWER)
    tx.put_request(REQUEST)
    tx.put_bidder(BidderRow("a", "a"))
    tx.put_memory(MemoryRow("m1", "bayes", 1, "{}"))


def change_everything(tx: Transaction) -> None:
    tx.open_accounts([Account("c")])
    tx.apply([post(HOLD, 3), transfer("t", "a", "c", 7, "x")])
    tx.append("r1", [entry(2)])
    tx.put_texts({"d1": "another", "d2": "two"})
    tx.erase_text("d1")
    tx.put_answer(ANSWER._replace(cost_nanos=None, body="[]"))
    tx.put_request(REQUEST._replace(status="open"))
    tx.put_request(REQUEST._replace(id="r2", idempotency_key=None))
    tx.put_bidder(BidderRow("a", "P", wins=3))
    tx.put_bidder(BidderRow("b", "b"))
    tx.put_memory(MemoryRow("m1", "bayes", 2, "[]"))
    tx.put_memory(MemoryRow("M2/bayes/1", "bayes", 1, "[]"))


def write(store: Store, *writes: Callable[[Transaction], object]) -> None:
    """Several writes in one transaction."""

    def work(tx: Transaction) -> None:
        for each in writes:
            each(tx)

    store.transact(work)


def put_requests(store: Store, rows: list[RequestRow]) -> None:
    def work(tx: Transaction) -> None:
        for row in rows:
            tx.put_request(row)

    store.transact(work)


def test_work_that_raises_has_written_nothing(store: Store) -> None:
    store.transact(fill)
    before = store.read(everything)

    def work(tx: Transaction) -> None:
        change_everything(tx)
        raise WorkFailed

    with pytest.raises(WorkFailed):
        store.transact(work)
    assert store.read(everything) == before
    store.transact(change_everything)
    after = store.read(everything)
    assert all(one != other for one, other in zip(after, before, strict=True))


def test_work_that_raises_on_an_empty_store_leaves_it_empty(store: Store) -> None:
    before = store.read(everything)

    def work(tx: Transaction) -> None:
        fill(tx)
        raise WorkFailed

    with pytest.raises(WorkFailed):
        store.transact(work)
    assert store.read(everything) == before


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_even_an_exit_inside_work_undoes_it_and_leaves_the_store_usable(
    store: Store, error: type[BaseException]
) -> None:
    def work(tx: Transaction) -> None:
        fill(tx)
        raise error

    with pytest.raises(error):
        store.transact(work)
    store.transact(fill)
    assert store.read(lambda reader: len(reader.journal("r1"))) == 2


def test_a_closed_store_takes_nothing_more_and_shows_what_it_holds(store: Store) -> None:
    store.transact(fill)
    held = store.read(everything)
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="is closed; open"):
        store.transact(lambda tx: tx.put_texts({"d2": "late"}))
    assert store.read(everything) == held


def test_a_transaction_sees_what_it_has_written(store: Store) -> None:
    def work(tx: Transaction) -> list[Any]:
        fill(tx)
        change_everything(tx)
        return everything(tx)

    assert store.transact(work) == store.read(everything)


def test_a_refused_transfer_leaves_the_rest_of_its_transaction_as_it_was(store: Store) -> None:
    store.transact(fill)

    def work(tx: Transaction) -> None:
        with pytest.raises(InsufficientFunds):
            tx.apply([transfer("t1", "a", "b", 1, "x"), transfer("t2", "a", "b", 99, "x")])
        tx.apply([transfer("t3", "a", "b", 2, "x")])

    store.transact(work)
    assert [row.id for row in store.read(lambda reader: reader.transfers())] == ["fund", "h", "t3"]


def test_the_laws_hold_across_transactions(store: Store) -> None:
    store.transact(fill)
    fund = transfer("fund", "issuer", "a", 10, "fund")
    assert store.transact(lambda tx: tx.apply([fund, HOLD])) == []
    with pytest.raises(TransferConflict):
        store.transact(lambda tx: tx.apply([fund._replace(amount_nanos=11)]))
    store.transact(lambda tx: tx.apply([void(HOLD)]))
    for rows in ([post(HOLD, 1)], [transfer("t", "a", "b", 11, "x")], [transfer("t", "nobody", "b", 1, "x")]):
        with pytest.raises(LedgerRefused):
            store.transact(lambda tx, rows=rows: tx.apply(rows))  # type: ignore[misc]
    with pytest.raises(TransferConflict):
        store.transact(lambda tx: tx.open_accounts([Account("a", may_overdraw=True)]))


def test_what_an_account_spent_since_it_last_earned(store: Store) -> None:
    def spent() -> int:
        return store.read(lambda reader: reader.spent_since("a", ["price", "payout"], ["price", "cost"]))

    store.transact(lambda tx: tx.open_accounts(ACCOUNTS))
    assert spent() == 0
    held, voided = hold("h", "a", "b", 5, "price"), hold("v", "a", "b", 6, "price")
    cost, rent = transfer("c", "a", "b", 2, "cost"), transfer("r", "a", "b", 9, "rent")
    store.transact(lambda tx: tx.apply([transfer("fund", "issuer", "a", 100, "refill"), held, voided]))
    assert spent() == 0
    store.transact(lambda tx: tx.apply([post(held, 4), void(voided), cost, rent]))
    assert spent() == 4 + 2
    store.transact(lambda tx: tx.apply([transfer("fund again", "issuer", "a", 100, "refill")]))
    assert spent() == 4 + 2
    sold = hold("s", "b", "a", 3, "price")
    store.transact(lambda tx: tx.apply([sold]))
    assert spent() == 4 + 2
    later = transfer("l", "a", "b", 1, "cost")

    def sell_and_spend(tx: Transaction) -> int:
        tx.apply([post(sold, 1), later])
        return tx.spent_since("a", ["price"], ["cost"])

    assert store.transact(sell_and_spend) == 1
    assert spent() == 1


def test_no_account_counts_further_than_a_store_can(store: Store) -> None:
    """What would not fit was told as an overflow, in the database's words, and the account was stuck."""
    billions = [transfer(f"t{number}", "issuer", "a", 10**18, "topup") for number in range(10)]
    store.transact(lambda tx: tx.open_accounts(ACCOUNTS))
    store.transact(lambda tx: tx.apply(billions[:9]))
    with pytest.raises(LedgerRefused, match="which no store can count; was an amount given in the wrong unit"):
        store.transact(lambda tx: tx.apply(billions[9:]))
    left = transfer("the rest", "issuer", "a", 2**63 - 1 - 9 * 10**18, "topup")
    store.transact(lambda tx: tx.apply([left]))
    assert store.read(lambda reader: reader.spendable(["a"])) == {"a": 2**63 - 1}


def test_two_drivers_cannot_both_append_the_same_entry(store: Store) -> None:
    store.transact(lambda tx: tx.append("r1", [entry(0), entry(1)]))
    for stale in ([entry(1)], [entry(0, "other")], [entry(2), entry(2)], [entry(1), entry(2)]):
        with pytest.raises(StaleDriver, match=r"request r1.*another driver"):
            store.transact(lambda tx, stale=stale: tx.append("r1", stale))  # type: ignore[misc]
    store.transact(lambda tx: tx.append("r1", [entry(2)]))
    assert [row.sequence for row in store.read(lambda reader: reader.journal("r1"))] == [0, 1, 2]


def test_a_journal_has_no_gaps(store: Store) -> None:
    with pytest.raises(StaleDriver):
        store.transact(lambda tx: tx.append("r1", [entry(1)]))
    with pytest.raises(StaleDriver):
        store.transact(lambda tx: tx.append("r1", [entry(0), entry(2)]))
    assert store.read(lambda reader: reader.journal("r1")) == []


def test_journals_of_different_requests_are_apart(store: Store) -> None:
    write(
        store,
        lambda tx: tx.append("r1", [entry(0)]),
        lambda tx: tx.append("r2", [entry(0, "two")]),
        lambda tx: tx.append("r3", []),
    )
    assert store.read(lambda reader: reader.journal("r2")) == [entry(0, "two")]
    assert store.read(lambda reader: reader.journal("r3")) == []


def test_many_journals_are_read_one_after_the_other_in_the_order_asked_for(store: Store) -> None:
    ids = [f"r{number}" for number in range(120, 0, -1)]
    write(store, *(lambda tx, id=id: tx.append(id, [entry(0, id), entry(1), entry(2)]) for id in ids))
    found = store.read(lambda reader: list(reader.journals([*ids, "r999"])))
    assert found == [*((id, [entry(0, id), entry(1), entry(2)]) for id in ids), ("r999", [])]
    assert store.read(lambda reader: reader.openings([*ids, "r999"])) == {id: entry(0, id) for id in ids}
    assert store.read(lambda reader: reader.journal_ids()) == sorted(ids)


def test_entries_are_found_by_what_stands_in_their_bodies(store: Store) -> None:
    write(
        store,
        lambda tx: tx.append("r1", [entry(0, "a_b"), entry(1, "axb")]),
        lambda tx: tx.append("r2", [entry(0, "50%"), entry(1, "500")]),
    )
    found = store.read(lambda reader: sorted(reader.entries_with(["a_b", "50%"])))
    assert found == [("r1", entry(0, "a_b")), ("r2", entry(0, "50%"))]


def test_texts_are_stored_once_and_can_be_erased(store: Store) -> None:
    text = "é\n" + "x" * 100_000
    store.transact(lambda tx: tx.put_texts({"d1": text, "d2": "two"}))
    store.transact(lambda tx: tx.put_texts({"d1": "another"}))
    assert store.read(lambda reader: reader.texts(["d1", "d2", "d3"])) == {"d1": text, "d2": "two"}
    assert store.transact(lambda tx: tx.erase_text("d1")) is True
    assert store.transact(lambda tx: tx.erase_text("d1")) is False
    assert store.read(lambda reader: reader.texts(["d1", "d2"])) == {"d2": "two"}


def test_more_texts_and_accounts_are_read_than_a_database_takes_parameters(store: Store) -> None:
    texts = {f"d{number}": str(number) for number in range(1200)}
    accounts = [Account(f"a{number}") for number in range(1200)]
    write(store, lambda tx: tx.put_texts(texts), lambda tx: tx.open_accounts(accounts))
    assert store.read(lambda reader: reader.texts(texts)) == texts
    assert store.read(lambda reader: reader.spendable(each.id for each in accounts)) == {
        each.id: 0 for each in accounts
    }
    rows = [transfer(f"t{number}", "issuer", f"a{number}", 1, "x") for number in range(1200)]
    write(store, lambda tx: tx.open_accounts(ACCOUNTS), lambda tx: tx.apply(rows))
    assert store.transact(lambda tx: tx.apply(rows)) == []


def test_request_ids_are_unique_and_short(store: Store) -> None:
    def post_one(tx: Transaction) -> str:
        request_id = tx.next_request_id()
        tx.put_request(REQUEST._replace(id=request_id, idempotency_key=None))
        tx.put_request(REQUEST._replace(id=request_id, idempotency_key=None, status="open"))
        return request_id

    ids = [store.transact(post_one) for _ in range(5)]
    assert ids == ["r1", "r2", "r3", "r4", "r5"]
    assert store.transact(lambda tx: (post_one(tx), post_one(tx))) == ("r6", "r7")


def test_a_request_is_found_by_its_id_and_by_its_idempotency_key(store: Store) -> None:
    store.transact(lambda tx: tx.put_request(REQUEST))
    assert store.read(lambda reader: reader.find_request("r1")) == REQUEST
    assert store.read(lambda reader: reader.find_by_idempotency_key("key")) == REQUEST
    assert store.read(lambda reader: reader.find_request("r2")) is None
    assert store.read(lambda reader: reader.find_by_idempotency_key("other")) is None


def test_two_requests_cannot_share_an_idempotency_key(store: Store) -> None:
    store.transact(lambda tx: tx.put_request(REQUEST))
    with pytest.raises(InvalidRequest, match="idempotency key 'key' is another request's"):
        store.transact(lambda tx: tx.put_request(REQUEST._replace(id="r2")))
    store.transact(lambda tx: tx.put_request(REQUEST._replace(status="open")))
    assert [row.id for row in store.read(lambda reader: reader.requests())] == ["r1"]


def test_many_requests_may_have_no_idempotency_key(store: Store) -> None:
    rows = [REQUEST._replace(id=f"r{number}", idempotency_key=None) for number in (1, 2)]
    put_requests(store, rows)
    assert store.read(lambda reader: reader.requests()) == rows


def test_requests_are_listed_in_order_of_posting_by_status_and_counted_by_outcome(store: Store) -> None:
    rows = [
        REQUEST._replace(id=f"r{number}", idempotency_key=None, status=status, requester=requester)
        for number, (status, requester) in enumerate(
            [("open", "ann"), ("released", "ann"), ("open", "bob"), ("released", "ann"), ("expired", "ann")]
        )
    ]
    put_requests(store, rows)
    store.transact(lambda tx: tx.put_request(rows[0]._replace(ended_seconds=9.0)))
    listed = store.read(lambda reader: reader.requests())
    assert [row.id for row in listed] == ["r0", "r1", "r2", "r3", "r4"]
    assert listed[0].ended_seconds == 9.0
    assert [row.id for row in store.read(lambda reader: reader.requests(["expired", "open"]))] == ["r0", "r2", "r4"]
    assert store.read(lambda reader: reader.outcomes("ann")) == {"open": 1, "released": 2, "expired": 1}
    assert store.read(lambda reader: reader.outcomes("nobody")) == {}


def test_the_latest_requests_and_their_ids_are_read_without_the_others(store: Store) -> None:
    statuses = ["open", "failed", "open", "open"]
    rows = [
        REQUEST._replace(id=f"r{number}", idempotency_key=None, status=status, expires_seconds=float(number))
        for number, status in enumerate(statuses)
    ]
    put_requests(store, rows)
    assert store.read(lambda reader: reader.requests([], 2)) == rows[2:]
    assert store.read(lambda reader: reader.requests(["open"], 2)) == rows[2:]
    assert store.read(lambda reader: reader.request_ids(["open"])) == ["r0", "r2", "r3"]
    assert store.read(lambda reader: reader.request_ids([], 1)) == ["r3"]
    assert store.read(lambda reader: reader.request_ids([], 0)) == []
    assert store.read(lambda reader: reader.due(2.0)) == ["r0", "r2"]


def test_a_requester_that_a_request_is_taken_from_has_one_outcome_less(store: Store) -> None:
    """As every row that is replaced: it counts once, under what it says now."""
    put_requests(store, [REQUEST, REQUEST._replace(requester="ann"), REQUEST._replace(requester="ann", status="open")])
    assert store.read(lambda reader: (reader.outcomes("user"), reader.outcomes("ann"))) == ({}, {"open": 1})


def test_rows_are_replaced_by_key(store: Store) -> None:
    store.transact(fill)
    other = ANSWER._replace(key="r1/0/0/a/bid/0/call/1", cost_nanos=None)
    write(store, lambda tx: tx.put_answer(other), lambda tx: tx.put_answer(ANSWER._replace(body='"late"')))
    assert store.read(lambda reader: reader.answers("r1")) == [ANSWER._replace(body='"late"'), other]
    costs = {ANSWER.key: ANSWER.cost_nanos, other.key: None}
    assert store.read(lambda reader: reader.answer_costs("r1")) == costs
    assert store.read(lambda reader: [reader.has_answer("r1", key) for key in (*costs, "r1/0")]) == [True, True, False]
    assert store.read(lambda reader: reader.answers("r2")) == []
    changed = BidderRow("a", "P", "suspended", 1, 2, 3, 4, "m1")
    write(store, lambda tx: tx.put_bidder(changed), lambda tx: tx.put_memory(MemoryRow("m1", "tracker", 3, '{"n":1}')))
    assert store.read(lambda reader: reader.bidders()) == {"a": changed}
    assert store.read(lambda reader: reader.memory("m1")) == MemoryRow("m1", "tracker", 3, '{"n":1}')
    assert store.read(lambda reader: reader.memory("m2")) is None
    write(store, lambda tx: tx.put_memory(MemoryRow("M2", "tracker", 3, "{}")))
    assert store.read(lambda reader: reader.memory_ids()) == ["M2", "m1"]


def test_recent_transfers_are_those_of_a_code_that_moved_money_newest_first(store: Store) -> None:
    store.transact(fill)
    second = hold("h2", "a", "b", 1, "price")
    rows = [transfer("p1", "issuer", "a", 1, "price"), second, void(second), post(HOLD, 2)]
    rows += [transfer("p2", "issuer", "a", 1, "price"), transfer("o", "issuer", "a", 1, "other")]
    store.transact(lambda tx: tx.apply(rows))
    found = store.read(lambda reader: reader.recent("price", 10))
    assert [row.id for row in found] == ["p2", "h/post", "p1"]
    assert store.read(lambda reader: reader.recent("price", 2)) == found[:2]
    assert store.read(lambda reader: reader.recent("price")) == found
    assert store.read(lambda reader: reader.recent("payout", 2)) == []


def test_transfers_are_found_by_request_and_by_account(store: Store) -> None:
    store.transact(fill)
    assert [row.id for row in store.read(lambda reader: reader.transfers(request="r1"))] == ["h"]
    assert [row.id for row in store.read(lambda reader: list(reader.each_transfer("b")))] == ["h"]
    assert [row.id for row in store.read(lambda reader: list(reader.each_transfer("a")))] == ["fund", "h"]


def test_transfers_are_read_one_by_one_in_the_same_order(store: Store) -> None:
    rows = [transfer(f"t{number}", "issuer", "ab"[number % 2], 1, "x") for number in range(1200)]
    write(store, lambda tx: tx.open_accounts(ACCOUNTS), lambda tx: tx.apply(rows))
    assert store.read(lambda reader: list(reader.each_transfer())) == rows
    assert store.read(lambda reader: list(reader.each_transfer("b"))) == rows[1::2]
    assert store.read(lambda reader: next(reader.each_transfer("b"))) == rows[1], "whoever has enough may stop"
    assert store.read(lambda reader: reader.count_transfers("b")) == 600
    assert store.read(lambda reader: reader.count_transfers("nobody")) == 0


def test_what_moved_through_accounts_is_added_up_by_code(store: Store) -> None:
    store.transact(fill)
    rows = [post(HOLD, 3), transfer("back", "b", "a", 1, "price"), transfer("c", "a", "b", 2, "cost")]
    open_hold = hold("h2", "a", "b", 1, "price")

    def work(tx: Transaction) -> list[Turnover]:
        tx.apply([*rows, open_hold])
        return tx.turnover(["b", "a", "a", "nobody"])

    expected = [
        Turnover("a", "cost", 0, 2),
        Turnover("a", "fund", 10, 0),
        Turnover("a", "price", 1, 3),
        Turnover("b", "cost", 2, 0),
        Turnover("b", "price", 3, 1),
    ]
    assert store.transact(work) == expected, "what the transaction itself wrote is in"
    assert store.read(lambda reader: reader.turnover(["a", "b"])) == expected


def test_tasks_of_unknown_cost_are_those_with_an_answer_that_nobody_told_the_cost_of(store: Store) -> None:
    unknown = ANSWER._replace(key="k1", request="r2", task="t1", cost_nanos=None)
    rows = [ANSWER, unknown, unknown._replace(key="k2"), unknown._replace(key="k3", task="t2", cost_nanos=0)]
    write(store, *(lambda tx, row=row: tx.put_answer(row) for row in rows))
    assert store.read(lambda reader: reader.tasks_of_unknown_cost()) == ["t1"]


def test_open_holds_are_those_neither_posted_nor_voided(store: Store) -> None:
    store.transact(fill)
    more = [hold(f"h{number}", "a", "b", 1, "price", "r1") for number in range(3)]
    store.transact(lambda tx: tx.apply([*more, void(more[0]), post(more[2], 1)]))
    assert store.read(lambda reader: reader.open_holds("r1")) == [HOLD, more[1]]
    assert store.read(lambda reader: reader.open_holds("r2")) == []


def test_balances_are_read_with_their_accounts(store: Store) -> None:
    store.transact(fill)
    assert store.read(lambda reader: reader.balances()) == {
        ACCOUNTS[0]: Balance(debits_posted=10),
        ACCOUNTS[1]: Balance(debits_pending=4, credits_posted=10),
        ACCOUNTS[2]: Balance(credits_pending=4),
    }
    assert store.read(lambda reader: reader.balances(["b", "nobody", "b"])) == {ACCOUNTS[2]: Balance(credits_pending=4)}
    assert store.read(lambda reader: reader.spendable(["a", "b", "nobody"])) == {"a": 6, "b": 0, "nobody": 0}


def test_work_returns_its_value_through_a_future(store: Store) -> None:
    future = store.submit(lambda tx: tx.next_request_id())
    assert future.result(timeout=10) == "r1"


def test_several_threads_lose_nothing_and_overdraw_nothing(store: Store) -> None:
    """Eight threads spend from one wallet that covers ten of their forty transfers."""
    write(
        store,
        lambda tx: tx.open_accounts(ACCOUNTS),
        lambda tx: tx.apply([transfer("fund", "issuer", "a", 10, "fund")]),
    )
    refused: list[str] = []
    seen: list[int] = []

    def spend(thread: int) -> None:
        for number in range(5):
            row = transfer(f"t{thread}/{number}", "a", "b", 1, "x")
            try:
                store.transact(lambda tx, row=row: tx.apply([row]))  # type: ignore[misc]
            except InsufficientFunds:
                refused.append(row.id)
            balances = store.read(lambda reader: reader.balances())
            seen.append(sum(balance.posted_nanos for balance in balances.values()))

    run_together([lambda thread=thread: spend(thread) for thread in range(8)])  # type: ignore[misc]
    assert len(refused) == 30
    assert set(seen) == {0}
    assert store.read(lambda reader: reader.spendable(["a", "b"])) == {"a": 0, "b": 10}


def test_several_threads_can_append_to_one_journal_without_gaps(store: Store) -> None:
    stale: list[int] = []

    def drive() -> None:
        for _ in range(6):
            sequence = len(store.read(lambda reader: reader.journal("r1")))
            try:
                store.transact(lambda tx, sequence=sequence: tx.append("r1", [entry(sequence)]))  # type: ignore[misc]
            except StaleDriver:
                stale.append(sequence)

    run_together([drive] * 4)
    journal = store.read(lambda reader: reader.journal("r1"))
    assert [row.sequence for row in journal] == list(range(24 - len(stale)))


def run_together(tasks: list[Callable[[], None]]) -> None:
    failures: list[BaseException] = []

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures, failures
