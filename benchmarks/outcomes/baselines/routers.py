"""Routers with full information: they learn from every model's answer to the training queries.

No embedding model can be downloaded here, so a text is its word and character n-grams, hashed and
weighted by rarity (TF-IDF); that is weaker than an embedding and stronger than the length alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.outcomes.baselines.choosing import best_model
from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import Floats, Integers
from benchmarks.outcomes.played import Played, single_choices
from orchestrator.core.keys import derive_seed

NEIGHBOURS = (10, 20, 50, 100, 200)
PENALTIES = (3.0, 0.3, 30.0, 0.03)
"""Inverse strengths of the penalty; of those that do equally well the first is taken."""
_HASHES = 2**12
_HELD_OUT_SHARE = 0.25


def text_features(prompts: Sequence[str], fit_on: Integers) -> Any:
    """A sparse row a prompt, of unit length; rarity is that among the rows of `fit_on`."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.preprocessing import normalize

    words = HashingVectorizer(ngram_range=(1, 2), n_features=_HASHES, alternate_sign=False)
    pieces = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4), n_features=_HASHES, alternate_sign=False)
    counts = hstack([words.transform(prompts), pieces.transform(prompts)]).tocsr()
    weighted = TfidfTransformer(sublinear_tf=True).fit(counts[fit_on]).transform(counts)
    return normalize(weighted)


def knn_router(contest: Contest) -> Played:
    """Ask the model that did best on the most similar training queries; how many is tuned on the training rows."""
    features = text_features(contest.user.data.prompts, contest.train)
    known = contest.train_utilities()
    among = np.asarray((features[contest.train] @ features[contest.train].T).todense())
    np.fill_diagonal(among, -1.0)
    sizes = [size for size in NEIGHBOURS if size < len(contest.train)] or [1]
    rows = np.arange(len(contest.train))

    def brought(size: int) -> float:
        return float(known[rows, _mean_of_nearest(among, known, size).argmax(axis=1)].sum())

    size = max(sizes, key=brought)
    similar = np.asarray((features[contest.test] @ features[contest.train].T).todense())
    chosen = _mean_of_nearest(similar, known, size).argmax(axis=1)
    return single_choices(contest.user, contest.test, chosen)


def _mean_of_nearest(similar: Floats, known: Floats, size: int) -> Floats:
    nearest = np.argpartition(-similar, size - 1, axis=1)[:, :size]
    means: Floats = known[nearest].mean(axis=1)
    return means


def logistic_router(contest: Contest) -> Played:
    """Ask the model of the highest predicted utility: one logistic regression a model, one penalty for all.

    The penalty is tuned on a quarter of the training rows, where "the best single model always" is
    one of the choices; a lone training row leaves no other.
    """
    always_best = np.full(len(contest.test), best_model(contest))
    if len(contest.train) < 2:
        return single_choices(contest.user, contest.test, always_best)
    features = text_features(contest.user.data.prompts, contest.train)
    order = np.random.default_rng(derive_seed(contest.seed, "logistic")).permutation(contest.train)
    cut = max(1, int(len(order) * _HELD_OUT_SHARE))
    held, learned = order[:cut], order[cut:]
    utilities = contest.utilities(held)

    def brought(penalty: float) -> float:
        chosen = _predicted_utilities(contest, features, learned, held, penalty).argmax(axis=1)
        return float(utilities[np.arange(len(held)), chosen].sum())

    best = max(PENALTIES, key=brought)
    if brought(best) < utilities[:, best_model(contest)].sum():
        return single_choices(contest.user, contest.test, always_best)
    chosen = _predicted_utilities(contest, features, contest.train, contest.test, best).argmax(axis=1)
    return single_choices(contest.user, contest.test, chosen)


def _predicted_utilities(contest: Contest, features: Any, learned: Integers, asked: Integers, penalty: float) -> Floats:
    costs = contest.user.data.costs_usd[learned].mean(axis=0)
    predicted = [
        chances(features, contest.user.accepts()[learned, model], learned, asked, penalty) * contest.value_usd - cost
        for model, cost in enumerate(costs)
    ]
    return np.stack(predicted, axis=1)


def chances(features: Any, labels: Any, learned: Integers, asked: Integers, penalty: float) -> Floats:
    """The chance of a label to be true, by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    if labels.all() or not labels.any():
        return np.full(len(asked), float(labels[0]))
    model = LogisticRegression(C=penalty, solver="liblinear").fit(features[learned], labels)
    predicted: Floats = model.predict_proba(features[asked])[:, 1]
    return predicted
