"""Simulation: many requests at once in memory, synchronously, thousands of auctions a second.

The same core, ledger and policies as a durable run, without journal, texts and event loop.
Requests of a batch move in lock-step, so that one call of a policy values all their lots.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from orchestrator.bidding import Observation, Policy
from orchestrator.core.bid import Answer
from orchestrator.core.clearing import Award
from orchestrator.core.closing import announce, close_stage
from orchestrator.core.ending import pick
from orchestrator.core.keys import ISSUER, TREASURY, bidder_account, cap_account, derive_seed
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.opening import open_request, provider_accounts, request_accounts, standing_accounts
from orchestrator.core.progress import Progress
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.core.request import Participant, Request
from orchestrator.core.rules import Role, Rules
from orchestrator.core.settlement import Outcome, accept_delivery, due_awards, settle_stage
from orchestrator.core.state import Segment
from orchestrator.core.step import Step
from orchestrator.core.upkeep import upkeep
from orchestrator.core.wealth_rules import WealthRules
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
        book: the ledger.
        memories: what policies have learned, by memory id.
        auctions: auctions held so far.
    """

    players: Sequence[Player]
    rules: Rules
    wealth: WealthRules
    seed: int = 0
    learning: bool = True
    book: Book = field(default_factory=Book)
    memories: dict[str, Any] = field(default_factory=dict)
    auctions: int = 0
    _records: dict[str, _Records] = field(default_factory=dict)
    _seats: dict[str, Player] = field(default_factory=dict)
    _roster: tuple[Participant, ...] = ()
    _requests: int = 0

    def __post_init__(self) -> None:
        for account in (*standing_accounts(), *provider_accounts({player.name for player in self.players})):
            self.book.open_account(account)
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
            self._close_accounts(ended)
        return ended

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
        self._roster = tuple(Participant(player.name, player.principal, (player.role,)) for player in active)

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
        )
        for account in request_accounts(request):
            self.book.open_account(account)
        return self._apply(open_request(request, {}))

    def _advance(self, live: Sequence[Progress]) -> list[Progress]:
        """One stage of every request that still runs."""
        bids = self._bids([progress for progress in live if progress.status == "running"])
        return [
            self._hold_stage(progress, bids[progress.request.id]) if progress.status == "running" else progress
            for progress in live
        ]

    def _hold_stage(self, progress: Progress, answers: Mapping[str, Sequence[Answer]]) -> Progress:
        self.auctions += len(answers)
        invited = {path: [answer.bidder for answer in given] for path, given in answers.items()}
        wallets = {bidder_account(answer.bidder) for given in answers.values() for answer in given}
        spendable = self.book.spendable(wallets)
        progress = self._apply(close_stage(progress, announce(progress, {}, invited), answers, spendable))
        outcomes: dict[str, list[Outcome]] = {}
        while due := due_awards(progress, outcomes):
            for path, awards in due.items():
                outcomes.setdefault(path, []).extend(self._deliver(progress, path, award) for award in awards)
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

    def _bids(self, live: Sequence[Progress]) -> dict[str, dict[str, list[Answer]]]:
        """Every player's answer to every lot; one call of a policy for all that share a memory."""
        on_sale = [(progress.request, lot) for progress in live for lot in progress.lots()]
        answers: dict[str, dict[str, list[Answer]]] = {}
        for request, lot in on_sale:
            answers.setdefault(request.id, {})[lot.path] = []
        asked: dict[str, list[tuple[Player, str, Lot, Observation]]] = {}
        for player in self.players:
            if not self._records[player.name].active:
                continue
            rows = asked.setdefault(player.memory_id, [])
            for request, lot in on_sale:
                is_own = player.name == lot.owner and self.rules.self_sale != "open"
                if is_own or player.role not in self.rules.roles_at(lot.stage):
                    continue
                observation = player.observe(request, lot)
                if observation is not None:
                    rows.append((player, request.id, lot, observation))
        for memory_id, rows in asked.items():
            if not rows:
                continue
            for (player, request_id, lot, _), amount in zip(rows, self._values(memory_id, rows), strict=True):
                answers[request_id][lot.path].append(_answer(player, amount))
        return answers

    def _values(self, memory_id: str, rows: Sequence[tuple[Player, str, Lot, Observation]]) -> Sequence[int]:
        policy = rows[0][0].policy
        valuation = policy.value(self.memories.get(memory_id), [row[3] for row in rows])
        values = np.asarray(valuation.means, dtype=float)
        if self.learning:
            draws = np.random.default_rng(derive_seed(self.seed, memory_id, rows[0][1], rows[0][2].stage))
            values = values + np.asarray(valuation.deviations, dtype=float) * draws.standard_normal(len(rows))
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
        if due.suspended:
            self._call_roll()

    def _close_accounts(self, ended: Iterable[Progress]) -> None:
        """Drop the accounts of requests that have ended: all are zero, and millions would fill the memory."""
        for progress in ended:
            for account in request_accounts(progress.request):
                if not account.id.startswith("requester:"):
                    self.book.forget_account(account.id)

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


def _answer(player: Player, amount_nanos: int) -> Answer:
    provider = player.name if player.cost_max_nanos else ""
    return Answer(player.name, "bid", amount_nanos, player.role, player.cost_max_nanos, provider)
