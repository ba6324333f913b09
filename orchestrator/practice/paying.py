"""Who pays for practice: the treasury, out of money that the issuer brings in for it.

Practice is the operator's wish, so no bidder's wallet pays for it. What calls cost passes from the
issuer through the treasury to the providers, each call's in two linked transfers, so that statement
and audit show it. The spend cap of a practice is an account, as a request's is (R7).
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.core.keys import CAP_ISSUER, ISSUER, TREASURY, cap_account, provider_account
from orchestrator.ledger import USD_CAP, Account, Transfer, transfer
from orchestrator.store import AnswerRow, Transaction


def payment(calls: Iterable[AnswerRow], provider: str) -> list[Transfer]:
    """The transfers that pay for calls, as far as it is known what they cost.

    Args:
        calls: what they were answered; ids are made from their keys, so that each is paid once.
        provider: who is paid.
    """
    return [row for call in calls if call.cost_nanos for row in _payment(call, provider, call.cost_nanos)]


def open_cap(tx: Transaction, practice_id: str, cap_nanos: int) -> None:
    """Let a practice spend so much from now on, whatever an earlier run of it has left of its cap."""
    account = cap_account(practice_id)
    tx.open_accounts([Account(account, USD_CAP)])
    left = tx.spendable([account])[account]
    number = tx.count_transfers(account)
    missing = cap_nanos - left
    if missing > 0:
        tx.apply([transfer(f"{practice_id}/cap/{number}", CAP_ISSUER, account, missing, "cap", practice_id)])
    elif missing < 0:
        _give_back(tx, practice_id, account, number, -missing)


def close_cap(tx: Transaction, practice_id: str) -> None:
    """Give back what is left of a practice's cap."""
    account = cap_account(practice_id)
    left = tx.spendable([account])[account]
    if left:
        _give_back(tx, practice_id, account, tx.count_transfers(account), left)


def _payment(call: AnswerRow, provider: str, cost_nanos: int) -> list[Transfer]:
    payee = provider_account(provider)
    return [
        transfer(f"{call.key}/fund", ISSUER, TREASURY, cost_nanos, "practice-fund", call.request),
        transfer(f"{call.key}/paid", TREASURY, payee, cost_nanos, "practice", call.request),
    ]


def _give_back(tx: Transaction, practice_id: str, account: str, number: int, amount_nanos: int) -> None:
    id = f"{practice_id}/cap-return/{number}"
    tx.apply([transfer(id, account, CAP_ISSUER, amount_nanos, "cap-return", practice_id)])
