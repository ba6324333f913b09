"""Picking: what may be picked from a request (R9)."""

from __future__ import annotations

from orchestrator.api.posting import shown
from orchestrator.core.progress import Progress
from orchestrator.errors import InvalidRequest, WrongStatus


def check_pick(progress: Progress, rank: object) -> None:
    """Make sure that an offer may be picked.

    Args:
        progress: the request's.
        rank: the offer's place, 1 for the first; 0 takes none.

    Raises:
        WrongStatus: the request is not open.
        InvalidRequest: it has no offer of this rank.
    """
    request_id, offers = progress.request.id, len(progress.offers)
    if progress.status != "open":
        hint = "; `vickrey resume` finishes it" if progress.status == "running" else ""
        raise WrongStatus(f"request {request_id} is {progress.status}, not open{hint}")
    # In Python True and False are numbers, too.
    if not isinstance(rank, int) or isinstance(rank, bool) or not 0 <= rank <= offers:
        raise InvalidRequest(f"request {request_id} has offers 1 to {offers}; there is no offer {shown(rank)}")
