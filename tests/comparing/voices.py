"""Models for the rivals' tests: what each says is a function of the prompt, and what it charges is known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator import Completion, Money, Prompt, Usage
from orchestrator.comparing import Purse, RivalTask

TASK = RivalTask("Plan a tour", max_tokens=100, seed=1)


@dataclass
class Voice:
    """A model that says what a function makes of the prompt.

    Attributes:
        name: its name.
        says: what it answers; an exception is raised.
        cost_nanos: what a call costs; None where nobody knows.
        worst_nanos: what it says a call may cost; by default just that.
        heard: the prompts that it was given.
    """

    name: str = "voice"
    says: Callable[[Prompt], str | Exception] = lambda prompt: "a plan"
    cost_nanos: int | None = 10
    worst_nanos: int | None = -1
    provider: str = "nobody"
    heard: list[Prompt] = field(default_factory=list)

    def cost_max(self, prompt: Prompt) -> Money | None:
        worst = self.cost_nanos if self.worst_nanos == -1 else self.worst_nanos
        return None if worst is None else Money(worst)

    async def complete(self, prompt: Prompt, on_text: Callable[[str], None] | None = None) -> Completion:
        self.heard.append(prompt)
        await asyncio.sleep(0)
        said = self.says(prompt)
        if isinstance(said, Exception):
            raise said
        cost = None if self.cost_nanos is None else Money(self.cost_nanos)
        return Completion(said, Usage(5, 7), cost, model=self.name)


def purse(cap_nanos: int = 10**9) -> Purse:
    return Purse(Money(cap_nanos))


def told(prompt: Prompt) -> str:
    """All that a prompt says."""
    return "\n".join(message.text for message in prompt.messages)


def is_scoring(prompt: Prompt) -> bool:
    return prompt.schema is not None and "score" in prompt.schema["properties"]


def as_score(value: float) -> str:
    return json.dumps({"score": value})


def as_confidence(value: float) -> str:
    return json.dumps({"confidence": value})
