"""Auctions a second of the market in memory: five bidders that learn, ledger on.

Beside it, in the same run: what a bare clearing and the ten transfers of five bids cost, with no
request, state, event or learning around them. CPU seconds of this process are counted, because
the machines are shared.
"""

from __future__ import annotations

import time
from statistics import median

from benchmarks.market import job, society
from benchmarks.running import run_command
from benchmarks.tables import Report
from orchestrator.core.answer import Answer
from orchestrator.core.clearing import clear
from orchestrator.ledger import Account, Book, hold, post, transfer, void

ROUNDS = 5
BATCHES = 10
BATCH = 100
BARE = 4000
BAR = 5000


def measure() -> Report:
    """Time both in turn."""
    kinds = {"no cost a transform (10 transfers an auction)": 0, "costs held and charged (20 transfers)": 10_000_000}
    rates: dict[str, list[float]] = {"bare clear and 10 transfers": [], **{kind: [] for kind in kinds}}
    for _ in range(ROUNDS):
        rates["bare clear and 10 transfers"].append(_bare())
        for kind, cost_nanos in kinds.items():
            rates[kind].append(_simulated(cost_nanos))
    bare = rates["bare clear and 10 transfers"]
    rows = tuple(
        (kind, median(each), max(each), median(a / b for a, b in zip(each, bare, strict=True)))
        for kind, each in rates.items()
    )
    return Report(
        name="auctions",
        title=f"Auctions a second in memory, 5 learning bidders ({ROUNDS} rounds in turn)",
        columns=("what", "median a second", "best", "share of bare"),
        rows=rows,
        notes=(
            f"Bar: {BAR:,} a second. The bare loop uses the market's own clearing and ledger: what makes these faster "
            "raises both figures.",
        ),
    )


def _simulated(cost_nanos: int) -> float:
    market = society(cost_nanos=cost_nanos)
    market.run([job(number) for number in range(BATCH)])
    before = market.auctions
    start = time.process_time()
    for batch in range(BATCHES):
        market.run([job(batch * BATCH + number) for number in range(BATCH)])
    return (market.auctions - before) / (time.process_time() - start)


def _bare() -> float:
    book = Book()
    for account in (Account("issuer", may_overdraw=True), Account("seller"), *(Account(f"b{i}") for i in range(5))):
        book.open_account(account)
    book.apply([transfer(f"e{i}", "issuer", f"b{i}", 10**15, "endow") for i in range(5)])
    start = time.process_time()
    for number in range(BARE):
        bids = [Answer(f"b{i}", "bid", 1000 + 7 * i) for i in range(5)]
        holds = [hold(f"{number}/{bid.bidder}", bid.bidder, "seller", bid.amount_nanos, "price") for bid in bids]
        book.apply(holds)
        clearing = clear(
            bids, principals={}, owner_principal=None, reserve_nanos=0, copies=1, rule="vickrey", seed=number
        )
        winner = clearing.awards()[0]
        book.apply([post(row, winner.price_nanos) if row.debit == winner.bidder else void(row) for row in holds])
        if number % 100 == 0:
            book.forget()
    return BARE / (time.process_time() - start)


if __name__ == "__main__":
    run_command("benchmarks.auctions", __doc__, [measure])
