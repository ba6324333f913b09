"""Statements: where the money of an account or a request went, from the book's transfers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestrator.api.result import statement_dict
from orchestrator.core.ending import escrowed_nanos
from orchestrator.core.keys import bidder_account, own_accounts, requester_account
from orchestrator.core.progress import Progress
from orchestrator.core.statement import Statement, statement
from orchestrator.engine.recorder import is_request_id, read_log
from orchestrator.errors import UnknownBidder
from orchestrator.ledger import MOVING, USD, Balance, Transfer
from orchestrator.money import format_usd
from orchestrator.store import Reader, Store


class Flow(NamedTuple):
    """Transfers of one kind between the same two accounts, added up.

    Attributes:
        debit: account that gave.
        credit: account that received.
        code: what for.
        transfers: how many there were.
        amount_nanos: their sum.
    """

    debit: str
    credit: str
    code: str
    transfers: int
    amount_nanos: int

    def to_dict(self) -> dict[str, Any]:
        """The flow as JSON-able data."""
        return {
            "from": self.debit,
            "to": self.credit,
            "for": self.code,
            "transfers": self.transfers,
            "amount": format_usd(self.amount_nanos),
        }


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """All that moved through one account.

    Attributes:
        account: its id.
        flows: what moved, in order of the first transfer of each kind.
        balance: the counters that the store keeps.
    """

    account: str
    flows: tuple[Flow, ...]
    balance: Balance

    @property
    def in_nanos(self) -> int:
        """What it received."""
        return sum(flow.amount_nanos for flow in self.flows if flow.credit == self.account)

    @property
    def out_nanos(self) -> int:
        """What it gave."""
        return sum(flow.amount_nanos for flow in self.flows if flow.debit == self.account)

    def is_balanced(self) -> bool:
        """Whether what came in less what went out is the balance that the store keeps."""
        return self.in_nanos - self.out_nanos == self.balance.posted_nanos

    def to_dict(self) -> dict[str, Any]:
        """The statement as JSON-able data, amounts as decimal strings in USD."""
        return {
            "account": self.account,
            "flows": [flow.to_dict() for flow in self.flows],
            "in": format_usd(self.in_nanos),
            "out": format_usd(self.out_nanos),
            "balance": format_usd(self.balance.posted_nanos),
            "held": format_usd(self.balance.debits_pending),
            "spendable": format_usd(self.balance.spendable_nanos),
            "balanced": self.is_balanced(),
        }


@dataclass(frozen=True, slots=True)
class RequestStatement:
    """Where a request's money went, and the transfers that moved it.

    Attributes:
        progress: the request's present.
        money: its receipts, added up.
        escrow_nanos: what still waits in escrow.
        flows: its transfers of dollars, without holds.
    """

    progress: Progress
    money: Statement
    escrow_nanos: int
    flows: tuple[Flow, ...]

    @property
    def nets_nanos(self) -> dict[str, int]:
        """What each account gained by the request; they sum to 0."""
        nets: dict[str, int] = {}
        for flow in self.flows:
            nets[flow.debit] = nets.get(flow.debit, 0) - flow.amount_nanos
            nets[flow.credit] = nets.get(flow.credit, 0) + flow.amount_nanos
        return dict(sorted(nets.items()))

    def imbalance_nanos(self) -> int:
        """What the equation of conservation leaves over: 0 in any lawful request."""
        return self.money.imbalance_nanos() - self.escrow_nanos

    def is_balanced(self) -> bool:
        """Whether what was paid out is accounted for to the nano-dollar."""
        return self.imbalance_nanos() == 0

    def to_dict(self) -> dict[str, Any]:
        """The statement as JSON-able data, amounts as decimal strings in USD."""
        return {
            "request_id": self.progress.request.id,
            "status": self.progress.status,
            "bounty": format_usd(self.progress.request.bounty_nanos),
            **statement_dict(self.money),
            "escrow": format_usd(self.escrow_nanos),
            "balanced": self.is_balanced(),
            "flows": [flow.to_dict() for flow in self.flows],
            "nets": {account: format_usd(nanos) for account, nanos in self.nets_nanos.items()},
        }


def find_statement(store: Store, name: str) -> RequestStatement | AccountStatement:
    """The statement of a request, a bidder or another account.

    Args:
        store: where to look.
        name: a request's id, the name of a bidder or else of a requester, `treasury`, or an account as in
            `bidder:diary`.

    Raises:
        UnknownBidder: there is no such request or account.
    """
    if is_request_id(name) and store.read(lambda reader: reader.find_request(name)) is not None:
        return request_statement(store, name)
    candidates = (name, bidder_account(name), requester_account(name)) if name.isprintable() else ()
    known = {account.id for account in store.read(lambda reader: reader.balances(candidates))}
    for account in candidates:
        if account in known:
            return account_statement(store, account)
    raise UnknownBidder(
        f"no request, bidder, requester or account is called {name[:80]!r}; see `vickrey requests` and "
        "`vickrey leaderboard`"
    )


def account_statement(store: Store, account: str) -> AccountStatement:
    """All that moved through one account; its transfers with all requests' escrows are added up.

    Raises:
        UnknownBidder: there is no such account.
    """

    def work(reader: Reader) -> AccountStatement:
        for balance in reader.balances([account]).values():
            rows = (_without_request(row, account) for row in reader.each_transfer(account))
            return AccountStatement(account, _flows(rows), balance)
        raise UnknownBidder(f"no account is called {account[:80]!r}; see `vickrey leaderboard`")

    return store.read(work)


def request_statement(store: Store, request_id: str) -> RequestStatement:
    """Where a request's money went.

    Raises:
        UnknownRequest: there is no such request.
    """

    def work(reader: Reader) -> RequestStatement:
        progress = read_log(reader, request_id).progress
        moved = reader.transfers(request=request_id)
        dollars = {account.id for account in reader.balances(row.debit for row in moved) if account.unit == USD}
        rows = [row for row in moved if row.debit in dollars]
        escrow = 0 if progress.ending else escrowed_nanos(progress)
        return RequestStatement(progress, statement(progress), escrow, _flows(rows))

    return store.read(work)


def _without_request(row: Transfer, account: str) -> Transfer:
    """A transfer whose other side, where it is one request's own account, stands for all of its kind."""
    own = own_accounts(row.request)
    debit, credit = (
        side.partition(":")[0] if side in own and side != account else side for side in (row.debit, row.credit)
    )
    return row._replace(debit=debit, credit=credit)


def _flows(transfers: Iterable[Transfer]) -> tuple[Flow, ...]:
    """Add transfers up; holds move nothing until they are posted."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for row in transfers:
        if row.kind in MOVING:
            kind = (row.debit, row.credit, row.code)
            count, amount = sums.get(kind, (0, 0))
            sums[kind] = (count + 1, amount + row.amount_nanos)
    return tuple(Flow(*kind, count, amount) for kind, (count, amount) in sums.items())
