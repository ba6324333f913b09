"""Uptake: how likely an offer is taken whose works claim nothing that could be compared, by whose work it holds.

Open-ended work adds up: notes, a draft and a critique of it become one offer, which the user takes or not. So a work is
worth what it adds to the chance of that, beside the work of others and for such a request. That is learned by logistic
regression on who worked, who worked last, and the request's text, with normal priors (Laplace's approximation: the
posterior is taken for normal around its peak; Spiegelhalter and Lauritzen, 1990).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.helps import FIRST_BIDDER, MODERATION, Helps
from bidders.policies.pooled.world import Floats, Integers

ALL = 1_000_000
"""How many works offers show that show them all."""

AUTHORS_MAX = 40
"""How many bidders are told apart; beyond these, whose work was seen most, all count as newcomers."""

_BASE_SPREAD = 1.5
_TEXT_SPREAD = 0.5
_HELP_SPREAD = 0.5
_OWN_SPREAD = 0.7
_LAST_SPREAD = 0.3
_SUITING_SPREAD = 0.5
_NEWTON_STEPS = 12

_STEP_MAX = 1.0
_STEP_MIN = 1e-4


class SeenOffer(NamedTuple):
    """An offer that the user has seen.

    Attributes:
        authors: whose work it shows, by number, each once, in the order of their works.
        look: the numbers of the request's text.
        taken: whether it was taken: 1 or 0; of a work that was scored alone, its score.
        presenter: who showed it, by number; None where nobody did.
        weight: how much it counts.
        hidden: how many works the text held that it does not show.
    """

    authors: tuple[int, ...]
    look: Floats
    taken: float
    presenter: int | None = None
    weight: float = 1.0
    hidden: int = 0


class Knowledge(NamedTuple):
    """What was known before the offers that are kept.

    Attributes:
        authors: the bidders that it tells apart, presenters among them.
        weights: of the regressors; as `Uptake` has them.
        spreads: how unsure each is, as a standard deviation.
    """

    authors: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()

    def with_topics(self, before: int, after: int) -> Knowledge:
        """The same where texts come to be of other topics, which their last numbers tell; of these nothing is known.

        Args:
            before: how many topics were told apart.
            after: how many are now.
        """
        if not self.weights:
            return self
        old = _Layout.of(self)
        new = _Layout(old.authors, old.numbers - before + after)
        weights, spreads = np.zeros(new.size), np.full(new.size, _TEXT_SPREAD)
        spreads[new.of_authors()[:, 2:]] = _SUITING_SPREAD
        kept, places = old.without(before), new.without(after)
        weights[places], spreads[places] = np.array(self.weights)[kept], np.array(self.spreads)[kept]
        return Knowledge(self.authors, tuple(weights.tolist()), tuple(spreads.tolist()))


@dataclass(slots=True)
class Uptake:
    """What is believed of offers: weights of regressors, and how unsure they are together.

    The regressors are a 1, the numbers of the request's text, how many bidders worked, and for each bidder that is told
    apart whether it worked (or made the offer), whether it worked last, and the text's numbers where it did either.

    Attributes:
        authors: the bidders that are told apart, by number; presenters are among them.
        numbers: how many numbers a text has.
        weights: of the regressors.
        covariance: of the weights.
        visible: how many of a text's works an offer shows, the latest ones.
        centre: the weights as they were believed to be before the offers were seen.
    """

    authors: tuple[int, ...]
    numbers: int
    weights: Floats
    covariance: Floats
    visible: int
    centre: Floats
    _rows: Mapping[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._rows = {author: row for row, author in enumerate(self.authors)}

    @property
    def newcomer(self) -> int:
        """The row of everybody who is not told apart."""
        return len(self.authors)

    def row(self, author: int) -> int:
        """A bidder's row in what `helps` gives."""
        return self._rows.get(author, self.newcomer)

    def knowledge(self) -> Knowledge:
        """The same without what the doubts have in common, for offers to come to be learned on top of it."""
        spreads = np.sqrt(np.diag(self.covariance))
        return Knowledge(self.authors, tuple(self.weights.tolist()), tuple(spreads.tolist()))

    def helps(self, look: Floats) -> Helps:
        """What each bidder's work adds for a request whose text has these numbers."""
        return self._helps(self.weights, look, self._unsure_together(look))

    def helps_before(self, look: Floats) -> Helps:
        """The same as it was believed before the offers were seen; how unsure that was is not told."""
        return self._helps(self.centre, look, np.zeros((0, 0)))

    def _helps(self, weights: Floats, look: Floats, covariance: Floats) -> Helps:
        layout = _Layout(len(self.authors), self.numbers)
        of_authors = weights[layout.of_authors()]
        mean = float(weights[layout.works])
        shown = of_authors[:, 0] + of_authors[:, 2:] @ look
        return Helps(
            base=float(weights[0] + weights[1 : layout.works] @ look),
            added=[*(mean + shown).tolist(), mean],
            last=[*of_authors[:, 1].tolist(), 0.0],
            shown=[*shown.tolist(), 0.0],
            visible=self.visible,
            covariance=covariance,
        )

    def suiting(self, author: int, differing: Floats) -> tuple[float, float]:
        """How much more a bidder's work adds for one text than for another, and how unsure that is.

        Args:
            author: its row; of a newcomer nothing is known.
            differing: by how much the texts' numbers differ.
        """
        if author == self.newcomer:
            return 0.0, _SUITING_SPREAD * float(np.linalg.norm(differing))
        places = _Layout(len(self.authors), self.numbers).of_authors()[author, 2:]
        variance = float(differing @ self.covariance[np.ix_(places, places)] @ differing)
        return float(self.weights[places] @ differing), sqrt(max(0.0, variance))

    def _unsure_together(self, look: Floats) -> Floats:
        """How unsure the parts of offers are together, as `Helps` has them, for a text with these numbers."""
        layout = _Layout(len(self.authors), self.numbers)
        half = layout.parts_of(self.covariance, look)
        found = layout.parts_of(np.ascontiguousarray(half.T), look)
        newcomer = FIRST_BIDDER + self.newcomer
        found[newcomer, newcomer] = _OWN_SPREAD**2 + _SUITING_SPREAD**2 * float(look @ look)
        found[-1, -1] = _LAST_SPREAD**2
        return found


class _Layout(NamedTuple):
    """Where regressors stand."""

    authors: int
    numbers: int

    @classmethod
    def of(cls, known: Knowledge) -> _Layout:
        """Where they stand in what was known."""
        authors = len(known.authors)
        return cls(authors, (len(known.weights) - 2 - 2 * authors) // (1 + authors))

    @property
    def works(self) -> int:
        """The number of works."""
        return 1 + self.numbers

    @property
    def size(self) -> int:
        return 2 + self.numbers + self.authors * (2 + self.numbers)

    def of_none(self, numbers: int) -> Integers:
        """Of no bidder: the 1, so many numbers of the text, and how many bidders worked."""
        return np.array([*range(1 + numbers), self.works])

    def without(self, last: int) -> Integers:
        """Of all but so many of the text's last numbers."""
        numbers = self.numbers - last
        return np.concatenate([self.of_none(numbers), self.of_authors()[:, : 2 + numbers].ravel()])

    def of_authors(self) -> Integers:
        """By bidder that is told apart: whether it took part, whether it worked last, and the text's numbers."""
        each = 2 + self.numbers
        return np.asarray(self.works + 1 + each * np.arange(self.authors)[:, None] + np.arange(each))

    def parts_of(self, rows: Floats, look: Floats) -> Floats:
        """Sum rows, one of each regressor, to the parts of offers of a text with these numbers; a newcomer's are 0."""
        of_bidders = rows[self.works + 1 :].reshape(self.authors, 2 + self.numbers, rows.shape[1])
        nothing = np.zeros((1, rows.shape[1]))
        taking_part = of_bidders[:, 0] + np.einsum("n,bnr->br", look, of_bidders[:, 2:])
        base = rows[0] + look @ rows[1 : self.works]
        return np.concatenate([base[None], rows[self.works, None], taking_part, nothing, of_bidders[:, 1], nothing])


def uptake_from(
    offers: Sequence[SeenOffer], numbers: int, prior: float, before: Knowledge, visible: int = ALL
) -> Uptake:
    """Learn from offers.

    Args:
        offers: those that were seen; all with so many numbers.
        numbers: how many numbers a request's text has.
        prior: the chance of an offer with one work to be taken before anything is known, above 0 and below 1.
        before: what was known before these offers.
        visible: how many of a text's works offers are thought to show until one is seen to leave any out.
    """
    seen = Counter(one for offer in offers for one in _took_part(offer))
    often = sorted(seen, key=lambda author: (-seen[author], author))
    authors = tuple(sorted([*dict.fromkeys([*often, *before.authors])][:AUTHORS_MAX]))
    layout = _Layout(len(authors), numbers)
    centre, spreads = _prior(layout, prior, authors, before)
    rows = {author: row for row, author in enumerate(authors)}
    looks = np.array([_regressors(offer, layout, rows) for offer in offers]).reshape(len(offers), layout.size)
    taken = np.array([offer.taken for offer in offers])
    counts = np.array([offer.weight for offer in offers])
    weights, covariance = _fitted(looks, taken, counts, centre, 1.0 / spreads**2)
    return Uptake(authors, numbers, weights, covariance, _visible(offers, visible), centre)


def chances_whatever_suits(offers: Sequence[SeenOffer], numbers: int, prior: float) -> Floats:
    """How likely each offer was to be taken if all requests suited all bidders alike.

    Args:
        offers: those that were seen, one or more; all with so many numbers.
        numbers: how many numbers a request's text has.
        prior: the chance of an offer with one work to be taken before anything is known, above 0 and below 1.
    """
    authors = tuple(sorted({one for offer in offers for one in _took_part(offer)}))
    layout, rows = _Layout(len(authors), numbers), {author: row for row, author in enumerate(authors)}
    weights, spreads = _prior(layout, prior, authors, Knowledge())
    columns = np.concatenate([layout.of_none(numbers), layout.of_authors()[:, :2].ravel()])
    looks = np.array([_regressors(offer, layout, rows)[columns] for offer in offers])
    taken = np.array([offer.taken for offer in offers])
    counts = np.array([offer.weight for offer in offers])
    found, _ = _fitted(looks, taken, counts, weights[columns], 1.0 / spreads[columns] ** 2)
    return np.asarray(1.0 / (1.0 + np.exp(-(looks @ found))))


def _visible(offers: Sequence[SeenOffer], thought: int) -> int:
    """How many works offers show: as many as those do that leave others out, unless most show more than that."""
    hiding = [offer for offer in offers if offer.hidden]
    if not hiding:
        return thought
    weight = sum([offer.weight for offer in hiding])
    usual = round(sum([offer.weight * len(offer.authors) for offer in hiding]) / weight)
    beyond = sum([offer.weight for offer in offers if not offer.hidden and len(offer.authors) > usual])
    return usual if weight >= beyond else ALL


def _prior(layout: _Layout, prior: float, authors: Sequence[int], before: Knowledge) -> tuple[Floats, Floats]:
    weights, spreads = np.zeros(layout.size), np.full(layout.size, _TEXT_SPREAD)
    # The prior is the chance averaged over all that is not known of an offer with one work.
    unknown = _BASE_SPREAD**2 + _HELP_SPREAD**2 + _OWN_SPREAD**2 + _LAST_SPREAD**2
    weights[0], spreads[0] = log(prior / (1.0 - prior)) * sqrt(1.0 + MODERATION * unknown), _BASE_SPREAD
    spreads[layout.works] = _HELP_SPREAD
    places = layout.of_authors()
    spreads[places] = [_OWN_SPREAD, _LAST_SPREAD, *[_SUITING_SPREAD] * layout.numbers]
    if before.weights:
        old = _Layout.of(before)
        # By another embedding texts have other numbers; what is known beside them stays known.
        texts = layout.numbers if old.numbers == layout.numbers else 0
        known = [(layout.of_none(texts), old.of_none(texts))]
        for author, earlier in zip(before.authors, old.of_authors(), strict=True):
            if author in authors:
                known.append((places[authors.index(author), : 2 + texts], earlier[: 2 + texts]))
        for place, earlier in known:
            weights[place], spreads[place] = np.array(before.weights)[earlier], np.array(before.spreads)[earlier]
    return weights, spreads


def _regressors(offer: SeenOffer, layout: _Layout, rows: Mapping[int, int]) -> Floats:
    found = np.zeros(layout.size)
    found[0] = 1.0
    found[1 : layout.works] = offer.look
    found[layout.works] = len(offer.authors)
    places = layout.of_authors()
    for one in _took_part(offer):
        if one in rows:
            found[places[rows[one]]] = [1.0, float(one == offer.authors[-1]), *offer.look]
    return found


def _took_part(offer: SeenOffer) -> tuple[int, ...]:
    return offer.authors if offer.presenter is None else (*offer.authors, offer.presenter)


def _fitted(looks: Floats, taken: Floats, counts: Floats, centre: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """The peak of the posterior, by Newton's method, and its covariance there."""
    weights = centre.copy()
    for _ in range(_NEWTON_STEPS):
        chances = 1.0 / (1.0 + np.exp(-(looks @ weights)))
        slope = looks.T @ (counts * (taken - chances)) - precision * (weights - centre)
        step = np.clip(np.linalg.solve(_bend(looks, chances, counts, precision), slope), -_STEP_MAX, _STEP_MAX)
        weights = weights + step
        if np.abs(step).max() < _STEP_MIN:
            break
    chances = 1.0 / (1.0 + np.exp(-(looks @ weights)))
    return weights, np.asarray(np.linalg.inv(_bend(looks, chances, counts, precision)))


def _bend(looks: Floats, chances: Floats, counts: Floats, precision: Floats) -> Floats:
    return np.asarray((looks * (counts * chances * (1.0 - chances))[:, None]).T @ looks + np.diag(precision))
