"""How statements are shown: columns of amounts that visibly add up."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from orchestrator.api.statements import AccountStatement, Flow, RequestStatement
from orchestrator.cli.inert import inert
from orchestrator.cli.render import aligned, cell, table
from orchestrator.core.keys import ISSUER
from orchestrator.money import format_usd

MEANINGS = {
    "audition": "newcomer's trial",
    "cap": "spend cap",
    "cap-overrun": "spent beyond the promised worst case",
    "cap-return": "rest of the spend cap",
    "compensation": "costs repaid from the deposit",
    "cost": "provider's cost",
    "deposit": "deposit",
    "deposit-return": "deposit returned",
    "discount": "discount on a resale price",
    "endow": "endowment",
    "escrow": "first-stage price",
    "judging": "the judge's calls",
    "forfeit": "forfeit for failing",
    "fund": "money brought in",
    "grant": "grant for newcomers' trials",
    "grant-return": "grant returned",
    "overrun": "cost beyond the promised worst case",
    "payout": "bounty paid out",
    "penalty": "stage penalty",
    "pledge": "bounty pledged",
    "practice": "cost of practice",
    "practice-fund": "money brought in for practice",
    "price": "price of a lot",
    "refill": "refill",
    "refund": "refund",
    "reinstate": "given back on return",
    "rent": "rent",
    "retire": "left on retiring",
    "reward": "stage reward",
    "return": "bounty returned",
    "stock": "opening stock",
    "subsidy": "subsidy",
    "topup": "top-up",
}


def statement_views(statement: RequestStatement | AccountStatement) -> Iterable[Table | Text]:
    """A whole statement."""
    if isinstance(statement, AccountStatement):
        yield account_table(statement)
        yield account_verdict(statement)
        return
    request = statement.progress.request
    bounty = format_usd(request.bounty_nanos)
    yield Text.assemble(
        ("Request ", "bold"), cell(request.id, "bold"), f", {statement.progress.status}, bounty {bounty}"
    )
    yield money_table(statement)
    yield verdict(statement)
    yield Text("\nTransfers", style="bold")
    yield flows_table(statement.flows)
    yield Text("\nWhat each account gained", style="bold")
    yield nets_table(statement)


def money_table(statement: RequestStatement) -> Table:
    """Where the bounty went: the lines add up to the payout."""
    money = statement.money
    lines: list[tuple[str, int]] = [("refund to the requester", money.refund_nanos)]
    for bidder, profit in money.profits_nanos.items():
        if profit:
            lines.append((f"{bidder}: profit" if profit > 0 else f"{bidder}: loss", profit))
    for bidder, cost in money.costs_nanos.items():
        unknown = " (and calls of unknown cost)" if bidder in money.unknown_costs else ""
        if cost or unknown:
            lines.append((f"{bidder}: provider costs{unknown}", cost))
    lines.append(("treasury", money.treasury_nanos))
    if statement.escrow_nanos:
        lines.append(("waiting in escrow", statement.escrow_nanos))
    total = sum(nanos for _, nanos in lines)
    texts = aligned([*(nanos for _, nanos in lines), total])
    made = table("where it went", "USD", right=("USD",))
    for (label, _), amount in zip(lines, texts, strict=False):
        made.add_row(cell(label), cell(amount))
    made.add_row(Text("sum", style="bold"), cell(texts[-1], "bold"))
    return made


def verdict(statement: RequestStatement) -> Text:
    """Whether the lines add up, and to what."""
    payout = format_usd(statement.money.payout_nanos)
    if not statement.is_balanced():
        return Text(f"NOT BALANCED: the payout is {payout}", style="bold red")
    returned = statement.money.returned_nanos
    also = f" The bounty of {format_usd(returned)} USD returned to the requester." if returned else ""
    return Text(f"The sum equals the payout of {payout} USD: balanced.{also}{_judging(statement)}", style="green")


def _judging(statement: RequestStatement) -> str:
    """What judging cost the requester, which is no part of the bounty; empty where it cost nothing."""
    money = statement.money
    if not money.judging_nanos and money.judging_known:
        return ""
    known = format_usd(money.judging_nanos)
    unknown = "" if money.judging_known else ", and calls of unknown cost"
    return f" Judging cost the requester {known} USD besides{unknown}."


def flows_table(flows: Iterable[Flow]) -> Table:
    """Transfers of a request, those of one kind added up."""
    listed = list(flows)
    made = table("from", "to", "for", "times", "USD", right=("times", "USD"))
    for flow, amount in zip(listed, aligned(flow.amount_nanos for flow in listed), strict=True):
        meaning = MEANINGS.get(flow.code, flow.code)
        made.add_row(cell(flow.debit), cell(flow.credit), cell(meaning), cell(flow.transfers), cell(amount))
    return made


def nets_table(statement: RequestStatement) -> Table:
    """What each account gained: the lines add up to 0."""
    nets = statement.nets_nanos
    texts = aligned([*nets.values(), sum(nets.values())])
    made = table("account", "gained", right=("gained",))
    for account, amount in zip(nets, texts, strict=False):
        made.add_row(cell(account), cell(amount))
    made.add_row(Text("sum", style="bold"), cell(texts[-1], "bold"))
    return made


def account_table(statement: AccountStatement) -> Table:
    """All that moved through an account: what came in less what went out is its balance."""
    made = table("what for", "with", "times", "in", "out", right=("times", "in", "out"))
    incoming = [flow.amount_nanos if flow.credit == statement.account else None for flow in statement.flows]
    outgoing = [flow.amount_nanos if flow.debit == statement.account else None for flow in statement.flows]
    ins = aligned([*incoming, statement.in_nanos])
    outs = aligned([*outgoing, statement.out_nanos])
    for flow, received, given in zip(statement.flows, ins, outs, strict=False):
        other = flow.debit if received else flow.credit
        made.add_row(
            cell(MEANINGS.get(flow.code, flow.code)), cell(other), cell(flow.transfers), cell(received), cell(given)
        )
    made.add_row(Text("sum", style="bold"), "", "", cell(ins[-1], "bold"), cell(outs[-1], "bold"))
    return made


def account_verdict(statement: AccountStatement) -> Text:
    """Whether in less out is the balance that the store keeps."""
    difference = statement.in_nanos - statement.out_nanos
    balance = format_usd(statement.balance.posted_nanos)
    held, spendable = format_usd(statement.balance.debits_pending), format_usd(statement.balance.spendable_nanos)
    if not statement.is_balanced():
        return Text(f"NOT BALANCED: in less out is {format_usd(difference)}, the book says {balance}", "bold red")
    name = inert(statement.account)
    use = "" if statement.account == ISSUER else f" Held by bids {held}, can spend {spendable}."
    return Text(f"{name}: in less out is its balance, {balance} USD: balanced.{use}")
