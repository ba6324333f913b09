"""Picking: who picks, and what may be picked from a request (R9)."""

from __future__ import annotations

from typing import Final

from orchestrator.api.posting import shown
from orchestrator.core.progress import Progress
from orchestrator.errors import InvalidRequest, WrongStatus

_JUDGE_CHARACTERS_MAX: Final = 200


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
        later = "; its offers come when it is done, and `vickrey resume` goes on where it was interrupted"
        hint = later if progress.status == "running" else ""
        raise WrongStatus(f"request {request_id} is {progress.status}, not open{hint}")
    # In Python True and False are numbers, too.
    if not isinstance(rank, int) or isinstance(rank, bool) or not 0 <= rank <= offers:
        raise InvalidRequest(f"request {request_id} has offers 1 to {offers}; there is no offer {shown(rank)}")


def check_judge_name(name: object) -> None:
    """Make sure that the record can say who picked.

    Raises:
        InvalidRequest: it is not a short printable name.
    """
    if not isinstance(name, str) or not 0 < len(name) <= _JUDGE_CHARACTERS_MAX or not name.isprintable():
        raise InvalidRequest(f"a judge's name is 1 to {_JUDGE_CHARACTERS_MAX} printable characters, not {shown(name)}")
