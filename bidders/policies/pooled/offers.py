"""Offers: what a pool keeps of those whose works claim nothing, and how it learns from them what offers are taken."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import numpy as np

from bidders.policies.pooled.embedding import Embedding, embedded, numbers_of
from bidders.policies.pooled.evidence import look_from_json, look_of, look_to_json, numbers_of_look
from bidders.policies.pooled.forgetting import Forgetting
from bidders.policies.pooled.open_topics import topics_in_offers
from bidders.policies.pooled.reading import (
    PRESENTER,
    TRANSFORMER,
    receipt_order,
    shown_workers,
    tells_of_unclaimed,
    workers_of,
)
from bidders.policies.pooled.regressions import role_key
from bidders.policies.pooled.settings import LearningSettings
from bidders.policies.pooled.texts import Texts
from bidders.policies.pooled.together import (
    Outcomes,
    StoredTasks,
    after_more,
    on_unknown_topics,
    outcomes_from_json,
    outcomes_of,
    outcomes_to_json,
)
from bidders.policies.pooled.topics import Topics
from bidders.policies.pooled.uptake import ALL, Knowledge, SeenOffer, Uptake, uptake_from
from bidders.policies.pooled.world import Floats
from orchestrator import Lesson, Receipt

_RECENT = 100
_SEARCH_GROWTH = 0.15
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


class StoredTopics(TypedDict):
    """Topics on which some do better, and others worse, as JSON can hold them.

    Attributes:
        weights: that tell them apart by the text.
        found_in: in how many tasks, or offers, they were found.
    """

    weights: list[list[float]]
    found_in: int


class Offers(TypedDict):
    """What a pool keeps of offers whose works claim nothing.

    Attributes:
        names: who took part, as `role/bidder`.
        stored: the latest, the oldest first.
        fitted: how many of these what is believed rests on.
        known: what was known before them: who was told apart, weights, and how unsure each is.
        tasks: those that were practised, where several works are shown together; none where left out.
        topics: those that are told apart; none where left out.
        searched: how many of those that are stored were there when topics were last looked for; 0 where left out.
        id: names the content that what is believed rests on.
    """

    names: list[str]
    stored: list[StoredOffer]
    fitted: int
    known: list[list[float]]
    tasks: NotRequired[StoredTasks]
    topics: NotRequired[StoredTopics]
    searched: NotRequired[int]
    id: str


def no_offers() -> Offers:
    """Nothing seen."""
    return {"names": [], "stored": [], "fitted": 0, "known": [[], [], []], "id": ""}


def texts_of(offers: Offers, embedding: Embedding) -> Texts:
    """What reads the texts of requests, by the topics that are told apart."""
    return Texts(embedding, _topics(offers))


def with_topics(offers: Offers, topics: Topics, found_in: int) -> Offers:
    """The same where texts come to be of other topics, on which nothing is known yet.

    Args:
        offers: what was kept before.
        topics: those that are told apart from now on.
        found_in: in how many tasks or offers they were found.
    """
    known = _known(offers).with_topics(len(_topics(offers)), len(topics))
    stored: StoredTopics = {"weights": topics.to_json(), "found_in": found_in}
    found: Offers = {**offers, "known": [list(each) for each in known], "topics": stored}
    if "tasks" in offers:
        found["tasks"] = on_unknown_topics(offers["tasks"])
    return _refitted(found)


def may_find_topics(offers: Offers, found_in: int, embedding: Embedding) -> bool:
    """Whether other topics may be looked for in so many tasks or offers.

    Of those that more have shown nothing would be known any more. Those that another embedding told apart tell nothing.
    """
    known = offers.get("topics")
    return known is None or known["found_in"] <= found_in or len(known["weights"]) != numbers_of(embedding) + 1


def after_offers(offers: Offers, receipts: Sequence[Receipt], settings: LearningSettings) -> Offers:
    """What is kept after some requests; their order makes no difference.

    Args:
        offers: what was kept before.
        receipts: of all bidders of the pool.
        settings: how these learn; until what is believed is worked out anew, a few more offers are kept than it says.
    """
    new = [each for each in sorted(receipts, key=receipt_order) if tells_of_unclaimed(each)]
    if not new:
        return offers
    names = _with_names(offers["names"], [name for each in new for name in _names_in(each)])
    numbers = {name: number for number, name in enumerate(names)}
    stored = [*offers["stored"], *[_stored(each, numbers, settings.embedding) for each in new]]
    kept: Offers = {**offers, "names": names, "stored": stored}
    if not settings.forgetting.is_refit_due(len(stored) - offers["fitted"], len(stored)):
        return kept
    kept["stored"] = stored[-settings.forgetting.window :]
    searched = offers.get("searched", 0) - (len(stored) - len(kept["stored"]))
    if len(kept["stored"]) - searched >= _SEARCH_GROWTH * len(kept["stored"]):
        kept, searched = _searched(kept, settings), len(kept["stored"])
    return _refitted({**kept, "searched": searched})


def _searched(offers: Offers, settings: LearningSettings) -> Offers:
    """The same with topics that explain better which offers were taken, if there are any."""
    texts = Texts(settings.embedding)
    rows = [row for row in offers["stored"] if texts.are_read(_look(row))]
    if not may_find_topics(offers, len(rows), settings.embedding):
        return offers
    looks = [_look(row) for row in rows]
    seen = _seen(rows, [texts.numbers(look) for look in looks], settings.forgetting)
    topics = topics_in_offers(seen, np.array(looks), _topics(offers), settings.prior)
    return offers if topics is None else with_topics(offers, topics, len(rows))


def after_scored(offers: Offers, lessons: Sequence[Lesson], settings: LearningSettings) -> Offers:
    """What is kept after labelled tasks on which every bidder worked alone, and none claimed anything.

    Args:
        offers: what was kept before.
        lessons: the tasks, one or more.
        settings: how the pool learns; of several works that are shown together one that is good is enough.
    """
    names = _with_names(
        offers["names"], [role_key(TRANSFORMER, work.bidder) for lesson in lessons for work in lesson.works]
    )
    numbers = {name: number for number, name in enumerate(names)}
    scored, texts = [], texts_of(offers, settings.embedding)
    for lesson in lessons:
        look = texts.numbers(texts.look(lesson.request))
        for together in _shown_together(lesson, settings.answers):
            works = [lesson.works[place] for place in together]
            authors = tuple([numbers[role_key(TRANSFORMER, work.bidder)] for work in works])
            scored.append(SeenOffer(authors, look, max(work.score for work in works)))
    learned = uptake_from(scored, texts.size, settings.prior, _known(offers)).knowledge()
    known = [list(learned.authors), *[np.round(each, _PLACES).tolist() for each in learned[1:]]]
    found: Offers = {**offers, "names": names, "known": known}
    if settings.answers > 1:
        places = {work.bidder: numbers[role_key(TRANSFORMER, work.bidder)] for each in lessons for work in each.works}
        topics = [texts.topic(texts.look(lesson.request)) for lesson in lessons]
        more = outcomes_of(lessons, places, topics)
        found["tasks"] = outcomes_to_json(after_more(practised(offers), more, settings.forgetting.window))
    return _refitted(found)


def practised(offers: Offers) -> Outcomes:
    """How well works did on tasks that were practised where several are shown together, by places among the names."""
    return outcomes_from_json(offers.get("tasks"))


def _shown_together(lesson: Lesson, answers: int) -> list[list[int]]:
    """By their places, each work of a task alone, and where several are shown together, some sets of these."""
    # The text is the seed: what is learned of a task is the same whenever and wherever it is practised.
    seed, places = lesson.request.encode("utf-8", "surrogatepass"), range(len(lesson.works))
    draws = random.Random(seed)
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
    rows, texts = _fitted(offers), texts_of(offers, embedding)
    found = _seen(rows, [texts.numbers(_look(row)) for row in rows], forgetting)
    return uptake_from(found, texts.size, prior, _known(offers), visible)


def _seen(rows: Sequence[StoredOffer], numbers: Sequence[Floats], forgetting: Forgetting) -> list[SeenOffer]:
    """Offers as they are learned from.

    Args:
        rows: as they are stored.
        numbers: what the text of the request of each tells.
        forgetting: how they lose weight.
    """
    return [
        SeenOffer(tuple(row["authors"]), told, row["taken"], row["presenter"], weight, row.get("hidden", 0))
        for row, told, weight in zip(rows, numbers, forgetting.weights(len(rows)).tolist(), strict=True)
    ]


def typical_look(offers: Offers, texts: Texts) -> Floats:
    """The mean of what the texts of the requests tell whose offers are kept."""
    looks = [texts.numbers(_look(row)) for row in _fitted(offers)]
    return np.mean(looks, axis=0) if looks else np.zeros(texts.size)


def works_seen(offers: Offers) -> dict[str, int]:
    """In how many of the offers that are kept each bidder's work was, by name."""
    counts = Counter(author for row in _fitted(offers) for author in row["authors"])
    return {_bidder_of(offers["names"][author]): count for author, count in sorted(counts.items())}


def works_told_apart(offers: Offers) -> list[str]:
    """The bidders of whose work something is known, by name."""
    authors = {*_known(offers).authors, *(author for row in _fitted(offers) for author in row["authors"])}
    return [_bidder_of(offers["names"][author]) for author in sorted(authors)]


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
    look = look_to_json(look_of(embedded(embedding, receipt.request)))
    taken = float(receipt.in_picked_chain)
    # Who has worked twice counts where it worked last.
    in_order = list(dict.fromkeys(reversed(authors)))[::-1]
    offer: StoredOffer = {"authors": in_order, "presenter": presenter, "look": look, "taken": taken}
    hidden = len(set(workers_of(receipt.workers, receipt.contributions))) - len(in_order)
    return {**offer, "hidden": hidden} if hidden else offer


def _refitted(offers: Offers) -> Offers:
    """The same where what is believed rests on all that is kept."""
    content = json.dumps(_grounds(offers), sort_keys=True)
    return {**offers, "fitted": len(offers["stored"]), "id": hashlib.sha256(content.encode()).hexdigest()}


def _grounds(offers: Offers) -> list[Any]:
    """What is believed of offers rests on this."""
    found = [offers["names"], offers["stored"], offers["known"], offers.get("topics", [])]
    return [*found, offers["tasks"]] if "tasks" in offers else found


def _known(offers: Offers) -> Knowledge:
    authors, weights, spreads = offers["known"]
    return Knowledge(tuple([int(author) for author in authors]), tuple(weights), tuple(spreads))


def _look(row: StoredOffer) -> Floats:
    return numbers_of_look(look_from_json(row["look"]))


def _topics(offers: Offers) -> Topics:
    return Topics.from_json(offers["topics"]["weights"]) if "topics" in offers else Topics()
