"""A request's whole story, as `show` tells it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from orchestrator.api.timeline import Timeline
from orchestrator.cli.inert import inert
from orchestrator.cli.render import cell
from orchestrator.cli.stages import Rows, bidding_rows, delivery_rows, lot_heading
from orchestrator.money import format_usd


def story(timeline: Timeline) -> Iterable[Text | Rows]:
    """The request, its stages with their lots, its offers and its ending."""
    progress = timeline.progress
    request = progress.request
    yield Text.assemble(("Request ", "bold"), cell(request.id, "bold"), f", {progress.status}")
    bounty = format_usd(request.bounty_nanos)
    yield Text(f"Bounty {bounty} USD, rule {request.rules.rule}, seed {request.seed}", style="dim")
    yield Text("")
    yield Text(inert(request.text))
    for stage, reports in timeline.stages.items():
        yield Text(f"\nStage {stage}", style="bold cyan")
        for report in reports:
            yield lot_heading(report.lot)
            yield Rows([*bidding_rows(report, format_usd), *delivery_rows(report, format_usd, full=True)])
    yield Text("\nOffers", style="bold cyan")
    for rank, offer in enumerate(progress.offers if progress.ranked else (), 1):
        taken = " (taken)" if rank == progress.picked_rank else ""
        bid, price = format_usd(offer.last_bid_nanos), format_usd(offer.price_nanos)
        yield Text(f"{rank}. {inert(offer.presenter)}, last bid {bid}, paid {price}, from lot {offer.path}{taken}")
    if not progress.offers:
        yield Text("none")
    ending = progress.ending
    if ending is not None:
        yield Text(f"\nEnded: {ending.outcome}, {inert(ending.reason)}")
    yield Text(f"Journal hash {timeline.journal_hash}", style="dim")
