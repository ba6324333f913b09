"""The report on progress: objective, attribution, adjustment, prices and thinness together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.money import format_usd
from orchestrator.progress.adjustment import Adjustment, adjustments
from orchestrator.progress.attribution import (
    Presence,
    Recorded,
    Share,
    bidder_shares,
    presences,
    skill_shares,
)
from orchestrator.progress.liquidity import (
    ExpertDiscount,
    SkillPrice,
    Thinness,
    expert_discounts,
    skill_prices,
    thinness,
)
from orchestrator.progress.objective import Objective, objective
from orchestrator.progress.rivalry import LotBids, Rivalry, rivalry
from orchestrator.progress.traces import RequestTrace


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """Whether a market is getting better.

    Attributes:
        first: the first request that it covers; empty where there is none.
        last: the last one.
        objective: bounties released less real cost.
        bidders: what each bidder earned.
        skills: what each skill earned.
        presences: what each bidder's presence was worth, by replays of the last `replayed` requests.
        replayed: how many requests were replayed.
        adjustments: how each bidder has changed.
        prices: what lots have cost, by skill.
        thinness: how far best bids stand above second ones.
        rivalry: how principals bid against each other, of late.
        discounts: what transformers' copies sold for against what they led to.
        practice_nanos: what practice has cost beside all that, over all time.
    """

    first: str
    last: str
    objective: Objective
    bidders: tuple[Share, ...]
    skills: tuple[Share, ...]
    presences: tuple[Presence, ...]
    replayed: int
    adjustments: tuple[Adjustment, ...]
    prices: tuple[SkillPrice, ...]
    thinness: Thinness
    rivalry: Rivalry
    discounts: tuple[ExpertDiscount, ...]
    practice_nanos: int

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able data: amounts as decimal strings in USD, shares and means as numbers."""
        return {
            "requests": {"first": self.first, "last": self.last, "count": self.objective.requests},
            "objective": self.objective.to_dict(),
            "attribution": {
                "bidders": [each.to_dict() for each in self.bidders],
                "skills": [each.to_dict() for each in self.skills],
                "presences": [each.to_dict() for each in self.presences],
                "replayed": self.replayed,
            },
            "adjustment": [each.to_dict() for each in self.adjustments],
            "prices": [each.to_dict() for each in self.prices],
            "thinness": self.thinness.to_dict(),
            "rivalry": self.rivalry.to_dict(),
            "discounts": [each.to_dict() for each in self.discounts],
            "practice_cost": format_usd(self.practice_nanos),
        }


def make_report(
    traces: Sequence[RequestTrace],
    recorded: Sequence[Recorded],
    present_nanos: Mapping[str, int],
    rents_nanos: Mapping[str, int],
    practice_nanos: int = 0,
    bidder: str | None = None,
    bids: Sequence[LotBids] = (),
) -> ProgressReport:
    """Put a report together.

    Args:
        traces: requests that have ended, in order of posting.
        recorded: those of them to replay without each bidder.
        present_nanos: what wallets can spend now, by bidder.
        rents_nanos: what each bidder paid in rent when these requests ended.
        practice_nanos: what practice has cost.
        bidder: the one bidder that it is about; None for all.
        bids: on the lots of the latest requests, by principal.
    """
    shares = tuple(share for share in bidder_shares(traces, rents_nanos) if bidder in (None, share.name))
    names = [share.name for share in shares]
    return ProgressReport(
        first=traces[0].request_id if traces else "",
        last=traces[-1].request_id if traces else "",
        objective=objective(traces),
        bidders=shares,
        skills=skill_shares(traces, bidder),
        presences=presences(recorded, names),
        replayed=len(recorded),
        adjustments=adjustments(traces, names, present_nanos),
        prices=skill_prices(traces, bidder),
        thinness=thinness(traces),
        rivalry=rivalry(bids),
        discounts=tuple(each for each in expert_discounts(traces) if bidder in (None, each.bidder)),
        practice_nanos=practice_nanos,
    )
