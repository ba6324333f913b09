"""Learning: from what became of requests to what a pool believes.

New requests are kept as they are, and every few of them beliefs are worked out anew, so that a work
of long ago is seen in the light of what was learned since. Requests that have become too many are
kept as expected counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.abilities import Abilities, Counts, abilities_from
from bidders.policies.pooled.costs import added, expected_costs, share_of_worst, times
from bidders.policies.pooled.dearness import Dearness, after_costs, faded, weights_from
from bidders.policies.pooled.echoes import EchoCounts, Echoes
from bidders.policies.pooled.embedding import Embedding
from bidders.policies.pooled.evidence import Evidence, evidence_of, expectations
from bidders.policies.pooled.kinds import KINDS, TARGETS, Forecast, Foretold, Sums, forecast_from
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.meetings import Meetings, heeding, meetings
from bidders.policies.pooled.past import Expected, Past
from bidders.policies.pooled.planning import Plan, Planner
from bidders.policies.pooled.pool import (
    Fit,
    Memory,
    case_from_json,
    case_to_json,
)
from bidders.policies.pooled.reading import NamedCase, workers_in
from bidders.policies.pooled.settings import LearningSettings
from bidders.policies.pooled.sorts import Sorts, surprises_beforehand
from bidders.policies.pooled.speaking import Speaking
from bidders.policies.pooled.strengths import Strengths, TopicCounts, first_strengths, strengths_from
from bidders.policies.pooled.topics import (
    ERRORS_MIN_OF_MARKET,
    ERRORS_MIN_OF_PRACTICE,
    Surprises,
    in_chunks,
    surprises_in,
    topics_in,
)
from bidders.policies.pooled.wordings import weights_of
from bidders.policies.pooled.world import Floats

_ROUNDS = 3
# Few enough that levels do not yet mean what topics mean, and enough that they mean how hard requests are.
_TOPIC_ROUNDS = 6
_PRACTICE_ROUNDS = 30
_ECHO_TURNS, _ECHO_ROUNDS = 3, 3
_REPLAN_GROWTH = 0.15
_PLANNED_SHARE_MIN = 0.03
_CHUNK = 500


class _Learned(NamedTuple):
    """What requests have taught.

    Attributes:
        abilities: who is right how often.
        forecast: what texts foretell.
        strengths: who is better or worse on which topic.
        expected: what the requests make likely, without what was known before.
    """

    abilities: Abilities
    forecast: Forecast
    strengths: Strengths
    expected: Expected

    def on(self, before: Fit) -> Fit:
        """A fit of before with what was learned."""
        return replace(before, abilities=self.abilities, forecast=self.forecast, strengths=self.strengths)


def after_requests(memory: Memory, named: Sequence[NamedCase], settings: LearningSettings) -> Memory:
    """The memory after some requests."""
    if not named:
        return memory
    learned = _with_names(memory, named, settings.embedding)
    numbers = {name: number for number, name in enumerate(learned["names"])}
    cases = [case_to_json(each.numbered(numbers, settings.embedding)) for each in named]
    learned["trials"] = [*memory["trials"], *cases]
    learned["requests"] = memory["requests"] + len(named)
    fresh = learned["requests"] - memory["fitted"]
    if not settings.forgetting.is_refit_due(fresh, len(learned["trials"])):
        return learned
    return _refitted(learned, named[-1], settings)


def after_practice(memory: Memory, named: Sequence[NamedCase], settings: LearningSettings) -> Memory:
    """The memory after tasks on which every bidder worked, whose outcomes are all known."""
    if not named:
        return memory
    learned = _with_names(memory, named, settings.embedding)
    bidders = len(learned["names"])
    numbers = {name: number for number, name in enumerate(learned["names"])}
    evidence = evidence_of([each.numbered(numbers, settings.embedding) for each in named], bidders, np.ones(len(named)))
    past = Past.of(learned, evidence.looks.shape[1])
    before = replace(Fit.from_json(memory["fit"]).widened(bidders), wordings=weights_of(memory["wordings"]))
    heeded = _heeded(evidence, past, before)
    unknown = _anew(before, before.strengths)
    briefly = _learned(heeded, past, unknown, _TOPIC_ROUNDS).on(unknown)
    strengths = _new_strengths(heeded, past, briefly, ERRORS_MIN_OF_PRACTICE)
    if strengths is not None:
        past, before = past.with_topics(strengths.topics), _anew(before, strengths)
        heeded = _heeded(evidence, past, before)
    practised = _learned(heeded, past, before, _PRACTICE_ROUNDS)
    met = _met(heeded, practised, past.echo_counts)
    texts = past.texts
    learned = past.with_more(evidence, practised.expected, met).in_memory(learned)
    fit = practised.on(before)
    fit = replace(fit, sorts=_sorts(heeded, texts, practised.expected.targets, fit))
    return _refitted({**learned, "fit": fit.to_json()}, named[-1], settings)


def _sorts(evidence: Evidence, texts: Sums, targets: Floats, fit: Fit) -> Sorts:
    """Who is better or worse on tasks of nearly one text than their texts foretold, each from all the others.

    Args:
        evidence: the tasks.
        texts: sums over the texts of earlier requests.
        targets: what was to be foretold of each task.
        fit: what is believed now.
    """
    _, foretold = forecast_from(texts, evidence.looks, targets, evidence.weights)
    works = np.zeros((len(evidence.looks), fit.abilities.bidders))
    surprises = Surprises(works, works.copy())
    for topic, rows in fit.strengths.topics.parts(evidence.looks, _CHUNK):
        abilities = fit.strengths.on(topic, fit.abilities)
        found = surprises_beforehand(evidence.part(rows), foretold.part(rows), abilities)
        surprises.right[rows], surprises.told[rows] = found
    return fit.sorts.after(evidence.looks, surprises)


def _new_strengths(evidence: Evidence, past: Past, fit: Fit, errors_min: float) -> Strengths | None:
    """Strengths on topics that explain better, by so many errors, who was right than those of before; or None.

    Known topics stay where more works are known on them than are at hand: of all others the topics would be forgotten.
    """
    if past.on_topics.works > float((evidence.weights[:, None] * evidence.present).sum()):
        return None
    foretold = fit.forecast.foretell(evidence.looks)
    parts = [
        surprises_in(evidence.part(rows), foretold.part(rows), fit.abilities)
        for rows in in_chunks(np.arange(len(evidence.looks)), _CHUNK)
    ]
    surprises = Surprises(*map(np.concatenate, zip(*parts, strict=True)))
    topics = topics_in(evidence.looks, surprises, fit.strengths.topics, errors_min)
    return None if topics is None else first_strengths(surprises, evidence.looks, topics)


def _anew(fit: Fit, strengths: Strengths) -> Fit:
    """A fit to learn from anew where topics are told apart from now on.

    Until then levels may have come to mean what topics mean, where few bidders are good at different things, and
    would go on to mean that.
    """
    unknown = abilities_from(Counts.none(fit.abilities.bidders))
    return replace(fit, abilities=unknown, strengths=strengths, topic_plans=())


def _heeded(evidence: Evidence, past: Past, before: Fit) -> Evidence:
    """The tasks, where works that echo one another tell as much together as one of them.

    Echoes are found by what is believed of everybody, and what is believed depends on who is taken for an echo: so by
    turns, from what was believed before. Once echoes were taken for independent works, levels have come to mean
    whether those are right who agree so often, and would go on to mean that.
    """
    heeded = evidence
    for _ in range(_ECHO_TURNS):
        met = _met(heeded, _learned(heeded, past, before, _ECHO_ROUNDS), past.echo_counts)
        echoes = Echoes.of(past.echo_counts + met)
        heeded = heeding(evidence, echoes)
        if not echoes:
            break
    return heeded


def _met(evidence: Evidence, learned: _Learned, echo_counts: EchoCounts) -> EchoCounts:
    """Who met whom, and who echoed whom.

    Args:
        evidence: the cases.
        learned: what they have taught.
        echo_counts: of other requests.
    """
    return _meetings(evidence, learned.forecast.foretell(evidence.looks), learned).counts(echo_counts)


def _learned(evidence: Evidence, past: Past, before: Fit, rounds: int) -> _Learned:
    """Expectation and maximisation by turns: from beliefs to what requests make likely, and back."""
    abilities, forecast, strengths = before.abilities, before.forecast, before.strengths
    foretold = forecast.foretell(evidence.looks)
    expected = _expected(evidence, foretold, abilities, strengths)
    for _ in range(rounds):
        forecast, foretold = forecast_from(past.texts, evidence.looks, expected.targets, evidence.weights)
        expected = _expected(evidence, foretold, abilities, strengths)
        abilities = abilities_from(past.counts + expected.counts)
        strengths = strengths_from(past.on_topics + expected.on_topics, strengths.topics, abilities)
    return _Learned(abilities, forecast, strengths, expected)


def _expected(evidence: Evidence, foretold: Foretold, abilities: Abilities, strengths: Strengths) -> Expected:
    """What evidence makes likely, topic by topic and a few hundred cases at a time."""
    counts, targets = Counts.none(abilities.bidders), np.zeros((len(evidence.weights), TARGETS))
    on_topics = TopicCounts.none(len(strengths.topics), abilities.bidders)
    for topic, rows in strengths.topics.parts(evidence.looks, _CHUNK):
        part = expectations(evidence.part(rows), foretold.part(rows), strengths.on(topic, abilities))
        counts, targets[rows] = counts + part.counts, part.targets
        on_topics = on_topics.with_more(topic, part.counts)
    return Expected(counts, targets, on_topics)


def _meetings(evidence: Evidence, foretold: Foretold, believed: Fit | _Learned) -> Meetings:
    """All pairs of works that claim something, by what is believed of their authors on each topic."""
    parts = [
        meetings(evidence.part(rows), foretold.part(rows), believed.strengths.on(topic, believed.abilities))
        for topic, rows in believed.strengths.topics.parts(evidence.looks, len(evidence.weights))
    ]
    return Meetings.together(parts)


def _with_names(memory: Memory, named: Sequence[NamedCase], embedding: Embedding) -> Memory:
    """The memory with everybody in it who worked, and what that cost."""
    names = list(dict.fromkeys([*memory["names"], *workers_in(named)]))
    numbers = {name: number for number, name in enumerate(names)}
    declared = [(cost.bidder, cost.cost_max_usd, 1.0) for each in named for cost in each.costs if cost.cost_max_usd > 0]
    worsts = added(memory["worsts"], numbers, declared)
    return _with_costs({**memory, "names": names, "worsts": worsts}, numbers, named, embedding)


def _with_costs(memory: Memory, numbers: Mapping[str, int], named: Sequence[NamedCase], embedding: Embedding) -> Memory:
    """The memory with what works have cost, as if all had been on usual requests.

    Who is asked for the dear ones is not taken for dearer for that.
    """
    by_request = [(each.request, each.costs) for each in named]
    paid = [(cost.bidder, cost.cost_usd, 1.0) for _, costs in by_request for cost in costs]
    so_far_usd = expected_costs(added(memory["costs"], numbers, paid)).tolist()
    usual_usd = {name: so_far_usd[number] for name, number in numbers.items()}
    stored = after_costs(memory["dearness"], by_request, usual_usd, embedding)
    dearness = Dearness(weights_from(stored), embedding)
    factors = [dearness.exact_factor(request) for request, _ in by_request]
    as_usual = [
        (cost.bidder, cost.cost_usd, factor)
        for (_, costs), factor in zip(by_request, factors, strict=True)
        for cost in costs
    ]
    return {**memory, "costs": added(memory["costs"], numbers, as_usual), "dearness": stored}


def _refitted(memory: Memory, latest: NamedCase, settings: LearningSettings) -> Memory:
    """Work out anew what the memory makes one believe."""
    bidders, forgetting = len(memory["names"]), settings.forgetting
    before = Fit.from_json(memory["fit"])
    cases = [case_from_json(stored) for stored in memory["trials"]]
    evidence = heeding(evidence_of(cases, bidders, forgetting.weights(len(cases))), before.echoes)
    numbers = evidence.looks.shape[1] if cases else len(memory["texts"]["products"]) - 1
    left = forgetting.left_after(memory["requests"] - memory["fitted"])
    past = Past.of(memory, numbers).times(left)
    known = before.widened(bidders)
    known = replace(known, sorts=known.sorts.times(left))
    overflow = max(0, len(cases) - forgetting.window)
    if overflow:
        past = _with_older(past, evidence.part(slice(overflow)), known)
        evidence = evidence.part(slice(overflow, None))
    counts, echo_counts = past.counts, past.echo_counts
    if cases:
        looks_for_topics = bool(before.plans[-1]) and _is_plan_due(memory)
        past, known, learned = _taught(evidence, past, known, looks_for_topics)
        counts, echo_counts = counts + learned.expected.counts, echo_counts + _met(evidence, learned, echo_counts)
    fitted: Memory = {
        **past.in_memory(memory),
        "costs": times(memory["costs"], left),
        "worsts": times(memory["worsts"], left),
        "dearness": faded(memory["dearness"], left),
        "trials": memory["trials"][overflow:],
        "fitted": memory["requests"],
    }
    terms = Terms(latest.bounty_usd, settings.answers)
    return _planned(fitted, replace(known, echoes=Echoes.of(echo_counts)), counts.classes.sum(axis=1), terms)


def _taught(evidence: Evidence, past: Past, known: Fit, looks_for_topics: bool) -> tuple[Past, Fit, _Learned]:
    """What a market's requests teach; where topics are found, the past knows of them, too.

    Returns:
        The past, what is believed now, and what was learned.
    """
    learned = _learned(evidence, past, known, _ROUNDS)
    strengths = _new_strengths(evidence, past, learned.on(known), ERRORS_MIN_OF_MARKET) if looks_for_topics else None
    if strengths is not None:
        past, known = past.with_topics(strengths.topics), _anew(learned.on(known), strengths)
        learned = _learned(evidence, past, known, _PRACTICE_ROUNDS)
    return past, learned.on(known), learned


def _with_older(past: Past, older: Evidence, known: Fit) -> Past:
    """The past with requests that have become too many to be kept, as they are understood now for good."""
    foretold = known.forecast.foretell(older.looks)
    expected = _expected(older, foretold, known.abilities, known.strengths)
    return past.with_more(older, expected, _meetings(older, foretold, known).counts(past.echo_counts))


def _planned(memory: Memory, learned: Fit, shares: Floats, terms: Terms) -> Memory:
    """The memory with what is believed; whom to ask for answers is planned anew when it has grown enough.

    Args:
        memory: all else.
        learned: what is believed, with the plans of before.
        shares: how many requests were of each kind.
        terms: of the latest request.
    """
    costs_usd = expected_costs(memory["costs"])
    plans, topic_plans, planned = learned.plans, learned.topic_plans, memory["planned"]
    # Whom to ask for answers takes longer to plan than all else takes, and is of no use where none has been given yet.
    topics = learned.strengths.topics.all_of_them
    is_due = _is_plan_due(memory) or len(topic_plans) != len(topics)
    if is_due and terms.bounty_usd > 0 and learned.abilities.seen.any():
        plans, planned = _plans(learned, costs_usd, shares, terms), memory["requests"]
        topic_plans = tuple(_plans(learned.on(topic), costs_usd, shares, terms) for topic in topics)
    elif plans[-1]:
        terms = learned.terms
    fit = replace(
        learned,
        names=tuple(memory["names"]),
        costs_usd=costs_usd,
        cost_share=share_of_worst(costs_usd, memory["worsts"]),
        plans=plans,
        topic_plans=topic_plans,
        dearness=weights_from(memory["dearness"]),
        terms=terms,
    )
    return {**memory, "planned": planned, "fit": fit.to_json()}


def _is_plan_due(memory: Memory) -> bool:
    """Whether so many requests have come since it was planned whom to ask that it is to be planned anew."""
    return not memory["fit"]["plans"][-1] or memory["requests"] >= memory["planned"] * (1.0 + _REPLAN_GROWTH)


def _plans(learned: Fit, costs_usd: Floats, shares: Floats, terms: Terms) -> tuple[Plan, ...]:
    """Whom to ask for a request of each kind; kinds that few were of share the plan of all, which stands last."""
    abilities, echoes = learned.abilities, learned.echoes
    speaking = Speaking(abilities.speaking, costs_usd)
    of_all = Planner.of(abilities, speaking, echoes).improved(learned.plans[-1], terms)
    plans = [of_all] * (KINDS + 1)
    for kind, before in enumerate(learned.plans[:KINDS]):
        if shares[kind] >= _PLANNED_SHARE_MIN * shares.sum():
            is_sound = before and not echoes.among(before) and speaking.mute.isdisjoint(before)
            planner = Planner.of(abilities, speaking, echoes, kind)
            plans[kind] = planner.exchanged(before if is_sound else of_all, terms)
    return tuple(plans)
