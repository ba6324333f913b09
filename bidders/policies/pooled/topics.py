"""Topics: which requests ask for the same strengths, told by their texts.

Bidders may be good at different things, and a level says only how hard a request is for everybody. So where some are
right more often than their abilities and a request's level explain, and others less, ridge regressions foretell from
the text by how much; requests for which they foretell alike are of one topic (k-means). Most differences are chance:
topics are believed in only where those found in some requests explain who is right on others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.abilities import Abilities
from bidders.policies.pooled.clusters import centres_of
from bidders.policies.pooled.evidence import SILENT, SILENT_TAKEN, Evidence, likelihoods
from bidders.policies.pooled.kinds import Foretold, Sums, in_parts
from bidders.policies.pooled.world import Flags, Floats, Integers, by_level

_TOPICS = (2, 3, 4, 6)
_REQUESTS_MIN, _GAIN_MIN = 50, 0.002
_CHANCE_MIN = 0.02
_PLACES = 6

ERRORS_MIN_OF_PRACTICE, ERRORS_MIN_OF_MARKET = 3.0, 4.0
"""By how many errors topics must explain more: practice looks for them once a call, a market again and again, and one
of many looks is wrong sooner."""

UNKNOWN_TOPIC = -1
"""The topic of a request whose text tells nothing: what is believed of bidders is what they are like on the whole."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Tells a request's topic by its text.

    Attributes:
        weights: of a 1 and the text's numbers: one column a topic, whose sum is highest for its requests; no column
            where all requests are alike.
    """

    weights: Floats = field(default_factory=lambda: np.zeros((1, 0)))

    @classmethod
    def from_json(cls, stored: Sequence[Sequence[float]]) -> Topics:
        """Read them back."""
        return cls(np.array(stored, dtype=float)) if stored else cls()

    def to_json(self) -> list[list[float]]:
        """The same as JSON can hold it; nothing where none is told apart."""
        return np.round(self.weights, _PLACES).tolist() if len(self) else []

    def __len__(self) -> int:
        return int(self.weights.shape[1])

    @property
    def all_of_them(self) -> range:
        """The topics that are told apart."""
        return range(len(self))

    def of(self, looks: Floats) -> Integers:
        """The topic of each text, by its numbers; unknown where none is told apart, or by another embedding."""
        if not len(self) or looks.shape[1] + 1 != len(self.weights):
            return np.full(len(looks), UNKNOWN_TOPIC, dtype=np.int64)
        return np.asarray((self.weights[0] + looks @ self.weights[1:]).argmax(axis=1), dtype=np.int64)

    def parts(self, looks: Floats, rows_max: int) -> Iterator[tuple[int, Integers]]:
        """The rows of requests of each topic, so many at a time."""
        topics = self.of(looks)
        for topic in (*self.all_of_them, UNKNOWN_TOPIC):
            for rows in in_chunks(np.flatnonzero(topics == topic), rows_max):
                yield topic, rows


def in_chunks(rows: Integers, rows_max: int) -> Iterator[Integers]:
    """Rows in their order, so many at a time."""
    for start in range(0, len(rows), rows_max):
        yield rows[start : start + rows_max]


class Surprises(NamedTuple):
    """By how much more often bidders were right on requests than was to be expected: request, bidder.

    Attributes:
        right: how often each was right, less how likely that was; 0 where it did not work.
        told: how much that tells of it: the variance of what was likely.
    """

    right: Floats
    told: Floats

    def of(self, rows: Integers) -> Surprises:
        """Those of some of the requests."""
        return Surprises(self.right[rows], self.told[rows])

    def by_topic(self, topics: Integers, count: int) -> Surprises:
        """Their sums by topic and bidder, of so many topics."""
        of_topic = (topics == np.arange(count)[:, None]).astype(float)
        return Surprises(of_topic @ self.right, of_topic @ self.told)

    def variance(self, expected: float = 0.0, worth: float = 1.0) -> float:
        """How much log-odds vary between topics beyond chance, where these are sums by topic; 0 or less for not at all.

        By the method of moments: a sum of surprises varies by what it tells, and by that squared times this.

        Args:
            expected: what is expected of it before anything is known.
            worth: how much that counts, as the square of what a sum tells.
        """
        beyond_chance, told = float((self.right**2 - self.told).sum()), float((self.told**2).sum())
        return (beyond_chance + worth * expected) / (told + worth)

    def shifts(self, variance: float) -> Floats:
        """By how much log-odds differ on each topic, where these are sums by topic: drawn towards nothing."""
        return np.asarray(self.right / (self.told + 1.0 / variance))

    def foretold_by(self, others: Surprises, groups: Integers, their_groups: Integers, count: int) -> Floats:
        """By request, by how much its log-likelihood grows with what others have shown, to the second order.

        Args:
            others: surprises on other requests.
            groups: which group each of these requests is of.
            their_groups: the same of the others.
            count: how many groups there are.
        """
        sums = others.by_topic(their_groups, count)
        variance = sums.variance()
        if variance <= 0.0:
            return np.zeros(len(groups))
        shifts = sums.shifts(variance)[groups]
        return np.asarray((self.right * shifts - 0.5 * self.told * shifts**2).sum(axis=1))


def surprises_in(evidence: Evidence, foretold: Foretold, abilities: Abilities) -> Surprises:
    """Find where bidders were right more or less often than was to be expected.

    Args:
        evidence: the cases.
        foretold: what the text says of each.
        abilities: what is believed of the bidders, whatever the topic.
    """
    likely = likelihoods(evidence, abilities) * abilities.kinds[foretold.kinds][:, :, None]
    likely /= likely.sum(axis=(1, 2), keepdims=True)
    levels = by_level(likely.sum(axis=2))[:, None]
    found = by_level(likely.transpose(0, 2, 1)[:, :-1])
    right = np.einsum("rnh,rhl->rn", evidence.members, found)
    silent, judged = evidence.silences < 0, evidence.silences < SILENT
    # Where nobody claims anything, it may be for the request's sake, and says nothing of who is better at what.
    counts = np.asarray((evidence.sizes > 0).any(axis=1))
    right = np.where(silent, evidence.silences == SILENT_TAKEN, right)
    chances = np.where(
        silent[:, :, None], abilities.silence.accepted[evidence.authors], abilities.right[evidence.authors]
    )
    surprising = right - (levels * chances).sum(axis=2)
    told = (levels * chances * (1.0 - chances)).sum(axis=2)
    tells = evidence.present & (judged | ~silent) & counts[:, None]
    surprising = surprising - np.where(silent, _mean_of(surprising, tells & silent), 0.0)
    of_bidder = evidence.authors[:, :, None] == np.arange(abilities.bidders)
    return Surprises(*(np.einsum("rn,rnb->rb", each * tells, of_bidder) for each in (surprising, told)))


def _mean_of(figures: Floats, which: Flags) -> Floats:
    """The mean of some works' figures, by case: how hard a request is they cannot tell, so they differ by that, too."""
    return np.asarray((figures * which).sum(axis=1, keepdims=True) / np.maximum(which.sum(axis=1, keepdims=True), 1))


def surprises_of_scores(scores: Floats) -> Surprises:
    """Find where works that claim nothing were better or worse than was to be expected.

    Expected of a bidder is what it does on the whole, better or worse by as much as all do on that request.

    Args:
        scores: how well each bidder's work on each request does, 0 to 1; not a number where it did not work.
    """
    worked = ~np.isnan(scores)
    known = np.where(worked, scores, 0.0)
    of_bidders = known.sum(axis=0) / np.maximum(worked.sum(axis=0), 1)
    of_requests = _mean_of(known - of_bidders, worked)
    likely = np.clip(of_bidders + of_requests, _CHANCE_MIN, 1.0 - _CHANCE_MIN)
    surprising = known - likely
    return Surprises((surprising - _mean_of(surprising, worked)) * worked, likely * (1.0 - likely) * worked)


def topics_in(looks: Floats, surprises: Surprises, known: Topics, errors_min: float) -> Topics | None:
    """Find topics that explain surprises better than the known ones do; None where there are none.

    Args:
        looks: the numbers of the requests' texts.
        surprises: on these requests, whatever their topics.
        known: the topics that are believed in so far.
        errors_min: by how many standard errors they must explain more on requests that they were not found in.
    """
    if len(looks) < _REQUESTS_MIN:
        return None
    parts, everything = in_parts(
        Sums.none(looks.shape[1], surprises.right.shape[1]), looks, surprises.right, np.ones(len(looks))
    )
    folds = [(rows, np.setdiff1d(np.arange(len(looks)), rows), others.solved()) for rows, others in parts]
    before = _explained(looks, surprises, [(rows, others, known) for rows, others, _ in folds])
    best, count = _GAIN_MIN, 0
    for each in _TOPICS:
        found = [(rows, others, _clustered(looks[others], solved, each)) for rows, others, solved in folds]
        more = _explained(looks, surprises, found) - before
        error = float(more.std()) / np.sqrt(len(more))
        if more.mean() > max(best, errors_min * error):
            best, count = float(more.mean()), each
    return _clustered(looks, everything.solved(), count) if count else None


def _explained(looks: Floats, surprises: Surprises, folds: Sequence[tuple[Integers, Integers, Topics]]) -> Floats:
    """By how much topics make each request likelier, with what others have shown of each bidder on each topic.

    Where no topics are told apart, all requests are of one: whoever has become better is so on any topic.
    """
    gains = np.zeros(len(looks))
    for rows, others, topics in folds:
        places = np.maximum(topics.of(looks), 0)
        gains[rows] = surprises.of(rows).foretold_by(
            surprises.of(others), places[rows], places[others], max(1, len(topics))
        )
    return gains


def _clustered(looks: Floats, solved: Floats, count: int) -> Topics:
    """Topics of requests for which like surprises are foretold.

    Args:
        looks: the numbers of their texts.
        solved: weights that foretell the surprise of each bidder.
        count: how many topics.
    """
    foretold = solved[0] + looks @ solved[1:]
    centres = centres_of(foretold, count)
    # Nearest is whose product with what is foretold, less half its own square, is highest: that is linear in the text.
    weights = solved @ centres.T
    weights[0] -= 0.5 * (centres**2).sum(axis=1)
    return Topics(weights)
