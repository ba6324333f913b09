"""An announcement out of nothing, for bidders that are asked without a market."""

from __future__ import annotations

from typing import Any

from orchestrator import Acceptance, Announcement, Money, State


def announcement(state: State, meter: Any) -> Announcement:
    return Announcement(
        request_id="r1",
        request="hello",
        bounty=Money.usd(10),
        lot="0",
        stage=1,
        stages_max=8,
        state=state,
        owner="requester",
        chain=(),
        reserve=Money(0),
        roles=("transformer",),
        copies=1,
        lots=1,
        deadline_seconds=1.0,
        balance=Money.usd(50),
        prices=(),
        acceptance=Acceptance(),
        seed=1,
        memory=None,
        meter=meter,
    )
