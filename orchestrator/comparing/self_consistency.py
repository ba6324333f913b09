"""Rival: several answers of one model, of which it takes the one that most agree on.

Wang et al. 2022, "Self-Consistency Improves Chain of Thought Reasoning in Language Models": the
majority over extracted answers. Open text has none to extract; there it takes the most central one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from orchestrator.bidding.model import Model
from orchestrator.comparing.asking import Draft, sample
from orchestrator.comparing.purse import Purse
from orchestrator.comparing.rival import RivalAnswer, RivalTask

_LAST_LINE = re.compile(r"^\W*answer\W*:\s*(?P<said>\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_SHORT_CHARACTERS_MAX = 100


@dataclass(frozen=True, slots=True)
class SelfConsistency:
    """Samples the dearest model and takes the majority, or of open texts the most central one.

    Attributes:
        samples: how many answers it asks for.
    """

    samples: int = 5
    name: ClassVar[str] = "self-consistency"

    async def answer(self, task: RivalTask, models: Sequence[Model], purse: Purse) -> RivalAnswer:
        """Sample, then count or compare."""
        model = models[-1]
        drafts = await sample(task, model, purse, self.name, self.samples)
        said = [extract(draft.text) for draft in drafts]
        votes = Counter(each for each in said if each is not None)
        if sum(votes.values()) * 2 > len(drafts):
            winner, count = votes.most_common(1)[0]
            return RivalAnswer(drafts[said.index(winner)].text, f"{count} of {len(drafts)} of {model.name} say so")
        centre = most_central(drafts)
        return RivalAnswer(drafts[centre].text, f"the most central of {len(drafts)} of {model.name}")


def extract(text: str) -> str | None:
    """The short answer that a text ends in, normalised for counting; None where it has none."""
    found = list(_LAST_LINE.finditer(text))
    if not found or len(found[-1]["said"]) > _SHORT_CHARACTERS_MAX:
        return None
    words = re.sub(r"[^\w.%/-]+", " ", found[-1]["said"].casefold())
    return words.strip(" .") or None


def most_central(drafts: Sequence[Draft]) -> int:
    """The place of the text that is most like all others, by the cosine of their word counts."""
    counts = [Counter(re.findall(r"\w+", draft.text.casefold())) for draft in drafts]
    likeness = [sum(_cosine(one, other) for other in counts) for one in counts]
    return max(range(len(drafts)), key=lambda place: (likeness[place], -place))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    dot = sum(count * other[word] for word, count in one.items())
    norms = math.sqrt(sum(count**2 for count in one.values()) * sum(count**2 for count in other.values()))
    return dot / norms if norms else 0.0
