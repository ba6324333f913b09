"""Transfers: one debit account, one credit account, one amount, so never unbalanced.

A hold is a pending transfer. It is resolved once, by a post of at most its amount (the rest
is set free) or by a void. Transfers are never changed or deleted; a correction is another one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

POSTED: Final = "posted"
PENDING: Final = "pending"
POST: Final = "post"
VOID: Final = "void"
MOVING: Final = (POSTED, POST)
"""The kinds that move money; a hold does not, until it is posted."""


class Transfer(NamedTuple):
    """One immutable row of the book.

    Attributes:
        id: deterministic key; the same id with the same content is the same transfer.
        debit: account that gives.
        credit: account that receives.
        amount_nanos: what moves, above 0; of a void, the amount of its hold.
        kind: `posted`, `pending` (a hold), `post` or `void` (which resolve one).
        pending_id: the hold that a post or void resolves, else None.
        code: why it moved, for example `price`, `payout`, `cost`.
        request: the request it belongs to, or empty.
        stage: the stage it belongs to, or 0.
    """

    id: str
    debit: str
    credit: str
    amount_nanos: int
    kind: str
    pending_id: str | None
    code: str
    request: str
    stage: int


def transfer(
    id: str, debit: str, credit: str, amount_nanos: int, code: str, request: str = "", stage: int = 0
) -> Transfer:
    """A transfer that moves at once."""
    return Transfer(id, debit, credit, amount_nanos, POSTED, None, code, request, stage)


def hold(id: str, debit: str, credit: str, amount_nanos: int, code: str, request: str = "", stage: int = 0) -> Transfer:
    """A hold: money set aside for one credit account, to be posted or voided later."""
    return Transfer(id, debit, credit, amount_nanos, PENDING, None, code, request, stage)


def post(pending: Transfer, amount_nanos: int) -> Transfer:
    """Resolve a hold by moving `amount_nanos` of it and freeing the rest.

    Args:
        pending: the hold.
        amount_nanos: above 0 and at most the hold's amount.

    Returns:
        The resolving transfer; its id is the hold's with `/post` behind it.
    """
    return Transfer(
        pending.id + "/post",
        pending.debit,
        pending.credit,
        amount_nanos,
        POST,
        pending.id,
        pending.code,
        pending.request,
        pending.stage,
    )


def void(pending: Transfer) -> Transfer:
    """Resolve a hold by freeing all of it; the id is the hold's with `/void` behind it."""
    return Transfer(
        pending.id + "/void",
        pending.debit,
        pending.credit,
        pending.amount_nanos,
        VOID,
        pending.id,
        pending.code,
        pending.request,
        pending.stage,
    )


def resolve(pending: Transfer, amount_nanos: int) -> Transfer:
    """Post `amount_nanos` of a hold, or void it where that is 0."""
    return post(pending, amount_nanos) if amount_nanos else void(pending)
