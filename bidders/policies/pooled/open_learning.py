"""Open learning: what a pool comes to know from works that claim nothing.

Lots are valued by what works on them have brought, or in a pool by which offers users took; what a text tells is the
same to both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bidders.policies.pooled.ease import Ease
from bidders.policies.pooled.embedding import Embedding
from bidders.policies.pooled.offers import Offers, after_offers, after_scored, may_find_topics, texts_of, with_topics
from bidders.policies.pooled.pool import Memory
from bidders.policies.pooled.regressions import after_results, results_on_topics
from bidders.policies.pooled.settings import LearningSettings
from bidders.policies.pooled.texts import Texts, after_lessons
from bidders.policies.pooled.unclaimed import results_of, results_of_lessons
from orchestrator import Lesson, Receipt


def texts_in(memory: Memory, embedding: Embedding) -> Texts:
    """What reads the texts of requests, by what a memory knows of them."""
    return replace(texts_of(memory["offers"], embedding), ease=Ease.of(memory["ease"]))


def after_open_requests(
    memory: Memory, receipts: Sequence[Receipt], settings: LearningSettings, *, is_pool: bool
) -> Memory:
    """The memory after some requests; their order makes no difference.

    Args:
        memory: what was known before.
        receipts: of all that share it.
        settings: how they learn.
        is_pool: whether they share it, and so see all that offers are made of.
    """
    if is_pool:
        offers = after_offers(memory["offers"], receipts, settings)
        return _with_offers(memory, offers, settings.embedding)
    results = results_of(receipts, texts_in(memory, settings.embedding))
    if not results:
        return memory
    return {**memory, "worth": after_results(memory["worth"], results, settings.forgetting.left_after(1))}


def after_open_tasks(memory: Memory, lessons: Sequence[Lesson], settings: LearningSettings, *, is_pool: bool) -> Memory:
    """The memory after tasks on which all worked and nobody claims anything.

    Args:
        memory: what was known before.
        lessons: the tasks.
        settings: how those learn that share it.
        is_pool: whether they share it.
    """
    if not lessons:
        return memory
    texts, can_find = (
        texts_in(memory, settings.embedding),
        may_find_topics(memory["offers"], len(lessons), settings.embedding),
    )
    taught = after_lessons(texts, memory["ease"], lessons, may_find_topics=can_find)
    if taught.topics is not texts.topics:
        offers = with_topics(memory["offers"], taught.topics, len(lessons))
        memory = _with_offers(memory, offers, settings.embedding)
    if is_pool:
        memory = {**memory, "offers": after_scored(memory["offers"], lessons, settings)}
    worth = after_results(memory["worth"], results_of_lessons(lessons, taught.texts), 1.0)
    return {**memory, "ease": taught.ease, "worth": worth}


def _with_offers(memory: Memory, offers: Offers, embedding: Embedding) -> Memory:
    """The memory with other offers, and with room for the topics that these tell apart in what is known of lots."""
    if memory["offers"].get("topics") == offers.get("topics"):
        return {**memory, "offers": offers}
    before, after = (len(texts_of(each, embedding).topics) for each in (memory["offers"], offers))
    return {**memory, "offers": offers, "worth": results_on_topics(memory["worth"], before, after)}
