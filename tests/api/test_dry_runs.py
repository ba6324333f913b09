"""A look ahead leaves nothing behind: what it builds, it closes."""

from __future__ import annotations

from typing import ClassVar

from orchestrator.api.dry_run import dry_run
from orchestrator.api.posting import Posting
from orchestrator.config import load_config
from orchestrator.judges import TopJudge
from orchestrator.store import MemoryStore


class Held(TopJudge):
    """A judge that costs nothing, and holds something."""

    closed: ClassVar[list[str]] = []

    def close(self) -> None:
        self.closed.append("closed")


def test_a_judge_that_costs_nothing_is_closed_too() -> None:
    config = load_config({"version": 1, "bidders": [], "judge": {"type": f"{__name__}:Held"}})
    assert dry_run(config, MemoryStore(), Posting("hello", 10)).judge.name == "top"
    assert Held.closed == ["closed"]
