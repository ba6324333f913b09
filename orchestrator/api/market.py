"""The market: bidders, their wealth, and the requests that they work on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.api.blocking import run_blocking
from orchestrator.api.judging import ask_judge
from orchestrator.api.lease import is_held, own_lease
from orchestrator.api.posting import Amount, Posting, check_repeat, posting_of, read_posting, read_topup, shown
from orchestrator.api.reports import audit_books, interrupted
from orchestrator.api.result import Result
from orchestrator.api.seating import seat_all
from orchestrator.bidding import Judge
from orchestrator.config import Config, load_config
from orchestrator.core.keys import bidder_account
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.engine.callbook import CallBook
from orchestrator.engine.driver import Driver, Listener
from orchestrator.engine.guarded import read_guarded
from orchestrator.engine.memories import migrate_memories
from orchestrator.engine.recorder import Recorder, RequestLog, read_log
from orchestrator.engine.streaming import TextListener
from orchestrator.engine.wealth import ACTIVE, on_audition, register, reinstate, retire, top_up
from orchestrator.errors import InvalidRequest, StaleDriver, UnknownBidder, WrongStatus
from orchestrator.ledger import Finding
from orchestrator.money import Money
from orchestrator.store import BidderRow, RequestRow, Store, Transaction, open_store

_SECONDS_PER_DAY = 86_400


class Market:
    """Bidders, their wallets and their requests; wealth carries over from request to request.

        with Market("configs/lisbon.yaml") as market:
            result = market.run("Plan a three-day tour of Lisbon", budget=10)

    Args:
        config: a config file, a mapping of the same shape, or a loaded config; left out, the
            usual places are searched, unless bidders are given.
        bidders: more bidders, as objects.
        store: a store, or the URL of one, in place of the config's.
        clock: Unix time in seconds.

    Raises:
        InvalidConfig: the config cannot be used.
        StoreUnavailable: the store cannot be opened or written.
    """

    def __init__(
        self,
        config: Config | Path | str | dict[str, Any] | None = None,
        *,
        bidders: Iterable[Any] = (),
        store: Store | str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        given = list(bidders)
        if config is None and given:
            config = {"version": 1, "bidders": []}
        self.config = config if isinstance(config, Config) else load_config(config)
        seating = seat_all(self.config, given)
        self.seats = seating.seats
        self.broken = seating.broken
        self._clock = clock
        self._recorder = Recorder(self.seats, self.config.wealth)
        self._store = (
            store if store is not None and not isinstance(store, str) else open_store(store or self.config.store_url)
        )
        self._store.transact(lambda tx: register(tx, self.seats.values(), seating.endowments_nanos, self.config.wealth))
        migrate_memories(self._store, self.seats.values())
        self.expire_due()

    def __enter__(self) -> Market:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close bidders and store."""
        for seat in self.seats.values():
            read_guarded(seat.close)
        self._store.close()

    def run(self, text: str, budget: Amount, **options: Any) -> Result:
        """Post a request and wait for its offers; see `arun` for the options."""
        return run_blocking(lambda: self.arun(text, budget, **options))

    async def arun(
        self,
        text: str,
        budget: Amount,
        *,
        judge: Judge | None = None,
        on_event: Listener | None = None,
        on_text: TextListener | None = None,
        **posting: Any,
    ) -> Result:
        """Post a request, wait for its offers, and let the judge pick if there is one.

        Args:
            text: what is wanted.
            budget: the bounty in dollars.
            judge: who picks; left out, the request stays open for `Result.pick`.
            on_event: told of every event as it happens.
            on_text: told of what presenters write while they write; see `orchestrator.engine.streaming`.
            posting: what `Posting` takes besides: seed, spend_cap, deposit, requester,
                idempotency_key, labels.

        Returns:
            The result.
        """
        request_id = self.post(posting_of(text, budget, posting))
        self._claim(request_id)
        await self._drive(request_id, on_event, on_text)
        if judge is not None:
            await self._judge(request_id, judge)
        return Result(self, request_id)

    def post(self, posting: Posting) -> str:
        """Post a request without running it; `resume` runs it.

        Returns:
            Its id; that of the earlier request where the idempotency key is known.

        Raises:
            InvalidRequest: the posting makes no sense, or its idempotency key is that of another
                text, bounty or requester.
            InvalidMoney: an amount is not money.
        """
        terms = read_posting(posting, self.config.request)
        now = self._clock()

        def work(tx: Transaction) -> str:
            known = tx.find_by_idempotency_key(terms.idempotency_key) if terms.idempotency_key else None
            if known is not None:
                check_repeat(terms, read_log(tx, known.id).progress.request)
                return known.id
            request_id = tx.next_request_id()
            statuses = tx.bidders()
            roster = tuple(
                replace(seat.participant, audition=on_audition(statuses[name], self.config.wealth))
                for name, seat in sorted(self.seats.items())
                if statuses[name].status == ACTIVE
            )
            request = Request(
                id=request_id,
                text=terms.text,
                bounty_nanos=terms.bounty.nanos,
                spend_cap_nanos=terms.spend_cap.nanos,
                seed=terms.seed,
                rules=self.config.rules,
                roster=roster,
                deposit_nanos=terms.deposit.nanos,
                requester=terms.requester,
            )
            row = RequestRow(
                id=request_id,
                status="running",
                requester=terms.requester,
                bounty_nanos=terms.bounty.nanos,
                created_seconds=now,
                expires_seconds=now + self.config.request.expires_days * _SECONDS_PER_DAY,
                idempotency_key=terms.idempotency_key,
                labels=terms.labels,
                setting=json.dumps(self.config.resolved(), sort_keys=True),
                driver=own_lease(),
            )
            self._recorder.post(tx, request, row)
            return request_id

        return self._store.transact(work)

    def resume(
        self,
        request_id: str | None = None,
        on_event: Listener | None = None,
        on_text: TextListener | None = None,
    ) -> list[Result]:
        """Finish requests that were interrupted.

        Args:
            request_id: the request; left out, all whose driver is gone.
            on_event: told of every event as it happens.
            on_text: told of what presenters write while they write.

        Returns:
            The results.

        Raises:
            UnknownRequest: there is no such request.
        """
        ids = [request_id] if request_id is not None else [row.id for row in self.interrupted()]
        for each in ids:
            self._claim(each)
            run_blocking(lambda each=each: self._drive(each, on_event, on_text))  # type: ignore[misc]
        return [Result(self, each) for each in ids]

    def interrupted(self) -> list[RequestRow]:
        """Running requests whose driver is gone."""
        return interrupted(self._store)

    def result(self, request_id: str) -> Result:
        """A request's result.

        Raises:
            UnknownRequest: there is no such request.
        """
        self.read_log(request_id)
        return Result(self, request_id)

    def judge(self, request_id: str, judge: Judge) -> Result:
        """Let a judge pick from an open request."""
        run_blocking(lambda: self._judge(request_id, judge))
        return Result(self, request_id)

    def pick(self, request_id: str, rank: Any, judge: str = "caller") -> None:
        """Pick an offer by its rank, or none (0).

        Raises:
            UnknownRequest: there is no such request.
            WrongStatus: it is not open.
            InvalidRequest: it has no offer of this rank.
        """

        def work(tx: Transaction) -> None:
            progress = read_log(tx, request_id).progress
            _check_open(progress)
            if isinstance(rank, bool) or not isinstance(rank, int) or not 0 <= rank <= len(progress.offers):
                raise InvalidRequest(
                    f"request {request_id} has offers 1 to {len(progress.offers)}; there is no offer {shown(rank)}"
                )
            self._recorder.pick(tx, request_id, rank, judge, self._clock())

        self._store.transact(work)

    def cancel(self, request_id: str) -> None:
        """End a request, whatever it is doing; the bounty returns.

        Raises:
            UnknownRequest: there is no such request.
            WrongStatus: it has ended already.
        """

        def work(tx: Transaction) -> None:
            progress = read_log(tx, request_id).progress
            if progress.ending is not None:
                raise WrongStatus(f"request {request_id} has ended already: {progress.status}")
            self._recorder.cancel(tx, request_id, self._clock())

        self._store.transact(work)

    def expire_due(self) -> list[str]:
        """Return the bounties of open requests that nobody picked from in time."""
        now = self._clock()

        def work(tx: Transaction) -> list[str]:
            due = [row.id for row in tx.requests(["open"]) if row.expires_seconds <= now]
            for request_id in due:
                self._recorder.expire(tx, request_id, now)
            return due

        if any(row.expires_seconds <= now for row in self._store.read(lambda reader: reader.requests(["open"]))):
            return self._store.transact(work)
        return []

    def requests(self, statuses: Sequence[str] = ()) -> list[RequestRow]:
        """Requests in order of posting."""
        return self._store.read(lambda reader: reader.requests(statuses))

    def bidder_rows(self) -> dict[str, BidderRow]:
        """What the market remembers of every bidder it ever had."""
        return self._store.read(lambda reader: reader.bidders())

    def balance(self, bidder: str) -> Money:
        """What a bidder's wallet can spend.

        Raises:
            UnknownBidder: the market has no such bidder.
        """
        self._check_known(bidder)
        account = bidder_account(bidder)
        return Money(self._store.read(lambda reader: reader.spendable([account]))[account])

    def topup(self, bidder: str, amount: Amount) -> Money:
        """Put new money into a bidder's wallet; a suspended bidder may act again.

        Returns:
            Its new balance.

        Raises:
            UnknownBidder: the market has no such bidder.
            InvalidMoney: the amount is not money.
            WrongStatus: it has retired.
        """
        money = read_topup(amount)
        self._check_known(bidder)
        self._store.transact(lambda tx: top_up(tx, bidder, money.nanos))
        return self.balance(bidder)

    def retire(self, bidder: str) -> Money:
        """Let a bidder take part in no further request, and return what its wallet left to the treasury.

        Raises:
            UnknownBidder: the market has no such bidder.
            WrongStatus: it has retired already, or takes part in a request that is running.
        """
        self._check_known(bidder)
        return Money(self._store.transact(lambda tx: retire(tx, bidder, self.config.wealth)))

    def reinstate(self, bidder: str) -> Money:
        """Let a retired or suspended bidder take part again, and return what the treasury gave it back.

        Raises:
            UnknownBidder: the market has no such bidder.
            WrongStatus: it takes part already.
        """
        self._check_known(bidder)
        return Money(self._store.transact(lambda tx: reinstate(tx, bidder)))

    def audit(self) -> list[Finding]:
        """Recompute all books from their transfers alone (DESIGN section 6)."""
        return audit_books(self._store)

    def read_log(self, request_id: str) -> RequestLog:
        """A request's present and the end of its journal.

        Raises:
            UnknownRequest: there is no such request.
        """
        return self._store.read(lambda reader: read_log(reader, request_id))

    @property
    def store(self) -> Store:
        """Where everything is recorded."""
        return self._store

    async def _drive(self, request_id: str, on_event: Listener | None, on_text: TextListener | None = None) -> None:
        try:
            await Driver(self._store, self._recorder, request_id, self._clock, on_event, on_text).run()
        except StaleDriver:
            # Cancelled under its driver: there is nothing left to drive, and nothing went wrong.
            if self.read_log(request_id).progress.ending is None:
                raise

    async def _judge(self, request_id: str, judge: Judge) -> None:
        progress = self.read_log(request_id).progress
        if progress.status != "open":
            return
        answers, holds = self._store.read(lambda tx: (tx.answers(request_id), tx.open_holds(request_id)))
        ruling = await ask_judge(judge, progress, CallBook(self._store, request_id, answers, holds))
        judged = ruling.judged
        if judged is not None:
            now = self._clock()
            self._store.transact(lambda tx: self._recorder.charge_judge(tx, request_id, judged, ruling.due, now))
        if ruling.failure is not None:
            raise ruling.failure
        if ruling.rank is not None:
            self.pick(request_id, ruling.rank, judge.name)

    def _claim(self, request_id: str) -> None:
        """Take a running request over, unless the process that drives it is alive."""
        self.read_log(request_id)
        if _is_ours(self._store.read(lambda reader: reader.find_request(request_id))):
            return

        def work(tx: Transaction) -> None:
            row = tx.find_request(request_id)
            if row is None or _is_ours(row):
                return
            if is_held(row.driver):
                raise WrongStatus(f"request {request_id} is being driven by another process ({row.driver})")
            tx.put_request(row._replace(driver=own_lease()))

        self._store.transact(work)

    def _check_known(self, bidder: str) -> None:
        if bidder not in self.bidder_rows():
            known = ", ".join(sorted(self.bidder_rows())) or "none"
            raise UnknownBidder(f"this market has no bidder {bidder!r}; it has: {known}")


def _is_ours(row: RequestRow | None) -> bool:
    """Whether there is nothing to take over: it has this process's lease, or is not running."""
    return row is None or row.status != "running" or row.driver == own_lease()


def _check_open(progress: Progress) -> None:
    if progress.status != "open":
        hint = "; `vickrey resume` finishes it" if progress.status == "running" else ""
        raise WrongStatus(f"request {progress.request.id} is {progress.status}, not open{hint}")
