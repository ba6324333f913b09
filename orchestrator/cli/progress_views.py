"""How a report on progress is shown: tables, and lines of blocks for what changes over time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from orchestrator.cli.inert import one_line
from orchestrator.cli.render import cell, cost_words, rounded, table
from orchestrator.cli.stages import counted, rounded_usd
from orchestrator.money import NANOS_PER_USD
from orchestrator.progress.adjustment import Adjustment
from orchestrator.progress.attribution import Presence, Share
from orchestrator.progress.cutting import both_ends
from orchestrator.progress.liquidity import ExpertDiscount, SkillPrice, Thinness
from orchestrator.progress.objective import Objective
from orchestrator.progress.report import ProgressReport
from orchestrator.progress.rivalry import COVER_SHARE, LOTS_MIN, Rivalry
from orchestrator.progress.series import Series, Trend, buckets, mean, smoothed

ROWS_MAX: Final = 30
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_WIDTH: Final = 20
_GAP: Final = "·"
_ROUNDING: Final = 1e-9


def progress_views(report: ProgressReport) -> Iterable[Table | Text]:
    """A whole report."""
    yield Text(f"{counted(report.objective.requests, 'request')}, {report.first} to {report.last}")
    yield _heading("Objective: bounties released less real cost")
    yield from _objective_views(report.objective)
    if report.practice_nanos:
        yield Text(f"Practice has cost {rounded_usd(report.practice_nanos)} USD beside that; the operator paid it.")
    yield _heading("Attribution: who earned it")
    yield shares_table(report.bidders, "bidder")
    if report.skills:
        yield shares_table(report.skills, "skill")
    if report.replayed:
        yield _heading(f"What each presence was worth to the others, by replays of {report.replayed} without it")
        yield _presences_table(report.presences)
    yield _heading("Adjustment: how bidders change")
    yield _adjustments_table(report.adjustments)
    forecasters = [each for each in report.adjustments if each.base_rate is not None]
    if forecasters:
        yield _heading("Presenters' bids as forecasts: the error is 0 at best")
        yield _forecasts_table(forecasters)
    if report.thinness.lots:
        yield _heading("Prices of skills, as shares of the bounty")
        yield _prices_table(report.prices)
        yield from _thinness_views(report.thinness)
    else:
        yield Text("\nNo lot was sold, so there are no prices.")
    if report.rivalry.pairs:
        yield from _rivalry_views(report.rivalry)
    if report.discounts:
        yield _heading("What transformers' copies sold for, against what they led to")
        yield _discounts_table(report.discounts)
    yield Text("\n(In brackets: a change from first to last third that may be chance.)", style="dim")


def blocks(series: Series, width: int = _WIDTH) -> str:
    """A series as a line of blocks from its lowest figure to its highest; a dot where there is none."""
    points = [mean(figure for figure in run if figure is not None) for run in buckets(series, width)]
    known = [point for point in points if point is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    steps = len(_BLOCKS) - 1
    # Means of equal figures may differ in their last digit, which is no rise.
    is_flat = math.isclose(low, high, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    return "".join(
        _GAP if point is None else _BLOCKS[0 if is_flat else round((point - low) / (high - low) * steps)]
        for point in points
    )


def _heading(words: str) -> Text:
    return Text(f"\n{words}", style="bold cyan")


def _objective_views(found: Objective) -> Iterable[Text]:
    yield Text(
        f"{rounded_usd(found.released_nanos)} USD released in {found.released} of {found.requests}, less "
        f"{rounded_usd(found.cost_nanos)} of costs, is {rounded_usd(found.value_nanos)} USD."
    )
    if found.unknown_costs:
        yield Text(
            f"{counted(found.unknown_costs, 'request')} had calls of unknown cost: the value is at most that.", "yellow"
        )
    ends = (_first(found.smoothed_usd), _last(found.smoothed_usd))
    early, late = rounded([round((usd or 0.0) * NANOS_PER_USD) for usd in ends])
    yield Text(f"USD a request {blocks(found.smoothed_usd, 2 * _WIDTH)} from {early} to {late} (smoothed)")
    yield Text.assemble(("Is it getting better? ", "bold"), found.verdict, " (last third against first)")


def shares_table(shares: Sequence[Share], what: str) -> Table:
    """What each has earned, the best and the worst; rent where any was paid."""
    rents = [("rent", rounded([share.rent_nanos for share in shares]))] if any(s.rent_nanos for s in shares) else []
    costs = [
        cost_words(amount, share.cost_nanos, is_known=share.cost_known)
        for amount, share in zip(rounded([share.cost_nanos for share in shares]), shares, strict=True)
    ]
    columns = [
        ("value added", rounded([share.added_nanos for share in shares])),
        ("cost", costs),
        ("profit", rounded([share.profit_nanos for share in shares])),
        *rents,
    ]
    names = [name for name, _ in columns]
    made = table(what, "won", *names, right=("won", *names))
    rows = [
        (
            cell(share.name, "bold"),
            cell(share.wins),
            *(cell(amounts[row], "red" if amounts[row].startswith("-") else "") for _, amounts in columns),
        )
        for row, share in enumerate(shares)
    ]
    return _with_ends(made, rows)


def _presences_table(presences: Sequence[Presence]) -> Table:
    made = table("bidder", "known", "unknown", "worth USD", "unknown beyond", right=("known", "unknown", "worth USD"))
    worths = rounded([each.total_nanos or 0 for each in presences])
    rows = [
        (
            cell(each.bidder, "bold"),
            cell(each.known),
            cell(each.unknown),
            cell("unknown" if each.total_nanos is None else worth),
            cell(one_line(each.unknown_beyond, 40)),
        )
        for each, worth in zip(presences, worths, strict=True)
    ]
    return _with_ends(made, rows)


def _adjustments_table(adjusted: Sequence[Adjustment]) -> Table:
    made = table("bidder", "wealth", "now", "win share", "late", "bid bias", right=("now", "late"))
    wealth = rounded([round((_last(each.wealth_usd) or 0.0) * NANOS_PER_USD) for each in adjusted])
    rows = []
    for each, now in zip(adjusted, wealth, strict=True):
        late = _last(smoothed(each.win_share))
        rows.append(
            (
                cell(each.bidder, "bold"),
                cell(blocks(each.wealth_usd, _WIDTH // 2)),
                cell("" if _last(each.wealth_usd) is None else now),
                cell(blocks(smoothed(each.win_share), _WIDTH // 2)),
                cell("" if late is None else f"{late:.0%}"),
                cell(_change(each.bid_bias, "{:+.1%}")),
            )
        )
    return _with_ends(made, rows)


def _forecasts_table(adjusted: Sequence[Adjustment]) -> Table:
    made = table("presenter", "Brier", "early and late", "picked", right=("picked",))
    rows = [
        (
            cell(each.bidder, "bold"),
            cell(blocks(smoothed(each.brier_over_time), _WIDTH // 2)),
            cell(_change(each.brier, "{:.3f}")),
            cell(f"{each.base_rate:.0%}"),
        )
        for each in adjusted
    ]
    return _with_ends(made, rows)


def _prices_table(prices: Sequence[SkillPrice]) -> Table:
    made = table("skill", "lots", "price", "early and late", right=("lots",))
    for price in prices[:ROWS_MAX]:
        made.add_row(
            cell(price.skill or "none", "bold"),
            cell(price.lots),
            cell(blocks(smoothed(price.share))),
            cell(_change(price.trend, "{:.1%}")),
        )
    return _cut(made, len(prices))


def _thinness_views(found: Thinness) -> Iterable[Text]:
    yield _heading("Thinness: highest less second bid, as a share of the bounty")
    if any(gap is not None for gap in found.gap):
        yield Text(f"{blocks(smoothed(found.gap))} {_change(found.trend, '{:.1%}')}")
    yield Text(f"{found.uncontested} of {counted(found.lots, 'lot')} had one bidder only, or one principal's.")


def _rivalry_views(found: Rivalry) -> Iterable[Table | Text]:
    yield _heading("Rivalry: do any two bid as if they had agreed not to bid against each other?")
    suspects = found.suspects()
    if not suspects:
        yield Text(f"None of {counted(len(found.pairs), 'pair')} that met on {LOTS_MIN} lots or more.")
        return
    made = table("pair", "lots", "cover bids", "by chance", right=("lots", "cover bids", "by chance"))
    for pair in suspects[:ROWS_MAX]:
        made.add_row(
            cell(" and ".join(pair.principals), "bold yellow"),
            cell(pair.lots),
            cell(f"{pair.cover_share:.0%}"),
            cell(f"{pair.cover_share_by_chance:.0%}"),
        )
    yield _cut(made, len(suspects))
    yield Text(f"A cover bid is below {COVER_SHARE:.0%} of the other's: a reason to look, and no proof.", "yellow")


def _discounts_table(discounts: Sequence[ExpertDiscount]) -> Table:
    right = ("rivals", "copies", "sold for", "led to", "discount")
    made = table("bidder", "rivals", "copies", "sold for", "led to", "discount", right=right)
    sold = rounded([each.sold_nanos for each in discounts])
    led_to = rounded([each.led_to_nanos for each in discounts])
    for row, each in enumerate(discounts[:ROWS_MAX]):
        made.add_row(
            cell(each.bidder, "bold"),
            cell(each.rivals or "none", "" if each.rivals else "yellow"),
            cell(each.copies),
            cell(sold[row]),
            cell(led_to[row]),
            cell("unknown" if each.discount is None else f"{each.discount:.0%}"),
        )
    return _cut(made, len(discounts))


def _with_ends(made: Table, rows: Sequence[tuple[Text, ...]]) -> Table:
    """A table of rows from best to worst; of too many the middle ones are left out, and that is said."""
    best, worst = both_ends(rows, ROWS_MAX)
    for row in best:
        made.add_row(*row)
    if worst:
        made.add_row(cell(f"… {len(rows) - ROWS_MAX} between", "dim"))
        for row in worst:
            made.add_row(*row)
        _caption(made, f"The {len(best)} most and the {len(worst)} least profitable; --json shows all")
    return made


def _cut(made: Table, rows: int) -> Table:
    if rows > ROWS_MAX:
        _caption(made, f"{rows - ROWS_MAX} more; --json shows all")
    return made


def _caption(made: Table, words: str) -> None:
    made.caption = Text(words, style="dim")
    made.caption_justify = "left"


def _change(trend: Trend, form: str) -> str:
    """A figure early and late; in brackets where it may be chance."""
    if trend.early is None or trend.late is None:
        return ""
    words = f"{form.format(trend.early)} to {form.format(trend.late)}"
    return words if trend.is_clear else f"({words})"


def _first(series: Series) -> float | None:
    return next((figure for figure in series if figure is not None), None)


def _last(series: Series) -> float | None:
    return next((figure for figure in reversed(series) if figure is not None), None)
