"""Failing: how the rules blame and fine a recorded failure for an award, which replay may have made another one."""

from __future__ import annotations

from orchestrator.core.clearing import Award
from orchestrator.core.events import Faulted
from orchestrator.core.progress import Progress
from orchestrator.core.settlement import failure


def failed_again(progress: Progress, path: str, award: Award, fault: Faulted) -> Faulted:
    """A recorded failure as the rules blame and fine it for an award.

    Args:
        progress: a request in phase `transforming`.
        path: the lot.
        award: what the winner was awarded.
        fault: how it failed, as recorded.
    """
    return failure(
        progress,
        path,
        award,
        fault.fault,
        fault.reason,
        own_fault=fault.own_fault,
        cost_nanos=fault.cost_nanos,
        known_nanos=fault.known_nanos,
    )
