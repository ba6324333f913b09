"""Tables and texts that show the market to a reader; data goes in as inert text, never as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from orchestrator.api import Offer
from orchestrator.api.reports import LeaderboardRow, RequestSummary
from orchestrator.api.roster import BROKEN, Roster
from orchestrator.cli.inert import inert, one_line
from orchestrator.cli.stages import counted, rounded_usd
from orchestrator.engine.learning_failures import LearningFailure
from orchestrator.money import NANOS_PER_USD, format_usd

# Columns of names, which are copied into the next command and searched for.
_NAMES = frozenset({"account", "bidder", "from", "model", "presenter", "request", "skill", "to"})
# Who ships what comes along.
_OWN = "vickrey"
_NANOS_DIGITS = 9
_DIGITS_OF_SMALLEST = 3


def cell(text: object, style: str = "") -> Text:
    """Data for one cell of a table."""
    return Text(inert(str(text)), style=style)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """A table with plain headings; the columns in `right` are flush right and hold numbers.

    Neither numbers nor names are ever split.
    """
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        is_number = column in right
        is_whole = is_number or column in _NAMES
        made.add_column(column, justify="right" if is_number else "left", overflow="fold", no_wrap=is_whole)
    return made


def aligned(amounts: Iterable[int | None]) -> list[str]:
    """Amounts in USD with their decimal points under each other; None leaves a gap."""
    listed = list(amounts)
    places = max((_places(nanos) for nanos in listed if nanos is not None), default=2)
    return ["" if nanos is None else _with_places(nanos, places) for nanos in listed]


def rounded(amounts: Sequence[int]) -> list[str]:
    """Sums in USD with their decimal points under each other, to the cent, or as far as the smallest needs.

    Three digits of it are shown if it has so many, so that nothing that was earned or spent reads as 0.
    """
    smallest = min((abs(nanos) for nanos in amounts if nanos), default=NANOS_PER_USD)
    wanted = max(2, _NANOS_DIGITS + _DIGITS_OF_SMALLEST - len(str(smallest)))
    places = min(wanted, max(map(_places, amounts), default=2))
    return [f"{Decimal(nanos).scaleb(-_NANOS_DIGITS):,.{places}f}" for nanos in amounts]


def offer_views(offers: Sequence[Offer]) -> Iterable[Rule | Text | str]:
    """Each offer: its rank and prices, the chain that led to it, its whole text."""
    for offer in offers:
        last_bid, price = rounded_usd(offer.last_bid.nanos), rounded_usd(offer.price.nanos)
        title = f"{offer.rank}. {one_line(offer.bidder, 40)}: last bid {last_bid}, price {price}"
        yield Rule(Text(title, style="bold"), align="left", style="dim")
        steps = [f"{inert(sale.buyer)} {rounded_usd(sale.price_nanos)}" for sale in offer.chain]
        yield Text(f"built by {' > '.join(steps)}", style="dim")
        yield Text("")
        yield Text(inert(offer.text))
        yield Text("")


def leaderboard_table(rows: Sequence[LeaderboardRow]) -> Table:
    """Bidders by profit."""
    made = table(
        "bidder",
        "wins",
        "profit",
        "cost",
        "faults",
        "balance",
        "status",
        right=("wins", "profit", "cost", "faults", "balance"),
    )
    profits = aligned(row.profit_nanos for row in rows)
    costs = aligned(row.cost_nanos for row in rows)
    balances = aligned(row.balance_nanos for row in rows)
    for row, profit, cost, balance in zip(rows, profits, costs, balances, strict=True):
        made.add_row(
            cell(row.bidder, "bold"),
            cell(row.wins),
            cell(profit, "red" if row.profit_nanos < 0 else ""),
            cell(cost_words(cost, row.cost_nanos, is_known=row.cost_known)),
            cell(row.faults),
            cell(balance),
            cell(row.status),
        )
    return made


def cost_words(amount: str, nanos: int, *, is_known: bool) -> str:
    """A cost as far as it is known, and whether that is all of it: what is not known is not 0."""
    return amount if is_known else (f"{amount}+?" if nanos else "unknown")


def requests_table(summaries: Sequence[RequestSummary], now_seconds: float) -> Table:
    """Requests in order of posting."""
    made = table("request", "status", "bounty", "posted", "text", right=("bounty",))
    bounties = aligned(summary.row.bounty_nanos for summary in summaries)
    for summary, bounty in zip(summaries, bounties, strict=True):
        row = summary.row
        status = "running, interrupted" if summary.is_interrupted else row.status
        if row.status == "open" and row.expires_seconds <= now_seconds:
            status = "open, overdue"
        text = one_line(summary.text, 60)
        made.add_row(cell(row.id, "bold"), cell(status), cell(bounty), cell(moment(row.created_seconds)), cell(text))
    return made


def roster_table(roster: Roster) -> Table:
    """A config's bidders, broken ones with their reason."""
    has_trials = any(row.trials_left is not None for row in roster.rows)
    numbers = ("can spend", "trials left") if has_trials else ("can spend",)
    made = table("bidder", "status", "type", "shipped by", "roles", *numbers, right=numbers)
    balances = aligned(row.balance_nanos for row in roster.rows)
    for row, balance in zip(roster.rows, balances, strict=True):
        made.add_row(
            cell(row.name, "bold"),
            cell(row.status, "red" if row.status == BROKEN else ""),
            cell(row.type),
            cell(row.distribution),
            cell(", ".join(row.roles)),
            cell(balance),
            *([cell("" if row.trials_left is None else row.trials_left)] if has_trials else []),
        )
    return made


def roster_troubles(roster: Roster) -> Iterable[Text]:
    """What is broken, with reason and distribution; who is suspended or has retired, and why."""
    for row in roster.broken:
        yield Text.assemble((f"{inert(row.name)} is broken: ", "red"), one_line(row.reason, 500))
    for row in roster.rows:
        if row.reason and row.status != BROKEN:
            yield Text.assemble((f"{inert(row.name)} is {row.status}: ", "yellow"), one_line(row.reason, 500))
    for row in roster.rows:
        if row.failure is not None:
            yield Text.assemble((f"{inert(row.name)} ", "yellow"), failure_words(row.failure))
    for plugin in roster.broken_plugins:
        shipped = f"plugin {inert(plugin.name)} ({plugin.group}, shipped by {inert(plugin.distribution)}) is broken: "
        yield Text.assemble((shipped, "red"), one_line(plugin.reason or "", 500))


def types_table(roster: Roster) -> Table:
    """What a config may name as a type, with who ships it where that is a stranger."""
    made = table("type of", "installed")
    for of, installed in roster.types.items():
        shown = [each.name if each.distribution == _OWN else f"{each.name} ({each.distribution})" for each in installed]
        made.add_row(cell(of, "bold"), cell(", ".join(shown)))
    return made


def failure_words(failure: LearningFailure) -> str:
    """What became of a policy that failed to learn, to be said after its bidder's name."""
    again = f", and from {counted(failure.times - 1, 'request')} before it" if failure.times > 1 else ""
    reason = one_line(failure.reason, 500)
    if not failure.request:
        return f"cannot learn: {reason} (what it knew before stays)"
    return f"failed to learn from {inert(failure.request)}{again}: {reason} (what it knew before stays)"


def moment(seconds: float) -> str:
    """A moment in local time, to the minute."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def _places(nanos: int) -> int:
    """How many places an amount has where it is written in full."""
    return len(format_usd(nanos).partition(".")[2])


def _with_places(nanos: int, places: int) -> str:
    sign = "-" if nanos < 0 else ""
    whole, rest = divmod(abs(nanos), NANOS_PER_USD)
    return f"{sign}{whole}.{rest:0{_NANOS_DIGITS}d}"[: len(sign) + len(str(whole)) + 1 + places]
