"""A bid policy that pools what its bidders learn, and looks ahead."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bidders.policies.contexts import contexts_by
from bidders.policies.options import number_in
from bidders.policies.pooled.embedding import embedding_named
from bidders.policies.pooled.learning import Forgetting, Setting, after_accounts, after_practice
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.migration import migrated
from bidders.policies.pooled.outlook import Appraised, Outlook
from bidders.policies.pooled.pool import VERSION, Fit, checked_memory
from bidders.policies.pooled.reading import account_of, accounts_of
from bidders.policies.pooled.takings import Alike, Takings, after_receipts, beyond_takings
from bidders.policies.pooled.unclaimed import guess, results_of, results_of_lessons
from bidders.policies.pooled.worth import Worths, after_results
from orchestrator import Lesson, Observation, Receipt, Valuation

_TAKINGS = "takings"
_OUTLOOKS_MAX = 4
_DEVIATION_SHARE = 0.1
_WORKS_TO_HALVE_VARIANCE = 2.0

Figure = tuple[float, float]
_LotKey = tuple[int, str, float, bool]


class _Lot(NamedTuple):
    """What all bidders share of a lot.

    Attributes:
        state: what its claims say; None where it is not about claims.
        worths_usd: by bidder, the worth of working on it next; minus infinity for those that should not.
        deviations_usd: by bidder, how unsure that is.
    """

    state: Appraised | None
    worths_usd: list[float]
    deviations_usd: list[float]


class BayesPolicy:
    """Values lots by what the whole pool knows of requests, of each bidder's ability, and of claims.

    A state's claims, and whose they are, say how hard the request probably is and which claim is
    right (`bidders/policies/pooled`). To a presenter a lot is worth the bounty times the chance that
    its claim is accepted. To a transformer it is worth what the state can still become with its
    work, found by looking ahead, less what all that costs. So the auction itself finds out whom to
    ask next, and when to stop. What makes no claims is valued by what such lots have brought.

    Abilities are learned from verdicts and, without a verdict, from agreement. Doubt about a bidder
    shrinks with its works; a bidder draws from it at the first stage, where trying somebody out costs
    one work and teaches what it is worth (Thompson sampling).

    A presenter shows the best claim, or the best few together (`answers`): then a state is worth the
    chance that one of them is accepted. Feature `option` of an observation says how many of the best
    claims a presenter leaves to others. Each copy of a lot is valued as if it were the only one.

    Lots that a bidder tells apart by features of its own (`by`) are valued otherwise, whatever they
    claim: at what lots of the same figures have brought, less costs, with doubt that falls to nothing
    where results repeat themselves. Bidders of a pool have such values of their own, drawn towards
    those that all share; twins without a pool learn them together.

    Args:
        pool: all bidders of a market whose policies name one pool share one memory; without it each
            has its own.
        prior: what unclaimed work and lots told apart are worth before anything is known, as a share
            of the bounty, 0 to 1.
        forget: share of its weight that a request loses with each one after it, and that what a lot
            brought loses with each later lot of the same figures, 0 to 0.5.
        exploration: how much of its doubt a bidder draws from, 0 to 10.
        answers: how many answers a presenter of this pool shows together, 1 to 10.
        window: how many requests are kept as they are, 10 to 5000; older ones are kept as counts.
        embedding: of requests: `package.module:function` from a text to at most 64 numbers; its shape
            and hashed words where left out.
        by: features that the bidder observes, and `stage`, whose figures tell lots apart; few figures
            each, or no lot is like another. Lots of which it observes none are not told apart.
        linear_to: of lots told apart: up to which share of the bounty a bid is the value itself, 0 to 1.
            Above it bids rise ever more slowly towards the bounty, so that their order survives where
            values exceed it; at 1 they are cut there.

    Raises:
        InvalidConfig: an option is out of range, or the embedding cannot be loaded.
    """

    name = "bayes"
    version = VERSION

    def __init__(
        self,
        pool: str | None = None,
        prior: float | str = 0.5,
        forget: float | str = 0.0005,
        exploration: float | str = 1.0,
        answers: int | str = 1,
        window: int | str = 1000,
        embedding: str | None = None,
        by: Sequence[str] | None = None,
        linear_to: float | str = 1.0,
    ) -> None:
        self.pool = pool
        self._prior = number_in("prior", prior, 0.0, 1.0)
        self._answers = round(number_in("answers", answers, 1, 10))
        self._forgetting = Forgetting(
            number_in("forget", forget, 0.0, 0.5), round(number_in("window", window, 10, 5000))
        )
        self._exploration = number_in("exploration", exploration, 0.0, 10.0)
        self._embedding = embedding_named(embedding)
        self._setting = Setting(self._embedding, self._forgetting, self._answers)
        names = () if by is None else contexts_by(by)
        self._alike = Alike(names, number_in("linear_to", linear_to, 0.0, 1.0), each_own=pool is not None)
        self._outlooks: OrderedDict[str, Outlook] = OrderedDict()

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value each lot, from 0 to its bounty; one call serves all bidders of the pool."""
        known = checked_memory(memory)
        outlook = self._outlook(known)
        worths = Worths(known["worth"], self._prior)
        takings = Takings(known.get(_TAKINGS, {}), self._prior, self._alike)
        lots: dict[_LotKey, _Lot] = {}
        figures = []
        for seen in observations:
            # Asked in two parts: the second alone would add a quarter to what pools that tell nothing apart take.
            if self._alike.by and self._alike.covers(seen.features):
                figures.append(self._told_apart(takings, seen))
                continue
            # The lots of one call share few states, whose tuples live as long as the call.
            key = (id(seen.contributions), seen.request, seen.bounty_usd, seen.estimate is None)
            lot = lots.get(key)
            if lot is None:
                lot = lots[key] = self._lot(outlook, seen)
            if lot.state is None:
                figures.append(self._unclaimed(worths, outlook, seen))
            elif seen.role == "presenter":
                figures.append(_presented(lot.state, seen, self._answers))
            else:
                figures.append(_worked(lot, outlook, seen))
        return Valuation([mean for mean, _ in figures], [deviation for _, deviation in figures])

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Learn from what became of requests; the receipts' order makes no difference."""
        known = checked_memory(memory)
        learned = after_accounts(known, accounts_of(beyond_takings(receipts, self._alike)), self._setting)
        results = results_of(receipts, self._embedding)
        if results:
            faded = self._forgetting.left_after(1)
            learned = {**learned, "worth": after_results(learned["worth"], results, faded)}
        takings = after_receipts(known.get(_TAKINGS, {}), receipts, self._alike, self._forgetting.left_after(1))
        return {**learned, _TAKINGS: takings} if takings else learned

    def practise(self, memory: Any, lessons: Sequence[Lesson]) -> Any:
        """Learn from tasks on which every bidder worked, with every outcome known."""
        known = checked_memory(memory)
        learned = after_practice(known, [account_of(lesson) for lesson in lessons], self._setting)
        results = results_of_lessons(lessons, self._embedding)
        return {**learned, "worth": after_results(learned["worth"], results, 1.0)} if results else learned

    def migrate(self, memory: Any, version: int) -> Any:
        """Read a memory that an earlier version has written."""
        return migrated(memory, version)

    def best_claims(self, memory: Any, observation: Observation) -> Sequence[tuple[str, float]]:
        """The claims that a state holds, with the chance that each is accepted, the best first."""
        known = checked_memory(memory)
        claims = list(dict.fromkeys(claim for _, claim in observation.contributions if claim))
        if not claims:
            shown = observation._replace(role="presenter")
            return [("", guess(Worths(known["worth"], self._prior), shown, self._embedding).mean)]
        terms = Terms(observation.bounty_usd, self._answers)
        state = self._outlook(known).appraise(observation.request, observation.contributions, terms)
        return [(claims[number], float(state.prospects.chances[number])) for number in state.order]

    def _outlook(self, memory: dict[str, Any]) -> Outlook:
        """What a memory means; made once for each fit, since a fit's id names its content."""
        key = memory["fit"]["id"]
        found = self._outlooks.pop(key, None)
        if found is None:
            found = Outlook(Fit.from_json(memory["fit"]), self._embedding)
        self._outlooks[key] = found
        if len(self._outlooks) > _OUTLOOKS_MAX:
            self._outlooks.popitem(last=False)
        return found

    def _lot(self, outlook: Outlook, seen: Observation) -> _Lot:
        """What all bidders share of a lot."""
        if not _compares(outlook, seen):
            return _Lot(None, [], [])
        state = outlook.appraise(seen.request, seen.contributions, Terms(seen.bounty_usd, self._answers))
        prospects = state.prospects
        worths = np.where(np.isfinite(prospects.going_on_usd), prospects.going_on_usd, -np.inf)
        # Further on, only what is known counts: a trial there would cost a work more than one at the start.
        doubt = 0.0 if seen.contributions else self._exploration * _DEVIATION_SHARE * seen.bounty_usd
        deviations = doubt / np.sqrt(1.0 + outlook.fit.abilities.seen / _WORKS_TO_HALVE_VARIANCE)
        return _Lot(state, worths.tolist(), np.where(np.isfinite(worths), deviations, 0.0).tolist())

    def _told_apart(self, takings: Takings, seen: Observation) -> Figure:
        share, deviation = takings.guess(seen)
        return share * seen.bounty_usd, self._exploration * deviation * seen.bounty_usd

    def _unclaimed(self, worths: Worths, outlook: Outlook, seen: Observation) -> Figure:
        mean, deviation = guess(worths, seen, self._embedding)
        worth = mean * seen.bounty_usd
        if seen.role == "transformer":
            worth -= outlook.expected_cost_usd(seen)
        return _within(worth, seen.bounty_usd), self._exploration * deviation * seen.bounty_usd


def _compares(outlook: Outlook, seen: Observation) -> bool:
    """Whether a lot is about answers that agree or differ."""
    if any(claim for _, claim in seen.contributions):
        return True
    if outlook.fit.forecast.is_known:
        return outlook.compares(seen.request)
    return not seen.contributions and seen.estimate is None


def _worked(lot: _Lot, outlook: Outlook, seen: Observation) -> Figure:
    """A transformer's figures; a lot's worths count the costs that records tell."""
    number = outlook.numbers.get(seen.bidder, outlook.stranger)
    worth = lot.worths_usd[number] + (outlook.costs_usd[number] - outlook.expected_cost_usd(seen))
    return min(max(0.0, worth), seen.bounty_usd), lot.deviations_usd[number]


def _presented(state: Appraised, seen: Observation, answers: int) -> Figure:
    """A presenter's figures: it has no doubt of its own, for all that is known is in the claims."""
    first = int(seen.features.get("option", 0))
    shown = state.order[first : first + answers]
    return _within(
        float(sum(state.prospects.chances[claim] for claim in shown)) * seen.bounty_usd, seen.bounty_usd
    ), 0.0


def _within(worth: float, bounty_usd: float) -> float:
    return min(max(0.0, worth), bounty_usd)
