"""Auditions: trials for newcomers that learned bids of incumbents keep out, paid by the treasury (R11).

A newcomer that loses every auction is never seen at work, and never learns what its work is worth.
While it is on audition, the treasury buys it a lot now and then. What keeps the mechanism's laws:

- A trial displaces the last winner of a lot; all others pay, and are paid, as if the newcomer's
  principal had not bid, so the price owes nothing to what its bids are. So a bid says what it always
  said, the truth is as good a reply as before, and posted prices stay those of the market.
- Money comes from an account of the newcomer's principal, which the treasury grants once, at most
  the budget, out of what it holds. The ledger's laws bound what trials can cost, whatever runs
  beside them and however many bidders a principal enters.
- At most one lot of a request is a trial, never under a rule for research, and never one that the
  newcomer's own principal owns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from orchestrator.core.answer import Answer
from orchestrator.core.clearing import Award, Clearing
from orchestrator.core.holds import seller_account
from orchestrator.core.keys import TREASURY, audition_account, derive_seed, key
from orchestrator.core.lot import Lot
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.ledger import Transfer, hold, transfer

GRANT: Final = "grant"
GRANT_RETURN: Final = "grant-return"

_ONE_LOT_IN: Final = 2
"""Every second lot can be a trial, drawn by seed: so trials fall at later stages, too."""


class AuditionClearing(NamedTuple):
    """A lot on which a newcomer takes the last winner's place.

    Attributes:
        awards: the winners, the newcomer last.
        standing: the bids that can win, the newcomer's in its place among the winners.
        held: what backs its price; None where that is 0.
    """

    awards: tuple[Award, ...]
    standing: tuple[Answer, ...]
    held: Transfer | None


class Newcomers(NamedTuple):
    """A principal's bidders, as far as auditions are concerned.

    Attributes:
        principal: who stands behind them.
        needs_trial: whether one of them may act and has won fewer lots than it gets trials.
        granted_nanos: what the treasury has granted so far.
        left_nanos: what of that can still be spent.
    """

    principal: str
    needs_trial: bool
    granted_nanos: int
    left_nanos: int


def newcomers_of(progress: Progress) -> dict[str, str]:
    """Who may have a trial at this stage of a request, with its principal; nobody once one was held."""
    newcomers: dict[str, str] = {}
    for entry in progress.request.roster:
        if entry.audition:
            newcomers[entry.name] = entry.principal
    if not newcomers or progress.request.rules.rule != "vickrey" or progress.request.rules.is_research:
        return {}
    held = any(award.audition for auction in progress.auctions.values() for award in auction.awards)
    return {} if held else newcomers


def find_trial(
    request: Request, lot: Lot, clearing: Clearing, newcomers: Mapping[str, str], spendable: Mapping[str, int]
) -> AuditionClearing | None:
    """Let a newcomer that would lose a lot have it.

    Args:
        request: the request.
        lot: the lot.
        clearing: its regular clearing.
        newcomers: who is on audition, with its principal.
        spendable: what accounts can spend, those of auditions among them.

    Returns:
        The trial; None where the seed draws none, nobody waits for one or nobody's grant covers it.
    """
    owner_principal = request.principals().get(lot.owner)
    losing = [bid for bid in clearing.standing[clearing.copies :] if bid.bidder in newcomers]
    waiting = [bid for bid in losing if newcomers[bid.bidder] != owner_principal]
    if not waiting or derive_seed(request.seed, lot.path, "audition") % _ONE_LOT_IN:
        return None
    for bid in sorted(waiting, key=lambda each: derive_seed(request.seed, lot.path, "audition", each.bidder)):
        account = audition_account(newcomers[bid.bidder])
        trial = _trial(request, lot, clearing, bid, account)
        displaced = trial.standing[clearing.copies]
        price_nanos = trial.awards[-1].price_nanos
        if displaced.bidder not in newcomers and price_nanos <= spendable.get(account, 0):
            return trial
    return None


def _trial(request: Request, lot: Lot, clearing: Clearing, bid: Answer, account: str) -> AuditionClearing:
    """The clearing as if a newcomer's principal had not bid, and then with the newcomer in the last winner's place."""
    # Of one principal only one bid stands, so without it none of the principal's is left.
    others = tuple(each for each in clearing.standing if each is not bid)
    regular = replace(clearing, standing=others).awards()
    place = len(regular) - 1
    award = Award(bid.bidder, bid.role, bid.amount_nanos, regular[place].price_nanos, audition=True)
    standing = (*others[:place], bid, *others[place:])
    return AuditionClearing((*regular[:place], award), standing, audition_hold(request, lot, award, account))


def audition_hold(request: Request, lot: Lot, award: Award, account: str) -> Transfer | None:
    """The hold that backs a trial's price; None where the lot is free."""
    if award.price_nanos == 0:
        return None
    hold_id = key(request.id, lot.path, 0, award.bidder, "audition")
    return hold(hold_id, account, seller_account(request.id, lot), award.price_nanos, "audition", request.id, lot.stage)


def grants(
    request_id: str, principals: Sequence[Newcomers], treasury_nanos: int, rules: WealthRules
) -> tuple[Transfer, ...]:
    """Grant newcomers what their trials may cost, and take back what nobody needs any more.

    Grants take no more than half of what the treasury holds, in equal shares: the rest is there
    for refills.

    Args:
        request_id: the request that has ended.
        principals: those of its roster.
        treasury_nanos: what the treasury can spend.
        rules: how many trials a newcomer gets, and what they may cost.

    Returns:
        The transfers. To one principal they never come to more than the budget, over all requests.
    """
    rows: list[Transfer] = []
    wanting = [each for each in principals if each.needs_trial and each.granted_nanos < rules.audition_budget_nanos]
    share_nanos = treasury_nanos // 2 // max(1, len(wanting))
    for each in principals:
        account = audition_account(each.principal)
        if not each.needs_trial:
            if each.left_nanos:
                id = f"{request_id}/{GRANT_RETURN}/{each.principal}"
                rows.append(transfer(id, account, TREASURY, each.left_nanos, GRANT_RETURN, request_id))
            continue
        amount = min(rules.audition_budget_nanos - each.granted_nanos, share_nanos)
        if amount > 0:
            rows.append(
                transfer(f"{request_id}/{GRANT}/{each.principal}", TREASURY, account, amount, GRANT, request_id)
            )
    return tuple(rows)
