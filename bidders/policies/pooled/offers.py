"""Offers: what a pool keeps of those whose works claim nothing, and how it learns from them what offers are taken."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import numpy as np

from bidders.policies.pooled.embedding import Embedding, condensed
from bidders.policies.pooled.evidence import look_from_json, look_of, look_to_json, numbers_of_look
from bidders.policies.pooled.forgetting import Forgetting
from bidders.policies.pooled.reading import (
    PRESENTER,
    TRANSFORMER,
    receipt_order,
    shown_workers,
    tells_of_unclaimed,
    workers_of,
)
from bidders.policies.pooled.regressions import role_key
from bidders.policies.pooled.uptake import ALL, Knowledge, SeenOffer, Uptake, uptake_from
from bidders.policies.pooled.world import Floats
from orchestrator import Lesson, Receipt

_RECENT = 100
_PLACES = 6


class StoredOffer(TypedDict):
    """An offer that the user has seen, as JSON can hold it.

    Attributes:
        authors: whose work it shows, by their places among the names.
        presenter: who made it, likewise; None for a work that was scored alone.
        look: the numbers of the request's text, as a case keeps them.
        taken: whether it was taken.
        hidden: how many works the text held that it does not show; 0 where left out.
    """

    authors: list[int]
    presenter: int | None
    look: str
    taken: float
    hidden: NotRequired[int]


class Offers(TypedDict):
    """What a pool keeps of offers.

    Attributes:
        names: who took part, as `role/bidder`.
        stored: the latest, the oldest first.
        fitted: how many of these what is believed rests on.
        known: what was known before them: who was told apart, weights, and how unsure each is.
        id: names the content that what is believed rests on.
    """

    names: list[str]
    stored: list[StoredOffer]
    fitted: int
    known: list[list[float]]
    id: str


def no_offers() -> Offers:
    """Nothing seen."""
    return {"names": [], "stored": [], "fitted": 0, "known": [[], [], []], "id": ""}


def after_offers(offers: Offers, receipts: Sequence[Receipt], embedding: Embedding, forgetting: Forgetting) -> Offers:
    """What is kept after some requests; their order makes no difference.

    Args:
        offers: what was kept before.
        receipts: of all bidders of the pool.
        embedding: of requests.
        forgetting: how many offers are kept; until what is believed is worked out anew, a few more are.
    """
    new = [each for each in sorted(receipts, key=receipt_order) if tells_of_unclaimed(each)]
    if not new:
        return offers
    names = _with_names(offers["names"], [name for each in new for name in _names_in(each)])
    numbers = {name: number for number, name in enumerate(names)}
    stored = [*offers["stored"], *[_stored(each, numbers, embedding) for each in new]]
    kept: Offers = {**offers, "names": names, "stored": stored}
    if not forgetting.is_refit_due(len(stored) - offers["fitted"], len(stored)):
        return kept
    return _refitted({**kept, "stored": stored[-forgetting.window :]})


def after_scored(offers: Offers, lessons: Sequence[Lesson], embedding: Embedding, prior: float, answers: int) -> Offers:
    """What is kept after labelled tasks on which every bidder worked alone.

    Args:
        offers: what was kept before.
        lessons: the tasks; those whose works claim something say nothing here.
        embedding: of requests.
        prior: the chance of an offer to be taken before anything is known, above 0 and below 1.
        answers: how many works are shown together; of several one that is good is enough.
    """
    telling = [lesson for lesson in lessons if lesson.works and not any(work.claim for work in lesson.works)]
    if not telling:
        return offers
    names = _with_names(
        offers["names"], [role_key(TRANSFORMER, work.bidder) for lesson in telling for work in lesson.works]
    )
    numbers = {name: number for number, name in enumerate(names)}
    scored = []
    for lesson in telling:
        look = condensed(embedding, lesson.request)
        for together in _shown_together(lesson, answers):
            works = [lesson.works[place] for place in together]
            authors = tuple([numbers[role_key(TRANSFORMER, work.bidder)] for work in works])
            scored.append(SeenOffer(authors, look, max(work.score for work in works)))
    learned = uptake_from(scored, len(scored[0].look), prior, _known(offers)).knowledge()
    known = [list(learned.authors), *[np.round(each, _PLACES).tolist() for each in learned[1:]]]
    return _refitted({**offers, "names": names, "known": known})


def _shown_together(lesson: Lesson, answers: int) -> list[list[int]]:
    """By their places, each work of a task alone, and where several are shown together, some sets of these."""
    # The text is the seed: what is learned of a task is the same whenever and wherever it is practised.
    draws, places = random.Random(lesson.request), range(len(lesson.works))
    most = min(answers, len(places))
    sets = [draws.sample(places, draws.randint(2, most)) for _ in places] if most > 1 else []
    return [*([place] for place in places), *sets]


def uptake_of(offers: Offers, embedding: Embedding, prior: float, forgetting: Forgetting, visible: int = ALL) -> Uptake:
    """What is believed.

    Args:
        offers: what is kept.
        embedding: of requests.
        prior: the chance of an offer to be taken before anything is known, above 0 and below 1.
        forgetting: how offers lose weight.
        visible: how many of a text's works offers are thought to show until one is seen to leave any out.
    """
    size = len(condensed(embedding, ""))
    rows = _fitted(offers)
    found = [
        SeenOffer(tuple(row["authors"]), _look(row, size), row["taken"], row["presenter"], weight, row.get("hidden", 0))
        for row, weight in zip(rows, forgetting.weights(len(rows)).tolist(), strict=True)
    ]
    return uptake_from(found, size, prior, _known(offers), visible)


def typical_look(offers: Offers, numbers: int) -> Floats:
    """The mean of the numbers of the requests whose offers are kept."""
    looks = [look for row in _fitted(offers) if len(look := numbers_of_look(look_from_json(row["look"]))) == numbers]
    return np.mean(looks, axis=0) if looks else np.zeros(numbers)


def works_seen(offers: Offers) -> dict[str, int]:
    """In how many of the offers that are kept each bidder's work was, by name."""
    counts = Counter(author for row in _fitted(offers) for author in row["authors"])
    return {_bidder_of(offers["names"][author]): count for author, count in sorted(counts.items())}


def recent_authors(offers: Offers) -> list[str]:
    """The bidders whose work was offered of late, or before any was, those that are known, by name."""
    authors = {author for row in _fitted(offers)[-_RECENT:] for author in row["authors"]}
    if not offers["stored"]:
        authors = set(_known(offers).authors)
    return [_bidder_of(offers["names"][author]) for author in sorted(authors)]


def recent_presenters(offers: Offers) -> list[str]:
    """The bidders who have shown offers of late, by name."""
    shown_by = [row["presenter"] for row in _fitted(offers)[-_RECENT:]]
    presenters = {presenter for presenter in shown_by if presenter is not None}
    return [_bidder_of(offers["names"][presenter]) for presenter in sorted(presenters)]


def _fitted(offers: Offers) -> list[StoredOffer]:
    """Those that what is believed rests on: whoever reads the memory later must come to believe the same."""
    return offers["stored"][: offers["fitted"]]


def _bidder_of(name: str) -> str:
    return name.partition("/")[2]


def _names_in(receipt: Receipt) -> list[str]:
    authors = [role_key(TRANSFORMER, author) for author in shown_workers(receipt)]
    return [*authors, role_key(PRESENTER, receipt.bidder)]


def _with_names(names: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*names, *more]))


def _stored(receipt: Receipt, numbers: dict[str, int], embedding: Embedding) -> StoredOffer:
    *authors, presenter = [numbers[name] for name in _names_in(receipt)]
    look = look_to_json(look_of(condensed(embedding, receipt.request)))
    taken = float(receipt.in_picked_chain)
    # Who has worked twice counts where it worked last.
    in_order = list(dict.fromkeys(reversed(authors)))[::-1]
    offer: StoredOffer = {"authors": in_order, "presenter": presenter, "look": look, "taken": taken}
    hidden = len(set(workers_of(receipt.workers, receipt.contributions))) - len(in_order)
    return {**offer, "hidden": hidden} if hidden else offer


def _refitted(offers: Offers) -> Offers:
    """The same where what is believed rests on all that is kept."""
    content = json.dumps([offers["names"], offers["stored"], offers["known"]], sort_keys=True)
    return {**offers, "fitted": len(offers["stored"]), "id": hashlib.sha256(content.encode()).hexdigest()}


def _known(offers: Offers) -> Knowledge:
    authors, weights, spreads = offers["known"]
    return Knowledge(tuple([int(author) for author in authors]), tuple(weights), tuple(spreads))


def _look(row: StoredOffer, numbers: int) -> Floats:
    """The numbers of the text; those that another embedding made say nothing."""
    look = numbers_of_look(look_from_json(row["look"]))
    return look if len(look) == numbers else np.zeros(numbers)
