"""A recorded run taken through the core once more, as it was or under another rule.

Bidders are not asked again: their recorded bids and deliveries are fed to the core. Where the
course leaves the record, because somebody wins who never delivered, what follows is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.core.clearing import Award
from orchestrator.core.closing import announce, close_stage
from orchestrator.core.ending import cancel, expire, overspent, pick
from orchestrator.core.events import AwardResult, Delivered, Event, Faulted
from orchestrator.core.interruption import interrupted_work
from orchestrator.core.judging import charge_judge
from orchestrator.core.keys import bidder_account
from orchestrator.core.opening import open_request
from orchestrator.core.progress import Progress, delivered_state
from orchestrator.core.rules import Rule
from orchestrator.core.settlement import due_awards, settle_stage
from orchestrator.core.step import Step
from orchestrator.ledger import hold
from orchestrator.record.failing import failed_again
from orchestrator.record.moves import Auctions, Ending, Judging, Opening, Settlement, cut
from orchestrator.record.showing import as_shown
from orchestrator.record.tally import tally

THE_PICK = "the pick"


@dataclass(frozen=True, slots=True)
class Alteration:
    """What is to be different; nothing where both are None.

    Attributes:
        rule: the pricing rule.
        without: a bidder whose bids are taken out.
    """

    rule: Rule | None = None
    without: str | None = None


class Course:
    """One way through a recorded run.

    Attributes:
        then: where the request stood at the end of the record.
        now: where this course has come to.
        events: what happened on it.
        origins: for each lot and offer of this course, its path in the record.
        left: for each lot at which it left the record, by recorded path, who was awarded it.
        unknown_beyond: where the record ends: lots by recorded path, or the pick.

    Args:
        events: the journal.
        then: its fold.
        change: what is to be different.
    """

    def __init__(self, events: Sequence[Event], then: Progress, change: Alteration) -> None:
        opening, moves = cut(events)
        self.then = then
        self._alteration = change
        self._auctions = {move.announced.stage: move for move in moves if isinstance(move, Auctions)}
        settlements = [move for move in moves if isinstance(move, Settlement)]
        self._settlements = {move.settled.stage: move for move in settlements}
        self._results = {
            (result.lot, result.award.bidder): result
            for move in settlements
            for result in move.results
            if result.award is not None and not _is_interrupted(result)
        }
        self._ending = next((move for move in moves if isinstance(move, Ending)), None)
        place = moves.index(self._ending) if self._ending is not None else len(moves)
        self._judgings = [move for move in moves[:place] if isinstance(move, Judging)]
        self._late_judgings = [move for move in moves[place:] if isinstance(move, Judging)]
        self.origins = {"0": "0"}
        self.left: dict[str, tuple[Award, ...]] = {}
        step = self._open(opening)
        self.events: list[Event] = list(step.events)
        self.now = step.progress

    @property
    def unknown_beyond(self) -> tuple[str, ...]:
        """Where the record ends."""
        lost_pick = not self.left and self.now.status == "open" and self._ending is not None
        return (*self.left, THE_PICK) if lost_pick else tuple(self.left)

    def run(self) -> None:
        """Go on until the request ends, or the record does."""
        while self.now.status == "running":
            if self.now.phase == "bidding":
                move = self._auctions.get(self.now.stage)
                step = self._close(move) if move is not None else None
            else:
                settlement = self._settlements.get(self.now.stage)
                step = self._settle(settlement) if settlement is not None else None
            if step is None:
                break
            self._take(step)
        if self.now.status == "open":
            self._judge(self._judgings)
        if self._ending is not None and self.now.ending is None and not self.left:
            last = self._end(self._ending)
            if last is not None:
                self._take(last)
                self._judge(self._late_judgings)

    def known_now(self) -> list[str]:
        """The lots of this course of which all is known."""
        return [path for path in self.now.auctions if self.origins[path] not in self.left]

    def known_then(self, before_stage: int | None = None) -> list[str]:
        """The recorded lots that stand beside them, up to a stage."""
        return [
            path
            for path, auction in self.then.auctions.items()
            if not self.is_lost(path) and (before_stage is None or auction.lot.stage < before_stage)
        ]

    def is_lost(self, path: str) -> bool:
        """Whether a recorded lot is one at which this course left the record, or comes after one."""
        return any(path == lot or path.startswith(f"{lot}.") for lot in self.left)

    def _judge(self, judgings: Sequence[Judging]) -> None:
        if not self.left:
            for judging in judgings:
                self._take(charge_judge(self.now, judging.judged, 0))

    def _take(self, step: Step) -> None:
        self.events.extend(step.events)
        self.now = step.progress

    def _open(self, opening: Opening) -> Step:
        request = opening.requested.request
        if self._alteration.rule is not None:
            request = replace(request, rules=replace(request.rules, rule=self._alteration.rule))
        if self._alteration.without is not None:
            kept = tuple(entry for entry in request.roster if entry.name != self._alteration.without)
            request = replace(request, roster=kept)
        return open_request(request, {row.account: row.nanos for row in opening.requested.opening})

    def _close(self, move: Auctions) -> Step:
        paths = {path: self.origins[path] for path in self.now.on_sale}
        keeps, invited, answers = move.keeps, move.invited, move.answers
        kept = {path: keeps[origin] for path, origin in paths.items() if origin in keeps}
        shown = {
            path: [name for name in invited.get(origin, ()) if self._takes_part(name)] for path, origin in paths.items()
        }
        announced = announce(self.now, kept, shown)
        given = {
            path: [answer for answer in answers.get(origin, ()) if self._takes_part(answer.bidder)]
            for path, origin in paths.items()
        }
        return close_stage(self.now, announced, given, self._spendable(move.spendable))

    def _takes_part(self, bidder: str) -> bool:
        return bidder != self._alteration.without

    def _spendable(self, recorded: Mapping[str, int]) -> Mapping[str, int]:
        """What wallets held then, and what has come out differently since at the lots that are known."""
        now = tally(self.now, [path for path in self.known_now() if path not in self.now.on_sale], ending=False)
        then = tally(self.then, self.known_then(self.now.stage), ending=False)
        changes = {
            bidder_account(name): now.profits_nanos.get(name, 0) - then.profits_nanos.get(name, 0)
            for name in now.profits_nanos.keys() | then.profits_nanos.keys()
        }
        return {account: nanos + changes.get(account, 0) for account, nanos in recorded.items()}

    def _settle(self, move: Settlement) -> Step:
        results: dict[str, list[AwardResult]] = {}
        while due := self._due(results):
            for path, awards in due.items():
                again = [self._again(path, award) for award in awards]
                known = [result for result in again if result is not None]
                if len(known) == len(again):
                    results.setdefault(path, []).extend(known)
                else:
                    self._leave(path, results)
        for path, of_lot in results.items():
            of_lot += self._interrupted_at(path)
        spendable = self._spendable(move.spendable)
        step = settle_stage(self.now, results, 0, spendable)
        strays = [path for path in results if not self._sold_then(step.progress, path)]
        if strays:
            for path in strays:
                self._leave(path, results)
            step = settle_stage(self.now, results, 0, spendable)
        if self._alteration == Alteration():
            step = as_shown(step, self.now, move)
        self._trace(step.progress)
        return step

    def _due(self, results: Mapping[str, Sequence[AwardResult]]) -> dict[str, tuple[Award, ...]]:
        due = due_awards(self.now, results)
        return {path: awards for path, awards in due.items() if self.origins[path] not in self.left}

    def _leave(self, path: str, results: dict[str, list[AwardResult]]) -> None:
        results.pop(path, None)
        self.left[self.origins[path]] = self.now.auctions[path].awards

    def _again(self, path: str, award: Award) -> AwardResult | None:
        """What came of a bidder's award then, for the award as it is now; None where it had none."""
        recorded = self._results.get((self.origins[path], award.bidder))
        if recorded is None:
            return None
        if isinstance(recorded, Delivered):
            lot = self.now.auctions[path].lot
            state = delivered_state(lot, award, recorded.segments, replaces=recorded.replaces)
            return replace(recorded, lot=path, award=award, state=state.digest)
        return failed_again(self.now, path, award, recorded)

    def _interrupted_at(self, path: str) -> list[AwardResult]:
        """What was spent then on work at a lot that was interrupted, by those who could win here, too."""
        standing = {bid.bidder for bid in self.now.auctions[path].standing}
        return [
            interrupted_work(
                self.now,
                path,
                fault.bidder,
                fault.award.round,
                cost_nanos=fault.cost_nanos,
                known_nanos=fault.known_nanos,
            )
            for fault in self.then.auctions[self.origins[path]].faults
            if fault.award is not None and _is_interrupted(fault) and fault.bidder in standing
        ]

    def _buyers_then(self, origin: str) -> list[str]:
        return [sale.buyer for sale in self.then.sales if sale.lot == origin]

    def _sold_then(self, after: Progress, path: str) -> bool:
        """Whether all who buy a lot now bought it then; a copy that was merged led nowhere then."""
        buyers = {sale.buyer for sale in after.sales if sale.lot == path}
        return buyers <= set(self._buyers_then(self.origins[path]))

    def _trace(self, after: Progress) -> None:
        """Note which recorded copies the copies sold at this stage are."""
        for path in self.now.on_sale:
            then = self._buyers_then(self.origins[path])
            for copy, sale in enumerate(sale for sale in after.sales if sale.lot == path):
                self.origins[f"{path}.{copy}"] = f"{self.origins[path]}.{then.index(sale.buyer)}"

    def _end(self, move: Ending) -> Step | None:
        """The judge's recorded verdict on the same offer; None where that is not on offer now."""
        if move.picked is None:
            return self._cancel(move) if move.is_cancelled else expire(self.now, 0)
        if self.now.status != "open":
            return None
        if move.picked.rank == 0:
            return pick(self.now, 0, move.picked.judge, 0)
        wanted = self.then.offers[move.picked.rank - 1].path
        ranks = [rank for rank, offer in enumerate(self.now.offers, 1) if self.origins[offer.path] == wanted]
        return pick(self.now, ranks[0], move.picked.judge, 0) if ranks else None

    def _cancel(self, move: Ending) -> Step:
        """The requester withdraws as it did; what others had spent by then, they had spent."""
        spent = [each for each in move.ended.cut_off if self._takes_part(each.bidder)]
        held = [
            hold(each.bidder, bidder_account(each.bidder), "", each.nanos - each.beyond_nanos, "cost") for each in spent
        ]
        costs = {each.bidder: each.nanos for each in spent}
        spendable = self._spendable(move.spendable)
        purses = {wallet: spendable.get(wallet, 0) for wallet in overspent(held, costs)}
        unknown_costs = [name for name in move.ended.unknown_costs if self._takes_part(name)]
        return cancel(self.now, held, costs, 0, purses, unknown_costs)


def _is_interrupted(result: AwardResult) -> bool:
    return isinstance(result, Faulted) and result.fault == "interrupted"
