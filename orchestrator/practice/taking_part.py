"""Who can practise, and why nobody does where nobody does."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.core.names import entry_of, is_later_twin
from orchestrator.core.rules import TRANSFORMER
from orchestrator.engine.seat import Seat
from orchestrator.errors import InvalidRequest


def workers(seats: Mapping[str, Seat]) -> list[str]:
    """The bidders that work on tasks: transformers, but for later twins, which would do the same work once more."""
    return [name for name in transformers(seats) if not is_later_twin(name)]


def transformers(seats: Mapping[str, Seat]) -> list[str]:
    """The bidders whose works can be learned from, twins among them."""
    return [name for name, seat in sorted(seats.items()) if TRANSFORMER in seat.participant.roles]


def check_workers(seats: Mapping[str, Seat]) -> None:
    """See that somebody takes part who can work on a task.

    Raises:
        InvalidRequest: nobody does.
    """
    if workers(seats):
        return
    twins = transformers(seats)
    if twins:
        firsts = ", ".join(dict.fromkeys(map(entry_of, twins)))
        raise InvalidRequest(
            f"nobody here can practise: {', '.join(twins)} would do the work of {firsts} once more, and learns with "
            "the first of its twins; name that one"
        )
    named = f": only presenters take part ({', '.join(sorted(seats))})" if seats else ""
    raise InvalidRequest(
        f"nobody here can practise{named}; tasks are worked on by transformers, and presenters learn from their works: "
        "let one of these take part"
    )


def nobody_works(unready: Mapping[str, str]) -> InvalidRequest:
    """Why no work was planned, although there are bidders that could work.

    Args:
        unready: bidders that could not say what a task may cost, with the reason.
    """
    if not unready:
        return InvalidRequest(
            "nobody works on any of these tasks: every bidder declines them, by its filter `eligible` or by `practises`"
        )
    reasons = "; ".join(f"{name}: {reason}" for name, reason in unready.items())
    return InvalidRequest(f"nobody can work on these tasks, for it is not known what that may cost ({reasons})")
