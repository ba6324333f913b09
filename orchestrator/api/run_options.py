"""What a run may be told beside its text and its budget."""

from __future__ import annotations

from orchestrator.api.judge_choice import AnyJudge
from orchestrator.api.posting import PostingOptions
from orchestrator.engine.driver import Listener
from orchestrator.engine.streaming import TextListener


class RunOptions(PostingOptions, total=False):
    """What a run may be told beside its text and its budget, as keywords; see `Market.arun`."""

    judge: AnyJudge | None
    on_event: Listener | None
    on_text: TextListener | None
