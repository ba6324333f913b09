"""Announcements, won lots and receipts for the tests of a plugin's author."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from orchestrator.bidding import Acceptance, Announcement, Charged, PublicPrice, WonLot
from orchestrator.core.lot import Sale
from orchestrator.core.receipts import Receipt
from orchestrator.core.rules import PRESENTER, TRANSFORMER
from orchestrator.core.state import REQUESTER, Segment, State
from orchestrator.errors import InvalidAnswer
from orchestrator.money import Money

REQUEST: Final = "Plan a weekend in the mountains for two people who like to walk."
STAGES_MAX: Final = 8


class FreeMeter:
    """A meter that makes every call, keeps count, and charges nobody.

    Args:
        cost_max: what the calls may cost together before the meter refuses, as the market's would;
            None for no limit.

    Attributes:
        charges: what came back, in order.
    """

    def __init__(self, cost_max: Money | None = None) -> None:
        self.charges: list[Charged] = []
        self._cost_max = cost_max

    async def call(self, perform: Callable[[], Awaitable[Charged]], *, purpose: str = "call") -> Any:
        """Make a call; see `orchestrator.bidding.Meter`.

        Raises:
            InvalidAnswer: the worst case is not declared or used up, or the answer is not `Charged`.
        """
        spent_nanos = sum(charged.cost.nanos for charged in self.charges if charged.cost)
        if self._cost_max is not None and spent_nanos >= self._cost_max.nanos:
            raise InvalidAnswer(
                f"calls beyond the declared worst case of {self._cost_max} USD; "
                "declare more in bid_cost_max() or transform_cost_max()"
            )
        charged = await perform()
        if not isinstance(charged, Charged):
            raise InvalidAnswer(f"a metered call returned {type(charged).__name__}; it returns Charged(body, cost)")
        self.charges.append(charged)
        return charged.body


def make_announcement(**overrides: Any) -> Announcement:
    """An announcement of a request that nobody has worked on yet, with a bounty of 10 USD.

    Args:
        overrides: fields of `Announcement` to set otherwise; `state` may be given as text.

    Returns:
        The announcement.
    """
    request = overrides.get("request", REQUEST)
    given = {**overrides, "state": _state(overrides.get("state", request))}
    plain = Announcement(
        request_id="r1",
        request=request,
        bounty=Money.usd(10),
        lot="0",
        stage=1,
        stages_max=STAGES_MAX,
        state=State(()),
        owner=REQUESTER,
        chain=(),
        reserve=Money(0),
        roles=(TRANSFORMER, PRESENTER),
        copies=1,
        lots=1,
        deadline_seconds=20.0,
        balance=Money.usd(50),
        prices=(PublicPrice(2, Money.usd("1.50")), PublicPrice(1, Money.usd("0.75"))),
        acceptance=Acceptance(released=3, rejected=1),
        seed=7,
        memory=None,
        meter=FreeMeter(),
    )
    return replace(plain, **given)


def make_won_lot(announcement: Announcement | None = None, **overrides: Any) -> WonLot:
    """The lot of an announcement as its winner gets it, bought for 1 USD at a bid of 2 USD.

    Args:
        announcement: what was announced; None for that of `make_announcement`.
        overrides: fields of `WonLot` to set otherwise; `state` may be given as text.

    Returns:
        The lot.
    """
    shown = announcement or make_announcement()
    given = {**overrides, "state": _state(overrides.get("state", shown.state))}
    plain = WonLot(
        request_id=shown.request_id,
        request=shown.request,
        bounty=shown.bounty,
        lot=shown.lot,
        stage=shown.stage,
        stages_max=shown.stages_max,
        state=shown.state,
        role=shown.roles[0],
        bid=Money.usd(2),
        price=Money.usd(1),
        deadline_seconds=120.0,
        seed=shown.seed,
        memory=shown.memory,
        meter=FreeMeter(),
    )
    return replace(plain, **given)


def make_receipt(**overrides: Any) -> Receipt:
    """The receipt of a transformer whose work was bought for 1 USD, sold for 3 USD and picked.

    Args:
        overrides: fields of `Receipt` to set otherwise.

    Returns:
        The receipt.
    """
    plain = Receipt(
        request_id="r1",
        bidder="walker",
        lot="0",
        stage=1,
        bounty_nanos=10**10,
        answer="bid",
        role=TRANSFORMER,
        bid_nanos=2 * 10**9,
        won=True,
        price_nanos=10**9,
        revenue_nanos=3 * 10**9,
        cost_nanos=10**7,
        cost_known=True,
        forfeit_nanos=0,
        outcome="released",
        in_picked_chain=True,
        censored=False,
    )
    return plain._replace(**overrides)


def make_sale(stage: int, buyer: str) -> Sale:
    """A sale for 1 USD on the way to a state, from the requester at the first stage, else from an earlier buyer."""
    price_nanos = Money.usd(1).nanos
    seller = REQUESTER if stage == 1 else f"bidder{stage - 1}"
    return Sale("0" + ".0" * (stage - 1), stage, seller, buyer, TRANSFORMER, price_nanos, price_nanos)


def _state(given: State | str) -> State:
    if isinstance(given, State):
        return given
    return State((Segment(given, kind="request", author=REQUESTER),))
