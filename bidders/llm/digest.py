"""Digesting: a state that is longer than a model should read is shown by the heads and tails of its segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from bidders.llm.fence import Exhibit
from orchestrator import Segment, State

BYTES_PER_TOKEN: Final = 4
"""About what a token holds of any script; budgets are kept by it, costs never are."""

_FRAME_BYTES: Final = 120
_TEXT_BYTES_MIN: Final = 200
_HEAD_SHARE: Final = 0.6
_REQUEST: Final = "request"
REQUESTER: Final = "requester"
"""Author of what the user wrote; no bidder can have this name."""


class Digest(NamedTuple):
    """A state as it fits a budget.

    Attributes:
        exhibits: the request, then the segments, each with number, author, kind and full size.
        left_out: how many segments in the middle are not shown at all.
        is_whole: whether nothing was left out.
        has_all_work: whether nothing was left out of what bidders have added to the request.
    """

    exhibits: tuple[Exhibit, ...]
    left_out: int
    is_whole: bool
    has_all_work: bool


def cut_evenly(texts: Sequence[str], tokens_max: int) -> list[str]:
    """Texts that together fit a budget: the short ones whole, the long ones without their middles.

    Args:
        texts: in reading order.
        tokens_max: about how many tokens they may take.
    """
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    allowed = _shared_out([len(each) for each in encoded], tokens_max * BYTES_PER_TOKEN)
    return [
        text if len(each) <= most else _without_middle(each, most)
        for text, each, most in zip(texts, encoded, allowed, strict=True)
    ]


def digest_state(request: str, state: State, tokens_max: int) -> Digest:
    """Show as much of a state as a budget allows.

    Short segments stay whole and long ones lose their middles, as evenly as that can be. Where
    there are too many segments even for that, the request and the latest are shown.

    The request is the user's, whatever a state makes of it: a bidder may have written a segment that
    calls itself the request, or one that stands in the request's place.

    Args:
        request: the request's text.
        state: what is shown.
        tokens_max: about how many tokens it may take.
    """
    bytes_max = tokens_max * BYTES_PER_TOKEN
    added = [(number, piece) for number, piece in enumerate(state.segments, 1) if piece.author != REQUESTER]
    pieces = [(0, Segment(request, kind=_REQUEST, author=REQUESTER)), *added]
    room = max(1, bytes_max // (_FRAME_BYTES + _TEXT_BYTES_MIN))
    kept = pieces if len(pieces) <= room else [pieces[0], *pieces[len(pieces) - room + 1 :]]
    encoded = [piece.text.encode("utf-8", "surrogatepass") for _, piece in kept]
    allowed = _shared_out([len(each) for each in encoded], bytes_max - _FRAME_BYTES * len(kept))
    exhibits = tuple(
        _exhibit(number, piece, each, bytes_max)
        for (number, piece), each, bytes_max in zip(kept, encoded, allowed, strict=True)
    )
    left_out = len(pieces) - len(kept)
    request_is_whole, *work_is_whole = (len(each) <= most for each, most in zip(encoded, allowed, strict=True))
    has_all_work = not left_out and all(work_is_whole)
    return Digest(exhibits, left_out, has_all_work and request_is_whole, has_all_work)


def _shared_out(sizes: Sequence[int], total: int) -> list[int]:
    """What each may take of a total: the small get all they need, the large share the rest evenly."""
    allowed = [0] * len(sizes)
    left = max(0, total)
    by_size = sorted(range(len(sizes)), key=sizes.__getitem__)
    for place, index in enumerate(by_size):
        allowed[index] = min(sizes[index], left // (len(sizes) - place))
        left -= allowed[index]
    return allowed


def _exhibit(number: int, piece: Segment, encoded: bytes, bytes_max: int) -> Exhibit:
    is_request = piece.author == REQUESTER
    notes: tuple[tuple[str, str], ...] = (("author", piece.author), ("kind", _kind(piece, is_request)))
    if not is_request:
        notes = (("number", str(number)), *notes)
    label = _REQUEST if is_request else "segment"
    if len(encoded) <= bytes_max:
        return Exhibit(label, piece.text, notes)
    shown = _without_middle(encoded, bytes_max)
    return Exhibit(label, shown, (*notes, ("bytes", str(len(encoded))), ("shown", "head and tail")))


def _kind(piece: Segment, is_request: bool) -> str:
    """A segment's kind; one that a bidder passes off as the request is a note."""
    return "note" if piece.kind.strip().casefold() == _REQUEST and not is_request else piece.kind


def _without_middle(encoded: bytes, bytes_max: int) -> str:
    head = int(bytes_max * _HEAD_SHARE)
    tail = bytes_max - head
    first = encoded[:head].decode("utf-8", "ignore")
    last = encoded[len(encoded) - tail :].decode("utf-8", "ignore") if tail else ""
    return f"{first}\n[... {len(encoded) - bytes_max:,} bytes left out ...]\n{last}"
