"""A recipe that takes its time; a module of its own, since a process imports it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


class Awaiting:
    """A recipe that waits for a file, of a bidder whose policy hangs when it is told to."""

    name, version = "awaiting", 1

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> Any:
        while not self.path.exists():
            os.sched_yield()
        return self

    @property
    def policy(self) -> Awaiting:
        return self

    def learn(self, memory: str) -> str:
        while memory == "hang":
            pass
        return memory
