"""Learning: from what became of requests to what a pool believes.

New requests are kept as they are, and every few of them beliefs are worked out anew, so that a work
of long ago is seen in the light of what was learned since. Requests that have become too many are
kept as expected counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np

from bidders.policies.pooled.abilities import Abilities, Counts, abilities_from
from bidders.policies.pooled.evidence import Evidence, Trial, expected_counts, gather
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.planning import Planner
from bidders.policies.pooled.pool import (
    Fit,
    counts_from_json,
    counts_to_json,
    trial_from_json,
    trial_to_json,
)
from bidders.policies.pooled.reading import Account, names_in
from bidders.policies.pooled.world import Floats

_ROUNDS = 3
_PRACTICE_ROUNDS = 30
_REFIT_GROWTH = 0.05
_REPLAN_GROWTH = 0.15
_FIRST_COST_USD, _FIRST_COST_WORTH = 0.001, 1.0
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


def after_accounts(memory: dict[str, Any], accounts: Sequence[Account], forgetting: Forgetting) -> dict[str, Any]:
    """The memory after some requests."""
    if not accounts:
        return memory
    learned = _with_names(memory, accounts)
    numbers = {name: number for number, name in enumerate(learned["names"])}
    trials = [trial_to_json(account.trial(numbers)) for account in accounts]
    learned["trials"] = [*memory["trials"], *trials]
    learned["requests"] = memory["requests"] + len(accounts)
    fresh = learned["requests"] - memory["fitted"]
    if fresh < max(1.0, _REFIT_GROWTH * min(len(learned["trials"]), forgetting.window)):
        return learned
    return _refitted(learned, accounts[-1], forgetting)


def after_practice(memory: dict[str, Any], accounts: Sequence[Account], forgetting: Forgetting) -> dict[str, Any]:
    """The memory after tasks on which every bidder worked, whose outcomes are all known."""
    if not accounts:
        return memory
    learned = _with_names(memory, accounts)
    bidders = len(learned["names"])
    numbers = {name: number for number, name in enumerate(learned["names"])}
    trials = [account.trial(numbers) for account in accounts]
    known = counts_from_json(learned["faded"]).widened(bidders)
    chunks = [gather(part, bidders, np.ones(len(part))) for part in _chunks(trials)]
    abilities = _abilities(learned).widened(bidders)
    practised = Counts.none(bidders)
    for _ in range(_PRACTICE_ROUNDS):
        practised = _total([expected_counts(chunk, abilities) for chunk in chunks], bidders)
        abilities = abilities_from(known + practised)
    learned["faded"] = counts_to_json(known + practised)
    return _refitted(learned, accounts[-1], forgetting)


def _chunks(trials: Sequence[Trial]) -> list[Sequence[Trial]]:
    return [trials[start : start + _CHUNK] for start in range(0, len(trials), _CHUNK)]


def _total(parts: Sequence[Counts], bidders: int) -> Counts:
    total = Counts.none(bidders)
    for part in parts:
        total = total + part
    return total


def _with_names(memory: dict[str, Any], accounts: Sequence[Account]) -> dict[str, Any]:
    """The memory with everybody in it who worked, what that cost, and how much of it made claims."""
    names = list(memory["names"])
    known = {name: number for number, name in enumerate(names)}
    for name in names_in(accounts):
        if name not in known:
            known[name] = len(names)
            names.append(name)
    costs = [*memory["costs"], *([0.0, 0.0] for _ in range(len(names) - len(memory["costs"])))]
    for account in accounts:
        for name, cost_usd in account.costs_usd:
            total, count = costs[known[name]]
            costs[known[name]] = [total + cost_usd, count + 1.0]
    claims = sum(account.claims for account in accounts)
    silent = sum(len(account.works) for account in accounts) - claims
    tally = [memory["claims"][0] + claims, memory["claims"][1] + silent]
    return {**memory, "names": names, "costs": costs, "claims": tally}


def _abilities(memory: dict[str, Any]) -> Abilities:
    return Fit.from_json(memory["fit"]).abilities


def _refitted(memory: dict[str, Any], latest: Account, forgetting: Forgetting) -> dict[str, Any]:
    """Work out anew what the memory makes one believe."""
    bidders = len(memory["names"])
    before = Fit.from_json(memory["fit"])
    abilities = before.abilities.widened(bidders)
    fresh = memory["requests"] - memory["fitted"]
    left = forgetting.left_after(fresh)
    faded = counts_from_json(memory["faded"]).widened(bidders).times(left)
    trials = [trial_from_json(stored) for stored in memory["trials"]]
    evidence = gather(trials, bidders, _weights(len(trials), forgetting))
    overflow = max(0, len(trials) - forgetting.window)
    if overflow:
        faded = faded + expected_counts(evidence.part(slice(overflow)), abilities)
        evidence = evidence.part(slice(overflow, None))
    for _ in range(_ROUNDS):
        abilities = abilities_from(faded + _counts(evidence, abilities))
    costs = [[total * left, count * left] for total, count in memory["costs"]]
    learned = {
        **memory,
        "costs": costs,
        "trials": memory["trials"][overflow:],
        "faded": counts_to_json(faded),
        "fitted": memory["requests"],
    }
    return _planned(learned, abilities, before, Terms(latest.bounty_usd, latest.offers))


def _counts(evidence: Evidence, abilities: Abilities) -> Counts:
    rows = len(evidence.weights)
    parts = [expected_counts(evidence.part(slice(at, at + _CHUNK)), abilities) for at in range(0, rows, _CHUNK)]
    return _total(parts, abilities.bidders)


def _weights(trials: int, forgetting: Forgetting) -> Floats:
    return np.array([forgetting.left_after(trials - 1 - place) for place in range(trials)])


def _planned(memory: dict[str, Any], abilities: Abilities, before: Fit, terms: Terms) -> dict[str, Any]:
    """The memory with what is believed; whom to ask is planned anew when it has grown enough."""
    costs_usd = _expected_costs(memory["costs"])
    plan, planned = before.plan, memory["planned"]
    if terms.bounty_usd > 0 and (not plan or memory["requests"] >= planned * (1.0 + _REPLAN_GROWTH)):
        plan = Planner(abilities.by_class(), costs_usd, abilities.world()).improved(plan, terms)
        planned = memory["requests"]
    elif plan:
        terms = before.terms
    fit = Fit(tuple(memory["names"]), abilities, costs_usd, plan, terms)
    return {**memory, "planned": planned, "fit": fit.to_json()}


def _expected_costs(costs: Sequence[Sequence[float]]) -> Floats:
    """What each bidder's work is expected to cost, drawn towards the pool's mean; the last is a newcomer's."""
    known = np.array(costs, dtype=float).reshape(-1, 2)
    total, count = known.sum(axis=0)
    mean = (total + _FIRST_COST_USD * _FIRST_COST_WORTH) / (count + _FIRST_COST_WORTH)
    return np.append((known[:, 0] + mean) / (known[:, 1] + 1.0), mean)
