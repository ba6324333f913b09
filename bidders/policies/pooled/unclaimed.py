"""Unclaimed work: text that claims no answer which could be compared with another.

Where bidders have estimates of their own, as in open-ended writing, a lot is worth what such lots
have brought. Where they have none, whoever presents a state shows the work that was written last,
and a state is worth the chance that this work is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

from bidders.policies.contexts import brought_nanos
from bidders.policies.pooled.figures import Guess
from bidders.policies.pooled.reading import PRESENTER, TRANSFORMER, receipt_order
from bidders.policies.pooled.regressions import LotFeatures, LotResult, Regressions, role_key
from bidders.policies.pooled.texts import Texts
from bidders.policies.pooled.world import Floats
from orchestrator import Lesson, Observation, Receipt

ESTIMATE = "estimate"
_POSTED_PRICE_WEIGHT = 0.2


def guess(regressions: Regressions, seen: Observation, texts: Texts) -> Guess:
    """Value a lot by what such lots have brought.

    Args:
        regressions: the pool's regressions.
        seen: the lot.
        texts: reads requests' texts.
    """
    numbers = texts.regressors(seen.request)
    if seen.estimate is not None:
        price_share = seen.last_price_usd / seen.bounty_usd if seen.bounty_usd > 0 else 0.0
        features = LotFeatures(seen.stage, price_share, seen.estimate, len(seen.contributions), numbers)
        return _guessed(regressions, seen.role, seen.bidder, features)
    if seen.role == TRANSFORMER:
        return _guessed(regressions, TRANSFORMER, seen.bidder, _plain(numbers))
    if not seen.contributions:
        return Guess(0.0, 0.0)
    author = seen.contributions[-1].author
    return Guess(_guessed(regressions, TRANSFORMER, author, _plain(numbers)).mean, 0.0)


def _plain(numbers: Floats) -> LotFeatures:
    return LotFeatures(1, 0.0, None, 0, numbers)


def _guessed(regressions: Regressions, role: str, bidder: str, features: LotFeatures) -> Guess:
    regressors = features.regressors()
    return Guess(*regressions.regression(role, bidder, len(regressors)).share(regressors))


def results_of(receipts: Sequence[Receipt], texts: Texts) -> list[LotResult]:
    """What receipts say of unclaimed work, in an order that does not depend on theirs."""
    ordered = sorted(receipts, key=receipt_order)
    shown_last = {
        (receipt.request_id, receipt.contributions[-1].author)
        for receipt in ordered
        if receipt.won and receipt.role == PRESENTER and receipt.contributions
    }
    found = []
    for receipt, nanos in _with_brought(ordered):
        if receipt.bounty_nanos <= 0 or any(claim for _, claim in receipt.contributions):
            continue
        is_shown = (receipt.request_id, receipt.bidder) in shown_last
        result = _result(receipt, nanos, texts, is_shown)
        if result is not None:
            found.append(result)
    return found


def _with_brought(receipts: Sequence[Receipt]) -> list[tuple[Receipt, int]]:
    """Receipts of lots whose end was seen, with what each brought its winner before the cost of its own work."""
    seen = [receipt for receipt in receipts if not receipt.censored]
    brought = iter(brought_nanos([receipt for receipt in seen if receipt.won]))
    return [(receipt, next(brought) + receipt.cost_nanos if receipt.won else 0) for receipt in seen]


def _result(receipt: Receipt, nanos: int, texts: Texts, is_shown: bool) -> LotResult | None:
    estimate = dict(receipt.observed).get(ESTIMATE)
    if estimate is None:
        return _answer_result(receipt, texts) if is_shown else None
    price_share = receipt.last_price_nanos / receipt.bounty_nanos
    numbers = texts.regressors(receipt.request)
    regressors = LotFeatures(receipt.stage, price_share, estimate, len(receipt.contributions), numbers).regressors()
    if receipt.won:
        share = min(1.0, max(-1.0, nanos / receipt.bounty_nanos))
        return LotResult(role_key(receipt.role, receipt.bidder), regressors, share)
    if receipt.lot_price_nanos is None or receipt.answer != "bid":
        return None
    # What somebody else paid for the lot: the market's own estimate, public and only half to the point.
    posted = min(1.0, receipt.lot_price_nanos / receipt.bounty_nanos)
    return LotResult(role_key(receipt.role), regressors, posted, _POSTED_PRICE_WEIGHT)


def _answer_result(receipt: Receipt, texts: Texts) -> LotResult | None:
    """An answer that was shown was right exactly if it was picked."""
    if receipt.role != TRANSFORMER or not receipt.won or receipt.claim:
        return None
    if receipt.outcome not in ("released", "rejected"):
        return None
    regressors = _plain(texts.regressors(receipt.request)).regressors()
    return LotResult(role_key(TRANSFORMER, receipt.bidder), regressors, float(receipt.in_picked_chain))


def are_unclaimed(lesson: Lesson) -> bool:
    """Whether no work on a task claims an answer."""
    return not any(work.claim for work in lesson.works)


def results_of_lessons(lessons: Sequence[Lesson], texts: Sequence[Texts]) -> list[LotResult]:
    """What lessons say of unclaimed work.

    Args:
        lessons: tasks on which nobody claims an answer.
        texts: for each of them, what reads it.
    """
    found = []
    for lesson, reads in zip(lessons, texts, strict=True):
        regressors = _plain(reads.regressors(lesson.request)).regressors()
        found += [LotResult(role_key(TRANSFORMER, work.bidder), regressors, work.score) for work in lesson.works]
    return found
