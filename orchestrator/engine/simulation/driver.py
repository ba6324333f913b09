"""The driver of a simulation.

Requests of a batch move in lock-step, so that one call of a policy values the lots of all of them.
"""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from orchestrator.core.clearing import Award
from orchestrator.core.closing import announce, close_stage
from orchestrator.core.ending import pick
from orchestrator.core.events import AwardResult
from orchestrator.core.keys import ISSUER, TREASURY, bidder_account, cap_account, derive_seed, requester_account
from orchestrator.core.opening import open_request, request_accounts, standing_accounts
from orchestrator.core.progress import Progress
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.core.request import Request
from orchestrator.core.rules import Rules
from orchestrator.core.settlement import accept_delivery, beyond_promise, due_awards, settle_stage
from orchestrator.core.step import Step
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation.asking import Asker, Said
from orchestrator.engine.simulation.invitations import Invitations
from orchestrator.engine.simulation.player import Job, Player
from orchestrator.engine.simulation.roster import Roster
from orchestrator.ledger import Account, Book, transfer

# One requester posts everything.
_REQUESTER: Final = "user"


class Simulation:
    """A market in memory.

    Players bid no more than their wallets can pay beside their work's worst case, as the bidders that
    come along do. All requests of a batch are paid out when the whole batch has come to its picks, so
    wallets must be large enough to carry a batch; a bid that another request's has left without cover
    is a fault (R4).

    Args:
        players: who takes part from the start.
        rules: the rules of every auction.
        wealth: endowments, refills and rent.
        seed: root of every draw.
        learning: whether policies learn, and explore; without, they bid their means.
        owners_keep: whether an owner announces, as its lot's public reserve, what transforming its
            state again is worth to itself (R5).
        memories: what policies know from the start, by memory id.

    Attributes:
        book: the ledger.
        learning: may be changed between batches.
        memories: what policies have learned, by memory id.
        auctions: auctions held so far.
    """

    def __init__(
        self,
        players: Sequence[Player],
        rules: Rules,
        wealth: WealthRules,
        seed: int = 0,
        learning: bool = True,
        *,
        owners_keep: bool = False,
        memories: dict[str, Any] | None = None,
    ) -> None:
        self.book = Book()
        self.learning = learning
        self.memories = {} if memories is None else memories
        self.auctions = 0
        self._rules = rules
        self._seed = seed
        self._requests = 0
        self._closing: list[str] = []
        for account in (*standing_accounts(), Account(requester_account(_REQUESTER))):
            self.book.open_account(account)
        if wealth.treasury_stock_nanos:
            self.book.apply([transfer("stock", ISSUER, TREASURY, wealth.treasury_stock_nanos, "stock")])
        self._roster = Roster(self.book, wealth)
        self._roster.enter(players)
        invitations = Invitations(self._roster, rules, owners_keep=owners_keep)
        self._asker = Asker(invitations, seed, self._spendable_nanos, may_buy_own=rules.self_sale == "open")

    @property
    def players(self) -> Sequence[Player]:
        """Who is in the simulation."""
        return self._roster.players

    @property
    def refills(self) -> Mapping[str, int]:
        """How often the treasury has helped each bidder."""
        return self._roster.refills

    @property
    def suspended(self) -> Collection[str]:
        """Who takes part no more: broke, and helped too often."""
        return self._roster.suspended

    def enter(self, player: Player) -> None:
        """Let a bidder take part in the requests to come; a newcomer is endowed as the others were."""
        self._roster.enter([player])

    def leave(self, name: str) -> None:
        """Let a bidder take part in no further request; its wallet stays in the books."""
        self._roster.leave(name)

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
                live = self.advance(live)
            ended = [self._pick(job, progress) for job, progress in zip(jobs, live, strict=True)]
            if self.learning:
                self._learn(ended)
            self.book.forget()
            self._close_accounts()
        return ended

    def advance(self, live: Sequence[Progress]) -> list[Progress]:
        """Hold one stage of every request that still runs."""
        running = [progress for progress in live if progress.status == "running"]
        said = self._asker.ask(running, self.memories, explores=self.learning)
        return [
            self._run_stage(progress, said[progress.request.id]) if progress.status == "running" else progress
            for progress in live
        ]

    def _open(self, job: Job) -> Progress:
        self._requests += 1
        request = Request(
            id=f"s{self._requests}",
            text=job.text,
            bounty_nanos=job.bounty_nanos,
            spend_cap_nanos=job.bounty_nanos,
            seed=derive_seed(self._seed, self._requests),
            rules=self._rules,
            roster=self._roster.entries,
            requester=_REQUESTER,
        )
        _purse, *own = request_accounts(request)
        for account in own:
            self.book.open_account(account)
            self._closing.append(account.id)
        return self._apply(open_request(request, {}))

    def _run_stage(self, progress: Progress, said: Said) -> Progress:
        """Clear a request's lots, have the winners deliver, and settle."""
        self.auctions += len(said.answers)
        invited = {path: [answer.bidder for answer in given] for path, given in said.answers.items()}
        spendable = self.book.spendable(self._payers(progress, said, invited))
        progress = self._apply(close_stage(progress, announce(progress, said.keeps, invited), said.answers, spendable))
        results: dict[str, list[AwardResult]] = {}
        while due := due_awards(progress, results):
            for path, awards in due.items():
                delivered = results.setdefault(path, [])
                for award in awards:
                    delivered.append(self._deliver(progress, path, award))
        spendable = self.book.spendable(beyond_promise(progress, results))
        return self._apply(settle_stage(progress, results, self._cap_left(progress), spendable))

    def _spendable_nanos(self, name: str) -> int:
        return self.book.spendable_nanos(bidder_account(name))

    def _payers(self, progress: Progress, said: Said, invited: Mapping[str, Sequence[str]]) -> set[str]:
        """The accounts from which a stage could be paid."""
        bidders = {progress.auctions[path].lot.owner for path in said.keeps}.union(*invited.values())
        return self._roster.auditions.accounts(progress).union(map(bidder_account, bidders))

    def _deliver(self, progress: Progress, path: str, award: Award) -> AwardResult:
        player = self._roster.seats[award.bidder]
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

    def _pick(self, job: Job, progress: Progress) -> Progress:
        """Have the user pick, and keep up the wallets."""
        if progress.status == "open":
            progress = self._apply(pick(progress, job.accept(progress.offers), "user", self._cap_left(progress)))
        self._roster.keep_up(progress)
        return progress

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

    def _close_accounts(self) -> None:
        """Drop the accounts of requests that have ended: all are zero, and millions would fill the memory."""
        for account_id in self._closing:
            self.book.forget_account(account_id)
        self._closing.clear()

    def _cap_left(self, progress: Progress) -> int:
        return self.book.spendable_nanos(cap_account(progress.request.id))

    def _apply(self, step: Step) -> Progress:
        self.book.apply(step.transfers)
        self._roster.note(step.transfers)
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
