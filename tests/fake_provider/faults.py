"""How the provider can misbehave, one call at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["status", "drip", "cut", "invalid utf-8", "usage", "no usage", "huge", "empty", "garbage", "tool"]


@dataclass(frozen=True)
class Fault:
    """One misbehaviour.

    Attributes:
        kind: `status` answers with an error; `drip` sends a little and then nothing; `cut` closes the
            connection half-way; `usage` reports wrong numbers; `huge` answers more than 1 MB; `garbage` answers
            with what is no reply at all; `tool` calls a tool that nobody offered.
        status: for `status`.
        message: for `status`.
        code: the provider's error type, for `status`.
        headers: for `status`.
        usage: what is reported instead, for `usage`.
    """

    kind: Kind
    status: int = 500
    message: str = "something went wrong"
    code: str = "server_error"
    headers: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=dict)
