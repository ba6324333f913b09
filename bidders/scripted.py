"""A bidder that does what its script says: for tests and golden runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orchestrator
from bidders.capable import TRANSFORMER
from bidders.options import kind_in, money_in, words_in
from orchestrator import Announcement, Bid, Charged, Money, Pass, Replacement, Role, Segment, WonLot

HUGE_CHARACTERS = 2_000_000

Amount = str | int | None
Script = Mapping[Any, Amount] | Sequence[Amount]


class ScriptedBidder:
    """Bids, delivers, costs and misbehaves by script; the same every time.

    Args:
        name: unique in its market.
        roles: what it does with a lot.
        bids: USD by stage (`{1: "4.00"}`), by lot (`{"0.1": "2"}`, which goes before the stage), or a list with the
            first stage first. A stage or lot that is missing or null is passed.
        says: what it appends or presents, by stage; the last text serves all later stages. By default a text that
            names the bidder and the lot.
        kind: kind of the segments that it writes.
        reserve: what it announces as the least that its own lots are sold for, in USD.
        principal: who stands behind it; by default itself.
        cost: what its transform costs, in USD, through the meter.
        bid_cost: what its bid costs, in USD, through the meter.
        fails_at: stages at which its transform raises.
        presents_at: stages at which a bidder of both roles presents.
        misbehaviour: what goes wrong when it is asked to `bid`, to `transform` or for a `reserve`, for example
            `{"bid": "raise"}`. Everywhere: `raise`, `hang`, `exit`, `none`, `text`, `provider` (its provider fails).
            As a bid also `nan`, `huge`, `float`, `negative`; as a transform also `empty`, `unchanged`, `huge`.

    Raises:
        InvalidConfig: the script names a misbehaviour that there is not, or a kind that no segment can be of.
        InvalidMoney: an amount is not an amount of money.
    """

    def __init__(
        self,
        name: str,
        roles: Sequence[Role] = (TRANSFORMER,),
        bids: Script = (),
        says: Sequence[str] = (),
        kind: str = "text",
        reserve: Amount = None,
        principal: str | None = None,
        cost: str | int = "0",
        bid_cost: str | int = "0",
        fails_at: Sequence[int] = (),
        presents_at: Sequence[int] = (),
        misbehaviour: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.roles = tuple(roles)
        self.principal = principal or name
        self.provider = name
        listed = bids.items() if isinstance(bids, Mapping) else enumerate(bids, start=1)
        self._bids = {
            str(place): money_in(f"bids at {place}", amount) for place, amount in listed if amount is not None
        }
        self._says = words_in("says", says)
        self._kind = kind_in("kind", kind)
        self._reserve = None if reserve is None else money_in("reserve", reserve)
        self._cost = money_in("cost", cost)
        self._bid_cost = money_in("bid_cost", bid_cost)
        self._fails_at = frozenset(fails_at)
        self._presents_at = frozenset(presents_at)
        self._misbehaviour = dict(misbehaviour or {})
        _check(self._misbehaviour)

    def bid_cost_max(self, announcement: Announcement) -> Money:
        """What the script says a bid costs."""
        return self._bid_cost

    def transform_cost_max(self, announcement: Announcement) -> Money:
        """What the script says a transform costs."""
        return self._cost

    async def bid(self, announcement: Announcement) -> Money | Bid | Pass:
        """Bid what the script says for the lot or its stage."""
        if self._bid_cost.nanos:
            await announcement.meter.call(lambda: _charged(self._bid_cost), purpose="bid")
        if "bid" in self._misbehaviour:
            return await _misbehave(self._misbehaviour["bid"], _WRONG_BIDS)  # type: ignore[no-any-return]
        amount = self._bids.get(announcement.lot, self._bids.get(str(announcement.stage)))
        if amount is None:
            return Pass("not in the script")
        role = self._role(announcement)
        return Bid(amount, role) if role in announcement.roles else Pass("may not bid at this stage")

    async def transform(self, lot: WonLot) -> Sequence[Segment] | Replacement:
        """Deliver what the script says for the stage."""
        wrong = self._misbehaviour.get("transform")
        # Of a provider that was not asked, nobody would believe that it failed.
        if self._cost.nanos or wrong == "provider":
            await lot.meter.call(lambda: _charged(self._cost), purpose="transform")
        if lot.stage in self._fails_at:
            raise RuntimeError(f"{self.name} fails at stage {lot.stage}, as scripted")
        if wrong == "unchanged":
            return Replacement(lot.state.segments)
        if wrong is not None:
            return await _misbehave(wrong, _WRONG_DELIVERIES)  # type: ignore[no-any-return]
        return [Segment(self._said(lot), kind=self._kind)]

    async def reserve(self, lot: WonLot) -> Money | None:
        """Announce what the script says."""
        if "reserve" in self._misbehaviour:
            return await _misbehave(self._misbehaviour["reserve"], _WRONG_BIDS)  # type: ignore[no-any-return]
        return self._reserve

    def _role(self, announcement: Announcement) -> Role:
        if len(self.roles) == 1:
            return self.roles[0]
        last = TRANSFORMER not in announcement.roles
        return "presenter" if last or announcement.stage in self._presents_at else TRANSFORMER

    def _said(self, lot: WonLot) -> str:
        if not self._says:
            return f"{self.name} at {lot.lot}"
        return self._says[min(lot.stage, len(self._says)) - 1]


_WRONG_EVERYWHERE: dict[str, Any] = {"none": None, "text": "10 USD, please"}
_WRONG_BIDS = {
    **_WRONG_EVERYWHERE,
    "nan": float("nan"),
    "float": 1.5,
    "negative": -1,
    "huge": Money.usd(10**9),
}
_WRONG_DELIVERIES = {**_WRONG_EVERYWHERE, "empty": [], "huge": [Segment("x" * HUGE_CHARACTERS)]}
_ACTIONS = ("raise", "hang", "exit", "provider")


async def _misbehave(how: str, answers: Mapping[str, Any]) -> Any:
    if how == "raise":
        raise RuntimeError("misbehaves, as scripted")
    if how == "hang":
        await asyncio.Event().wait()
    if how == "exit":
        sys.exit("misbehaves, as scripted")
    if how == "provider":
        raise orchestrator.errors.ProviderError("its provider fails, as scripted")
    return answers[how]


def _check(misbehaviour: Mapping[str, str]) -> None:
    known = {
        "bid": {*_ACTIONS, *_WRONG_BIDS},
        "transform": {*_ACTIONS, *_WRONG_DELIVERIES, "unchanged"},
        "reserve": {*_ACTIONS, *_WRONG_BIDS},
    }
    for moment, how in misbehaviour.items():
        if how not in known.get(moment, set()):
            raise orchestrator.errors.InvalidConfig(f"there is no misbehaviour {moment}: {how}")


async def _charged(cost: Money) -> Charged:
    return Charged("as scripted", cost)
