"""Judging that costs money: what a judge's calls cost is the requester's, and no bidder's (R7)."""

from __future__ import annotations

from orchestrator.core.events import Judged
from orchestrator.core.keys import ISSUER, provider_account, requester_account
from orchestrator.core.progress import Progress, advance
from orchestrator.core.step import Step
from orchestrator.errors import BrokenLaw
from orchestrator.ledger import Transfer, transfer


def charge_judge(progress: Progress, judged: Judged, purse_nanos: int) -> Step:
    """Record that a judge was asked, and have the requester pay for its calls.

    The requester's purse pays first and the issuer adds what is missing, as when a bounty is
    pledged. Their worst case was held on the spend cap before they were made.

    Args:
        progress: a request that is open, or has ended while the judge looked at its offers.
        judged: what came of it.
        purse_nanos: what the requester's purse can spend.

    Returns:
        The step; the request is as open as before, or has ended as it had.

    Raises:
        BrokenLaw: the request never had offers, or an amount is negative.
    """
    cost_nanos = judged.charged_nanos
    if not progress.ranked or min(cost_nanos, judged.cost_max_nanos) < 0:
        raise BrokenLaw(f"request {progress.request.id} is {progress.status}; no judge can be paid {cost_nanos} for it")
    transfers = _payment(progress, judged, purse_nanos) if cost_nanos else ()
    return Step((judged,), transfers, advance(progress, (judged,)))


def _payment(progress: Progress, judged: Judged, purse_nanos: int) -> tuple[Transfer, ...]:
    request, number = progress.request, len(progress.judged)
    purse = requester_account(request.requester)
    cost_nanos = judged.charged_nanos
    about = (request.id, progress.stage)
    paid = transfer(
        f"{request.id}/judging/{number}", purse, provider_account(judged.provider), cost_nanos, "judging", *about
    )
    missing_nanos = cost_nanos - purse_nanos
    if missing_nanos <= 0:
        return (paid,)
    return (transfer(f"{request.id}/judging-fund/{number}", ISSUER, purse, missing_nanos, "fund", *about), paid)
