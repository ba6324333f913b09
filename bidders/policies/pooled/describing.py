"""Describing: what a pool believes, as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bidders.policies.contexts import lots_in_words
from bidders.policies.describing import tables_of
from bidders.policies.pooled.abilities import Abilities
from bidders.policies.pooled.composing import Composing
from bidders.policies.pooled.first_works import FirstWorks
from bidders.policies.pooled.helps import chance
from bidders.policies.pooled.kinds import UNKNOWN_KIND
from bidders.policies.pooled.offers import typical_look, works_seen, works_told_apart
from bidders.policies.pooled.outlook import Outlook
from bidders.policies.pooled.reading import TRANSFORMER
from bidders.policies.pooled.regressions import SHARED, mean_share
from bidders.policies.pooled.takings import RunningMean, Takings
from bidders.policies.pooled.wordings import mean_pairs, misled
from bidders.policies.pooled.world import Floats, by_class
from orchestrator import Beliefs

_ALL = "all"
_SILENT_MIN = 0.03
_CLEAR_ERRORS = 3.0


def whom_to_ask(outlook: Outlook) -> list[Beliefs]:
    """The bidders, first who promises most if it is asked first about a typical request.

    Args:
        outlook: what the pool believes; nothing of answers where no work has given any.
    """
    fit = outlook.fit
    if not fit.abilities.seen.any():
        return []
    promised = outlook.promises_usd()
    chances, places = chances_right(fit.abilities), {each: at for at, each in enumerate(fit.plans[UNKNOWN_KIND], 1)}
    rows = [
        (
            fit.names[each],
            round(float(fit.abilities.seen[each])),
            float(chances[each]),
            outlook.costs_usd[each],
            str(places.get(each, "")),
        )
        for each in sorted(range(len(fit.names)), key=lambda each: -promised[each])
    ]
    return tables_of(
        "Whom to ask about a typical request, who promises most first",
        ("bidder", "works seen", "chance right", "a work costs USD", "in the plan"),
        rows,
    )


def who_is_stronger(outlook: Outlook) -> list[Beliefs]:
    """Bidders that are clearly better or worse on a topic of requests than on the whole, the best on each first.

    Args:
        outlook: what the pool believes; nothing where it tells no topics apart.
    """
    fit, overall = outlook.fit, chances_right(outlook.fit.abilities)
    clear = np.abs(fit.strengths.shifts) >= _CLEAR_ERRORS * fit.strengths.spreads
    rows: list[tuple[str, str, float, float]] = []
    for topic in fit.strengths.topics.all_of_them:
        there = chances_right(fit.on(topic).abilities)
        bidders = sorted(np.flatnonzero(clear[topic, :-1]).tolist(), key=lambda bidder: -there[bidder])
        rows += [(str(topic + 1), fit.names[each], float(there[each]), float(overall[each])) for each in bidders]
    return tables_of(
        "Who is better or worse on a topic of requests",
        ("topic", "bidder", "chance right there", "on the whole"),
        rows,
    )


def what_first_works_bring(firsts: FirstWorks) -> list[Beliefs]:
    """How much of what requests are worth first works bring, their cost paid; nothing as long as none was seen.

    Args:
        firsts: what was bid for requests, and what that brought.
    """
    rows = [(firsts.worth, firsts.brought, firsts.share)] if firsts.worth else []
    columns = ("worth, in bounties", "brought, in bounties", "share that is bid")
    return tables_of("What first works bring of what requests are worth", columns, rows)


def chances_right(abilities: Abilities) -> Floats:
    """How likely each bidder's answer to a typical request is accepted; the last is a newcomer's."""
    world = abilities.world()
    accepted = world.acceptance[:, 0] * abilities.proven_by_class() + world.acceptance[:, 1]
    # Who is silent gives no answer that could be accepted.
    chances: Floats = abilities.speaking * (accepted @ world.classes)
    return chances


def who_echoes(outlook: Outlook) -> list[Beliefs]:
    """Pairs of bidders of whom one says what the other has said, the most alike first.

    Args:
        outlook: what the pool believes.
    """
    names = outlook.fit.names
    pairs = sorted(outlook.fit.echoes.pairs(), key=lambda pair: -pair[2])
    return tables_of(
        "Who says what another has said, right or wrong",
        ("bidder", "other bidder", "share of requests"),
        [(names[first], names[second], share) for first, second, share in pairs],
    )


def who_claims_nothing(outlook: Outlook) -> list[Beliefs]:
    """Bidders whose works now and then claim nothing, though others could, the most often silent first.

    Args:
        outlook: what the pool believes; nothing of silence where nobody has claimed anything, or nearly all always do.
    """
    abilities = outlook.fit.abilities
    if not abilities.seen.any():
        return []
    chances, classes = abilities.silent_by_class(), abilities.world().classes
    silent = chances @ classes
    accepted = (chances * by_class(abilities.silence.accepted)) @ classes / silent
    often = [each for each in range(len(outlook.fit.names)) if silent[each] >= _SILENT_MIN]
    return tables_of(
        "Who claims nothing where others do",
        ("bidder", "share of works", "accepted as they are"),
        [
            (outlook.fit.names[each], float(silent[each]), float(accepted[each]))
            for each in sorted(often, key=lambda each: -silent[each])
        ],
    )


def what_agreement_tells(stored: Mapping[str, Any]) -> list[Beliefs]:
    """How far claims tell who is right on practised tasks; nothing where they settle it and do not mislead.

    Args:
        stored: what tasks have shown, as `wordings` keeps it.
    """
    pairs = mean_pairs(stored)
    if pairs is None:
        return []
    given_up = "; claims are given up, for they misled" if misled(stored) else ""
    return tables_of(
        f"What agreement tells on practised tasks, on average{given_up}",
        ("chance lost by differing from what is right", "chance gained by agreeing"),
        [(pairs.lost_by_differing, pairs.gained_by_agreeing)],
    )


def what_lots_bring(takings: Takings) -> list[Beliefs]:
    """What lots are worth that are told apart by their features, those first of which most was seen.

    Args:
        takings: what such lots have brought.
    """
    known = [
        (key.partition("/")[0], key.partition("/")[2], context, RunningMean(*tally))
        for key, contexts in takings.stored.items()
        for context, tally in contexts.items()
    ]
    rows = []
    for role, bidder, context, tally in sorted(known, key=lambda row: (-row[3].weight, row[:3])):
        share, doubt = takings.guess_in(role, bidder, context)
        words = lots_in_words(takings.alike.by, context)
        rows.append((role, bidder or _ALL, words, share, doubt, round(tally.weight)))
    return tables_of(
        "What lots that are told apart are worth, as a share of the bounty",
        ("role", "bidder", "lots", "share", "doubt", "seen"),
        rows,
    )


def who_helps(composing: Composing, outlook: Outlook) -> list[Beliefs]:
    """The bidders whose work was offered, first who helps most.

    Args:
        composing: what the pool believes of offers.
        outlook: what it knows of costs.
    """
    helps = composing.uptake.helps(typical_look(composing.offers, composing.texts))
    seen = works_seen(composing.offers)
    rows = sorted(
        ((name, count, chance(helps.added[composing.row(TRANSFORMER, name)])) for name, count in seen.items()),
        key=lambda row: -row[2],
    )
    return tables_of(
        "Whose work helps an offer, most first",
        ("bidder", "offers seen", "an even chance becomes", "a work costs USD"),
        [(name, count, becomes, outlook.cost_usd(name)) for name, count, becomes in rows],
    )


def who_helps_more(composing: Composing) -> list[Beliefs]:
    """Bidders whose work clearly helps more or less on a topic of requests than elsewhere, who helps most first.

    Args:
        composing: what the pool believes of offers; nothing where it tells no topics apart.
    """
    uptake, texts = composing.uptake, composing.texts
    typical, topics = typical_look(composing.offers, texts), texts.topics.all_of_them
    numbers = [texts.on_topic(typical, topic) for topic in topics]
    rows: list[tuple[str, str, float, float]] = []
    for topic in topics:
        differing = numbers[topic] - np.mean(numbers, axis=0)
        there, elsewhere = (uptake.helps(each) for each in (numbers[topic], numbers[topic] - differing))
        found = []
        for name in works_told_apart(composing.offers):
            row = composing.row(TRANSFORMER, name)
            more, unsure = uptake.suiting(row, differing)
            if abs(more) >= _CLEAR_ERRORS * unsure:
                found.append((str(topic + 1), name, chance(there.added[row]), chance(elsewhere.added[row])))
        rows += sorted(found, key=lambda each: -each[2])
    return tables_of(
        "Whose work helps more or less on a topic of requests",
        ("topic", "bidder", "an even chance becomes there", "on average"),
        rows,
    )


def what_unclaimed_work_brings(stored: Mapping[str, Any]) -> list[Beliefs]:
    """What work has brought that claims no answer, those first of which most was seen.

    Args:
        stored: sums of regressions, by role and bidder.
    """
    known = [(*key.partition("/")[::2], sums) for key, sums in stored.items()]
    rows = [
        (role, bidder or _ALL, mean_share(sums), round(sums["weight"]))
        for role, bidder, sums in sorted(known, key=lambda row: (row[1] != SHARED, -row[2]["weight"], row[:2]))
    ]
    return tables_of(
        "What work without comparable answers has brought, as a share of the bounty",
        ("role", "bidder", "share", "results"),
        rows,
    )
