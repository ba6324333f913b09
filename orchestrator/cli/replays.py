"""How a replay is shown: the record and the replayed course side by side."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from orchestrator.cli.inert import inert
from orchestrator.cli.render import aligned, cell, table
from orchestrator.record import Purchase, Replay

_UNSOLD = "not sold"


def replay_views(replay: Replay) -> Iterable[Text | Table]:
    """A whole replay."""
    yield Text(f"Replayed {inert(replay.request_id)} with {replay.calls} calls to bidders or providers.")
    if replay.identical:
        yield Text(f"The same journal, byte for byte: {replay.journal_hash}", style="green")
        return
    then, now = headings(replay)
    if then == "recorded" and replay.without is None:
        yield Text(
            f"Another journal: recorded {replay.recorded_hash[:64]}, replayed {replay.journal_hash}", style="bold red"
        )
    yield rows_table(replay, then, now)
    if replay.unknown_beyond:
        places = ", ".join(inert(place) for place in replay.unknown_beyond)
        yield Text(f"Unknown beyond {places}: nothing was recorded of what would have come after.")
    if replay.then.profits_nanos or replay.now.profits_nanos:
        yield sums_table(replay, then, now)


def headings(replay: Replay) -> tuple[str, str]:
    """What to call the two courses."""
    if replay.without is not None:
        return "recorded", f"without {inert(replay.without)}"
    if replay.rule != replay.rule_then:
        return replay.rule_then, replay.rule
    return "recorded", "replayed"


def rows_table(replay: Replay, then: str, now: str) -> Table:
    """Each lot's winner and price, then and now."""
    made = table("stage", "lot", then, now)
    prices = aligned(bought.price_nanos if bought else None for row in replay.rows for bought in (row.then, row.now))
    for row, old, new in zip(replay.rows, prices[::2], prices[1::2], strict=True):
        known = "" if row.is_known else ", then unknown"
        same = row.is_known and row.then == row.now
        made.add_row(
            cell(row.stage),
            cell(f"{row.lot} copy {row.copy}" if row.copy else row.lot),
            cell(_bought(row.then, old)),
            cell("the same" if same else _bought(row.now, new) + known, "" if same else "bold"),
        )
    return made


def sums_table(replay: Replay, then: str, now: str) -> Table:
    """What each party came to, then and now, at the lots that both courses know."""
    parties = sorted(replay.then.profits_nanos.keys() | replay.now.profits_nanos.keys())
    lines: list[tuple[str, int | None, int | None]] = [
        ("payout", replay.then.payout_nanos, replay.now.payout_nanos),
        ("refund to the requester", replay.then.refund_nanos, replay.now.refund_nanos),
        ("treasury", replay.then.treasury_nanos, replay.now.treasury_nanos),
        *((name, replay.then.profits_nanos.get(name, 0), replay.now.profits_nanos.get(name, 0)) for name in parties),
    ]
    listed = [(label, old, new) for label, old, new in lines if old or new]
    changed = [None if old is None or new is None else new - old for _, old, new in listed]
    # Together: columns that are to be compared have the same places.
    texts = aligned(
        nanos for (_, old, new), change in zip(listed, changed, strict=True) for nanos in (old, new, change)
    )
    made = table("USD", then, now, "change", right=(then, now, "change"))
    for (label, _, _), old, new, change in zip(listed, texts[::3], texts[1::3], texts[2::3], strict=True):
        made.add_row(cell(label), cell(old or "unknown"), cell(new or "unknown"), cell(change))
    return made


def _bought(purchase: Purchase | None, price: str) -> str:
    return _UNSOLD if purchase is None else f"{purchase.winner} at {price}"
