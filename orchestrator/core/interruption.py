"""Work that an interrupted run had begun and that is not taken up again when the run goes on: it is paid for (R7).

Whose turn comes as a substitute rests on who has failed before it, and no journal tells of that before its stage is
settled: a winner that was late may deliver when it is asked again.
"""

from __future__ import annotations

from typing import Final

from orchestrator.core.clearing import Award
from orchestrator.core.events import AwardResult, Faulted
from orchestrator.core.progress import Progress
from orchestrator.core.settlement import failure

_REASON: Final = "was at work when the run was interrupted, and its turn did not come again"


def interrupted_work(
    progress: Progress, path: str, bidder: str, round: int, *, cost_nanos: int | None, known_nanos: int
) -> Faulted:
    """What becomes of a substitute whose turn did not come again: its calls are charged to it, and nothing else.

    Args:
        progress: a request in phase `transforming`.
        path: the lot.
        bidder: who was at work; one of those that could win.
        round: of its award then.
        cost_nanos: what its calls cost; None where that is unknown.
        known_nanos: what is known of it, where not all of it is.
    """
    award = _award_then(progress, path, bidder, round)
    return failure(
        progress,
        path,
        award,
        "interrupted",
        _REASON,
        own_fault=False,
        cost_nanos=cost_nanos,
        known_nanos=known_nanos,
    )


def is_interrupted_work(progress: Progress, result: AwardResult) -> bool:
    """Whether a recorded result is of such work; its award never fell due."""
    award = result.award
    if not isinstance(result, Faulted) or result.fault != "interrupted" or award is None or award.round == 0:
        return False
    stands = any(bid.bidder == award.bidder for bid in progress.auctions[result.lot].standing)
    return stands and award == _award_then(progress, result.lot, award.bidder, award.round)


def _award_then(progress: Progress, path: str, bidder: str, round: int) -> Award:
    """Its award; what it would have paid is not known any more."""
    bid = next(bid for bid in progress.auctions[path].standing if bid.bidder == bidder)
    return Award(bidder, bid.role, bid.amount_nanos, 0, round)
