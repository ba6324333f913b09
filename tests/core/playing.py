"""Whole requests played through the pure core: a synchronous driver with scripted bidders and a book.

It does what the engine does, without its concurrency: holds before bidding, close, transforms round by
round, settle, end. After every step it checks the laws that hold at every moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal, get_args

from orchestrator.core.answer import Answer, FaultKind, Keep
from orchestrator.core.clearing import Award
from orchestrator.core.closing import announce, close_stage
from orchestrator.core.codec import decode, encode, texts_of
from orchestrator.core.ending import cancel, expire, overspent, pick
from orchestrator.core.events import Announced, AwardResult, Event
from orchestrator.core.holds import bid_cost_hold, cap_hold
from orchestrator.core.keys import (
    ISSUER,
    TREASURY,
    bidder_account,
    cap_account,
    own_accounts,
    provider_account,
    requester_account,
)
from orchestrator.core.lot import Lot
from orchestrator.core.opening import open_request, provider_accounts, request_accounts, standing_accounts
from orchestrator.core.progress import Progress, fold
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER
from orchestrator.core.settlement import accept_delivery, beyond_promise, due_awards, failure, settle_stage
from orchestrator.core.state import REQUESTER, Segment
from orchestrator.core.step import Step
from orchestrator.errors import InsufficientFunds
from orchestrator.journal import GENESIS, Entry
from orchestrator.ledger import POST, Account, Balance, Book, Transfer, audit, transfer
from orchestrator.ledger.transfer import resolve

PROVIDER = "provider"
STOCK = 10**9
Ending = Literal["pick", "reject", "none", "cancel", "cancel while running"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)


@dataclass
class Play:
    """One request's life. Equal arguments give an equal life, whatever order answers come in.

    Attributes:
        request: the request.
        wallets: what each bidder of the roster starts with.
        luck: draws what bidders do.
        disorder: draws the order in which answers and deliveries come in, and nothing else.
        ending: what becomes of it once offers are open, or before.
        boldness: largest bid, as a multiple of a tenth of the bounty.
    """

    request: Request
    wallets: Mapping[str, int]
    luck: Random
    disorder: Random
    ending: Ending = "pick"
    boldness: int = 12
    costly: bool = True
    book: Book = field(default_factory=Book)
    events: list[Event] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    took_part: set[str] = field(default_factory=set)
    purse_before: int = 0

    def run(self) -> Progress:
        """Play the request to its end, or until its offers wait for a pick."""
        progress = self._open()
        stop_at = self.luck.choice((1, 1, 2, 3)) if self.ending == "cancel while running" else 0
        while progress.status == "running":
            announced, answers = self._ask(progress)
            if stop_at and progress.stage >= stop_at:
                return self._cancel(progress)
            spendable = {account.id: self.book.spendable_nanos(account.id) for account, _ in self.book.accounts()}
            progress = self._commit(close_stage(progress, announced, answers, spendable))
            results, due = self._transform(progress)
            if stop_at and self.luck.random() < 0.3:
                return self._cancel(progress)
            self._apply(due)
            spendable = self.book.spendable(beyond_promise(progress, results))
            progress = self._commit(settle_stage(progress, results, self._cap_left(), spendable))
        return self._end(progress) if progress.status == "open" else progress

    def _open(self) -> Progress:
        for account in (*standing_accounts(), *request_accounts(self.request), *provider_accounts({PROVIDER})):
            self.book.open_account(account)
        self._apply([transfer("stock", ISSUER, TREASURY, STOCK, "stock")])
        for name, nanos in self.wallets.items():
            self.book.open_account(Account(bidder_account(name)))
            if nanos:
                self._apply([transfer(f"endow/{name}", ISSUER, bidder_account(name), nanos, "endow")])
        purse = requester_account(self.request.requester)
        if self.purse_before:
            self._apply([transfer("purse", ISSUER, purse, self.purse_before, "fund")])
        return self._commit(open_request(self.request, {purse: self.book.spendable_nanos(purse)}))

    def _ask(self, progress: Progress) -> tuple[Announced, dict[str, list[Answer]]]:
        rules = progress.request.rules
        allowed = rules.roles_at(progress.stage)
        invited = {
            lot.path: [entry.name for entry in self.request.roster if set(entry.roles) & set(allowed)]
            for lot in progress.lots()
        }
        keeps = {
            lot.path: Keep(self._amount() * self.luck.choice((1, 4)), self._cost_max(), PROVIDER)
            for lot in progress.lots()
            if self.luck.random() < 0.5
        }
        announced = announce(progress, keeps, invited)
        answers: dict[str, list[Answer]] = {}
        for row in announced.lots:
            lot = progress.auctions[row.lot].lot
            answers[row.lot] = [self._answer(progress, lot, name) for name in row.invited]
            self.disorder.shuffle(answers[row.lot])
        return announced, answers

    def _answer(self, progress: Progress, lot: Lot, name: str) -> Answer:
        self.took_part.add(name)
        cost_max = self._cost_max()
        held = bid_cost_hold(self.request.id, lot, name, cost_max, PROVIDER)
        on_cap = cap_hold(self.request.id, lot, 0, name, "bid", cost_max)
        if held is not None and on_cap is not None:
            try:
                self._apply([held, on_cap])
            except InsufficientFunds:
                return Answer(name, "pass", reason="cannot pay for bidding")
        cost = self._cost(cost_max)
        answer = self._said(progress, name)
        if on_cap is not None:
            self._apply([resolve(on_cap, min(cost_max if cost is None else cost, cost_max))])
        return replace(answer, bid_cost_nanos=cost, bid_cost_max_nanos=cost_max, provider=PROVIDER)

    def _said(self, progress: Progress, name: str) -> Answer:
        drawn = self.luck.random()
        if drawn < 0.15:
            return Answer(name, "pass", reason="not today")
        if drawn < 0.25:
            kinds: tuple[FaultKind, ...] = ("raised", "late", "malformed")
            return Answer(name, "fault", fault=self.luck.choice(kinds), reason="broke down")
        allowed = self.request.rules.roles_at(progress.stage)
        roles = [
            role for role in next(entry.roles for entry in self.request.roster if entry.name == name) if role in allowed
        ]
        role = roles[0] if self.luck.random() < 0.7 else roles[-1]
        return Answer(name, "bid", self._amount(), role, cost_max_nanos=self._cost_max())

    def _amount(self) -> int:
        return self.luck.randint(0, self.boldness) * max(self.request.bounty_nanos // 10, 1)

    def _cost_max(self) -> int:
        return self.luck.choice((0, 1, 7)) if self.costly else 0

    def _cost(self, cost_max: int) -> int | None:
        """What calls came to: less than promised, all of it, more (now and then than a wallet has), or unknown."""
        if cost_max == 0:
            return 0
        excess = 3 if self.luck.random() < 0.9 else 30_000
        return self.luck.choice((0, cost_max, cost_max // 2, cost_max + excess, None))

    def _transform(self, progress: Progress) -> tuple[dict[str, list[AwardResult]], list[Transfer]]:
        results: dict[str, list[AwardResult]] = {}
        due: list[Transfer] = []
        while awards := due_awards(progress, results):
            for path in sorted(awards):
                delivered = [self._deliver(progress, path, award, due) for award in awards[path]]
                self.disorder.shuffle(delivered)
                results.setdefault(path, []).extend(delivered)
        return results, due

    def _deliver(self, progress: Progress, path: str, award: Award, due: list[Transfer]) -> AwardResult:
        self.took_part.add(award.bidder)
        auction = progress.auctions[path]
        if award.kept:
            cost_max = auction.keep.cost_max_nanos if auction.keep else 0
        else:
            cost_max = next(each for each in auction.answers if each.bidder == award.bidder).cost_max_nanos
        on_cap = cap_hold(self.request.id, auction.lot, award.round, award.bidder, "transform", cost_max)
        if on_cap is not None:
            try:
                self._apply([on_cap])
            except InsufficientFunds:
                return failure(progress, path, award, "over the cap", "no room", own_fault=False)
        cost = self._cost(cost_max)
        if on_cap is not None:
            due.append(resolve(on_cap, min(cost_max if cost is None else cost, cost_max)))
        drawn = self.luck.random()
        if drawn < 0.1:
            return failure(progress, path, award, "raised", "fell over", cost_nanos=cost)
        if drawn < 0.15:
            return failure(progress, path, award, "provider", "is down", own_fault=False, cost_nanos=cost)
        texts, replaces = self.luck.choice(
            (
                *[([f"{award.bidder} at {path}"], False)] * 6,
                ([f"{award.bidder} at {path}", "and more"], True),
                *[(["the same from everybody"], False)] * 3,
                ([auction.lot.state.text, "the same from everybody"], True),
                ([], False),
                ([piece.text for piece in auction.lot.state.segments], True),
                ([" "], True),
                (["x" * (self.request.rules.state_bytes_max + 1)], True),
            )
        )
        segments = [Segment(text, author="somebody else", digest="0" * 64) for text in texts]
        return accept_delivery(
            progress, path, award, segments, replaces=replaces, cost_nanos=cost, reward_nanos=self._reward()
        )

    def _reward(self) -> int:
        """What a delivery earns or costs at once, where the rules allow any."""
        largest = self.request.rules.stage_reward_max_nanos
        return self.luck.randint(-largest, largest) if largest else 0

    def _end(self, progress: Progress) -> Progress:
        if self.ending == "pick":
            rank = self.luck.randint(1, len(progress.offers))
            return self._commit(pick(progress, rank, "judge", self._cap_left()))
        if self.ending == "reject":
            return self._commit(pick(progress, 0, "judge", self._cap_left()))
        if self.ending == "none":
            return self._commit(expire(progress, self._cap_left()))
        return self._cancel(progress)

    def _cancel(self, progress: Progress) -> Progress:
        """Cancel at this moment, with some of the calls in flight known to have cost something."""
        holds = self.book.open_holds(self.request.id)
        cap = cap_account(self.request.id)
        costs = {row.id: self.luck.randint(0, row.amount_nanos) for row in holds if row.code in ("cost", "cap")}
        for row in holds:
            if row.code == "cost" and self.luck.random() < 0.5:
                costs[row.id] = row.amount_nanos + self.luck.choice((3, 30_000))
        left = self.book.spendable({cap, *overspent(holds, costs)})
        for row in holds:
            if row.debit in left:
                left[row.debit] += row.amount_nanos - min(costs.get(row.id, 0), row.amount_nanos)
        return self._commit(cancel(progress, holds, costs, left.pop(cap), left))

    def _cap_left(self) -> int:
        return self.book.spendable_nanos(cap_account(self.request.id))

    def _commit(self, step: Step) -> Progress:
        """Apply a step as the recorder would, and check what must hold after it."""
        self._apply(step.transfers)
        self.events.extend(step.events)
        last = self.entries[-1].digest if self.entries else GENESIS
        self.entries += encode(step.events, len(self.entries), last)
        self.texts.update(texts_of(step.events))
        assert fold(self.events) == step.progress
        assert [decode(entry, self.texts, self.request.id) for entry in self.entries] == self.events
        return step.progress

    def _apply(self, transfers: Sequence[Transfer]) -> None:
        applied = self.book.apply(transfers)
        assert applied == list(transfers), "every transfer is new: its id is used once"
        assert self.book.apply(transfers) == [], "the same again changes nothing"
        assert set(self.book.totals().values()) == {0}
        for account, balance in self.book.accounts():
            assert account.may_overdraw or balance.spendable_nanos >= 0, account

    def gain(self, account: str) -> int:
        """What an account has gained since the request was posted."""
        started = {bidder_account(name): nanos for name, nanos in self.wallets.items()}
        started |= {TREASURY: STOCK, requester_account(self.request.requester): self.purse_before}
        return self.book.balance(account).posted_nanos - started.get(account, 0)

    def moved(self, code: str) -> Counter[str]:
        """What transfers of a code moved, by the bidder that they concern."""
        sums = Counter[str]()
        for row in self.book.transfers():
            if row.code == code:
                name = row.id.split("/")[3] if code == "overrun" else row.credit.partition(":")[2]
                sums[name] += row.amount_nanos
        return sums

    def charged(self, bidder: str) -> int:
        """What a bidder's wallet has paid for its calls."""
        rows = [row for row in self.book.transfers() if row.code == "cost" and row.kind == POST]
        return sum(row.amount_nanos for row in rows if row.debit == bidder_account(bidder))

    def spent(self) -> int:
        """What the provider was paid."""
        return self.book.balance(provider_account(PROVIDER)).posted_nanos

    def check_books(self, ended: bool) -> None:
        """The audit finds nothing, and an ended request's accounts are zero."""
        finished = {self.request.id: own_accounts(self.request.id)} if ended else {}
        assert audit(dict(self.book.accounts()), self.book.transfers(), finished) == []
        if ended:
            assert self.book.open_holds(self.request.id) == []
            for account in request_accounts(self.request):
                if not account.id.startswith(f"{REQUESTER}:"):
                    balance = self.book.balance(account.id)
                    assert balance.posted_nanos == 0
                    assert (balance.debits_pending, balance.credits_pending) == Balance()[::2]


__all__ = ["ENDINGS", "PRESENTER", "TRANSFORMER", "Ending", "Play"]
