"""Ranking: the order in which offers are shown, from bids and seed alone (R9)."""

from __future__ import annotations

from orchestrator.core.keys import derive_seed
from orchestrator.core.lot import Offer
from orchestrator.core.progress import Progress


def rank(progress: Progress) -> tuple[str, ...]:
    """Order a request's offers.

    By last bid, then by price, then by a draw from the seed. Offers of one principal with the
    same text are collapsed into the best of them. No text is read in order to rank it.

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
        identity = (principals.get(offer.presenter, offer.presenter), offer.state.content)
        if identity not in seen:
            seen.add(identity)
            shown.append(offer.path)
    return tuple(shown[: request.rules.offers_max])
