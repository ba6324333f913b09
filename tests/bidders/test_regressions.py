"""Regressions: what is known of lots beside their texts stays known where an embedding changes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bidders.policies.pooled.ease import STEPS
from bidders.policies.pooled.regressions import (
    LotFeatures,
    LotResult,
    Regressions,
    after_results,
    results_on_topics,
    role_key,
)

KEY = role_key("transformer", "one")


def lot(text: list[float]) -> Any:
    return LotFeatures(1, 0.0, None, 0, np.array(text)).regressors()


def learned(texts: list[list[float]], shares: list[float]) -> Regressions:
    results = [LotResult(KEY, lot(text), share) for text, share in zip(texts, shares, strict=True)]
    return Regressions(json.loads(json.dumps(after_results({}, results, 1.0))), 0.5)


@pytest.fixture(scope="module")
def regressions() -> Regressions:
    return learned([[1.0, 0.0], [0.0, 1.0]] * 200, [0.1, 0.3] * 200)


def share(regressions: Regressions, text: list[float]) -> float:
    regressors = lot(text)
    return regressions.regression("transformer", "one", len(regressors)).share(regressors)[0]


def test_a_text_says_what_a_lot_is_worth(regressions: Regressions) -> None:
    assert share(regressions, [1.0, 0.0]) == pytest.approx(0.1, abs=0.02)
    assert share(regressions, [0.0, 1.0]) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("text", [[1.0], [1.0, 0.0, 0.0], []])
def test_with_another_embedding_a_lot_is_worth_what_lots_were_on_average(
    regressions: Regressions, text: list[float]
) -> None:
    assert share(regressions, text) == pytest.approx(0.2, abs=0.02)


def test_what_is_learned_with_another_embedding_is_added_to_what_was_known_beside_texts(
    regressions: Regressions,
) -> None:
    stored = after_results(regressions.stored, [LotResult(KEY, lot([1.0, 0.0, 0.0]), 0.2)] * 200, 1.0)
    later = Regressions(stored, 0.5)
    assert share(later, [0.0, 0.0, 1.0]) == pytest.approx(0.2, abs=0.02)
    assert stored[KEY]["weight"] == pytest.approx(600.0)


@pytest.mark.parametrize(("before", "after"), [(0, 2), (1, 0), (2, 2), (1, 3)])
def test_where_texts_come_to_be_of_other_topics_all_else_stays_known(before: int, after: int) -> None:
    """Of three numbers, then topics, then steps of ease, the first tells most."""

    def numbers(text: float, topics: list[float]) -> list[float]:
        return [text, 0.3, 0.1, *topics, *[0.2] * STEPS]

    draws = np.random.default_rng(0)
    told = draws.random(300)
    known = learned([numbers(each, draws.random(before).tolist()) for each in told], (0.2 + 0.5 * told).tolist())
    moved = Regressions(results_on_topics(known.stored, before, after), 0.5)
    for each in (0.1, 0.8):
        plain = share(known, numbers(each, [0.0] * before))
        assert share(moved, numbers(each, [0.0] * after)) == pytest.approx(plain, abs=0.01)
        of_topics = share(moved, numbers(each, [1.0] * after))
        assert of_topics == pytest.approx(share(moved, numbers(each, [0.0] * after))), "of these nothing is known"
    assert moved.stored[KEY]["weight"] == 300.0
