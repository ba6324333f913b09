"""Subsidies: what the rules have the treasury pay for newcomers and the poor, and whether it can (R11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.config import Config
from orchestrator.core.audition import Newcomers, grants
from orchestrator.core.keys import TREASURY
from orchestrator.core.upkeep import Wallet
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.wealth import missing_stock, newcomers
from orchestrator.money import format_usd
from orchestrator.store import BidderRow, Reader

_NAMED_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Subsidies:
    """What the treasury is there for, besides the market's own books.

    Attributes:
        trials_left: by bidder that may act, how many lots it has still to win before it stands on its own; 0 once
            what trials may cost is spent. Empty where the rules hold no auditions.
        warnings: what it would have to pay and cannot, one line for each.
    """

    trials_left: Mapping[str, int]
    warnings: tuple[str, ...]


def read_subsidies(
    reader: Reader, config: Config, principals: Mapping[str, str], wallets: Mapping[str, Wallet]
) -> Subsidies:
    """Look up what trials are left, and whether the treasury could pay for them and for refills that are due.

    Args:
        reader: what the market remembers.
        config: its settings.
        principals: who stands behind each bidder that may act.
        wallets: their wallets.
    """
    rules = config.wealth
    known = reader.bidders()
    rows = {name: known.get(name) or BidderRow(name, principal) for name, principal in principals.items()}
    treasury_nanos = reader.spendable([TREASURY])[TREASURY] + missing_stock(reader, rules.treasury_stock_nanos)
    granted = (
        {each: newcomers(reader, each, True) for each in set(principals.values())} if _holds_auditions(config) else {}
    )
    trials_left = {name: _trials_left(row, granted[principals[name]], rules) for name, row in rows.items() if granted}
    waiting = {principals[name] for name, trials in trials_left.items() if trials}
    wanting = [granted[each] for each in sorted(waiting)]
    is_paid = any(each.left_nanos for each in wanting) or bool(grants("", wanting, treasury_nanos, rules))
    poor = [name for name, wallet in wallets.items() if wallet.is_low(rules) and wallet.refills < rules.refills_max]
    found = []
    if waiting and not is_paid:
        whose = _named([name for name, trials in trials_left.items() if trials])
        found.append(_unpaid(treasury_nanos, f"for trials (wealth.audition) of {whose}", config))
    if poor and not treasury_nanos:
        floor = format_usd(rules.refill_below_nanos)
        found.append(_unpaid(treasury_nanos, f"to refill wallets below {floor} USD, of {_named(poor)}", config))
    return Subsidies(trials_left, tuple(found))


def _holds_auditions(config: Config) -> bool:
    """Trials are held under the market's own rules alone."""
    return config.wealth.audition_trials > 0 and config.rules.rule == "vickrey" and not config.rules.is_research


def _trials_left(row: BidderRow, of_principal: Newcomers, rules: WealthRules) -> int:
    is_spent = of_principal.granted_nanos >= rules.audition_budget_nanos and not of_principal.left_nanos
    return 0 if is_spent else max(0, rules.audition_trials - row.wins)


def _unpaid(treasury_nanos: int, what_for: str, config: Config) -> str:
    return f"the treasury holds {format_usd(treasury_nanos)} USD, too little {what_for}: {_sources(config)}"


def _sources(config: Config) -> str:
    """What would bring the treasury money under these rules."""
    if config.wealth.rent_nanos:
        return "rent fills it when requests end"
    if config.rules.copies_at(1) > 1:
        return "what first-stage copies sold for that were not picked fills it when bounties are released"
    return (
        "only forfeits, and requests that release no bounty, would fill it; "
        "`wealth.treasury_stock` or `wealth.rent` in the config does so for certain"
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return f"{', '.join(names[:_NAMED_MAX])}{more}"
