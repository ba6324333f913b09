"""What the bidders here share: a capability appraises a lot, a policy turns the appraisal into a bid."""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orchestrator
from bidders.policies.fraction import FractionPolicy
from orchestrator import Announcement, Bid, Money, Observation, Pass, Policy, Replacement, Role, Sale, Segment, WonLot

TRANSFORMER: Role = "transformer"
PRESENTER: Role = "presenter"


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What a capability thinks of a lot before any money is talked about.

    Attributes:
        estimate: what the transformed state will sell for, as a share of the bounty, 0 to 1; 0 is a pass.
        reason: why, for the record; a pass is explained with it.
        features: more numbers for the policy.
        cost_usd: what the work is expected to cost, in dollars; None where only its worst case is known.
    """

    estimate: float
    reason: str
    features: Mapping[str, float] = field(default_factory=dict)
    cost_usd: float | None = None


class CapableBidder(ABC):
    """A bidder that appraises lots; what it bids is for its policy to say.

    Args:
        name: unique in its market.
        role: what it does with a lot.
        policy: turns an appraisal into a value; by default the estimate's share of the bounty.
    """

    def __init__(self, name: str, role: Role, policy: Policy | None = None) -> None:
        self.name = name
        self.role = role
        self.roles = (role,)
        self.policy: Policy = policy if policy is not None else FractionPolicy()

    @abstractmethod
    def appraise(self, announcement: Announcement) -> Appraisal:
        """Say what this capability could make of a lot; must not reveal what it would deliver."""

    @abstractmethod
    async def transform(self, lot: WonLot) -> Sequence[Segment] | Replacement:
        """Do the work on a lot that was won."""

    def transform_cost_max(self, announcement: Announcement) -> Money:
        """Worst case of the calls made to transform; nothing unless a bidder says otherwise."""
        return Money(0)

    def bidding_cost_max(self, announcement: Announcement) -> Money:
        """What bidding sets aside until the stage has closed, on this lot and on those sold beside it.

        An announcement's balance still shows it, but it backs no bid.
        """
        return Money(0)

    async def bid(self, announcement: Announcement) -> Money | Bid | Pass:
        """Bid what the policy makes of the appraisal, never more than the wallet covers beyond the worst costs."""
        if self.role not in announcement.roles:
            return Pass("may not bid at this stage")
        appraisal = await self.consider(announcement)
        if appraisal.estimate <= 0:
            return Pass(appraisal.reason)
        cost_max = self.transform_cost_max(announcement)
        needed = cost_max + self.bidding_cost_max(announcement)
        if needed > announcement.balance:
            return Pass(f"bidding and the work may cost {needed} USD, more than the wallet holds")
        worth = self._worth(announcement, appraisal, cost_max)
        amount = min(worth, announcement.balance - needed)
        if amount < announcement.reserve:
            return Pass(f"worth {worth} USD, below the reserve: {appraisal.reason}")
        return Bid(amount, observed={"estimate": min(1.0, appraisal.estimate), **appraisal.features})

    async def practises(self, announcement: Announcement) -> bool:
        """Whether it works on a task in practice: not where it would pass, whatever the work might bring."""
        await self.prepare()
        return self.appraise(announcement).estimate > 0

    async def consider(self, announcement: Announcement) -> Appraisal:
        """Appraise a lot, after whatever that takes; a capability that asks a model does so here."""
        await self.prepare()
        return self.appraise(announcement)

    async def prepare(self) -> None:  # noqa: B027 (most capabilities need no preparation)
        """Get ready for a first appraisal, off the event loop where that takes long."""

    def _worth(self, announcement: Announcement, appraisal: Appraisal, cost_max: Money) -> Money:
        valuation = self.policy.value(announcement.memory, [self._observation(announcement, appraisal, cost_max)])
        noise = random.Random(announcement.seed).gauss(0.0, 1.0)
        # A policy may well return arrays, whose figures are no `float`.
        drawn_usd = float(valuation.means[0]) + float(valuation.deviations[0]) * noise
        if not math.isfinite(drawn_usd):
            raise orchestrator.errors.InvalidAnswer(f"policy {self.policy.name} valued the lot at {drawn_usd} USD")
        # No state sells for more than the bounty, and a wild draw may be more than money can be.
        bounty = announcement.bounty
        return bounty if drawn_usd >= bounty.to_float() else Money.usd(round(max(0.0, drawn_usd), 9))

    def _observation(self, announcement: Announcement, appraisal: Appraisal, cost_max: Money) -> Observation:
        sale = last_sale(announcement)
        return Observation(
            bidder=self.name,
            role=self.role,
            stage=announcement.stage,
            stages_max=announcement.stages_max,
            bounty_usd=announcement.bounty.to_float(),
            estimate=min(1.0, appraisal.estimate),
            cost_max_usd=cost_max.to_float(),
            last_price_usd=Money(sale.price_nanos).to_float() if sale else 0.0,
            features=appraisal.features,
            seed=announcement.seed,
            request=announcement.request,
            contributions=announcement.state.contributions(),
            copies=announcement.copies,
            cost_usd=appraisal.cost_usd,
            workers=tuple([sale.buyer for sale in announcement.chain]),
        )


def last_sale(announcement: Announcement) -> Sale | None:
    """The last time that the state was paid for; None for a request that nobody has bought yet."""
    return next((sale for sale in reversed(announcement.chain) if not sale.kept), None)


def resale_share(announcement: Announcement, gain: float) -> float:
    """What a state will sell for after a gain, as a share of the bounty.

    The price that was paid for a state, measured by what its lot could bring, is the market's own
    estimate of how finished it is. A gain closes a part of what is open: the same work is worth
    less to a state that is nearly done.

    Args:
        announcement: the lot.
        gain: share of the gap that the work closes, 0 to 1.
    """
    sale = last_sale(announcement)
    finished = 0.0
    if sale is not None and announcement.bounty.nanos:
        finished = min(1.0, sale.price_nanos / (announcement.bounty.nanos * prospect(sale.lot)))
    return prospect(announcement.lot) * (finished + (1.0 - finished) * gain)


def prospect(lot: str) -> float:
    """The most that a lot's chain can bring, as a share of the bounty.

    One offer is picked, however many copies were sold: whoever values every copy as if it were the
    only one pays for several bounties and earns one. The first copy of a lot went to its highest
    bidder; the others are picked much less often the further down they stand.

    Args:
        lot: path of the lot; each number after the first says which copy was bought.
    """
    share = 1.0
    for copy in lot.split(".")[1:]:
        share /= (1 + int(copy)) ** 2
    return share
