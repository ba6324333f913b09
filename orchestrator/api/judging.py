"""Asking a judge, and reading its verdict (R9)."""

from __future__ import annotations

from orchestrator.bidding import Judge, Later, Rank, Reject, ShownOffer
from orchestrator.core.progress import Progress
from orchestrator.errors import BrokenPlugin, InvalidRequest, VickreyError
from orchestrator.money import Money


async def ask_judge(judge: Judge, progress: Progress) -> int | None:
    """Have a judge look at a request's offers.

    Args:
        judge: who picks.
        progress: a request that is open.

    Returns:
        The rank that it picked, 0 for none of the offers, or None if it decides later.

    Raises:
        BrokenPlugin: the judge failed; the request stays open.
        InvalidRequest: its verdict is none.
    """
    try:
        verdict: object = await judge.pick(progress.request.text, _shown(progress))
    except VickreyError:
        raise
    except Exception as error:
        raise BrokenPlugin(
            f"judge {judge.name} failed ({type(error).__name__}: {error}); request {progress.request.id} stays open"
        ) from error
    if isinstance(verdict, Later):
        return None
    if isinstance(verdict, Reject):
        return 0
    if not isinstance(verdict, Rank):
        raise InvalidRequest(f"judge {judge.name} returned {type(verdict).__name__}; it must be Rank, Reject or Later")
    if verdict.rank == 0:
        raise InvalidRequest(f"judge {judge.name} picked rank 0; ranks begin at 1, and Reject takes none")
    return verdict.rank


def _shown(progress: Progress) -> list[ShownOffer]:
    return [
        ShownOffer(
            rank,
            offer.presenter,
            offer.text,
            Money(offer.last_bid_nanos),
            Money(offer.price_nanos),
            tuple(sale.buyer for sale in offer.chain),
        )
        for rank, offer in enumerate(progress.offers, 1)
    ]
