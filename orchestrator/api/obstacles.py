"""What keeps a bidder from acting, as far as it can tell without a call."""

from __future__ import annotations

from typing import Any

from orchestrator.engine.guarded import Returned, read_guarded


def obstacle_of(bidder: Any) -> str:
    """Why a bidder could not act now, for example a key that is not set; empty where it could, or does not say.

    It is the bidder's optional method `obstacle() -> str | None`; one that fails is an obstacle, too.
    """

    def ask() -> str:
        method = getattr(bidder, "obstacle", None)
        return str(method() or "") if callable(method) else ""

    found = read_guarded(ask)
    return found.value if isinstance(found, Returned) else found.reason
