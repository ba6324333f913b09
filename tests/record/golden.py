"""Golden playthroughs: whole runs as readable text, compared byte for byte.

`python -m tests.record.golden` writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from orchestrator.record import playthrough
from tests.record.scenarios import SCENARIOS

FOLDER = Path(__file__).parent / "golden"
GOLDEN = (
    "simple-chain",
    "copies-and-merge",
    "copies-that-fail",
    "fallback-with-forfeit",
    "keep-under-reserve",
    "first-price",
    "rejected-with-deposit",
    "cancelled-while-bidding",
    "poor-bidders",
    "overcommitted",
)


def write() -> None:
    """Write every golden file."""
    FOLDER.mkdir(exist_ok=True)
    for name in GOLDEN:
        text = playthrough(SCENARIOS[name].play().record())
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8", newline="")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["VICKREY_HOME"] = home
        write()
