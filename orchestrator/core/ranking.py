"""Ranking: the order in which offers are shown, from bids and seed alone (R9)."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.core.keys import derive_seed, digest_text
from orchestrator.core.lot import Offer
from orchestrator.core.progress import Progress
from orchestrator.core.state import ERASED, State

Identity = Callable[[State], tuple[str, ...]]


def same_text(state: State) -> tuple[str, ...]:
    """What offers share that read the same, however their text is cut into pieces.

    Erased texts read the same whatever they said, so pieces of which one was erased are compared as such.
    """
    pieces = state.segments
    if len(pieces) == 1 or any(piece.text == ERASED for piece in pieces):
        return state.content
    return (digest_text(state.text),)


def same_pieces(state: State) -> tuple[str, ...]:
    """What offers share that are cut into the same pieces: so runs of before told them apart."""
    return state.content


def rank(progress: Progress, identity_of: Identity = same_text) -> tuple[str, ...]:
    """Order a request's offers.

    By last bid, then by price, then by a draw from the seed. Offers of one principal with the
    same text are collapsed into the best of them. What a text says counts for nothing.

    Args:
        progress: the request.
        identity_of: equal for offers that count as the same.

    Returns:
        Paths of at most `offers_max` offers, best first.
    """
    request = progress.request
    principals = request.principals()

    def precedence(offer: Offer) -> tuple[int, int, int]:
        return (-offer.last_bid_nanos, -offer.price_nanos, derive_seed(request.seed, offer.path, "rank"))

    if len(progress.offers) == 1:
        return (progress.offers[0].path,)
    shown: list[str] = []
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for offer in sorted(progress.offers, key=precedence):
        identity = (principals.get(offer.presenter, offer.presenter), identity_of(offer.state))
        if identity not in seen:
            seen.add(identity)
            shown.append(offer.path)
    return tuple(shown[: request.rules.offers_max])
