"""The provider's own count: what it read and wrote, and what it charges. It shares no code with ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Nano-dollars a token: tenths of them make the rounding matter.
INPUT_TENTHS = 1503
OUTPUT_TENTHS = 6007
CACHED_TENTHS = 375
PRICES = {"input_per_million": "0.1503", "output_per_million": "0.6007", "cached_input_per_million": "0.0375"}


@dataclass(frozen=True)
class Bill:
    """One call as the provider charges it."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def nanos(self) -> int:
        plain = self.input_tokens - self.cached_tokens
        tenths = plain * INPUT_TENTHS + self.cached_tokens * CACHED_TENTHS + self.output_tokens * OUTPUT_TENTHS
        return -(-tenths // 10)


@dataclass
class Books:
    """All calls that the provider charged."""

    bills: list[Bill] = field(default_factory=list)

    @property
    def nanos(self) -> int:
        return sum(bill.nanos for bill in self.bills)


def tokens_of(text: str) -> list[str]:
    """The provider's tokens: four bytes each, so that they are fewer than bytes and join up again."""
    data = text.encode()
    return [data[at : at + 4].decode("latin-1") for at in range(0, len(data), 4)]


def text_of(tokens: list[str]) -> str:
    return "".join(tokens).encode("latin-1").decode(errors="ignore")


def tokens_read(body: Mapping[str, Any]) -> int:
    """Tokens of all that a request says: its messages, system text, tools and schemas."""
    said = [body.get("system", ""), *(message.get("content", "") for message in body.get("messages", ()))]
    asked = [body[key] for key in ("tools", "response_format", "output_config", "output_format") if key in body]
    return 7 + sum(len(tokens_of(str(each))) + 3 for each in said) + sum(len(tokens_of(json.dumps(a))) for a in asked)
