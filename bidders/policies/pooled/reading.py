"""Reading: what receipts and lessons say of works, by the names of the entries that bidders were made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bidders.policies.pooled.costs import WorkCost
from bidders.policies.pooled.embedding import Embedding, embedded
from bidders.policies.pooled.evidence import SILENT, SILENT_REFUSED, SILENT_TAKEN, Case, look_of
from orchestrator import Contribution, Lesson, Receipt, entry_of

TRANSFORMER: Final = "transformer"
PRESENTER: Final = "presenter"

_NANOS_PER_USD = 1_000_000_000
SCORE_RIGHT_MIN = 0.5


@dataclass(frozen=True, slots=True)
class NamedCase:
    """What is known of the works on one request.

    Attributes:
        request: its text.
        works: who worked, and what each claims; empty for nothing.
        taken: the claim that was accepted; where several were shown together, all of these; or none.
        refused: claims that were refused.
        judged: works that claim nothing of which it is known whether they were accepted, by their authors.
        costs: what works are known to have cost.
        bounty_usd: what the request pays.
        all_right: whether all claims that were accepted are right, as is known of a practised task; else one at least.
    """

    request: str
    works: tuple[Contribution, ...]
    taken: tuple[str, ...]
    refused: tuple[str, ...]
    costs: tuple[WorkCost, ...]
    bounty_usd: float
    judged: Mapping[str, bool] = field(default_factory=dict)
    all_right: bool = False

    def numbered(self, numbers: Mapping[str, int], embedding: Embedding) -> Case:
        """The same with bidders and claims by number, and the text embedded."""
        claims = {claim: number for number, claim in enumerate(dict.fromkeys(w.claim for w in self.works if w.claim))}
        return Case(
            tuple(numbers[work.author] for work in self.works),
            tuple(claims.get(work.claim, self._silence(work.author)) for work in self.works),
            tuple(claims[claim] for claim in self.taken if claim in claims),
            tuple(claims[claim] for claim in self.refused if claim in claims),
            look_of(embedded(embedding, self.request)),
            self.all_right,
        )

    def _silence(self, author: str) -> int:
        """What is known of a work that claims nothing."""
        if author not in self.judged:
            return SILENT
        return SILENT_TAKEN if self.judged[author] else SILENT_REFUSED


def cases_of(receipts: Sequence[Receipt]) -> list[NamedCase]:
    """What receipts say, one case a request, whatever order they come in."""
    by_request: dict[str, list[Receipt]] = {}
    for receipt in sorted(receipts, key=receipt_order):
        by_request.setdefault(receipt.request_id, []).append(receipt)
    return [case for each in by_request.values() if (case := _case_of_request(each)).works]


def receipt_order(receipt: Receipt) -> tuple[object, ...]:
    """A key that puts receipts in the same order however they came."""
    return (
        receipt.request_id,
        receipt.stage,
        receipt.lot,
        receipt.bidder,
        receipt.role,
        receipt.claim,
        receipt.won,
        receipt.revenue_nanos,
        receipt.cost_nanos,
        receipt.outcome,
        receipt.in_picked_chain,
        receipt.contributions,
        receipt.observed,
        receipt.verdict,
        receipt.request,
        receipt.lot_price_nanos or 0,
        receipt.bounty_nanos,
        receipt.reward_nanos,
        receipt.kept,
        receipt.cost_max_nanos,
        receipt.workers,
    )


def _case_of_request(receipts: Sequence[Receipt]) -> NamedCase:
    works: dict[Contribution, None] = {}
    costs = []
    for receipt in receipts:
        works.update(dict.fromkeys(_of_entries(receipt.contributions)))
        if receipt.won and receipt.role == TRANSFORMER:
            worker = entry_of(receipt.bidder)
            works[Contribution(worker, receipt.claim)] = None
            if receipt.cost_known:
                usd, usd_max = receipt.cost_nanos / _NANOS_PER_USD, receipt.cost_max_nanos / _NANOS_PER_USD
                costs.append(WorkCost(worker, usd, usd_max))
    first = receipts[0]
    verdict = first.verdict
    bounty_usd = first.bounty_nanos / _NANOS_PER_USD
    taken = verdict.among or tuple(claim for claim in (verdict.taken,) if claim)
    return NamedCase(first.request, tuple(works), taken, verdict.refused, tuple(costs), bounty_usd, _judged(receipts))


def _judged(receipts: Sequence[Receipt]) -> dict[str, bool]:
    """Which works that claim nothing were accepted, and which refused, as far as offers show one alone."""
    found: dict[str, bool] = {}
    for receipt in receipts:
        if tells_of_unclaimed(receipt):
            shown = shown_workers(receipt)
            if len(shown) == 1:
                found[shown[0]] = found.get(shown[0], False) or receipt.in_picked_chain
    return found


def tells_of_unclaimed(receipt: Receipt) -> bool:
    """Whether a receipt tells what became of an offer that the user has seen and whose works claim nothing."""
    was_seen = receipt.role == PRESENTER and receipt.won and receipt.outcome in ("released", "rejected")
    return was_seen and bool(shown_workers(receipt)) and not any(claim for _, claim in receipt.contributions)


def shown_workers(receipt: Receipt) -> tuple[str, ...]:
    """Whose work an offer shows: of those whose work led to it all, unless it repeats only some of them."""
    led = workers_of(receipt.workers, receipt.contributions)
    repeated = set(map(entry_of, receipt.repeats))
    return tuple([author for author in led if author in repeated]) or led


def workers_of(workers: tuple[str, ...], contributions: Sequence[Contribution]) -> tuple[str, ...]:
    """Whose work led to a text, in order, where whoever observed it has said so; else whose work it shows."""
    return tuple(map(entry_of, workers or [author for author, _ in contributions]))


def _of_entries(contributions: Sequence[Contribution]) -> list[Contribution]:
    return [Contribution(entry_of(author), claim) for author, claim in contributions]


def case_of(lesson: Lesson) -> NamedCase:
    """What a lesson says: of every claim whether it is right; several are where right answers read differently."""
    works = tuple(dict.fromkeys(Contribution(entry_of(work.bidder), work.claim) for work in lesson.works))
    scores: dict[str, float] = {}
    for work in lesson.works:
        if work.claim:
            scores[work.claim] = max(scores.get(work.claim, 0.0), work.score)
    taken = tuple(claim for claim, score in scores.items() if score > SCORE_RIGHT_MIN)
    refused = tuple(claim for claim in scores if claim not in taken)
    costs = tuple(WorkCost(entry_of(work.bidder), work.cost_usd) for work in lesson.works)
    judged = {entry_of(work.bidder): work.score > SCORE_RIGHT_MIN for work in lesson.works if not work.claim}
    return NamedCase(lesson.request, works, taken, refused, costs, lesson.bounty_usd, judged, all_right=True)


def workers_in(cases: Iterable[NamedCase]) -> list[str]:
    """Everybody who worked, in order of appearance."""
    return list(dict.fromkeys(work.author for case in cases for work in case.works))
