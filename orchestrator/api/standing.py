"""Standing: whether a bidder may act, as the store knows it, and what would change that (R6, R11)."""

from __future__ import annotations

from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.wealth import read_wallets
from orchestrator.money import format_usd
from orchestrator.store import BidderRow, Reader
from orchestrator.store.rows import ACTIVE, RETIRED


def may_act(row: BidderRow | None) -> bool:
    """Whether a bidder takes part in requests posted now; one that the store does not know yet does."""
    return row is None or row.status == ACTIVE


def standing_reason(row: BidderRow | None, rules: WealthRules) -> str:
    """Why a bidder takes no part, and what would change that; empty where it does."""
    if row is None or row.status == ACTIVE:
        return ""
    if row.status == RETIRED:
        return f"`vickrey bidders reinstate {row.name}` lets it take part again"
    way_back = f"`vickrey bidders topup {row.name} USD` lets it act again"
    if row.faults_in_a_row >= rules.faults_to_suspend:
        return f"it failed {row.faults_in_a_row} times in a row after it had won; {way_back}"
    floor = format_usd(rules.refill_below_nanos)
    return f"its wallet fell below {floor} USD again after {row.refills} refills; {way_back}"


def threat_to(reader: Reader, bidder: str, rules: WealthRules) -> str:
    """What a bidder that may act must earn, or it is suspended when the next request ends; empty where it is safe.

    Args:
        reader: what the market remembers.
        bidder: its name.
        rules: sizes and limits.
    """
    row = reader.bidders()[bidder]
    wallet = read_wallets(reader, [row])[bidder]
    if row.status != ACTIVE or wallet.refills < rules.refills_max or not wallet.is_low(rules):
        return ""
    short_nanos = rules.refill_below_nanos + rules.rent_nanos - wallet.spendable_nanos - wallet.held_nanos
    floor, rent = format_usd(rules.refill_below_nanos), format_usd(rules.rent_nanos)
    after = f" after {rent} of rent" if rules.rent_nanos else ""
    return (
        f"it gets no more refills, so with less than {floor} USD{after} it is suspended when the next request ends: "
        f"put in {format_usd(short_nanos)} USD more, unless it will earn that"
    )
