"""Offers as they were shown, where the rules cannot decide the same: in runs of before, and after an erasure (R9)."""

from __future__ import annotations

from collections.abc import Container

from orchestrator.core.events import Offered
from orchestrator.core.progress import Progress, advance
from orchestrator.core.ranking import rank, same_pieces
from orchestrator.core.state import ERASED
from orchestrator.core.step import Step
from orchestrator.record.moves import Settlement


def as_shown(step: Step, progress: Progress, move: Settlement) -> Step:
    """A settlement that was decided again, with the recorded order of offers where that was lawful as well.

    Runs of before showed one principal's text twice where it was cut into other pieces. And of two offers that
    were shown as one, it is not known any more that they read the same once a piece of them is erased.

    Args:
        step: what the rules give.
        progress: the present before it.
        move: what is recorded.
    """
    shown, decided = move.events[-1], step.events[-1]
    if not isinstance(shown, Offered) or not isinstance(decided, Offered) or shown == decided:
        return step
    unranked = Step(step.events[:-1], step.transfers, advance(progress, step.events[:-1]))
    known = _without_lost(unranked.progress, shown.offers)
    return unranked.then((shown,), ()) if shown.offers in (rank(known), rank(known, same_pieces)) else step


def _without_lost(progress: Progress, shown: Container[str]) -> Progress:
    """The request without the offers that may have read as another that their principal was shown with."""
    principals = progress.request.principals()
    present = {principals.get(offer.presenter) for offer in progress.offers if offer.path in shown}
    kept = [
        offer
        for offer in progress.offers
        if offer.path in shown
        or principals.get(offer.presenter) not in present
        or not any(piece.text == ERASED for piece in offer.state.segments)
    ]
    return progress._replace(offers=tuple(kept))
