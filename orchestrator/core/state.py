"""States: immutable texts in segments, each with its author."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from orchestrator.core.claims import normalise
from orchestrator.core.keys import digest_text
from orchestrator.core.light import light

REQUESTER = "requester"
"""Author of a request's own text and owner of its first lot; no bidder may take this name."""

ERASED = "[erased]"
"""How a text reads that was erased; its digest is known still."""

TEXT = "text"
PLAIN = "text/plain"
ANSWER = "answer"
"""Kind of a segment that claims to be the answer: two agree that read the same once written in one way."""

_COMPARED_CHARACTERS_MAX = 2000


class Contribution(NamedTuple):
    """One piece of work that a state holds.

    Attributes:
        author: whose work it is.
        claim: what it claims, as a digest by which claims agree or differ; empty for work that is not of
            kind `answer`.
    """

    author: str
    claim: str


@light
@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a state's text.

    Attributes:
        text: the text itself. It is data: nothing in it is ever obeyed (R12).
        kind: what it is for, for example `request`, `preference`, `plan`.
        media_type: how to read it.
        author: who wrote it; the engine sets this, whatever a bidder put here.
        digest: SHA-256 of the text, which stands for it in the journal.
    """

    text: str
    kind: str = TEXT
    media_type: str = PLAIN
    author: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", digest_text(self.text))

    @property
    def claim(self) -> str:
        """What it claims to be the answer, as a digest; empty for any other kind of text.

        Equal for answers that read the same once they are written in one way, such as `8.00` and `8`;
        long ones are compared as they are.
        """
        if self.kind != ANSWER:
            return ""
        # An erased text is written in one way already: it is known by its own digest still.
        return self.digest if len(self.text) > _COMPARED_CHARACTERS_MAX else _claim(self.text, self.digest)


@light
@dataclass(frozen=True, slots=True)
class State:
    """An immutable text artefact.

    Attributes:
        segments: its pieces, in reading order.
        parent: digest of the state it was made from, or None for a request's own text.
        digest: SHA-256 over segments and parent; two states with one digest are the same.
    """

    segments: tuple[Segment, ...]
    parent: str | None = None
    digest: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", _digest(self.segments, self.parent))

    @property
    def text(self) -> str:
        """The segments' texts with an empty line between them."""
        return "\n\n".join(segment.text for segment in self.segments)

    @property
    def content(self) -> tuple[str, ...]:
        """Digests of the texts alone: states of equal content are merged (R8)."""
        return tuple([segment.digest for segment in self.segments])

    def contributions(self) -> tuple[Contribution, ...]:
        """Whose work it holds, and what each claims, in reading order; the request's own text is no work."""
        return tuple([Contribution(piece.author, piece.claim) for piece in self.segments if piece.author != REQUESTER])

    def copy(self) -> State:
        """The same state in objects of its own, for whoever might change what it is given."""
        pieces = [Segment(each.text, each.kind, each.media_type, each.author, each.digest) for each in self.segments]
        return State(tuple(pieces), self.parent, self.digest)

    def size_bytes(self) -> int:
        """Length of the segments' texts in UTF-8."""
        size = 0
        for segment in self.segments:
            text = segment.text
            size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        return size


def first_state(text: str, digest: str) -> State:
    """The state that a request opens with: its own text, written by the requester."""
    return State((Segment(text, kind="request", author=REQUESTER, digest=digest),))


def next_state(state: State, delivered: Sequence[Segment], *, replaces: bool, author: str) -> State:
    """The state that a transform leads to; its authors are set here, not by the bidder.

    Args:
        state: what was transformed.
        delivered: segments to append, or the whole new list; their digests are taken as they
            stand, for the text of a recorded segment may have been erased.
        replaces: whether `delivered` replaces the old list; a segment that stands unchanged in
            the old list keeps its author.
        author: name of the bidder that delivered.

    Returns:
        The new state, with the old one as its parent.
    """
    if not replaces:
        appended = [Segment(piece.text, piece.kind, piece.media_type, author, piece.digest) for piece in delivered]
        return State((*state.segments, *appended), state.digest)
    known = {(piece.digest, piece.kind, piece.media_type): piece.author for piece in state.segments}
    replaced = [
        Segment(
            piece.text,
            piece.kind,
            piece.media_type,
            known.get((piece.digest, piece.kind, piece.media_type), author),
            piece.digest,
        )
        for piece in delivered
    ]
    return State(tuple(replaced), state.digest)


@lru_cache(maxsize=4096)
def _claim(answer: str, digest: str) -> str:
    """The digest of an answer written in one way; it is asked for at every bid on a state that holds it."""
    normal = normalise(answer)
    if normal is None:
        return ""
    return digest if normal == answer else digest_text(normal)


def _digest(segments: Sequence[Segment], parent: str | None) -> str:
    parts = [parent or ""]
    for piece in segments:
        parts += (piece.digest, piece.kind, piece.media_type, piece.author)
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
