"""Composing: what a text is worth that several bidders write together, to whoever may work on it next or show it.

Whom to ask after somebody is thought through one by one: each time the one who adds most beyond its cost, until nobody
does. Where it is known what works bring together, each is then exchanged or left out, the last first, if that promises
more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import hypot, log2
from typing import NamedTuple

from bidders.policies.pooled.by_text import ByText
from bidders.policies.pooled.embedding import Embedding, standing_for
from bidders.policies.pooled.figures import Figure, within_bounty
from bidders.policies.pooled.forgetting import Forgetting
from bidders.policies.pooled.helps import Helps, Practised, chance, steepness
from bidders.policies.pooled.offers import Offers, practised, recent_authors, recent_presenters, texts_of, uptake_of
from bidders.policies.pooled.outlook import Outlook
from bidders.policies.pooled.reading import PRESENTER, TRANSFORMER, workers_of
from bidders.policies.pooled.regressions import role_key
from bidders.policies.pooled.texts import Texts
from bidders.policies.pooled.together import Together
from bidders.policies.pooled.uptake import ALL, Uptake
from orchestrator import Observation

_KEPT_MAX = 1000
_LATER = 0.2
"""How much of its doubt a bidder draws from after the first stage: there a trial is one of many works."""

_AT_BEST = 2.0
"""By how much of its doubt a bidder thinks itself better than known where it chooses to work alone or before others."""

_State = tuple[str, str, tuple[int, ...], float]


class _Prospect(NamedTuple):
    """What may become of a text.

    Attributes:
        log_odds: of its being taken, by what is the likeliest.
        averaged: the same, averaged over what is not known.
        doubt: how unsure its bidder's part of them is, as a standard deviation.
        less_usd: what others must be paid for that.
    """

    log_odds: float
    averaged: float
    doubt: float
    less_usd: float = 0.0

    def at_best_usd(self, bounty_usd: float) -> float:
        """What it is worth if all is as well as it may be."""
        return bounty_usd * chance(self.log_odds + _AT_BEST * self.doubt) - self.less_usd

    def figure(self, bounty_usd: float, cost_usd: float = 0.0) -> Figure:
        """What it is worth less a cost, and how unsure that is."""
        worth_usd = bounty_usd * chance(self.averaged) - self.less_usd - cost_usd
        return Figure(within_bounty(worth_usd, bounty_usd), bounty_usd * steepness(self.averaged) * self.doubt)


class _Worker(NamedTuple):
    """One who may work on a text: its row in what is known of helps, and what its work is expected to cost."""

    row: int
    cost_usd: float


_Plan = tuple[_Worker, ...]
"""Whom to ask about a text, one after another."""


@dataclass(slots=True)
class Composing:
    """What a pool believes of open-ended work, made ready for valuing lots.

    Attributes:
        uptake: how likely offers are taken.
        texts: reads requests.
        rows: of those who took part, in what is known of helps, by name.
        colleagues: bidders whose work was offered of late.
        presenters: the rows of those who have made offers of late.
        offers: what all this rests on.
        together: what works bring together; None where nothing was practised.
    """

    uptake: Uptake
    texts: Texts
    rows: dict[str, int]
    colleagues: list[str]
    presenters: list[int]
    offers: Offers
    together: Together | None = None
    _helps: ByText[Helps] = field(default_factory=lambda: ByText(_KEPT_MAX))
    _plans: dict[_State, _Plan] = field(default_factory=dict)

    def figure(self, seen: Observation, outlook: Outlook) -> Figure:
        """Value a lot for a bidder.

        Args:
            seen: what it sees of the lot.
            outlook: what the pool knows of costs.
        """
        helps, authors = self._helped(seen.request, outlook), self._authors(seen)
        if seen.role == PRESENTER:
            return self._to_presenter(seen, outlook, helps, authors)
        row = self.row(TRANSFORMER, seen.bidder)
        others = [worker for worker in self._plan(seen, outlook, helps, authors) if worker.row != row]
        best = max(self._prospects(helps, authors, row, others), key=lambda each: each.at_best_usd(seen.bounty_usd))
        return best.figure(seen.bounty_usd, outlook.expected_cost_usd(seen))

    def _prospects(self, helps: Helps, authors: Sequence[int], row: int, others: Sequence[_Worker]) -> list[_Prospect]:
        """What may become of a text that a bidder works on: it is shown then, or others work on it, too.

        Args:
            helps: what each bidder's work adds.
            authors: whose work the text holds, by row.
            row: the bidder's.
            others: whom to ask if not for the bidder.
        """
        has_worked = row in authors and row != self.uptake.newcomer
        # Who works again counts where it worked last.
        after = [*(one for one in authors if not (has_worked and one == row)), row]
        without = [*authors, *[worker.row for worker in others]]
        # Behind as many others as are shown its work would be for nothing.
        is_seen_beside = 0 < len(others) < helps.visible
        together = [*after, *without[len(authors) :]] if is_seen_beside else after
        doubt = 0.0 if has_worked else self._trying(helps, authors) * helps.doubt(together, without)
        prospects = [_Prospect(helps.log_odds(after), helps.averaged(after), doubt)]
        if is_seen_beside:
            others_usd = sum(worker.cost_usd for worker in others)
            prospects.append(_Prospect(helps.log_odds(together), helps.averaged(together), doubt, others_usd))
        return prospects

    def _helped(self, request: str, outlook: Outlook) -> Helps:
        """What each bidder's work adds for a request, to offers that the best of the presenters makes."""
        # How dear a request is, is the outlook's to know, which comes to change apart from what is known of offers.
        return self._helps.of(request, self._helps_with).near(log2(outlook.dearness.factor(request)))

    def _helps_with(self, request: str) -> Helps:
        look = self.texts.look(request)
        numbers = self.texts.numbers(look)
        helps = self.uptake.helps(numbers).shown_by_best_of(self.presenters)
        if self.together is None:
            return helps
        known = Practised(self.together.on(self.texts.topic(look)), self.uptake.helps_before(numbers))
        return replace(helps, practised=known)

    def _to_presenter(self, seen: Observation, outlook: Outlook, helps: Helps, authors: Sequence[int]) -> Figure:
        """The bounty times the chance that the text is taken; what nobody has worked on cannot be shown."""
        if not authors:
            return Figure(0.0, 0.0)
        row = self.row(PRESENTER, seen.bidder)
        doubt = _LATER * helps.shown_doubt(row)
        others = [worker.row for worker in self._plan(seen, outlook, helps, authors)]
        if others and len(authors) >= helps.visible:
            # What was tried out is shown only if it may be better than what would replace it.
            doubt = hypot(doubt, helps.doubt(authors, [*authors, *others]))
        known = helps.log_odds(authors) + helps.shown[row]
        return _Prospect(known, helps.averaged(authors, row), doubt).figure(seen.bounty_usd)

    def _trying(self, helps: Helps, authors: Sequence[int]) -> float:
        """How much of its doubt a bidder draws from: nothing where its work would hide one that is being tried out."""
        if not authors:
            return 1.0
        return _LATER if len(authors) < helps.visible else 0.0

    def row(self, role: str, bidder: str) -> int:
        """A bidder's row in what `helps` gives."""
        return self.rows.get(role_key(role, bidder), self.uptake.newcomer)

    def _authors(self, seen: Observation) -> list[int]:
        """The rows of those who have worked, each once, where it worked last."""
        names = dict.fromkeys(reversed(workers_of(seen.workers, seen.contributions)))
        return [self.row(TRANSFORMER, author) for author in reversed(names)]

    def _plan(self, seen: Observation, outlook: Outlook, helps: Helps, authors: Sequence[int]) -> _Plan:
        """Whom to ask about a text as it is."""
        # What is known of costs is the outlook's, and comes to change apart from what is known of offers.
        key = (outlook.fit.id, standing_for(seen.request), tuple(authors), seen.bounty_usd)
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= _KEPT_MAX:
                self._plans.clear()
            rows = {name: self.row(TRANSFORMER, name) for name in self.colleagues}
            free = [
                _Worker(row, outlook.cost_usd(name, seen.request))
                for name, row in rows.items()
                if row not in (*authors, self.uptake.newcomer)
            ]
            found = self._plans[key] = _planned(helps, authors, free, seen.bounty_usd)
        return found


def composing_of(offers: Offers, embedding: Embedding, prior: float, forgetting: Forgetting, visible: int) -> Composing:
    """What a pool believes of open-ended work; worked out once for all of its bidders.

    Args:
        offers: what it keeps.
        embedding: of requests.
        prior: the chance of an offer to be taken before anything is known, above 0 and below 1.
        forgetting: how offers lose weight.
        visible: how many of a text's works offers are thought to show until one is seen to leave any out.
    """
    return _composing_of(_Content(offers["id"], offers), embedding, prior, forgetting, visible)


@dataclass(frozen=True, slots=True)
class _Content:
    """Offers, which their id stands for."""

    id: str
    offers: Offers = field(compare=False)


@lru_cache(maxsize=8)
def _composing_of(
    content: _Content, embedding: Embedding, prior: float, forgetting: Forgetting, visible: int
) -> Composing:
    offers = content.offers
    uptake = uptake_of(offers, embedding, prior, forgetting, visible)
    rows = {name: uptake.row(number) for number, name in enumerate(offers["names"])}
    presenters = [rows[role_key(PRESENTER, name)] for name in recent_presenters(offers)]
    texts, outcomes = texts_of(offers, embedding), practised(offers)
    by_row = {uptake.row(number): scores for number, scores in outcomes.scores.items()}
    by_row.pop(uptake.newcomer, None)
    # Where all works of a text are shown, they add up, and one that is good is not enough.
    together = Together.by(outcomes._replace(scores=by_row)) if by_row and visible != ALL else None
    return Composing(uptake, texts, rows, recent_authors(offers), presenters, offers, together)


def _planned(helps: Helps, authors: Sequence[int], free: Sequence[_Worker], bounty_usd: float) -> _Plan:
    """Whom to ask one after another: some who add most beyond their costs, and of these none who had better be another.

    Args:
        helps: what each bidder's work adds.
        authors: whose work the text holds, by row.
        free: those who may be asked.
        bounty_usd: what is paid if the text is taken.
    """
    workers = _grown(helps, authors, free, bounty_usd)
    # What is a sum of what each adds is found by adding; to search on would choose what is overrated.
    if helps.practised is None:
        return tuple(workers)
    for place in reversed(range(len(workers))):
        before, after = workers[:place], workers[place + 1 :]
        others = [each for each in free if each not in (*before, *after)]
        # First as it is: of equals the first is taken.
        instead = ([workers[place]], [], *[[each] for each in others])
        workers = max(
            ([*before, *each, *after] for each in instead),
            key=lambda tried: _promise_usd(helps, authors, tried, bounty_usd),
        )
    return tuple(workers)


def _grown(helps: Helps, authors: Sequence[int], free: Sequence[_Worker], bounty_usd: float) -> list[_Worker]:
    """Some workers, one after another: each time the one who adds most beyond its cost."""
    workers: list[_Worker] = []
    promised_usd = _promise_usd(helps, authors, [], bounty_usd)
    while len(workers) < len(free):
        longer = [[*workers, each] for each in free if each not in workers]
        promises_usd = [_promise_usd(helps, authors, each, bounty_usd) for each in longer]
        most = max(range(len(longer)), key=promises_usd.__getitem__)
        if promises_usd[most] <= promised_usd:
            break
        promised_usd, workers = promises_usd[most], longer[most]
    return workers


def _promise_usd(helps: Helps, authors: Sequence[int], workers: Sequence[_Worker], bounty_usd: float) -> float:
    """What a text promises that some workers work on next, less what they cost."""
    rows = [*authors, *[worker.row for worker in workers]]
    # What nobody has worked on cannot be shown.
    promised_usd = bounty_usd * chance(helps.averaged(rows)) if rows else 0.0
    return promised_usd - sum([worker.cost_usd for worker in workers])
