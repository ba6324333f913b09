"""An index of a collection's passages by BM25."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bidders.collection import Collection
from bidders.leanings import affirmed_terms, negated_terms
from bidders.words import terms


class Index:
    """Finds passages by weighted terms, and says how telling a term is in its collection.

    Attributes:
        collection: what is indexed.
        passage_terms: the terms of each passage, headings included.
        description_terms: the terms of the collection's description of itself.
        vocabulary: all of these together.
        negated: each passage's terms inside its own negations: what it says is absent.
        affirmed: its other terms.
    """

    def __init__(self, collection: Collection) -> None:
        # Imported here because it brings numpy along, half a second that only a bidding market should pay.
        import bm25s

        self.collection = collection
        texts = [f"{passage.heading}. {passage.text}" for passage in collection.passages]
        tokens = [terms(text) for text in texts]
        self.passage_terms = tuple(frozenset(found) for found in tokens)
        self.description_terms = frozenset(terms(collection.description))
        self.vocabulary = self.description_terms.union(*self.passage_terms)
        self.negated = tuple(negated_terms(passage.text) for passage in collection.passages)
        self.affirmed = tuple(
            affirmed_terms(passage.text) | (frozenset(terms(passage.heading)) - negated)
            for passage, negated in zip(collection.passages, self.negated, strict=True)
        )
        self._bm25: Any = bm25s.BM25(method="lucene")
        self._bm25.index([found or [""] for found in tokens], show_progress=False)

    def informativeness(self, term: str) -> float:
        """How much a term tells passages apart: BM25's inverse document frequency, highest for an unknown term."""
        holding = sum(term in found for found in self.passage_terms)
        return math.log(1 + (len(self.passage_terms) - holding + 0.5) / (holding + 0.5))

    def scores(self, weights: Mapping[str, float]) -> list[float]:
        """Score every passage.

        Args:
            weights: terms to look for; a negative weight counts against a passage.

        Returns:
            One score a passage, in the collection's order: the weighted sum of the terms' BM25 scores.
        """
        totals = [0.0] * len(self.passage_terms)
        for term, weight in sorted(weights.items()):
            if any(term in found for found in self.passage_terms):
                for position, score in enumerate(self._bm25.get_scores([term])):
                    totals[position] += weight * float(score)
        return totals
