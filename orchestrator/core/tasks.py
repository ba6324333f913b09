"""Tasks: a bidder's bid or transform of one lot, or a judge's look at the offers, and the keys of what each holds.

A task's worst case is held on the request's spend cap, and a bidder's on its wallet, too (R4, R7). The
keys of these holds follow from the task's, and the task's from theirs; they are made and read here alone.
"""

from __future__ import annotations

from typing import Final

from orchestrator.core.keys import key, read_key

BID: Final = "bid"
TRANSFORM: Final = "transform"
JUDGE: Final = "judge"

ON_WALLET: Final = "-cost"
"""What the purpose of a task's hold on a wallet has behind the task's own."""

_ON_CAP: Final = "-cap"


def wallet_hold_id(task: str) -> str:
    """The key of a task's hold on its bidder's wallet; that for a transform is taken with the bid, for all rounds."""
    of = read_key(task)
    return key(of.request_id, of.lot, 0, of.bidder, of.purpose + ON_WALLET)


def cap_hold_id(task: str, attempt: int = 0) -> str:
    """The key of a task's hold on the spend cap.

    Args:
        task: the task's key.
        attempt: how often what was left of the worst case has been held again, by drivers that took over.
    """
    of = read_key(task)
    return key(of.request_id, of.lot, of.round, of.bidder, of.purpose + _ON_CAP, attempt)


# What follows reads keys of recorded transfers, which may be anything.


def first_attempt(hold_id: str) -> str:
    """The key of the first hold of its kind that its task took: its own, unless it was held again."""
    return f"{hold_id.rpartition('/')[0]}/0"


def task_of(hold_id: str) -> str:
    """The key of the task that a hold was taken for; of a wallet's hold for a transform, the first round's."""
    stem = hold_id.rpartition("/")[0]
    return f"{stem.removesuffix(_ON_CAP).removesuffix(ON_WALLET)}/0"


def is_on_cap(hold_id: str) -> bool:
    """Whether a hold is a task's on the spend cap."""
    return _purpose_of(hold_id) in (BID + _ON_CAP, TRANSFORM + _ON_CAP, JUDGE + _ON_CAP)


def is_for_bidding(hold_id: str) -> bool:
    """Whether a hold is one on a wallet for the cost of bidding; it is taken before the bidder is asked."""
    return _purpose_of(hold_id) == BID + ON_WALLET


def is_for_transforming(hold_id: str) -> bool:
    """Whether a hold is one on a wallet for the cost of a transform; it is taken with the bid."""
    return _purpose_of(hold_id) == TRANSFORM + ON_WALLET


def are_rounds_of_one(task: str, other: str) -> bool:
    """Whether two tasks are one bidder's transforms of one lot, in whatever rounds of its award."""
    one, two = task.split("/"), other.split("/")
    return one[4:] == two[4:] == [TRANSFORM, "0"] and (one[:2], one[3]) == (two[:2], two[3])


def _purpose_of(hold_id: str) -> str:
    return hold_id.rpartition("/")[0].rpartition("/")[2]
