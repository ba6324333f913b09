"""What a rival of the market is: one of the usual ways to get an answer out of several models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.bidding.model import Model, words_within
from orchestrator.comparing.purse import Purse


@dataclass(frozen=True, slots=True)
class RivalTask:
    """What every rival is asked.

    Attributes:
        request: the user's text.
        max_tokens: the most that one answer may take.
        seed: root of every call's seed.
        deadline_seconds: how long one call may take, retries included.
    """

    request: str
    max_tokens: int
    seed: int = 0
    deadline_seconds: float = 120.0

    @property
    def words(self) -> str:
        """How many words a model is told to keep to, as bidders are: then it ends before it is cut off."""
        return str(words_within(self.max_tokens))


@dataclass(frozen=True, slots=True)
class RivalAnswer:
    """What a rival came up with.

    Attributes:
        text: the answer.
        how: in a few words, how it was come by.
    """

    text: str
    how: str


class Rival(Protocol):
    """A way to answer a request with several models, under the same cap as the market."""

    @property
    def name(self) -> str:
        """Its name on the command line."""

    async def answer(self, task: RivalTask, models: Sequence[Model], purse: Purse) -> RivalAnswer:
        """Answer a request.

        Args:
            task: the request.
            models: cheapest first; at least one.
            purse: through which every call is made.

        Raises:
            ProviderError: it has no answer, because calls failed or did not fit under the cap.
        """
