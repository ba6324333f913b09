"""Who pays for practice: the treasury, out of money that the issuer brings in for it.

Practice is the operator's wish, so no bidder's wallet pays for it. What calls cost passes from the
issuer through the treasury to the providers, each work's in two linked transfers, so that statement
and audit show it. The spend cap of a practice is an account, as a request's is (R7).
"""

from __future__ import annotations

from orchestrator.core.keys import CAP_ISSUER, ISSUER, TREASURY, cap_account, provider_account
from orchestrator.ledger import USD_CAP, Account, Transfer, transfer
from orchestrator.store import Transaction


def payment(task_key: str, practice_id: str, provider: str, cost_nanos: int) -> list[Transfer]:
    """The transfers that pay for one work; none where it cost nothing.

    Args:
        task_key: the work's key, from which their ids are made: they are paid once.
        practice_id: the practice.
        provider: who is paid.
        cost_nanos: what its calls cost.
    """
    if not cost_nanos:
        return []
    return [
        transfer(f"{task_key}/fund", ISSUER, TREASURY, cost_nanos, "practice-fund", practice_id),
        transfer(f"{task_key}/paid", TREASURY, provider_account(provider), cost_nanos, "practice", practice_id),
    ]


def open_cap(tx: Transaction, practice_id: str, cap_nanos: int) -> None:
    """Let a practice spend so much from now on, whatever an earlier run of it has left of its cap."""
    account = cap_account(practice_id)
    tx.open_accounts([Account(account, USD_CAP)])
    left = tx.spendable([account])[account]
    number = len(tx.transfers(account=account))
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
        _give_back(tx, practice_id, account, len(tx.transfers(account=account)), left)


def _give_back(tx: Transaction, practice_id: str, account: str, number: int, amount_nanos: int) -> None:
    id = f"{practice_id}/cap-return/{number}"
    tx.apply([transfer(id, account, CAP_ISSUER, amount_nanos, "cap-return", practice_id)])
