"""What a request could cost, and whom it would be put before, worked out before any call is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from orchestrator.api.blocking import run_blocking
from orchestrator.api.judge_choice import built_judge, close_judge
from orchestrator.api.obstacles import obstacle_of
from orchestrator.api.posting import CheckedPosting, Posting, read_posting
from orchestrator.api.seating import Seating, seat_all
from orchestrator.api.standing import may_act, standing_reason
from orchestrator.bidding import Announcement, Judge, MeteredJudge, ShownOffer
from orchestrator.config import Config, warnings
from orchestrator.core.keys import bidder_account
from orchestrator.core.names import entry_of
from orchestrator.core.opening import open_request
from orchestrator.core.progress import Progress
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.announcing import Announcer, MarketView, read_market, read_memories
from orchestrator.engine.callbook import CallBook
from orchestrator.engine.deadline import Deadline
from orchestrator.engine.guarded import Raised, Returned, read_guarded
from orchestrator.engine.seat import CostMethod, Seat, plain_nanos
from orchestrator.money import Money, format_usd
from orchestrator.store import Reader, Store

_REQUEST_ID: Final = "dry-run"
_OFFER_CHARACTERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Entrant:
    """One bidder, as it stands before a request is posted.

    Attributes:
        name: its name.
        obstacle: why it could not take part; empty where it could.
        roles: what it does; empty where it cannot be built.
        model: the language model behind it, if it has one.
        bid_cost_max_nanos: worst case of its calls when it is asked about the request itself.
        transform_cost_max_nanos: worst case of its calls when it wins the request itself.
        loss_max_nanos: the most that it can lose: what its wallet can spend, for no wallet is ever
            negative and every bid and call is held before it is made (R4).
    """

    name: str
    obstacle: str = ""
    roles: tuple[str, ...] = ()
    model: str = ""
    bid_cost_max_nanos: int = 0
    transform_cost_max_nanos: int = 0
    loss_max_nanos: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The entrant as JSON-able data, amounts as decimal strings in USD."""
        return {
            "name": self.name,
            "can_take_part": not self.obstacle,
            "obstacle": self.obstacle,
            "roles": list(self.roles),
            "model": self.model,
            "bid_cost_max": format_usd(self.bid_cost_max_nanos),
            "transform_cost_max": format_usd(self.transform_cost_max_nanos),
            "loss_max": format_usd(self.loss_max_nanos),
        }


@dataclass(frozen=True, slots=True)
class Arbiter:
    """The judge, as it stands before a request is posted.

    Attributes:
        name: its name.
        obstacle: why it could not judge; empty where it could.
        cost_max_nanos: worst case of its calls for the most offers of 10,000 characters each; they
            are the requester's cost, and held against the spend cap like any other.
    """

    name: str
    obstacle: str = ""
    cost_max_nanos: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The judge as JSON-able data, amounts as decimal strings in USD."""
        return {"name": self.name, "obstacle": self.obstacle, "cost_max": format_usd(self.cost_max_nanos)}


@dataclass(frozen=True, slots=True)
class DryRun:
    """What is known of a request before it is posted.

    Attributes:
        posting: what would be posted.
        judge: who would pick.
        entrants: every bidder of the config, in its order.
        copies: how many buyers take a copy of the request itself.
        warnings: what is legal but will not work well.
    """

    posting: CheckedPosting
    judge: Arbiter
    entrants: tuple[Entrant, ...]
    copies: int
    warnings: tuple[str, ...]

    @property
    def able(self) -> tuple[Entrant, ...]:
        """Who could take part."""
        return tuple(each for each in self.entrants if not each.obstacle)

    @property
    def first_stage_cost_max_nanos(self) -> int:
        """Worst case of the first stage: all are asked, the dearest `copies` of them win, and nobody fails."""
        transforms = sorted((each.transform_cost_max_nanos for each in self.able), reverse=True)
        bids = sum(each.bid_cost_max_nanos for each in self.able)
        return min(bids + sum(transforms[: self.copies]), self.posting.spend_cap.nanos)

    @property
    def spend_max_nanos(self) -> int:
        """Worst case of the real money that the run may cost whoever pays its providers (R7).

        The spend cap, which holds whatever bidders and judge do; 0 where none of them declares a
        cost for the request as it stands.
        """
        costs = [each.bid_cost_max_nanos + each.transform_cost_max_nanos for each in self.able]
        return self.posting.spend_cap.nanos if any(costs) or self.judge.cost_max_nanos else 0

    @property
    def user_loss_max_nanos(self) -> int:
        """The most that the requester can lose: never the bounty and the deposit both (R2, R10).

        The bounty is released only for an offer that was picked, and the deposit then returns; it
        pays recorded costs only where every offer is rejected, and the bounty then returns.
        """
        return max(self.posting.bounty.nanos, self.posting.deposit.nanos)

    def to_dict(self) -> dict[str, Any]:
        """The dry run as JSON-able data, amounts as decimal strings in USD."""
        return {
            "bounty": str(self.posting.bounty),
            "deposit": str(self.posting.deposit),
            "spend_cap": str(self.posting.spend_cap),
            "judge": self.judge.to_dict(),
            "bidders": [each.to_dict() for each in self.entrants],
            "first_stage_cost_max": format_usd(self.first_stage_cost_max_nanos),
            "spend_max": format_usd(self.spend_max_nanos),
            "user_loss_max": format_usd(self.user_loss_max_nanos),
            "user_loss_max_if_picked": str(self.posting.bounty),
            "user_loss_max_if_rejected": str(self.posting.deposit),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows that bears on who can take part; `standing` says of those who may not act why."""

    standing: Mapping[str, str]
    balances: Mapping[str, int]
    market: MarketView
    memories: Mapping[str, str]


def dry_run(config: Config, store: Store, posting: Posting) -> DryRun:
    """Work out who could take part in a request, and the most that it could cost, without a call.

    The bidders are built and asked for their worst cases; nothing is written.

    Args:
        config: the market's settings.
        store: what the market remembers; only read.
        posting: the request.

    Returns:
        What is known before it is posted.

    Raises:
        InvalidRequest: the posting makes no sense.
        InvalidMoney: an amount is not money.
        OperatorError: the judge cannot be built.
    """
    checked = read_posting(posting, config.request)
    judge = _arbiter(config, checked)
    seating = seat_all(config, ())
    try:
        return run_blocking(lambda: _look_ahead(config, store, checked, judge, seating))
    finally:
        seating.let_go()


def _arbiter(config: Config, checked: CheckedPosting) -> Arbiter:
    """The judge, and what its calls may cost."""
    judge = built_judge(config)
    try:
        return _look_at(judge, config, checked)
    finally:
        close_judge(judge)


def _look_at(judge: Judge, config: Config, checked: CheckedPosting) -> Arbiter:
    obstacle = obstacle_of(judge)
    if not isinstance(judge, MeteredJudge):
        return Arbiter(judge.name, obstacle)
    offer = ShownOffer(1, "", "x" * _OFFER_CHARACTERS, Money(0), Money(0))
    offers = [replace(offer, rank=rank + 1) for rank in range(config.rules.offers_max)]
    cost_max = read_guarded(lambda: plain_nanos(judge.pick_cost_max(checked.text, offers)))
    if isinstance(cost_max, Raised):
        return Arbiter(judge.name, obstacle or cost_max.reason)
    return Arbiter(judge.name, obstacle, cost_max.value)


async def _look_ahead(
    config: Config, store: Store, checked: CheckedPosting, judge: Arbiter, seating: Seating
) -> DryRun:
    progress = _opened(config, checked, seating)
    known = store.read(lambda reader: _read_known(reader, progress, seating, config.wealth))
    announcer = Announcer(seating.seats, known.memories, CallBook(store, _REQUEST_ID), promises={})
    shown = await announcer.announce(progress, progress.lots()[0], known.market, {})
    entrants = [
        await _entrant(seat, shown.get(seat.name), known, checked.spend_cap.nanos) for seat in seating.seats.values()
    ]
    entrants += [Entrant(each.name, each.reason) for each in seating.broken]
    order = {spec.name: place for place, spec in enumerate(config.bidders)}
    entrants.sort(key=lambda each: order[entry_of(each.name)])
    acting = {name: nanos for name, nanos in known.balances.items() if name not in known.standing}
    found = warnings(config, seating.built, acting)
    return DryRun(checked, judge, tuple(entrants), config.rules.copies_at(1), tuple(found))


def _opened(config: Config, checked: CheckedPosting, seating: Seating) -> Progress:
    """The request as it would be at its first stage; only the core is asked, so nothing is posted.

    A crowded market invites some of its bidders; here all are looked at, for any of them could be.
    """
    roster = tuple(seat.participant for _, seat in sorted(seating.seats.items()))
    request = checked.request(_REQUEST_ID, replace(config.rules, invited_max=0), roster)
    return open_request(request, {}).progress


def _read_known(reader: Reader, progress: Progress, seating: Seating, rules: WealthRules) -> _Known:
    rows = reader.bidders()
    posted = reader.spendable(bidder_account(name) for name in seating.seats)
    balances = {
        name: posted[bidder_account(name)] if name in rows else seating.endowments_nanos.get(name, 0)
        for name in seating.seats
    }
    seen = read_market(reader, progress)
    by_account = {bidder_account(name): nanos for name, nanos in balances.items()}
    market = MarketView(by_account, seen.prices, seen.acceptance, seen.lots)
    memories = read_memories(reader, seating.seats.values())
    standing = {
        name: f"is {row.status}: {standing_reason(row, rules)}" for name, row in rows.items() if not may_act(row)
    }
    return _Known(standing, balances, market, memories)


async def _entrant(seat: Seat, shown: Announcement | None, known: _Known, cap_nanos: int) -> Entrant:
    wallet_nanos = known.balances[seat.name]
    bid_nanos = transform_nanos = 0
    obstacle = _standing_obstacle(seat, known) or ("" if shown else "does not ask for a request like this one")
    if shown is not None and not obstacle:
        promised = await _promises(seat, shown)
        if isinstance(promised, str):
            obstacle = promised
        else:
            bid_nanos, transform_nanos = promised
            obstacle = _shortage(bid_nanos, wallet_nanos, cap_nanos)
    return Entrant(
        name=seat.name,
        obstacle=obstacle,
        roles=seat.participant.roles,
        model=str(getattr(getattr(seat.bidder, "model", None), "name", "")),
        bid_cost_max_nanos=bid_nanos,
        transform_cost_max_nanos=transform_nanos,
        loss_max_nanos=wallet_nanos,
    )


def _standing_obstacle(seat: Seat, known: _Known) -> str:
    """Why a bidder could take part in no request; empty where it could."""
    return known.standing.get(seat.name) or obstacle_of(seat.bidder)


async def _promises(seat: Seat, shown: Announcement) -> tuple[int, int] | str:
    """Worst cases of bidding on a lot and of transforming it, or why the bidder cannot say."""
    deadline = Deadline(shown.deadline_seconds)
    methods: tuple[CostMethod, ...] = ("bid_cost_max", "transform_cost_max")
    found = []
    for method in methods:
        answer = await deadline.run(partial(seat.cost_max_nanos, method, shown))
        if not isinstance(answer, Returned):
            said = answer.reason if isinstance(answer, Raised) else f"no answer after {deadline.seconds:.3g} s"
            return f"cannot say what its calls may cost: {said}"
        found.append(int(answer.value))
    return found[0], found[1]


def _shortage(bid_nanos: int, wallet_nanos: int, cap_nanos: int) -> str:
    """What is too little for the cost of bidding alone, which is held before the bid is asked for (R4, R7)."""
    cost = f"bidding may cost {format_usd(bid_nanos)} USD"
    if bid_nanos > wallet_nanos:
        return f"{cost}; its wallet holds {format_usd(wallet_nanos)}"
    return f"{cost}, more than the spend cap" if bid_nanos > cap_nanos else ""
