"""Opening a request: the bounty is pledged and the spend cap granted."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.core.events import Requested, Spendable
from orchestrator.core.keys import (
    CAP_ISSUER,
    CAP_SPENT,
    ISSUER,
    TREASURY,
    bidder_account,
    bounty_account,
    cap_account,
    deposit_account,
    escrow_account,
    provider_account,
    requester_account,
)
from orchestrator.core.progress import begin
from orchestrator.core.request import Request
from orchestrator.core.step import Step
from orchestrator.ledger import USD_CAP, Account, Transfer, transfer


def standing_accounts() -> tuple[Account, ...]:
    """The accounts that every market has."""
    return (
        Account(ISSUER, may_overdraw=True),
        Account(TREASURY),
        Account(CAP_ISSUER, USD_CAP, may_overdraw=True),
        Account(CAP_SPENT, USD_CAP),
    )


def request_accounts(request: Request) -> tuple[Account, ...]:
    """The accounts of one request, the requester's purse first; the others are zero when it has ended (R10)."""
    accounts = [
        Account(requester_account(request.requester)),
        Account(bounty_account(request.id)),
        Account(escrow_account(request.id)),
        Account(cap_account(request.id), USD_CAP),
    ]
    if request.deposit_nanos:
        accounts.append(Account(deposit_account(request.id)))
    return tuple(accounts)


def provider_accounts(providers: set[str]) -> tuple[Account, ...]:
    """The accounts of the providers that bidders may call."""
    return tuple(Account(provider_account(name)) for name in sorted(providers))


def open_request(request: Request, spendable: Mapping[str, int]) -> Step:
    """Post a request.

    The requester's own balance pays for bounty and deposit first; the issuer adds what is
    missing, so money enters only as bounties (R11).

    Args:
        request: the job.
        spendable: what the requester's purse, the treasury and the roster's wallets can spend.

    Returns:
        The step that opens the journal.
    """
    accounts = [TREASURY, *[bidder_account(entry.name) for entry in request.roster]]
    opening = tuple([Spendable(account, spendable.get(account, 0)) for account in accounts])
    event = Requested(request, opening)
    return Step((event,), tuple(_pledge(request, spendable)), begin(event))


def _pledge(request: Request, spendable: Mapping[str, int]) -> list[Transfer]:
    purse = requester_account(request.requester)
    missing = request.bounty_nanos + request.deposit_nanos - spendable.get(purse, 0)
    rows: list[Transfer] = []
    if missing > 0:
        rows.append(transfer(f"{request.id}/fund", ISSUER, purse, missing, "fund", request.id))
    if request.bounty_nanos:
        bounty = bounty_account(request.id)
        rows.append(transfer(f"{request.id}/pledge", purse, bounty, request.bounty_nanos, "pledge", request.id))
    if request.deposit_nanos:
        deposit = deposit_account(request.id)
        rows.append(transfer(f"{request.id}/deposit", purse, deposit, request.deposit_nanos, "deposit", request.id))
    if request.spend_cap_nanos:
        cap = cap_account(request.id)
        rows.append(transfer(f"{request.id}/cap", CAP_ISSUER, cap, request.spend_cap_nanos, "cap", request.id))
    return rows
