"""Made-up outcomes of the same schema, for tests: no model ever gave these answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

TASKS = ("sums", "puzzles")
WRONG_ANSWERS = 4
TOKEN_USD = 1e-6


def made_up_rows(
    queries: int = 40,
    models: int = 4,
    seed: int = 0,
    silent_share: float = 0.05,
    *,
    graded: bool = False,
) -> list[dict[str, Any]]:
    """One row for each query and model: dearer models are right more often, hard queries less.

    Args:
        queries: how many.
        models: how many, at least 2.
        seed: root of every draw.
        silent_share: share of answers that the record lacks.
        graded: whether scores may lie between 0 and 1.
    """
    draws = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for query in range(queries):
        ease = draws.normal(0.5, 1.0)
        for model in range(models):
            skill = 2.0 * model / (models - 1) - 0.6
            is_right = bool(draws.random() < 1 / (1 + np.exp(-ease - skill)))
            tokens = int(draws.integers(50, 400))
            wrong = f"{query}.{draws.integers(1, WRONG_ANSWERS + 1)}"
            rows.append(
                {
                    "dataset": "made-up",
                    "task": TASKS[query % len(TASKS)],
                    "query_id": f"q{query}",
                    "fold": query % 10,
                    "prompt": f"What is {query} times one, {TASKS[query % len(TASKS)]}?",
                    "model": f"model-{chr(97 + model)}",
                    "score": float(is_right) * (float(draws.choice([0.5, 1.0])) if graded else 1.0),
                    "cost_usd": tokens * TOKEN_USD * 3.0**model,
                    "input_tokens": 20,
                    "output_tokens": tokens,
                    "answer": None if draws.random() < silent_share else str(query) if is_right else wrong,
                }
            )
    return rows


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as a file of recorded outcomes."""
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path
