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
def show(state: State, tokens_max: int) -> Fenced:
    """A state as a model is shown it.

    Args:
        state: the state.
        tokens_max: about how many tokens it may take; what is longer loses its middle.
    """
    digest = digest_state(state, tokens_max)
    fenced = fence(digest.exhibits)
    if not digest.left_out:
        return fenced
    return Fenced(fenced.mark, f"{fenced.text}\n({digest.left_out:,} segments after the first are not shown.)")
