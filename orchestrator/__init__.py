"""Vickrey: a market in which models and tools compete to improve a text.

    from orchestrator import run_request

    result = run_request("Plan a three-day tour of Lisbon", budget=10)
    print(result.offers[0].text)
    result.pick(1)

Names are loaded when they are first used, so importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from orchestrator import errors
    from orchestrator.api import Market, Offer, Posting, Result, RunOptions, arun_request, run_request
    from orchestrator.background import in_daemon_thread
    from orchestrator.bidding import (
        Acceptance,
        Announcement,
        Beliefs,
        Bid,
        Bidder,
        Charged,
        Completion,
        Finish,
        Hearing,
        Judge,
        Later,
        Lesson,
        Message,
        Meter,
        MeteredJudge,
        Model,
        Observation,
        Pass,
        Policy,
        Prompt,
        PublicPrice,
        Rank,
        Reject,
        Replacement,
        ShownOffer,
        Usage,
        Valuation,
        WonLot,
        Work,
        words_within,
    )
    from orchestrator.config import load_config
    from orchestrator.core.events import Event
    from orchestrator.core.lot import Sale
    from orchestrator.core.names import entry_of
    from orchestrator.core.progress import Progress, Status
    from orchestrator.core.receipts import Receipt, Verdict
    from orchestrator.core.rules import Role
    from orchestrator.core.state import Contribution, Segment, State
    from orchestrator.core.statement import Statement
    from orchestrator.engine.streaming import Piece
    from orchestrator.models import build_model, release_model
    from orchestrator.money import Money
    from orchestrator.plugins.functions import check_call, find_function
    from orchestrator.store import BidderRow, RequestRow
    from orchestrator.telemetry import traced_complete

_HOMES = {
    "orchestrator.api": ("Market", "Offer", "Posting", "Result", "RunOptions", "arun_request", "run_request"),
    "orchestrator.background": ("in_daemon_thread",),
    "orchestrator.bidding": (
        "Acceptance",
        "Announcement",
        "Beliefs",
        "Bid",
        "Bidder",
        "Charged",
        "Completion",
        "Finish",
        "Hearing",
        "Judge",
        "Later",
        "Lesson",
        "Message",
        "Meter",
        "MeteredJudge",
        "Model",
        "Observation",
        "Pass",
        "Policy",
        "Prompt",
        "PublicPrice",
        "Rank",
        "Reject",
        "Replacement",
        "ShownOffer",
        "Usage",
        "Valuation",
        "WonLot",
        "Work",
        "words_within",
    ),
    "orchestrator.config": ("load_config",),
    "orchestrator.core.events": ("Event",),
    "orchestrator.core.lot": ("Sale",),
    "orchestrator.core.names": ("entry_of",),
    "orchestrator.core.progress": ("Progress", "Status"),
    "orchestrator.core.receipts": ("Receipt", "Verdict"),
    "orchestrator.core.rules": ("Role",),
    "orchestrator.core.state": ("Contribution", "Segment", "State"),
    "orchestrator.core.statement": ("Statement",),
    "orchestrator.engine.streaming": ("Piece",),
    "orchestrator.models": ("build_model", "release_model"),
    "orchestrator.money": ("Money",),
    "orchestrator.plugins.functions": ("check_call", "find_function"),
    "orchestrator.store": ("BidderRow", "RequestRow"),
    "orchestrator.telemetry": ("traced_complete",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Acceptance",
    "Announcement",
    "Beliefs",
    "Bid",
    "Bidder",
    "BidderRow",
    "Charged",
    "Completion",
    "Contribution",
    "Event",
    "Finish",
    "Hearing",
    "Judge",
    "Later",
    "Lesson",
    "Market",
    "Message",
    "Meter",
    "MeteredJudge",
    "Model",
    "Money",
    "Observation",
    "Offer",
    "Pass",
    "Piece",
    "Policy",
    "Posting",
    "Progress",
    "Prompt",
    "PublicPrice",
    "Rank",
    "Receipt",
    "Reject",
    "Replacement",
    "RequestRow",
    "Result",
    "Role",
    "RunOptions",
    "Sale",
    "Segment",
    "ShownOffer",
    "State",
    "Statement",
    "Status",
    "Usage",
    "Valuation",
    "Verdict",
    "WonLot",
    "Work",
    "arun_request",
    "build_model",
    "check_call",
    "entry_of",
    "errors",
    "find_function",
    "in_daemon_thread",
    "load_config",
    "release_model",
    "run_request",
    "traced_complete",
    "words_within",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("vickrey")
    if name == "errors":
        return importlib.import_module("orchestrator.errors")
    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
