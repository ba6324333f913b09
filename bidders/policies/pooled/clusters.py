"""Clusters: groups of rows that stand close together (k-means)."""

from __future__ import annotations

import numpy as np

from bidders.policies.pooled.world import Floats, Integers

_TURNS = 20


def centres_of(rows: Floats, count: int) -> Floats:
    """The means of so many groups of like rows, found from rows that are far apart."""
    furthest = [int(squared_distances(rows, rows.mean(axis=0)[None])[:, 0].argmax())]
    near = np.full(len(rows), np.inf)
    while len(furthest) < count:
        near = np.minimum(near, squared_distances(rows, rows[furthest[-1:]])[:, 0])
        furthest.append(int(near.argmax()))
    centres = rows[furthest]
    for _ in range(_TURNS):
        of_centre = (nearest(rows, centres) == np.arange(count)[:, None]).astype(float)
        sizes = of_centre.sum(axis=1, keepdims=True)
        centres = np.where(sizes > 0.0, of_centre @ rows / np.maximum(sizes, 1.0), centres)
    return centres


def nearest(rows: Floats, centres: Floats) -> Integers:
    """The place of the centre that is nearest to each row."""
    return np.asarray(squared_distances(rows, centres).argmin(axis=1), dtype=np.int64)


def squared_distances(rows: Floats, centres: Floats) -> Floats:
    """The square of each row's distance to each centre."""
    squares = (rows**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2.0 * rows @ centres.T
    return np.asarray(np.maximum(squares, 0.0))
