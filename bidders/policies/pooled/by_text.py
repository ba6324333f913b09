"""By text: what has been worked out of texts, so that each is looked at once; kept only to save time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bidders.policies.pooled.embedding import standing_for

T = TypeVar("T")


@dataclass(slots=True)
class ByText(Generic[T]):
    """What has been worked out of texts.

    Attributes:
        texts_max: of how many it is kept; when there are more, all are looked at again.
    """

    texts_max: int = 20_000
    _found: dict[str, T] = field(default_factory=dict)

    def of(self, text: str, work_out: Callable[[str], T]) -> T:
        """What is kept of a text, or else what is worked out of it now."""
        key = standing_for(text)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= self.texts_max:
                self._found.clear()
            found = self._found[key] = work_out(text)
        return found
