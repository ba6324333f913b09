"""How a lot's story is told: who bid, who passed and why, who won, at what price, what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from orchestrator.api.changes import Change
from orchestrator.api.timeline import DeliveryReport, LotReport
from orchestrator.cli.inert import inert, one_line
from orchestrator.core.answer import Answer
from orchestrator.core.events import Faulted
from orchestrator.core.lot import Lot, Sale
from orchestrator.core.rules import PRESENTER
from orchestrator.core.state import REQUESTER
from orchestrator.money import NANOS_PER_USD, format_usd

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

Row = tuple[str, Text]
Amounts = Callable[[int], str]

_ROUNDED_TO: Final = NANOS_PER_USD // 10_000
_LABEL_WIDTH: Final = 11
_TEXT_WIDTH_MIN: Final = 20
_BRIEF_CHARACTERS: Final = 100
_LINES_SHOWN: Final = 12
_LINE_CHARACTERS: Final = 400


def rounded_usd(nanos: int) -> str:
    """An amount to four decimal places, for progress; what would round to 0 is shown in full."""
    nearest = (nanos + _ROUNDED_TO // 2) // _ROUNDED_TO * _ROUNDED_TO
    return format_usd(nearest if nearest or not nanos else nanos)


def counted(number: int, thing: str) -> str:
    """A number of things: `1 lot`, `2 lots`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def lot_heading(lot: Lot) -> Text:
    """Which lot, and whose."""
    owner = "the request itself" if lot.owner == REQUESTER else f"sold by {inert(lot.owner)}"
    return Text.assemble("lot ", (lot.path, "bold"), f", {owner}")


def bidding_rows(report: LotReport, amounts: Amounts) -> list[Row]:
    """What the sealed answers were, and whom they made the winner."""
    rows: list[Row] = []
    bids = sorted((row for row in report.answers if row.kind == "bid"), key=lambda row: -row.amount_nanos)
    if report.reserve_nanos:
        rows.append(("reserve", Text(amounts(report.reserve_nanos))))
    if bids:
        rows.append(("bids", _joined(_bid(row, amounts) for row in bids)))
    rows += [("passed", reason) for reason in _passes(report.answers)]
    for row in report.answers:
        if row.kind == "fault":
            rows.append(("fault", Text.assemble(_name(row.bidder, "red"), f" {row.fault}: {one_line(row.reason)}")))
    rows += [("refused", Text.assemble(_name(bidder), f": {one_line(reason)}")) for bidder, reason in report.refused]
    rows += [("won", _award(report, index, amounts)) for index in range(len(report.awards))]
    if report.answers and not report.awards:
        rows.append(("unsold", Text("nobody takes this lot; its chain ends here")))
    return rows


def delivery_rows(report: LotReport, amounts: Amounts, *, full: bool) -> list[Row]:
    """What was delivered, what failed, what was paid and what changed in the text."""
    rows = [("failed", _failure(fault, amounts)) for fault in report.failures]
    sales = {sale.buyer: sale for sale in report.sales}
    for delivery in report.deliveries:
        sale = sales.get(delivery.award.bidder)
        if sale is not None:
            rows.append(("sold", _sale(report, sale, delivery, amounts)))
        elif delivery.award.bidder in report.merged:
            who = _name(delivery.award.bidder)
            rows.append(("merged", Text.assemble(who, " delivered the text of another copy: not sold, not paid")))
        rows += [("", line) for line in change_lines(delivery, full=full)]
    return rows


def change_lines(delivery: DeliveryReport, *, full: bool) -> Iterable[Text]:
    """What a delivery did to the text: each change with its author, in full or by its first line."""
    for change in delivery.changes:
        yield from _full_change(change) if full else [_brief_change(change)]


@dataclass(frozen=True)
class Rows:
    """Rows under each other, with their labels to the left and long texts wrapped beside them.

    Attributes:
        rows: labels and texts.
    """

    rows: Sequence[Row]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the rows out, without the padding that a table would leave at the ends of lines."""
        width = max(options.max_width - _LABEL_WIDTH, _TEXT_WIDTH_MIN)
        for label, text in self.rows:
            for number, line in enumerate(text.wrap(console, width)):
                line.rstrip()
                margin = f"  {label}" if number == 0 else ""
                yield Text.assemble((margin.ljust(_LABEL_WIDTH), "dim"), line)


def _passes(answers: Iterable[Answer]) -> list[Text]:
    """Who passed, those with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for row in answers:
        if row.kind == "pass":
            by_reason.setdefault(one_line(row.reason) or "no reason given", []).append(row.bidder)
    return [Text.assemble(_joined(map(_name, names)), f": {reason}") for reason, names in by_reason.items()]


def _bid(row: Answer, amounts: Amounts) -> Text:
    role = " to present" if row.role == PRESENTER else ""
    return Text.assemble(_name(row.bidder), f" {amounts(row.amount_nanos)}{role}")


def _award(report: LotReport, index: int, amounts: Amounts) -> Text:
    award = report.awards[index]
    who = _name(award.bidder, "bold green")
    if award.kept:
        return Text.assemble(who, " keeps its state: no bid reached its reserve")
    audition = ", on audition" if award.audition else ""
    return Text.assemble(who, f" at {amounts(award.price_nanos)}, bid {amounts(award.bid_nanos)}{audition}")


def _failure(fault: Faulted, amounts: Amounts) -> Text:
    forfeit = f"; forfeits {amounts(fault.forfeit_nanos)}" if fault.forfeit_nanos else ""
    provider = " (its provider's fault)" if fault.fault == "provider" else ""
    return Text.assemble(
        _name(fault.bidder, "red"), f" {fault.fault}: {one_line(fault.reason)}{provider}{forfeit}; pays nothing"
    )


def _sale(report: LotReport, sale: Sale, delivery: DeliveryReport, amounts: Amounts) -> Text:
    became = "an offer" if sale.role == PRESENTER else f"lot {report.path_of(sale)}"
    if sale.kept:
        return Text.assemble(_name(sale.buyer), f" transformed its own state again, now {became}")
    seller = "escrow" if sale.seller == REQUESTER else inert(sale.seller)
    substitute = " as a substitute" if delivery.award.round else ""
    cost = "unknown" if delivery.cost_nanos is None else amounts(delivery.cost_nanos)
    spent = f", spent {cost}" if delivery.cost_nanos != 0 else ""
    paid = f" {amounts(sale.price_nanos)} to {seller}{substitute}{spent}: {became}"
    verb = ": on audition, the treasury paid" if sale.audition else " paid"
    return Text.assemble(_name(sale.buyer), f"{verb}{paid}")


def _brief_change(change: Change) -> Text:
    style = "green" if change.sign == "+" else "red"
    lines = [one_line(line, _BRIEF_CHARACTERS) for line in change.text.split("\n")]
    first = next((line for line in lines if line), "(empty lines)")
    return Text.assemble((f"{change.sign} ", style), f"{first} ", (f"[{len(change.text):,} characters]", "dim"))


def _full_change(change: Change) -> Iterable[Text]:
    style = "green" if change.sign == "+" else "red"
    yield Text.assemble((change.sign, style), " by ", _name(change.author), (f" ({one_line(change.kind, 40)})", "dim"))
    lines = change.text.split("\n")
    for line in lines[:_LINES_SHOWN]:
        cut = "" if len(line) <= _LINE_CHARACTERS else f"… [{len(line):,} characters]"
        yield Text.assemble((f"{change.sign} ", style), inert(line[:_LINE_CHARACTERS]) + cut)
    if len(lines) > _LINES_SHOWN:
        yield Text(f"  … {len(lines) - _LINES_SHOWN} more lines; --json shows all", style="dim")


def _name(name: str, style: str = "bold") -> Text:
    return Text(inert(name), style=style)


def _joined(parts: Iterable[Text]) -> Text:
    return Text(", ").join(parts)
