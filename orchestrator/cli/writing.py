"""What presenters write, shown while they write: the last lines of each, one below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from orchestrator.cli.inert import inert

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from orchestrator.engine.streaming import Piece

_WRITERS_MAX: Final = 4
_LINES_MAX: Final = 5
_CHARACTERS_KEPT: Final = 4000


class WritingView:
    """The texts that are being written; each keeps its own place, so that they never mix."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}
        self._done: set[tuple[str, str]] = set()

    def take(self, piece: Piece) -> None:
        """Take what somebody wrote."""
        writer = (piece.bidder, piece.lot)
        if piece.is_last:
            self._done.add(writer)
        else:
            self._texts[writer] = (self._texts.get(writer, "") + piece.text)[-_CHARACTERS_KEPT:]

    def clear(self) -> None:
        """Forget all of it: what was delivered is shown elsewhere."""
        self._texts.clear()
        self._done.clear()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Show the latest lines of the latest writers; what they wrote is data, and stays inert (R12)."""
        for writer, text in list(self._texts.items())[-_WRITERS_MAX:]:
            bidder, lot = writer
            yield Text(f"{inert(bidder)} {'wrote' if writer in self._done else 'writes'} (lot {lot})", style="bold")
            shown = Text(inert(text).replace("\t", "    "), style="dim")
            for line in list(shown.wrap(console, max(1, options.max_width - 2)))[-_LINES_MAX:]:
                yield Text.assemble("  ", line)
