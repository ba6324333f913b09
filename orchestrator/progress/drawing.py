"""The report as a picture: nine panels, drawn by matplotlib (extra `plots`) where a PNG is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orchestrator.errors import BrokenPlugin, InvalidRequest
from orchestrator.money import NANOS_PER_USD
from orchestrator.progress.cutting import both_ends
from orchestrator.progress.report import ProgressReport
from orchestrator.progress.series import Series, smoothed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

T = TypeVar("T")

LINES_MAX: Final = 10
_SIZE_INCHES: Final = (15.0, 12.5)
_ROWS: Final = 3
_DOTS_PER_INCH: Final = 110
_PNG_BEGINS: Final = b"\x89PNG\r\n\x1a\n"


def draw_png(report: ProgressReport, path: Path) -> None:
    """Draw a report into a PNG file.

    Args:
        report: the report.
        path: the file; a PNG that is there already is replaced.

    Raises:
        BrokenPlugin: matplotlib is not installed.
        InvalidRequest: the file holds something else than a PNG, or cannot be written.
    """
    _spare_what_is_no_png(path)
    figure = make_figure(report)
    try:
        with path.open("wb") as file:
            figure.savefig(file, dpi=_DOTS_PER_INCH, format="png")
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def _spare_what_is_no_png(path: Path) -> None:
    """Refuse to replace a file that holds something else than a PNG, such as a market's store."""
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            beginning = file.read(len(_PNG_BEGINS))
    except (OSError, ValueError):
        return  # writing says why
    if beginning not in (b"", _PNG_BEGINS):
        raise InvalidRequest(f"{path} is there already, and no PNG; name another file")


def make_figure(report: ProgressReport) -> Figure:
    """Draw a report.

    Raises:
        BrokenPlugin: matplotlib is not installed.
    """
    figure = _empty()
    panels = figure.subplots(_ROWS, len(_PANELS) // _ROWS).flat
    for panel, draw in zip(panels, _PANELS, strict=True):
        draw(panel, report)
        panel.grid(alpha=0.3)
    first, last = report.first or "no request", report.last or "no request"
    figure.suptitle(f"Progress from {first} to {last}: {report.objective.verdict}{_left_out(report)}")
    return figure


def _left_out(report: ProgressReport) -> str:
    """What the panels have no room for, as a line of its own; empty where they show all."""
    best, worst = both_ends(report.bidders, LINES_MAX)
    if not worst:
        return ""
    return f"\nof {len(report.bidders)} bidders: the {len(best)} most and the {len(worst)} least profitable"


def _shown(rows: Sequence[T]) -> list[T]:
    """The rows of bidders that there is room for, the most profitable first."""
    best, worst = both_ends(rows, LINES_MAX)
    return [*best, *worst]


def _empty() -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise BrokenPlugin(
            "a PNG needs the package matplotlib; install it with: pip install 'vickrey[plots]'"
        ) from None
    return Figure(figsize=_SIZE_INCHES, layout="constrained")


def _objective(panel: Axes, report: ProgressReport) -> None:
    _line(panel, report.objective.usd, "by request", alpha=0.4)
    _line(panel, report.objective.smoothed_usd, "smoothed")
    _label(panel, "Bounties released less cost", "USD a request")


def _profits(panel: Axes, report: ProgressReport) -> None:
    shares = _shown(report.bidders)[::-1]
    panel.barh([share.name for share in shares], [share.profit_nanos / NANOS_PER_USD for share in shares])
    panel.set_title("Profit by bidder")
    panel.set_xlabel("USD")


def _wealth(panel: Axes, report: ProgressReport) -> None:
    for each in _shown(report.adjustments):
        _line(panel, each.wealth_usd, each.bidder)
    _label(panel, "Wealth", "USD")


def _wins(panel: Axes, report: ProgressReport) -> None:
    for each in _shown(report.adjustments):
        _line(panel, smoothed(each.win_share), each.bidder)
    _label(panel, "Share of lots won (smoothed)", "share")


def _bid_bias(panel: Axes, report: ProgressReport) -> None:
    for each in _shown(report.adjustments):
        _line(panel, smoothed(each.bid_bias_over_time), each.bidder)
    _label(panel, "Bid less what the lot brought net (smoothed)", "share of the bounty")


def _brier(panel: Axes, report: ProgressReport) -> None:
    presenters = [each for each in report.adjustments if each.base_rate is not None]
    for each in _shown(presenters):
        _line(panel, smoothed(each.brier_over_time), each.bidder)
    _label(panel, "Brier score of presenters' bids (smoothed)", "lower is better")


def _discounts(panel: Axes, report: ProgressReport) -> None:
    found = [each for each in report.discounts if each.discount is not None]
    known = _shown(sorted(found, key=lambda each: -(each.discount or 0.0)))[::-1]
    names = [each.bidder if each.rivals else f"{each.bidder} (no rival)" for each in known]
    panel.barh(names, [each.discount or 0.0 for each in known])
    panel.set_title(f"What others kept of what copies led to{_of(len(known), len(found))}")
    panel.set_xlabel("share of what they led to; below 0 they paid more")


def _prices(panel: Axes, report: ProgressReport) -> None:
    for price in report.prices[:LINES_MAX]:
        _line(panel, smoothed(price.share), price.skill)
    cut = _of(min(LINES_MAX, len(report.prices)), len(report.prices))
    _label(panel, f"Prices by skill (smoothed){cut}", "share of the bounty")


def _of(shown: int, found: int) -> str:
    """How many of a panel's own rows it shows, where that is not all."""
    return "" if shown == found else f", {shown} of {found}"


def _thinness(panel: Axes, report: ProgressReport) -> None:
    _line(panel, smoothed(report.thinness.gap), "highest less second bid")
    _label(panel, "Thinness (smoothed)", "share of the bounty")


_PANELS: Final = (
    *(_objective, _profits, _discounts),
    *(_wealth, _wins, _bid_bias),
    *(_brier, _prices, _thinness),
)


def _line(panel: Axes, series: Series, label: str, **style: Any) -> None:
    points = [(index, figure) for index, figure in enumerate(series) if figure is not None]
    if not points:
        return
    panel.plot([index for index, _ in points], [figure for _, figure in points], label=label, marker=".", **style)


def _label(panel: Axes, title: str, unit: str) -> None:
    panel.set_title(title)
    panel.set_ylabel(unit)
    panel.set_xlabel("points of equally many requests, in order")
    # Of few requests matplotlib would number fractions of a point.
    panel.locator_params(axis="x", integer=True, min_n_ticks=1)
    if panel.get_legend_handles_labels()[0]:
        panel.legend(fontsize="small")
