"""Streaming: what a presenter writes is passed on to whoever watches, while it writes.

Pieces are shown and never recorded: what counts is the delivery. So they may come or not, in any
size, and a run is the same run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import NamedTuple


class Piece(NamedTuple):
    """A piece of an offer's text, as it is being written.

    Attributes:
        lot: path of the lot that is being presented.
        bidder: who writes.
        text: the next characters; they are data, and nothing in them is obeyed (R12).
        is_last: whether the writing is over, well or badly; there is no text then.
    """

    lot: str
    bidder: str
    text: str
    is_last: bool = False


TextListener = Callable[[Piece], None]


class Writing:
    """What one winner writes; the object that it is given to write into.

    Args:
        lot: path of the lot.
        bidder: who writes.
        listener: told of each piece.
        characters_max: what is passed on at most; more is no lawful delivery.
    """

    def __init__(self, lot: str, bidder: str, listener: TextListener, characters_max: int) -> None:
        self._lot = lot
        self._bidder = bidder
        self._listener = listener
        self._left = characters_max
        self._is_open = True

    def __call__(self, text: object) -> None:
        """Pass a piece on; whatever is no text is dropped, and so is all that comes too late."""
        plain = "".join((text,)) if isinstance(text, str) else ""
        shown = plain[: self._left]
        if self._is_open and shown:
            self._left -= len(shown)
            self._tell(Piece(self._lot, self._bidder, shown))

    def close(self) -> None:
        """Say that the writing is over."""
        if self._is_open:
            self._is_open = False
            self._tell(Piece(self._lot, self._bidder, "", is_last=True))

    def _tell(self, piece: Piece) -> None:
        # Whoever watches must not disturb who writes.
        with contextlib.suppress(Exception):
            self._listener(piece)
