"""The market: bidders, their wealth, and the requests that they work on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any, Unpack

from orchestrator.api.arguments import read_bidders, read_store
from orchestrator.api.blocking import run_blocking
from orchestrator.api.driving import Driving
from orchestrator.api.expiring import expire_due
from orchestrator.api.judge_choice import AnyJudge, chosen_judge
from orchestrator.api.judging import Judging
from orchestrator.api.lease import in_turn, resumable, take_lease
from orchestrator.api.listening import check_listeners, tell
from orchestrator.api.post import post_request
from orchestrator.api.posting import Amount, Posting, PostingOptions, posting_of, read_posting, read_topup
from orchestrator.api.reports import audit_books, check_statuses, interrupted
from orchestrator.api.result import Result
from orchestrator.api.run_options import RunOptions
from orchestrator.api.seating import seat_all
from orchestrator.config import Config, load_config
from orchestrator.core.keys import bidder_account
from orchestrator.engine.driver import Listener
from orchestrator.engine.guarded import read_guarded
from orchestrator.engine.isolation.bidder import IsolatedBidder
from orchestrator.engine.marks import own_mark, work_mark
from orchestrator.engine.memories import migrate_memories
from orchestrator.engine.recorder import Recorder, RequestLog, read_log
from orchestrator.engine.streaming import TextListener
from orchestrator.engine.wealth import register, reinstate, retire, top_up
from orchestrator.errors import UnknownBidder, WrongStatus
from orchestrator.ledger import Finding
from orchestrator.money import Money
from orchestrator.store import BidderRow, RequestRow, Store, Transaction, open_store


class Market:
    """Bidders, their wallets and their requests; wealth carries over from request to request.

        with Market("configs/lisbon.yaml") as market:
            result = market.run("Plan a three-day tour of Lisbon", budget=10)

    Args:
        config: a config file, a mapping of the same shape, or a loaded config; left out, the
            usual places are searched, unless bidders are given.
        bidders: more bidders, as objects.
        store: a store, or `memory`, the path of an SQLite file or an SQLAlchemy URL, in place of the config's.
        clock: Unix time in seconds.

    Raises:
        InvalidConfig: the config cannot be used.
        InvalidRequest: `bidders` is no list, or `store` no store.
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
        given = read_bidders(bidders)
        if config is None and given:
            config = {"version": 1, "bidders": []}
        self.config = config if isinstance(config, Config) else load_config(config)
        seating = seat_all(self.config, given)
        self.seats = seating.seats
        self.broken = seating.broken
        self._clock = clock
        self._recorder = Recorder(self.seats, self.config.wealth)
        with ExitStack() as unless_opened:
            unless_opened.callback(seating.let_go)
            named = read_store(store) or self.config.store_url
            self._store = open_store(named) if isinstance(named, str) else named
            if self._store is not store:
                unless_opened.callback(self._store.close)
            self._driving = Driving(self._store, self._recorder, clock)
            self._judging = Judging(self._store, self._recorder, clock, self.config.request.judge_seconds)
            self._store.transact(
                lambda tx: register(tx, self.seats.values(), seating.endowments_nanos, self.config.wealth)
            )
            migrate_memories(self._store, self.seats.values())
            # One that cannot end must not keep everybody else's market closed; whoever asks for its end is told why.
            expire_due(self._store, self._recorder, clock())
            unless_opened.pop_all()

    def __enter__(self) -> Market:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close bidders and store, a store that was given to it, too."""
        for seat in self.seats.values():
            read_guarded(seat.close)
        self._store.close()

    def rest(self) -> None:
        """Close bidders, and keep threads and files only while they are in use: all that follows is results' to ask.

        Of an isolated bidder the process ends; where its policy is to learn of a pick, that starts it again.
        """
        for seat in self.seats.values():
            read_guarded(seat.bidder.rest if isinstance(seat.bidder, IsolatedBidder) else seat.close)
        self._store.rest()

    def run(self, text: str, budget: Amount, **options: Unpack[RunOptions]) -> Result:
        """Post a request and wait for its offers; see `arun` for the options."""
        return run_blocking(lambda: self.arun(text, budget, **options))

    async def arun(
        self,
        text: str,
        budget: Amount,
        *,
        judge: AnyJudge | None = None,
        on_event: Listener | None = None,
        on_text: TextListener | None = None,
        **posting: Unpack[PostingOptions],
    ) -> Result:
        """Post a request, wait for its offers, and let the judge pick if there is one.

        Args:
            text: what is wanted.
            budget: the bounty in dollars.
            judge: who picks: a judge, a function of the request and the offers that returns a rank or None, or the
                name of a judge, for example `top`; left out, the request stays open for `Result.pick`.
            on_event: called with every event as it happens, from the posting to the judge's pick, and with how the
                request then stands. A plain function, called in this event loop. What it raises stops the run, and
                `resume` goes on with it.
            on_text: told of what presenters write while they write; see `orchestrator.engine.streaming`.
            posting: what `Posting` takes besides: seed, spend_cap, deposit, requester,
                idempotency_key, labels.

        Returns:
            The result. Where the task is cancelled that waits for it, the request stays `running`, and `resume` goes on
            with it; `cancel` ends it.

        Raises:
            WrongStatus: it was posted before under its idempotency key, and is being driven.
            CallerError: the request cannot be carried out as given.
            OperatorError: what it needs cannot be used.
        """
        check_listeners(on_event=on_event, on_text=on_text)
        with nullcontext() if judge is None else chosen_judge(judge, self.config) as chosen:
            with work_mark() as mark:
                log = self._write_posting(posting_of(text, budget, posting), mark)
                request_id = log.progress.request.id
                take_lease(self._store, request_id, mark, self.seats)
                tell(on_event, log)
                await self._driving.drive(request_id, mark, on_event, on_text)
            if chosen is not None:
                await self._judging.judge(request_id, chosen, on_event)
        return Result(self, request_id)

    def post(self, posting: Posting) -> str:
        """Post a request without running it; `resume` or `aresume` runs it.

        Returns:
            Its id; that of the earlier request where the idempotency key is known.

        Raises:
            InvalidRequest: the posting makes no sense, or its idempotency key is that of another
                text, bounty or requester.
            InvalidMoney: an amount is not money.
        """
        return self._write_posting(posting, own_mark()).progress.request.id

    def resume(
        self,
        request_id: str | None = None,
        on_event: Listener | None = None,
        on_text: TextListener | None = None,
        *,
        take_over: bool = False,
    ) -> list[Result]:
        """Finish requests that were interrupted, or posted and not run; see `aresume`."""
        return run_blocking(lambda: self.aresume(request_id, on_event, on_text, take_over=take_over))

    async def aresume(
        self,
        request_id: str | None = None,
        on_event: Listener | None = None,
        on_text: TextListener | None = None,
        *,
        take_over: bool = False,
    ) -> list[Result]:
        """Finish requests that were interrupted, or posted and not run.

        Args:
            request_id: the request; left out, all whose driver is gone and of whose bidders this market has any.
            on_event: told of every event as it happens.
            on_text: told of what presenters write while they write.
            take_over: whether processes on other hosts are gone, which cannot be seen from here; what
                they drove is finished, too. One that is not stops within about a second.

        Returns:
            The results.

        Raises:
            UnknownRequest: there is no such request.
            WrongStatus: another process is driving it.
            InvalidConfig: this market has none of its bidders.
            VickreyError: one cannot go on; of several, the first such failure, once all have had their turn.
        """
        check_listeners(on_event=on_event, on_text=on_text)
        if request_id is None:
            ids = resumable(self._store, self.seats, take_over=take_over)
            return await in_turn(ids, lambda each: self.aresume(each, on_event, on_text, take_over=take_over))
        with work_mark() as mark:
            take_lease(self._store, request_id, mark, self.seats, take_over=take_over)
            await self._driving.drive(request_id, mark, on_event, on_text)
        return [Result(self, request_id)]

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

    def judge(self, request_id: str, judge: AnyJudge, *, take_over: bool = False) -> Result:
        """Let a judge pick from an open request; see `ajudge`."""
        return run_blocking(lambda: self.ajudge(request_id, judge, take_over=take_over))

    async def ajudge(self, request_id: str, judge: AnyJudge, *, take_over: bool = False) -> Result:
        """Let a judge pick from an open request; one that is not open stays as it is.

        Args:
            request_id: the request.
            judge: who picks, as `arun` takes it.
            take_over: whether a process on another host, whose judge looks at the offers, is gone.

        Raises:
            UnknownRequest: there is no such request.
            InvalidRequest: this is no judge.
            WrongStatus: its calls cost money, and another such judge is looking; or the request ended meanwhile.
            VickreyError: the judge failed; what its calls cost is charged all the same.
        """
        with chosen_judge(judge, self.config) as chosen:
            await self._judging.judge(request_id, chosen, take_over=take_over)
        return Result(self, request_id)

    def pick(self, request_id: str, rank: int, judge: str = "caller") -> None:
        """Pick an offer by its rank, or none (0).

        Args:
            request_id: the request.
            rank: the offer's place, 1 for the first; 0 takes none, and the bounty returns.
            judge: who picks, for the record.

        Raises:
            UnknownRequest: there is no such request.
            WrongStatus: it is not open.
            InvalidRequest: it has no offer of this rank, or the judge's name cannot be recorded.
        """
        self._judging.pick(request_id, rank, judge)

    def cancel(self, request_id: str) -> None:
        """End a request, whatever it is doing; the bounty returns.

        What bidders still do for it is stopped: at once where it is driven from here, and within seconds where another
        process drives it.

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
        self._driving.stop(request_id)

    def expire_due(self) -> list[str]:
        """Return the bounties of open requests that nobody picked from in time.

        Each in a commit of its own: one that cannot end keeps no other from it.

        Returns:
            The ids of the requests that have expired.

        Raises:
            VickreyError: one of them could not end; those after it have, all the same.
        """
        expiry = expire_due(self._store, self._recorder, self._clock())
        if expiry.failures:
            raise expiry.failures[0]
        return list(expiry.expired)

    def requests(self, statuses: Sequence[str] = ()) -> list[RequestRow]:
        """Requests in order of posting; those of some statuses, or all where none is named.

        Raises:
            InvalidRequest: there is no such status.
        """
        check_statuses(statuses)
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
        """Let a bidder take part in no further request.

        Returns:
            What its wallet left to the treasury.

        Raises:
            UnknownBidder: the market has no such bidder.
            WrongStatus: it has retired already, or takes part in a request that is running.
        """
        self._check_known(bidder)
        return Money(self._store.transact(lambda tx: retire(tx, bidder, self.config.wealth)))

    def reinstate(self, bidder: str) -> Money:
        """Let a retired or suspended bidder take part again.

        Returns:
            What the treasury gave it back.

        Raises:
            UnknownBidder: the market has no such bidder.
            WrongStatus: it takes part already.
        """
        self._check_known(bidder)
        return Money(self._store.transact(lambda tx: reinstate(tx, bidder)))

    def audit(self) -> list[Finding]:
        """Recompute all books from their transfers (DESIGN section 6), and check that journals are as written."""
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

    def _write_posting(self, posting: Posting, driver: str) -> RequestLog:
        """Check a posting and write it down; `driver` is the mark of whoever is to drive it."""
        checked, now_seconds = read_posting(posting, self.config.request), self._clock()
        return self._store.transact(
            lambda tx: post_request(tx, self._recorder, self.config, checked, now_seconds, driver)
        )

    def _check_known(self, bidder: str) -> None:
        if bidder not in self.bidder_rows():
            known = ", ".join(sorted(self.bidder_rows())) or "none"
            raise UnknownBidder(f"this market has no bidder {bidder!r}; it has: {known}")
