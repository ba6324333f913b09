"""Progress while a request runs: each stage as it is opened, cleared and settled."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from orchestrator.api.timeline import Watcher
from orchestrator.cli.inert import inert, one_line
from orchestrator.cli.stages import Rows, bidding_rows, counted, delivery_rows, lot_heading, rounded_usd
from orchestrator.cli.writing import WritingView
from orchestrator.core.events import Announced, Cleared, Event, Offered, Settled
from orchestrator.core.rules import PRESENTER

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.core.progress import Progress
    from orchestrator.engine.streaming import Piece, TextListener

_WORKERS_NAMED_MAX = 4


class LiveProgress:
    """Shows a request's events as they happen; at a terminal also what is being waited for.

    Args:
        console: where.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._watcher = Watcher()
        self._writing = WritingView()
        self._live: Live | None = None

    def __enter__(self) -> LiveProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait_for(None)

    @property
    def on_text(self) -> TextListener | None:
        """Takes what presenters write, for a terminal; None where there is none to show it on."""
        return self._write if self._console.is_terminal else None

    def introduce(self, progress: Progress) -> None:
        """Show the request itself."""
        request = progress.request
        self._console.print(Text.assemble(("Request ", "bold"), (request.id, "bold"), f": {one_line(request.text)}"))
        bounty, bidders = rounded_usd(request.bounty_nanos), counted(len(request.roster), "bidder")
        self._console.print(Text(f"Bounty {bounty} USD, {bidders}, seed {request.seed}", style="dim"))

    def __call__(self, event: Event, progress: Progress) -> None:
        """Show one event."""
        self._watcher.note(event)
        match event:
            case Announced():
                asked = counted(len({name for row in event.lots for name in row.invited}), "bidder")
                lots = counted(len(event.lots), "lot")
                self._console.print(Text(f"\nStage {event.stage}", style="bold cyan") + Text(f": {lots} on sale"))
                self._wait_for(f"{asked} asked about {lots}")
            case Cleared():
                self._wait_for(None)
                for row in event.lots:
                    report = self._watcher.lot(progress.auctions[row.lot])
                    self._console.print(lot_heading(report.lot))
                    self._console.print(Rows(bidding_rows(report, rounded_usd)))
                winners = [award.bidder for row in event.lots for award in row.awards]
                self._wait_for(_at_work(winners) if winners else None)
            case Settled():
                self._show_deliveries(event, progress)
            case Offered():
                self._wait_for(None)
                self._show_offers(len(event.offers), progress)

    def _show_deliveries(self, event: Settled, progress: Progress) -> None:
        self._wait_for(None)
        for row in event.lots:
            report = self._watcher.lot(progress.auctions[row.lot])
            rows = delivery_rows(report, rounded_usd, full=False)
            if not rows:
                continue
            if len(event.lots) > 1:
                self._console.print(lot_heading(report.lot))
            self._console.print(Rows(rows))

    def _show_offers(self, shown: int, progress: Progress) -> None:
        presented = sum(sale.role == PRESENTER for sale in progress.sales)
        left_out = f" of the {presented} presented: the same text of one principal counts once" * (presented > shown)
        self._console.print(Text(f"\nEvery chain has ended: {counted(shown, 'offer')}{left_out}"))

    def _wait_for(self, what: str | None) -> None:
        """Show, at a terminal, what is being waited for; None when nothing is."""
        if self._live is not None:
            self._writing.clear()
            self._live.stop()
            self._live = None
        if what is not None and self._console.is_terminal:
            waiting = Group(Spinner("dots", text=Text(what)), self._writing)
            self._live = Live(waiting, console=self._console, transient=True, refresh_per_second=12.5)
            self._live.start()

    def _write(self, piece: Piece) -> None:
        self._writing.take(piece)
        if piece.is_last and self._live is not None:
            self._live.refresh()


def _at_work(winners: list[str]) -> str:
    names = list(dict.fromkeys(inert(name) for name in winners))
    more = f" and {len(names) - _WORKERS_NAMED_MAX} more" if len(names) > _WORKERS_NAMED_MAX else ""
    return f"{', '.join(names[:_WORKERS_NAMED_MAX])}{more} at work"
