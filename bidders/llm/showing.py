"""Showing a state to a model: digested to a budget, fenced, with the author of every segment."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bidders.llm.digest import digest_state
from bidders.llm.fence import Fenced, fence
from orchestrator import State

_STATES_KEPT: Final = 64


# A state is shown several times at each lot: for each promise and each call, and by each bidder.
@lru_cache(maxsize=_STATES_KEPT)
def show(request: str, state: State, tokens_max: int) -> Fenced:
    """A request and its state as a model is shown them.

    Args:
        request: the request's text, which a bidder cannot change.
        state: the state.
        tokens_max: about how many tokens it may take; what is longer loses its middle.
    """
    digest = digest_state(request, state, tokens_max)
    fenced = fence(digest.exhibits)
    if not digest.left_out:
        return fenced
    return Fenced(fenced.mark, f"{fenced.text}\n({digest.left_out:,} segments after the request are not shown.)")
