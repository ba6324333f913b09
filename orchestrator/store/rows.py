"""What the store keeps beside journal and book: rows as values."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
RETIRED: Final = "retired"
BidderStatus = Literal["active", "suspended", "retired"]
"""How the market knows a bidder: it takes part, is kept from it, or has left."""


class RequestRow(NamedTuple):
    """A request as lists show it; the journal is the truth, this row is for finding it.

    Times are Unix seconds; they are outside the hash chain.

    Attributes:
        id: for example `r7`.
        status: `running`, `open`, `released`, `rejected`, `expired` or `failed`.
        requester: who posted it.
        bounty_nanos: its bounty.
        created_seconds: when it was posted.
        expires_seconds: when it expires if nobody picks.
        ended_seconds: when it ended, or None.
        idempotency_key: the caller's own key; posting it again finds this request.
        labels: JSON object of strings.
        setting: JSON object: the resolved config and code version it ran under.
        driver: the process that drives it while it is `running`, or whose paid judge looks at its offers; empty
            otherwise.
    """

    id: str
    status: str
    requester: str
    bounty_nanos: int
    created_seconds: float
    expires_seconds: float
    ended_seconds: float | None = None
    idempotency_key: str | None = None
    labels: str = "{}"
    setting: str = "{}"
    driver: str = ""

    def __repr__(self) -> str:
        # In a list of requests each would show the whole config.
        shown = ", ".join(f"{field}={value!r}" for field, value in self._asdict().items() if field != "setting")
        return f"RequestRow({shown})"


class Turnover(NamedTuple):
    """What has moved through an account under one code; holds move nothing until they are posted.

    Attributes:
        account: the account.
        code: why it moved.
        in_nanos: what the account received.
        out_nanos: what it gave.
    """

    account: str
    code: str
    in_nanos: int
    out_nanos: int


class AnswerRow(NamedTuple):
    """A provider's answer, kept as it returned, so that it is never paid twice.

    Attributes:
        key: request, lot, round, bidder, purpose and attempt (DESIGN 2b).
        request: the request it belongs to.
        task: the key of the task that asked, without purpose of the call and attempt.
        body: JSON of the answer.
        cost_nanos: what it cost; None where unknown.
        usage: JSON object of token counts and the like.
    """

    key: str
    request: str
    task: str
    body: str
    cost_nanos: int | None
    usage: str = "{}"


class BidderRow(NamedTuple):
    """What the market remembers of a bidder beside its wallet's balance.

    Attributes:
        name: the bidder's name.
        principal: who stands behind it.
        status: `active`, `suspended` or `retired`.
        refills: how often its wallet was refilled (R11).
        faults: breaches so far.
        faults_in_a_row: failures after an award since its last delivery (R6).
        wins: lots won and delivered.
        memory: whose name its policy's memory is kept under, beside the policy's and its version; twins share one.
    """

    name: str
    principal: str
    status: BidderStatus = ACTIVE
    refills: int = 0
    faults: int = 0
    faults_in_a_row: int = 0
    wins: int = 0
    memory: str = ""


class MemoryRow(NamedTuple):
    """What a bid policy has learned; several wallets may point to one.

    Attributes:
        id: its key.
        policy: name of the policy that can read it.
        version: the policy's own version of the format.
        body: JSON.
    """

    id: str
    policy: str
    version: int
    body: str
