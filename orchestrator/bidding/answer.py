"""What bidders return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.core.rules import Role
from orchestrator.core.state import Segment
from orchestrator.money import Money


@dataclass(frozen=True, slots=True)
class Bid:
    """A bid that says more than its amount; a bare `Money` is a bid too.

    Attributes:
        amount: the most that the bidder would pay.
        role: what it would do; needed only from a bidder that has both roles. Where it is left
            out, such a bidder transforms, and presents at the last stage.
        observed: figures that the bid rests on, by name, for its policy to learn from: they come
            back in the receipt. They are part of the record, so they hold nothing private.
    """

    amount: Money
    role: Role | None = None
    observed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pass:
    """No bid.

    Attributes:
        reason: for the record and the terminal, for example `nothing new to add`.
    """

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A delivery that replaces the state's segments instead of adding to them."""

    segments: Sequence[Segment]
