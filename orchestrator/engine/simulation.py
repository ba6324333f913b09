"""Simulation: many requests at once in memory, synchronously, thousands of auctions a second.

The same core, ledger and policies as a durable run, without journal, texts and event loop.
Requests of a batch move in lock-step, so that one call of a policy values all their lots.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from orchestrator.bidding import Observation, Policy
from orchestrator.core.bid import Answer, Keep
from orchestrator.core.clearing import Award
from orchestrator.core.closing import announce, close_stage
from orchestrator.core.ending import pick
from orchestrator.core.invitation import BidRecord, invite
from orchestrator.core.keys import ISSUER, TREASURY, bidder_account, cap_account, derive_seed, requester_account
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.opening import open_request, provider_accounts, request_accounts, standing_accounts
from orchestrator.core.progress import Progress
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.core.request import Participant, Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role, Rules
from orchestrator.core.settlement import Outcome, accept_delivery, due_awards, settle_stage
from orchestrator.core.state import Segment
from orchestrator.core.step import Step
from orchestrator.core.upkeep import upkeep
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulated_auditions import Auditions
from orchestrator.ledger import Account, Book, transfer
from orchestrator.money import NANOS_PER_USD


class Delivery(NamedTuple):
    """What a player's transform came to.

    Attributes:
        segments: what it adds to the state; from a presenter, the whole offer.
        cost_nanos: what it cost, at most what the player declared.
        reward_nanos: what it earned at once, in a task of reinforcement learning.
    """

    segments: Sequence[Segment]
    cost_nanos: int = 0
    reward_nanos: int = 0


class Player(Protocol):
    """A bidder in a simulation."""

    @property
    def name(self) -> str:
        """Its name, unique in the simulation."""

    @property
    def principal(self) -> str:
        """Who stands behind it."""

    @property
    def role(self) -> Role:
        """What it does with a state."""

    @property
    def policy(self) -> Policy:
        """What values lots for it."""

    @property
    def memory_id(self) -> str:
        """Where what it learns is kept; twins share one."""

    @property
    def cost_max_nanos(self) -> int:
        """The worst case of what a transform of its costs."""

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        """What its policy sees of a lot; None passes."""

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        """What it delivers; `memory` is what its policy has learned."""


_REQUESTER: Final = "user"


class _Said(NamedTuple):
    """What was said about a request's lots, by lot: sealed answers, and public reserves of their owners."""

    answers: dict[str, list[Answer]]
    keeps: dict[str, Keep]


# A lot that a player's policy is to value, what it sees of it, and where its answer goes.
_Question = tuple[Player, Request, Lot, Observation, _Said]


@dataclass(frozen=True, slots=True)
class Job:
    """A request to simulate.

    Attributes:
        text: the request's text.
        bounty_nanos: its bounty.
        accept: the user: the rank of the offer taken, or 0 for none.
    """

    text: str
    bounty_nanos: int
    accept: Callable[[Sequence[Offer]], int]


@dataclass(slots=True)
class _Records:
    """What the simulation remembers of a player beside its wallet."""

    refills: int = 0
    active: bool = True


@dataclass(slots=True)
class Simulation:
    """A market in memory.

    All requests of a batch are paid out when the whole batch has come to its picks, so wallets must
    be large enough to carry a batch.

    Attributes:
        players: who takes part.
        rules: the rules of every auction.
        wealth: endowments, refills and rent.
        seed: root of every draw.
        learning: whether policies learn, and explore; without, they bid their means.
        owners_keep: whether an owner announces, as its lot's public reserve, what transforming its
            state again is worth to itself (R5).
        book: the ledger.
        memories: what policies have learned, by memory id.
        auctions: auctions held so far.
    """

    players: Sequence[Player]
    rules: Rules
    wealth: WealthRules
    seed: int = 0
    learning: bool = True
    owners_keep: bool = False
    book: Book = field(default_factory=Book)
    memories: dict[str, Any] = field(default_factory=dict)
    auctions: int = 0
    _records: dict[str, _Records] = field(default_factory=dict)
    _seats: dict[str, Player] = field(default_factory=dict)
    _names: dict[Role, list[str]] = field(default_factory=dict)
    _crowds: dict[tuple[Role, ...], list[Player]] = field(default_factory=dict)
    _bid_records: dict[str, BidRecord] = field(default_factory=dict)
    _promises: dict[str, float] = field(default_factory=dict)
    _auditions: Auditions = field(init=False)
    _roster: tuple[Participant, ...] = ()
    _requests: int = 0
    _closing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._auditions = Auditions(self.book, self.wealth)
        # One requester posts everything.
        purse = Account(requester_account(_REQUESTER))
        providers = provider_accounts({player.name for player in self.players})
        for account in (*standing_accounts(), purse, *providers):
            self.book.open_account(account)
        if self.wealth.treasury_stock_nanos:
            self.book.apply([transfer("stock", ISSUER, TREASURY, self.wealth.treasury_stock_nanos, "stock")])
        for player in self.players:
            self._enter(player)
        self._call_roll()

    def run(self, jobs: Sequence[Job]) -> list[Progress]:
        """Run requests to their end, in lock-step.

        Args:
            jobs: the requests of one batch; policies learn when all have ended.

        Returns:
            How each ended, in the order given.
        """
        with _collector_paused():
            live = [self._open(job) for job in jobs]
            while any(progress.status == "running" for progress in live):
                live = self._advance(live)
            ended = [self._pick(job, progress) for job, progress in zip(jobs, live, strict=True)]
            if self.learning:
                self._learn(ended)
            self.book.forget()
            self._close_accounts()
        return ended

    def enter(self, player: Player) -> None:
        """Let a newcomer take part in the requests to come; it is endowed as the others were."""
        self.players = (*self.players, player)
        for account in provider_accounts({player.name}):
            self.book.open_account(account)
        self._enter(player)
        self._call_roll()

    def leave(self, name: str) -> None:
        """Let a bidder take part in no further request; its wallet stays in the books."""
        self.players = tuple(player for player in self.players if player.name != name)
        self._call_roll()

    def _enter(self, player: Player) -> None:
        wallet = bidder_account(player.name)
        self._seats[player.name] = player
        self.book.open_account(Account(wallet))
        self._records[player.name] = _Records()
        if self.wealth.endowment_nanos:
            self.book.apply([transfer(f"endow/{player.name}", ISSUER, wallet, self.wealth.endowment_nanos, "endow")])

    def _call_roll(self) -> None:
        """List who takes part in the requests to come."""
        active = [player for player in self.players if self._records[player.name].active]
        self._roster = tuple(
            Participant(player.name, player.principal, (player.role,), self._auditions.is_on(player.name))
            for player in active
        )
        for role in (TRANSFORMER, PRESENTER):
            self._names[role] = sorted(player.name for player in active if player.role == role)
        self._crowds = {}

    def _open(self, job: Job) -> Progress:
        self._requests += 1
        request = Request(
            id=f"s{self._requests}",
            text=job.text,
            bounty_nanos=job.bounty_nanos,
            spend_cap_nanos=job.bounty_nanos,
            seed=derive_seed(self.seed, self._requests),
            rules=self.rules,
            roster=self._roster,
            requester=_REQUESTER,
        )
        _purse, *own = request_accounts(request)
        for account in own:
            self.book.open_account(account)
            self._closing.append(account.id)
        return self._apply(open_request(request, {}))

    def _advance(self, live: Sequence[Progress]) -> list[Progress]:
        """One stage of every request that still runs."""
        bids = self._bids([progress for progress in live if progress.status == "running"])
        return [
            self._hold_stage(progress, *bids[progress.request.id]) if progress.status == "running" else progress
            for progress in live
        ]

    def _hold_stage(
        self, progress: Progress, answers: Mapping[str, Sequence[Answer]], keeps: Mapping[str, Keep]
    ) -> Progress:
        self.auctions += len(answers)
        invited = {path: [answer.bidder for answer in given] for path, given in answers.items()}
        bidders = {progress.auctions[path].lot.owner for path in keeps}.union(*invited.values())
        wallets = set(map(bidder_account, bidders))
        if self.wealth.audition_trials:
            wallets |= self._auditions.accounts(progress)
        spendable = self.book.spendable(wallets)
        progress = self._apply(close_stage(progress, announce(progress, keeps, invited), answers, spendable))
        outcomes: dict[str, list[Outcome]] = {}
        while due := due_awards(progress, outcomes):
            for path, awards in due.items():
                delivered = outcomes.setdefault(path, [])
                for award in awards:
                    delivered.append(self._deliver(progress, path, award))
        return self._apply(settle_stage(progress, outcomes, self._cap_left(progress)))

    def _deliver(self, progress: Progress, path: str, award: Award) -> Outcome:
        player = self._seats[award.bidder]
        memory = self.memories.get(player.memory_id)
        work = player.transform(progress.request, progress.auctions[path].lot, award, memory)
        return accept_delivery(
            progress,
            path,
            award,
            work.segments,
            replaces=False,
            cost_nanos=work.cost_nanos,
            reward_nanos=work.reward_nanos,
        )

    def _bids(self, live: Sequence[Progress]) -> dict[str, _Said]:
        """Every player's answer to every lot; one call of a policy for all that share a memory."""
        said: dict[str, _Said] = {}
        asked: dict[str, list[_Question]] = {}
        for progress in live:
            request = progress.request
            said[request.id] = heard = _Said({}, {})
            for lot in progress.lots():
                heard.answers[lot.path] = []
                for player in self._invited(request, lot):
                    seen = player.observe(request, lot)
                    if seen is not None:
                        asked.setdefault(player.memory_id, []).append((player, request, lot, seen, heard))
                    elif self.rules.invited_max:
                        self._remember(player.name, 0.0)
        for memory_id, questions in asked.items():
            for question, amount in zip(questions, self._values(memory_id, questions), strict=True):
                self._hear(question, amount)
        return said

    def _hear(self, question: _Question, amount_nanos: int) -> None:
        """Enter what a player says of a lot: a bid, or of its own lot what keeping it is worth."""
        player, _, lot, seen, said = question
        if player.name == lot.owner and self.rules.self_sale == "keep":
            cost_max_nanos = player.cost_max_nanos
            said.keeps[lot.path] = Keep(amount_nanos, cost_max_nanos, _provider(player.name, cost_max_nanos))
            return
        said.answers[lot.path].append(_answer(player, seen, amount_nanos))
        if self.rules.invited_max:
            share = amount_nanos / NANOS_PER_USD / seen.bounty_usd if seen.bounty_usd else 0.0
            self._remember(player.name, share)

    def _invited(self, request: Request, lot: Lot) -> list[Player]:
        """Who is asked to bid for a lot: everybody, or in a crowded market the most promising (R3)."""
        roles = self.rules.roles_at(lot.stage)
        if self.rules.invited_max:
            seats = [self._seats[name] for role in roles for name in self._promising(request, lot, role)]
        elif roles in self._crowds:
            seats = self._crowds[roles]
        else:
            seats = self._crowds[roles] = [self._seats[name] for role in roles for name in self._names[role]]
        if self.rules.self_sale == "open" or self._may_keep(lot):
            return seats
        return [player for player in seats if player.name != lot.owner]

    def _promising(self, request: Request, lot: Lot, role: Role) -> list[str]:
        seed = derive_seed(request.seed, lot.path, role)
        return invite(self._names[role], self._promises, self.rules.invited_max, seed)

    def _may_keep(self, lot: Lot) -> bool:
        return self.owners_keep and lot.owner in self._names[TRANSFORMER] and lot.stage < self.rules.stages_max

    def _remember(self, name: str, share: float) -> None:
        record = self._bid_records.get(name, BidRecord()).after(share)
        self._bid_records[name] = record
        self._promises[name] = record.promise

    def _values(self, memory_id: str, questions: Sequence[_Question]) -> Sequence[int]:
        player, request, lot, _, _ = questions[0]
        observations = [seen for _, _, _, seen, _ in questions]
        valuation = player.policy.value(self.memories.get(memory_id), observations)
        values = np.asarray(valuation.means, dtype=float)
        if self.learning:
            draws = np.random.default_rng(derive_seed(self.seed, memory_id, request.id, lot.stage))
            values = values + np.asarray(valuation.deviations, dtype=float) * draws.standard_normal(len(questions))
        nanos: list[int] = (np.maximum(values, 0.0) * NANOS_PER_USD).astype(np.int64).tolist()
        return nanos

    def _pick(self, job: Job, progress: Progress) -> Progress:
        if progress.status == "open":
            step = pick(progress, job.accept(progress.offers), "user", self._cap_left(progress))
            progress = self._apply(step)
        self._keep_up(progress)
        return progress

    def _keep_up(self, progress: Progress) -> None:
        active = [entry.name for entry in progress.request.roster if self._records[entry.name].active]
        accounts = [TREASURY, *map(bidder_account, active)]
        spendable = self.book.spendable(accounts)
        refills = {name: self._records[name].refills for name in active}
        due = upkeep(progress.request.id, active, refills, spendable, self.wealth)
        self.book.apply(due.transfers)
        for name in due.refilled:
            self._records[name].refills += 1
        for name in due.suspended:
            self._records[name].active = False
        if self._auditions.after(progress, set(active).difference(due.suspended)) or due.suspended:
            self._call_roll()

    def _close_accounts(self) -> None:
        """Drop the accounts of requests that have ended: all are zero, and millions would fill the memory."""
        for account_id in self._closing:
            self.book.forget_account(account_id)
        self._closing.clear()

    def _learn(self, ended: Iterable[Progress]) -> None:
        given: dict[str, list[Receipt]] = {}
        memory_of = {player.name: player.memory_id for player in self.players}
        for progress in ended:
            for receipt in receipts(progress):
                given.setdefault(memory_of[receipt.bidder], []).append(receipt)
        for player in self.players:
            mine = given.pop(player.memory_id, None)
            if mine:
                self.memories[player.memory_id] = player.policy.learn(self.memories.get(player.memory_id), mine)

    def _cap_left(self, progress: Progress) -> int:
        return self.book.spendable_nanos(cap_account(progress.request.id))

    def _apply(self, step: Step) -> Progress:
        self.book.apply(step.transfers)
        return step.progress


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python's cycle collector from scanning a batch over and over: its values form no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _answer(player: Player, seen: Observation, amount_nanos: int) -> Answer:
    name, cost_max_nanos = player.name, player.cost_max_nanos
    return Answer(
        name,
        "bid",
        amount_nanos,
        player.role,
        cost_max_nanos,
        _provider(name, cost_max_nanos),
        observed=tuple(sorted(seen.features.items())) if seen.features else (),
    )


def _provider(name: str, cost_max_nanos: int) -> str:
    """Who is paid for a player's calls; nobody where they are free."""
    return name if cost_max_nanos else ""
