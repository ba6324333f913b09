"""Learning: from what became of requests to what a pool believes.

New requests are kept as they are, and every few of them beliefs are worked out anew, so that a work
of long ago is seen in the light of what was learned since. Requests that have become too many are
kept as expected counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.abilities import Abilities, Counts, abilities_from
from bidders.policies.pooled.costs import added, expected_costs, share_of_worst, times
from bidders.policies.pooled.echoes import EchoCounts, Echoes
from bidders.policies.pooled.embedding import Embedding
from bidders.policies.pooled.evidence import Evidence, Expectations, expectations, gather
from bidders.policies.pooled.kinds import KINDS, TARGETS, Forecast, Foretold, Sums, forecast_from
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.meetings import heeding, meetings
from bidders.policies.pooled.planning import Planner
from bidders.policies.pooled.pool import (
    Fit,
    Memory,
    case_from_json,
    case_to_json,
    counts_from_json,
    counts_to_json,
)
from bidders.policies.pooled.reading import NamedCase, names_in
from bidders.policies.pooled.world import Floats

_ROUNDS = 3
_PRACTICE_ROUNDS = 30
_ECHO_TURNS, _ECHO_ROUNDS = 3, 3
_REFIT_GROWTH = 0.05
_REPLAN_GROWTH = 0.15
_PLANNED_SHARE_MIN = 0.03
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How the past loses weight.

    Attributes:
        rate: share of its weight that a request loses with each one after it.
        window: how many requests are kept as they are.
    """

    rate: float
    window: int

    def left_after(self, requests: int) -> float:
        """The weight left after so many requests."""
        return exp(-self.rate * requests)


class LearningSettings(NamedTuple):
    """What a pool is told about how it learns.

    Attributes:
        embedding: of requests.
        forgetting: how the past loses weight.
        answers: how many answers a presenter shows.
    """

    embedding: Embedding
    forgetting: Forgetting
    answers: int


class _Learned(NamedTuple):
    """What requests have taught.

    Attributes:
        abilities: who is right how often.
        forecast: what texts foretell.
        targets: of each request, what its text should have foretold.
        counts: what the requests make likely, without what was known before.
    """

    abilities: Abilities
    forecast: Forecast
    targets: Floats
    counts: Counts


def after_requests(memory: Memory, named: Sequence[NamedCase], settings: LearningSettings) -> Memory:
    """The memory after some requests."""
    if not named:
        return memory
    learned = _with_names(memory, named)
    numbers = {name: number for number, name in enumerate(learned["names"])}
    cases = [case_to_json(each.numbered(numbers, settings.embedding)) for each in named]
    learned["trials"] = [*memory["trials"], *cases]
    learned["requests"] = memory["requests"] + len(named)
    fresh = learned["requests"] - memory["fitted"]
    if fresh < max(1.0, _REFIT_GROWTH * min(len(learned["trials"]), settings.forgetting.window)):
        return learned
    return _refitted(learned, named[-1], settings)


def after_practice(memory: Memory, named: Sequence[NamedCase], settings: LearningSettings) -> Memory:
    """The memory after tasks on which every bidder worked, whose outcomes are all known."""
    if not named:
        return memory
    learned = _with_names(memory, named)
    bidders = len(learned["names"])
    numbers = {name: number for number, name in enumerate(learned["names"])}
    evidence = gather([each.numbered(numbers, settings.embedding) for each in named], bidders, np.ones(len(named)))
    known = counts_from_json(learned["faded"]).widened(bidders)
    texts = Sums.from_json(learned["texts"]).fitting(evidence.looks.shape[1])
    before = Fit.from_json(memory["fit"])
    before = replace(before, abilities=before.abilities.widened(bidders))
    echo_counts = EchoCounts.from_json(memory["heard"])
    practised, met = _practised(evidence, known, texts, before, echo_counts)
    learned["faded"] = counts_to_json(known + practised.counts)
    learned["texts"] = (texts + Sums.of(evidence.looks, practised.targets, evidence.weights)).to_json()
    learned["heard"] = (echo_counts + met).to_json()
    fit = replace(before, abilities=practised.abilities, forecast=practised.forecast)
    return _refitted({**learned, "fit": fit.to_json()}, named[-1], settings)


def _practised(
    evidence: Evidence, known: Counts, texts: Sums, before: Fit, echo_counts: EchoCounts
) -> tuple[_Learned, EchoCounts]:
    """What tasks teach, and who echoed whom in them.

    Echoes are found by what is believed of everybody, and what is believed depends on who is taken for an echo: so by
    turns, from what was believed before. Once echoes were taken for independent works, levels have come to mean
    whether those are right who agree so often, and would go on to mean that.
    """
    heeded = evidence
    for _ in range(_ECHO_TURNS):
        met = _met(heeded, _learned(heeded, known, texts, before, _ECHO_ROUNDS), echo_counts)
        echoes = Echoes.of(echo_counts + met)
        heeded = heeding(evidence, echoes)
        if not echoes:
            break
    learned = _learned(heeded, known, texts, before, _PRACTICE_ROUNDS)
    return learned, _met(heeded, learned, echo_counts)


def _met(evidence: Evidence, learned: _Learned, echo_counts: EchoCounts) -> EchoCounts:
    """Who met whom, and who echoed whom.

    Args:
        evidence: the cases.
        learned: what they have taught.
        echo_counts: of other requests.
    """
    return meetings(evidence, learned.forecast.foretell(evidence.looks), learned.abilities).counts(echo_counts)


def _learned(evidence: Evidence, known: Counts, texts: Sums, before: Fit, rounds: int) -> _Learned:
    """Expectation and maximisation by turns: from beliefs to what requests make likely, and back."""
    abilities, forecast = before.abilities, before.forecast
    foretold = forecast.foretell(evidence.looks)
    expected = _expected(evidence, foretold, abilities)
    for _ in range(rounds):
        forecast, foretold = forecast_from(texts, evidence.looks, expected.targets, evidence.weights)
        expected = _expected(evidence, foretold, abilities)
        abilities = abilities_from(known + expected.counts)
    return _Learned(abilities, forecast, expected.targets, expected.counts)


def _expected(evidence: Evidence, foretold: Foretold, abilities: Abilities) -> Expectations:
    """What evidence makes likely, a few hundred cases at a time."""
    starts = range(0, len(evidence.weights), _CHUNK)
    chunks = [slice(start, start + _CHUNK) for start in starts]
    parts = [expectations(evidence.part(chunk), foretold.part(chunk), abilities) for chunk in chunks]
    targets = [part.targets for part in parts]
    total = _total([part.counts for part in parts], abilities.bidders)
    return Expectations(total, np.concatenate([np.zeros((0, TARGETS)), *targets]))


def _total(parts: Sequence[Counts], bidders: int) -> Counts:
    total = Counts.none(bidders)
    for part in parts:
        total = total + part
    return total


def _with_names(memory: Memory, named: Sequence[NamedCase]) -> Memory:
    """The memory with everybody in it who worked, and what that cost."""
    names = list(dict.fromkeys([*memory["names"], *names_in(named)]))
    numbers = {name: number for number, name in enumerate(names)}
    costs = [cost for each in named for cost in each.costs]
    declared = [(cost.bidder, cost.cost_max_usd) for cost in costs if cost.cost_max_usd > 0]
    return {
        **memory,
        "names": names,
        "costs": added(memory["costs"], numbers, [(cost.bidder, cost.cost_usd) for cost in costs]),
        "worsts": added(memory["worsts"], numbers, declared),
    }


def _refitted(memory: Memory, latest: NamedCase, settings: LearningSettings) -> Memory:
    """Work out anew what the memory makes one believe."""
    bidders = len(memory["names"])
    before = Fit.from_json(memory["fit"])
    forgetting = settings.forgetting
    left = forgetting.left_after(memory["requests"] - memory["fitted"])
    cases = [case_from_json(stored) for stored in memory["trials"]]
    evidence = heeding(gather(cases, bidders, _weights(len(cases), forgetting)), before.echoes)
    faded = counts_from_json(memory["faded"]).widened(bidders).times(left)
    numbers = evidence.looks.shape[1] if cases else len(memory["texts"]["products"]) - 1
    texts = Sums.from_json(memory["texts"]).fitting(numbers).times(left)
    known = replace(before, abilities=before.abilities.widened(bidders))
    echo_counts = EchoCounts.from_json(memory["heard"]).times(left)
    overflow = max(0, len(cases) - forgetting.window)
    if overflow:
        old = evidence.part(slice(overflow))
        expected = _expected(old, before.forecast.foretell(old.looks), known.abilities)
        faded, texts = faded + expected.counts, texts + Sums.of(old.looks, expected.targets, old.weights)
        echo_counts = echo_counts + meetings(old, before.forecast.foretell(old.looks), known.abilities).counts(
            echo_counts
        )
        evidence = evidence.part(slice(overflow, None))
    learned = _learned(evidence, faded, texts, known, _ROUNDS) if cases else None
    if learned:
        echoes = Echoes.of(echo_counts + _met(evidence, learned, echo_counts))
        known = replace(known, abilities=learned.abilities, forecast=learned.forecast, echoes=echoes)
    else:
        known = replace(known, echoes=Echoes.of(echo_counts))
    fitted: Memory = {
        **memory,
        "costs": times(memory["costs"], left),
        "worsts": times(memory["worsts"], left),
        "trials": memory["trials"][overflow:],
        "faded": counts_to_json(faded),
        "heard": echo_counts.to_json(),
        "texts": texts.to_json(),
        "fitted": memory["requests"],
    }
    shares = (faded + learned.counts if learned else faded).classes.sum(axis=1)
    return _planned(fitted, known, shares, Terms(latest.bounty_usd, settings.answers))


def _weights(cases: int, forgetting: Forgetting) -> Floats:
    return np.array([forgetting.left_after(cases - 1 - place) for place in range(cases)])


def _planned(memory: Memory, learned: Fit, shares: Floats, terms: Terms) -> Memory:
    """The memory with what is believed; whom to ask is planned anew when it has grown enough.

    Args:
        memory: all else.
        learned: what is believed, with the plans of before.
        shares: how many requests were of each kind; kinds that few were of share the plan of all.
        terms: of the latest request.
    """
    costs_usd = expected_costs(memory["costs"])
    plans, planned = learned.plans, memory["planned"]
    if terms.bounty_usd > 0 and (not plans[-1] or memory["requests"] >= planned * (1.0 + _REPLAN_GROWTH)):
        abilities, right, echoes = learned.abilities, learned.abilities.proven_by_class(), learned.echoes
        every = Planner(right, costs_usd, abilities.world(), echoes).improved(plans[-1], terms)
        often = shares >= _PLANNED_SHARE_MIN * shares.sum()
        plans = tuple(
            Planner(right, costs_usd, abilities.world(kind), echoes).exchanged(
                every if echoes.among(plans[kind]) else plans[kind] or every, terms
            )
            if often[kind] and kind < KINDS
            else every
            for kind in range(KINDS + 1)
        )
        planned = memory["requests"]
    elif plans[-1]:
        terms = learned.terms
    fit = replace(
        learned,
        names=tuple(memory["names"]),
        costs_usd=costs_usd,
        cost_share=share_of_worst(costs_usd, memory["worsts"]),
        plans=plans,
        terms=terms,
    )
    return {**memory, "planned": planned, "fit": fit.to_json()}
