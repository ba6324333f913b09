"""What bidders say of a task before they work on it: whether they do, and what that may cost."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from orchestrator.bidding import Announcement
from orchestrator.core.rules import Rules
from orchestrator.engine.deadline import Deadline
from orchestrator.engine.guarded import Returned, TimedOut
from orchestrator.engine.seat import Seat


class Unready(NamedTuple):
    """Why it is not known what a bidder's work on a task may cost.

    Attributes:
        reason: in one line.
        is_silent: whether it had not answered at its deadline.
    """

    reason: str
    is_silent: bool = False


async def ask_cost_max(seat: Seat, rules: Rules, announcement: Announcement) -> int | Unready | None:
    """Ask a bidder what its work on a task may cost; all that it is asked about it has one deadline, as a bid has.

    Args:
        seat: the bidder.
        rules: for its deadline.
        announcement: the task, with the time that its filter has left of that.

    Returns:
        The worst case in nano-dollars; None where it declines the task.
    """
    deadline = Deadline(seat.bid_seconds(rules), announcement.deadline_seconds)
    silent = Unready(
        f"had not said what a task may cost after {deadline.seconds:g} s, and is asked about no other", True
    )
    if not deadline.left_seconds:
        return silent
    works = await deadline.run(partial(seat.practises, announcement))
    if isinstance(works, Returned) and not works.value:
        return None
    if isinstance(works, TimedOut):
        return silent
    said = await deadline.run(partial(seat.cost_max_nanos, "transform_cost_max", announcement))
    if isinstance(said, Returned):
        return int(said.value)
    return silent if isinstance(said, TimedOut) else Unready(said.reason)
