"""What a decision of the core leads to: events, the transfers they cause, and the new present."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.core.events import Event
from orchestrator.core.light import light
from orchestrator.core.progress import Progress, advance
from orchestrator.ledger import Transfer


@light
@dataclass(frozen=True, slots=True)
class Step:
    """One move of a request; its events and transfers commit together or not at all.

    Attributes:
        events: in order.
        transfers: linked; in order.
        progress: the present after the events.
    """

    events: tuple[Event, ...]
    transfers: tuple[Transfer, ...]
    progress: Progress

    def then(self, events: Iterable[Event], transfers: Iterable[Transfer]) -> Step:
        """This step, followed by more in the same commit."""
        added = tuple(events)
        return Step((*self.events, *added), (*self.transfers, *transfers), advance(self.progress, added))
