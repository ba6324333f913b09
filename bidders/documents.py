"""A bidder with a private collection of documents, which it quotes where that improves a state."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import orchestrator
from bidders.capable import TRANSFORMER, Appraisal, CapableBidder, resale_share
from bidders.collection import load_collection
from bidders.finding import FoundPassage, conflict_of, find
from bidders.index import Index
from bidders.leanings import leaning_sentences
from bidders.options import kind_in, number_in, whole_in, words_in
from bidders.wanted import later_segments, read_wanted
from bidders.words import terms
from orchestrator import Announcement, Policy, Segment, WonLot

_WORTH_SHARE_MIN = 0.4  # of the best passage's worth; what is worth less would only dilute the state
_PASSAGE_GAIN = 0.5  # each passage supplies this part of what is still missing after the ones before it
_REPEAT_FACTOR = 0.35  # a second helping of the same kind is worth so much of the first
_GAIN_MIN = 0.02


class DocumentBidder(CapableBidder):
    """Sells passages of a private collection; nothing of it is shown before a lot is won.

    What it bids depends on what it finds for the state at hand: how far its passages are about the
    request or fit the preferences that the state holds, how much of them the state does not say
    yet, and how far they are what the state says to avoid.

    Args:
        name: unique in its market.
        path: the collection: a Markdown file with a `## heading` for each passage, or a text, of which each paragraph
            is one; or a folder of such files (`.md`, `.markdown`, `.txt`).
        policy: turns its estimate into a value.
        passages_max: how many passages it quotes at most, 1 or more.
        kind: kind of the segment that it writes, for example `preference`.
        gain_max: the most that its work closes of the gap between a state's price and the bounty, 0 to 1.
        character: words that say what the whole collection is like, beside its own description.
        excerpt: `passages` quotes them whole; `leanings` only their sentences about likes and dislikes, so that a
            notebook gives away no more than is needed.

    Raises:
        BrokenPlugin: the collection holds nothing.
        InvalidConfig: an option is out of range, or a document cannot be read.
    """

    def __init__(
        self,
        name: str,
        path: str | Path,
        policy: Policy | None = None,
        passages_max: int = 4,
        kind: str = "note",
        gain_max: float = 0.5,
        character: Sequence[str] = (),
        excerpt: str = "passages",
    ) -> None:
        super().__init__(name, TRANSFORMER, policy)
        if excerpt not in ("passages", "leanings"):
            raise orchestrator.errors.InvalidConfig(f"excerpt is `passages` or `leanings`, not {excerpt!r}")
        self._passages_max = whole_in("passages_max", passages_max, 1, 1000)
        self._gain_max = number_in("gain_max", gain_max, 0.0, 1.0)
        self._kind = kind_in("kind", kind)
        self._excerpt = excerpt
        self._collection = load_collection(path)
        self._indexing = threading.Lock()
        if not self._collection.passages:
            kinds = "holds no .md, .markdown or .txt file with a text" if Path(path).is_dir() else "is empty"
            raise orchestrator.errors.BrokenPlugin(f"bidder {name} has no documents: {path} {kinds}")
        self._character = frozenset(terms(" ".join((self._collection.description, *words_in("character", character)))))

    @cached_property
    def _index(self) -> Index:
        # Several lots are announced at once, and a thread that indexes goes on when its lot has closed.
        with self._indexing:
            found: Index | None = self.__dict__.get("_index")
            return found or Index(self._collection)

    async def prepare(self) -> None:
        """Index the collection, in a thread, the first time that a lot is announced."""
        if "_index" not in self.__dict__:
            await asyncio.to_thread(lambda: self._index)

    def appraise(self, announcement: Announcement) -> Appraisal:
        """Estimate what the state will sell for with the best passages in it, or explain why it is left alone."""
        wanted = read_wanted(announcement.request, announcement.state)
        found = find(self._index, wanted)
        character_conflict = conflict_of(self._character, wanted)
        chosen = self._choose(found)
        refusal = self._refusal(found, chosen, character_conflict)
        if refusal:
            return Appraisal(0.0, refusal)
        repeats = sum(
            segment.kind == self._kind for segment in later_segments(announcement.request, announcement.state)
        )
        gain = self._gain_max * _supplied(chosen) * (1.0 - character_conflict) * _REPEAT_FACTOR**repeats
        if gain < _GAIN_MIN:
            return Appraisal(0.0, "too little to add to this state")
        return Appraisal(
            resale_share(announcement, gain),
            f"found {len(chosen)} passages that the state lacks",
            {"gain": gain, "passages": float(len(chosen)), "conflict": character_conflict},
        )

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        """Append the best passages to the state, as one segment."""
        wanted = read_wanted(lot.request, lot.state)
        chosen = self._choose(find(self._index, wanted))
        quotes = [self._quote(finding) for finding in chosen]
        return [Segment("\n\n".join(quotes), kind=self._kind)]

    def _choose(self, found: Sequence[FoundPassage]) -> list[FoundPassage]:
        best = max((finding.worth for finding in found), default=0.0)
        worthy = [finding for finding in found if finding.worth > 0 and finding.worth >= _WORTH_SHARE_MIN * best]
        quotable = [finding for finding in worthy if self._quote(finding)]
        return sorted(quotable, key=lambda finding: -finding.worth)[: self._passages_max]

    def _quote(self, finding: FoundPassage) -> str:
        if self._excerpt == "passages":
            return finding.passage.quote
        return " ".join(leaning_sentences(finding.passage.text))

    def _refusal(self, found: Sequence[FoundPassage], chosen: Sequence[FoundPassage], character_conflict: float) -> str:
        if not found:
            return "found nothing relevant"
        if character_conflict >= 1.0 or all(finding.conflict >= 1.0 for finding in found):
            return "what it has is what the state says to avoid"
        return "" if chosen else "nothing new for this state"


def _supplied(chosen: Sequence[FoundPassage]) -> float:
    """How much of what passages can give these give: 0 for none, towards 1 for many good ones."""
    missing = 1.0
    for finding in chosen:
        missing *= 1.0 - _PASSAGE_GAIN * finding.worth
    return 1.0 - missing
