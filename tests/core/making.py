"""Requests, bids and lots for tests of the core, made from what a test cares about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.core.answer import Answer
from orchestrator.core.clearing import Clearing, clear
from orchestrator.core.closing import announce, close_stage
from orchestrator.core.events import AwardResult, Requested
from orchestrator.core.keys import bidder_account
from orchestrator.core.progress import Progress, begin
from orchestrator.core.request import Participant, Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role, Rule, Rules
from orchestrator.core.settlement import accept_delivery, settle_stage
from orchestrator.core.state import Segment
from orchestrator.core.step import Step

RICH = 10**12
BOTH: tuple[Role, ...] = (TRANSFORMER, PRESENTER)


def bid(bidder: str, amount_nanos: int, role: Role = TRANSFORMER) -> Answer:
    return Answer(bidder, "bid", amount_nanos, role)


def cleared(
    bids: Iterable[Answer],
    *,
    principals: Mapping[str, str] | None = None,
    owner_principal: str | None = None,
    reserve_nanos: int = 0,
    copies: int = 1,
    rule: Rule = "vickrey",
    seed: int = 0,
) -> Clearing:
    return clear(
        bids,
        principals=principals or {},
        owner_principal=owner_principal,
        reserve_nanos=reserve_nanos,
        copies=copies,
        rule=rule,
        seed=seed,
    )


def participants(*names: str, principals: Mapping[str, str] | None = None) -> tuple[Participant, ...]:
    return tuple(Participant(name, (principals or {}).get(name, name), BOTH) for name in sorted(names))


def make_request(
    *names: str,
    rules: Rules | None = None,
    bounty_nanos: int = 1000,
    deposit_nanos: int = 0,
    seed: int = 1,
    text: str = "Plan a tour",
    principals: Mapping[str, str] | None = None,
) -> Request:
    return Request(
        id="r1",
        text=text,
        bounty_nanos=bounty_nanos,
        spend_cap_nanos=1000,
        seed=seed,
        rules=rules or Rules(),
        roster=participants(*names, principals=principals),
        deposit_nanos=deposit_nanos,
    )


def opened(request: Request) -> Progress:
    return begin(Requested(request, ()))


def close(progress: Progress, bids: Mapping[str, Sequence[Answer]], spendable: Mapping[str, int] | None = None) -> Step:
    """Close the present stage with these answers by lot; wallets are full unless told otherwise."""
    invited = {lot: [answer.bidder for answer in answers] for lot, answers in bids.items()}
    wallets = {bidder_account(name): RICH for names in invited.values() for name in names}
    return close_stage(progress, announce(progress, {}, invited), bids, {**wallets, **(spendable or {})})


def deliver(progress: Progress, path: str, bidder: str, *texts: str, replaces: bool = False) -> AwardResult:
    """The winner's delivery of these texts."""
    award = next(award for award in progress.auctions[path].awards if award.bidder == bidder)
    segments = [Segment(text) for text in texts]
    return accept_delivery(progress, path, award, segments, replaces=replaces, cost_nanos=0)


def play_stage(progress: Progress, bids: Mapping[str, Sequence[Answer]], texts: Mapping[str, str]) -> Step:
    """A stage in which every winner delivers: the text given for it, else one that names it."""
    present = close(progress, bids).progress
    results = {
        path: [
            deliver(present, path, award.bidder, texts.get(award.bidder, f"{award.bidder} at {path}"))
            for award in present.auctions[path].awards
        ]
        for path in present.on_sale
    }
    return settle_stage(present, results, 0)
