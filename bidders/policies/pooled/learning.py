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
from bidders.policies.pooled.echoes import Echoes, Heard
from bidders.policies.pooled.embedding import Embedding
from bidders.policies.pooled.evidence import Evidence, Expectations, expectations, gather
from bidders.policies.pooled.kinds import KINDS, TARGETS, Announced, Forecast, Sums, forecast_from
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.meetings import heeding, meetings
from bidders.policies.pooled.planning import Planner
from bidders.policies.pooled.pool import (
    Fit,
    Memory,
    counts_from_json,
    counts_to_json,
    trial_from_json,
    trial_to_json,
)
from bidders.policies.pooled.reading import Account, names_in
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


class Setting(NamedTuple):
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
        foretold: of each request, what its text should have foretold.
        counts: what the requests make likely, without what was known before.
    """

    abilities: Abilities
    forecast: Forecast
    foretold: Floats
    counts: Counts


def after_accounts(memory: Memory, accounts: Sequence[Account], setting: Setting) -> Memory:
    """The memory after some requests."""
    if not accounts:
        return memory
    learned = _with_names(memory, accounts)
    numbers = {name: number for number, name in enumerate(learned["names"])}
    trials = [trial_to_json(account.trial(numbers, setting.embedding)) for account in accounts]
    learned["trials"] = [*memory["trials"], *trials]
    learned["requests"] = memory["requests"] + len(accounts)
    fresh = learned["requests"] - memory["fitted"]
    if fresh < max(1.0, _REFIT_GROWTH * min(len(learned["trials"]), setting.forgetting.window)):
        return learned
    return _refitted(learned, accounts[-1], setting)


def after_practice(memory: Memory, accounts: Sequence[Account], setting: Setting) -> Memory:
    """The memory after tasks on which every bidder worked, whose outcomes are all known."""
    if not accounts:
        return memory
    learned = _with_names(memory, accounts)
    bidders = len(learned["names"])
    numbers = {name: number for number, name in enumerate(learned["names"])}
    evidence = gather(
        [account.trial(numbers, setting.embedding) for account in accounts], bidders, np.ones(len(accounts))
    )
    known = counts_from_json(learned["faded"]).widened(bidders)
    texts = Sums.from_json(learned["texts"]).fitting(evidence.looks.shape[1])
    before = Fit.from_json(memory["fit"])
    before = replace(before, abilities=before.abilities.widened(bidders))
    heard = Heard.from_json(memory["heard"])
    practised, met = _practised(evidence, known, texts, before, heard)
    learned["faded"] = counts_to_json(known + practised.counts)
    learned["texts"] = (texts + Sums.of(evidence.looks, practised.foretold, evidence.weights)).to_json()
    learned["heard"] = (heard + met).to_json()
    fit = replace(before, abilities=practised.abilities, forecast=practised.forecast)
    return _refitted({**learned, "fit": fit.to_json()}, accounts[-1], setting)


def _practised(evidence: Evidence, known: Counts, texts: Sums, before: Fit, heard: Heard) -> tuple[_Learned, Heard]:
    """What tasks teach, and who echoed whom in them.

    Echoes are found by what is believed of everybody, and what is believed depends on who is taken for an echo: so by
    turns, from what was believed before. Once echoes were taken for independent works, levels have come to mean
    whether those are right who agree so often, and would go on to mean that.
    """
    heeded = evidence
    for _ in range(_ECHO_TURNS):
        met = _met(heeded, _learned(heeded, known, texts, before, _ECHO_ROUNDS), heard)
        echoes = Echoes.of(heard + met)
        heeded = heeding(evidence, echoes)
        if not echoes:
            break
    learned = _learned(heeded, known, texts, before, _PRACTICE_ROUNDS)
    return learned, _met(heeded, learned, heard)


def _met(evidence: Evidence, learned: _Learned, heard: Heard) -> Heard:
    """Who met whom, and who echoed whom.

    Args:
        evidence: the trials.
        learned: what they have taught.
        heard: of other requests.
    """
    return meetings(evidence, learned.forecast.announced(evidence.looks), learned.abilities).heard(heard)


def _learned(evidence: Evidence, known: Counts, texts: Sums, before: Fit, rounds: int) -> _Learned:
    """Expectation and maximisation by turns: from beliefs to what requests make likely, and back."""
    abilities, forecast = before.abilities, before.forecast
    announced = forecast.announced(evidence.looks)
    expected = _expected(evidence, announced, abilities)
    for _ in range(rounds):
        forecast, announced = forecast_from(texts, evidence.looks, expected.foretold, evidence.weights)
        expected = _expected(evidence, announced, abilities)
        abilities = abilities_from(known + expected.counts)
    return _Learned(abilities, forecast, expected.foretold, expected.counts)


def _expected(evidence: Evidence, announced: Announced, abilities: Abilities) -> Expectations:
    """What evidence makes likely, a few hundred trials at a time."""
    starts = range(0, len(evidence.weights), _CHUNK)
    chunks = [slice(start, start + _CHUNK) for start in starts]
    parts = [expectations(evidence.part(chunk), announced.part(chunk), abilities) for chunk in chunks]
    foretold = [part.foretold for part in parts]
    total = _total([part.counts for part in parts], abilities.bidders)
    return Expectations(total, np.concatenate([np.zeros((0, TARGETS)), *foretold]))


def _total(parts: Sequence[Counts], bidders: int) -> Counts:
    total = Counts.none(bidders)
    for part in parts:
        total = total + part
    return total


def _with_names(memory: Memory, accounts: Sequence[Account]) -> Memory:
    """The memory with everybody in it who worked, and what that cost."""
    names = list(dict.fromkeys([*memory["names"], *names_in(accounts)]))
    numbers = {name: number for number, name in enumerate(names)}
    costs = [cost for account in accounts for cost in account.costs]
    declared = [(cost.bidder, cost.cost_max_usd) for cost in costs if cost.cost_max_usd > 0]
    return {
        **memory,
        "names": names,
        "costs": added(memory["costs"], numbers, [(cost.bidder, cost.cost_usd) for cost in costs]),
        "worsts": added(memory["worsts"], numbers, declared),
    }


def _refitted(memory: Memory, latest: Account, setting: Setting) -> Memory:
    """Work out anew what the memory makes one believe."""
    bidders = len(memory["names"])
    before = Fit.from_json(memory["fit"])
    forgetting = setting.forgetting
    left = forgetting.left_after(memory["requests"] - memory["fitted"])
    trials = [trial_from_json(stored) for stored in memory["trials"]]
    evidence = heeding(gather(trials, bidders, _weights(len(trials), forgetting)), before.echoes)
    faded = counts_from_json(memory["faded"]).widened(bidders).times(left)
    numbers = evidence.looks.shape[1] if trials else len(memory["texts"]["products"]) - 1
    texts = Sums.from_json(memory["texts"]).fitting(numbers).times(left)
    known = replace(before, abilities=before.abilities.widened(bidders))
    heard = Heard.from_json(memory["heard"]).times(left)
    overflow = max(0, len(trials) - forgetting.window)
    if overflow:
        old = evidence.part(slice(overflow))
        expected = _expected(old, before.forecast.announced(old.looks), known.abilities)
        faded, texts = faded + expected.counts, texts + Sums.of(old.looks, expected.foretold, old.weights)
        heard = heard + meetings(old, before.forecast.announced(old.looks), known.abilities).heard(heard)
        evidence = evidence.part(slice(overflow, None))
    learned = _learned(evidence, faded, texts, known, _ROUNDS) if trials else None
    if learned:
        echoes = Echoes.of(heard + _met(evidence, learned, heard))
        known = replace(known, abilities=learned.abilities, forecast=learned.forecast, echoes=echoes)
    else:
        known = replace(known, echoes=Echoes.of(heard))
    fitted: Memory = {
        **memory,
        "costs": times(memory["costs"], left),
        "worsts": times(memory["worsts"], left),
        "trials": memory["trials"][overflow:],
        "faded": counts_to_json(faded),
        "heard": heard.to_json(),
        "texts": texts.to_json(),
        "fitted": memory["requests"],
    }
    shares = (faded + learned.counts if learned else faded).classes.sum(axis=1)
    return _planned(fitted, known, shares, Terms(latest.bounty_usd, setting.answers))


def _weights(trials: int, forgetting: Forgetting) -> Floats:
    return np.array([forgetting.left_after(trials - 1 - place) for place in range(trials)])


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
