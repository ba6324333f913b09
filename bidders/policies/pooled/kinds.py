"""Kinds: what a request's text says, before anybody has worked, of how hard it is.

Ridge regressions on the text's numbers foretell the level of a request, how closely wrong answers
to it agree, and whether answers to it are claims that can be compared at all. Requests of like
forecasts are of one kind, and each kind has class frequencies of its own. The kind of a request
that was learned from is foretold from the others: by itself it would look surer than it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bidders.policies.pooled.embedding import SHAPE
from bidders.policies.pooled.world import CLASSES, LEVELS, SCATTERS, Flags, Floats, Integers, by_class

_LEVEL_EDGES: Floats = np.arange(-2.5, 3.51, 0.75)
_CLOSE_EDGES: Floats = np.array([0.5])
KINDS = (len(_LEVEL_EDGES) + 1) * (len(_CLOSE_EDGES) + 1)
UNKNOWN_KIND = -1
"""The kind of a request whose text says nothing yet: the classes of all requests together."""

ALL_KINDS = (*range(KINDS), UNKNOWN_KIND)

BY_CLASS: Floats = np.stack([by_class(LEVELS), np.tile(SCATTERS.min() == SCATTERS, len(LEVELS)).astype(float)], axis=1)
"""By class, its level and whether its wrong answers agree: the first two things that are foretold."""

TARGETS = 3
"""What is foretold: these two, and whether any work claims something."""

_COMPARABLE_MIN = 0.5

_PENALTY_OF_MEAN, _PENALTY_OF_SHAPE, _PENALTY_OF_WORDS = 1e-3, 3.0, 20.0
_PARTS = 5
_PLACES = 6


@dataclass(frozen=True, slots=True)
class Sums:
    """What regressions need to know of requests that are no longer kept.

    Attributes:
        squares: of the text's numbers, with a 1 before them.
        products: of these with what was foretold.
    """

    squares: Floats
    products: Floats

    @classmethod
    def none(cls, numbers: int, targets: int = TARGETS) -> Sums:
        """Nothing seen, of texts with so many numbers, of which so much is foretold."""
        return cls(np.zeros((numbers + 1, numbers + 1)), np.zeros((numbers + 1, targets)))

    @classmethod
    def of(cls, looks: Floats, targets: Floats, weights: Floats) -> Sums:
        """The sums over some requests."""
        rows = _with_one(looks)
        weighted = (rows * weights[:, None]).T
        return cls(weighted @ rows, weighted @ targets)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.squares + other.squares, self.products + other.products)

    def times(self, factor: float) -> Sums:
        """Sums that have faded."""
        return Sums(self.squares * factor, self.products * factor)

    def fitting(self, numbers: int, targets: int = TARGETS) -> Sums:
        """These sums where texts have so many numbers; else none: another embedding has come."""
        return self if len(self.products) == numbers + 1 else Sums.none(numbers, targets)

    def solved(self) -> Floats:
        """The weights that foretell best: of a 1 and the text's numbers, a column for each of what is foretold."""
        # The mean is foretold from the first requests on; what differs from it needs many, the more so the numbers of
        # a text's words: they are many, and each says little.
        penalties = np.full(len(self.squares), _PENALTY_OF_WORDS)
        penalties[: SHAPE + 1] = _PENALTY_OF_SHAPE
        penalties[0] = _PENALTY_OF_MEAN
        return np.asarray(np.linalg.solve(self.squares + np.diag(penalties), self.products), dtype=float)

    def to_json(self) -> dict[str, Any]:
        """The sums as JSON can hold them."""
        triangle = self.squares[np.triu_indices(len(self.squares))]
        return {
            "squares": np.round(triangle, _PLACES).tolist(),
            "products": np.round(self.products, _PLACES).tolist(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Sums:
        """Read sums back."""
        products = np.array(stored["products"], dtype=float)
        squares = np.zeros((len(products), len(products)))
        squares[np.triu_indices(len(products))] = stored["squares"]
        return cls(squares + np.triu(squares, 1).T, products)


class Foretold(NamedTuple):
    """What texts say of requests.

    Attributes:
        kinds: the kind of each.
        comparable: whether answers to it are claims, which agree or differ.
    """

    kinds: Integers
    comparable: Flags

    def part(self, rows: slice | Integers) -> Foretold:
        """What they say of some of the requests."""
        return Foretold(self.kinds[rows], self.comparable[rows])


@dataclass(frozen=True, slots=True)
class Forecast:
    """Foretells a request by its text.

    Attributes:
        weights: of a 1 and the text's numbers: one column for each of what is foretold.
    """

    weights: Floats

    @property
    def is_known(self) -> bool:
        """Whether anything was learned."""
        return bool(self.weights.any())

    def foretell(self, looks: Floats) -> Foretold:
        """What the numbers of texts say; before anything is known, that they are like all others."""
        if not self.is_known or looks.shape[1] + 1 != len(self.weights):
            return Foretold(np.full(len(looks), UNKNOWN_KIND, dtype=np.int64), np.ones(len(looks), dtype=bool))
        foretold = self.weights[0] + looks @ self.weights[1:]
        return Foretold(_kinds(foretold), foretold[:, 2] >= _COMPARABLE_MIN)


def forecast_from(sums: Sums, looks: Floats, targets: Floats, weights: Floats) -> tuple[Forecast, Foretold]:
    """Learn to foretell.

    Args:
        sums: of requests that are no longer kept.
        looks: the numbers of the texts of those that are.
        targets: what is to be foretold of each.
        weights: how much each counts.

    Returns:
        The forecast, and what the texts say of each request by a forecast from the others.
    """
    parts, everything = in_parts(sums, looks, targets, weights)
    kinds, comparable = np.full(len(looks), UNKNOWN_KIND, dtype=np.int64), np.ones(len(looks), dtype=bool)
    for rows, others in parts:
        kinds[rows], comparable[rows] = Forecast(others.solved()).foretell(looks[rows])
    return Forecast(everything.solved()), Foretold(kinds, comparable)


def in_parts(past: Sums, looks: Floats, targets: Floats, weights: Floats) -> tuple[list[tuple[Integers, Sums]], Sums]:
    """Divide requests into parts, for each to be foretold from the others.

    Args:
        past: sums of requests that are no longer kept.
        looks: the numbers of the texts of those that are.
        targets: what is to be foretold of each.
        weights: how much each counts.

    Returns:
        Of each part the rows, and the sums of all others with the past; and the sums of all.
    """
    # Parts, not single requests: of requests with one text, each one's forecast without itself would be the lower the
    # higher its own level is, and the kind would tell them apart the wrong way round.
    places = [np.arange(part, len(looks), _PARTS) for part in range(_PARTS)]
    sums = [Sums.of(looks[rows], targets[rows], weights[rows]) for rows in places]
    others = [sum((each for number, each in enumerate(sums) if number != part), start=past) for part in range(_PARTS)]
    return list(zip(places, others, strict=True)), sum(sums, start=past)


def _kinds(foretold: Floats) -> Integers:
    levels = np.searchsorted(_LEVEL_EDGES, foretold[:, 0])
    closeness = np.searchsorted(_CLOSE_EDGES, foretold[:, 1])
    return np.asarray(levels * (len(_CLOSE_EDGES) + 1) + closeness, dtype=np.int64)


def _with_one(looks: Floats) -> Floats:
    return np.concatenate([np.ones((len(looks), 1)), looks], axis=1)


def class_counts(kinds: Integers, likely: Floats) -> Floats:
    """How many requests of each kind are of each class; those of unknown kind stand in the last row.

    Args:
        kinds: of each request.
        likely: how likely each is of each class.
    """
    counts = np.zeros((KINDS + 1, CLASSES))
    np.add.at(counts, kinds, likely)
    return counts
