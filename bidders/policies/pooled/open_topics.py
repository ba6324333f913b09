"""Open topics: which requests suit whom, as far as offers tell that users have seen, whose works claim nothing.

As with works that claim something, topics are believed in only where those found in some requests explain what was
taken of others; but an offer tells of all whose works it holds together, and of each the less.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidders.policies.pooled.topics import ERRORS_MIN_OF_MARKET, Surprises, Topics, topics_in
from bidders.policies.pooled.uptake import SeenOffer, chances_whatever_suits
from bidders.policies.pooled.world import Floats

_OFFERS_MIN = 200


def topics_in_offers(seen: Sequence[SeenOffer], looks: Floats, known: Topics, prior: float) -> Topics | None:
    """Find topics that explain better than the known ones do which offers were taken; None where there are none.

    Args:
        seen: the offers; what they tell of a text are its numbers in few, and no topic.
        looks: the numbers of the requests' texts, as the embedding gives them.
        known: the topics that are believed in so far.
        prior: the chance of an offer to be taken before anything is known, above 0 and below 1.
    """
    if len(seen) < _OFFERS_MIN:
        return None
    chances = chances_whatever_suits(seen, len(seen[0].look), prior)
    return topics_in(looks, surprises_of_offers(seen, chances), known, ERRORS_MIN_OF_MARKET)


def surprises_of_offers(seen: Sequence[SeenOffer], chances: Floats) -> Surprises:
    """Find where offers were taken more or less often than was to be expected, for each whose work they hold.

    Args:
        seen: the offers.
        chances: how likely each was to be taken, whatever its request.
    """
    bidders = 1 + max(author for offer in seen for author in offer.authors)
    right, told = np.zeros((2, len(seen), bidders))
    for row, (offer, chance) in enumerate(zip(seen, chances.tolist(), strict=True)):
        authors, share = list(offer.authors), offer.weight / len(offer.authors)
        right[row, authors] = share * (offer.taken - chance)
        told[row, authors] = share * chance * (1.0 - chance)
    return Surprises(right, told)
