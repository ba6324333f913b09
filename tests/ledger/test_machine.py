"""A state machine drives the ledger of both stores against an independent model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from orchestrator.errors import LedgerRefused
from orchestrator.ledger import USD, USD_CAP, Account, Transfer, audit, hold, post, transfer, void
from orchestrator.store import MemoryStore, Store, Transaction, open_store
from tests.effort import examples
from tests.ledger.laws import Model

ACCOUNTS = {
    "issuer": Account("issuer", USD, may_overdraw=True),
    "a": Account("a"),
    "b": Account("b"),
    "c": Account("c"),
    "cap-issuer": Account("cap-issuer", USD_CAP, may_overdraw=True),
    "cap": Account("cap", USD_CAP),
}
NAMES = [*ACCOUNTS, "a", "b", "c", "nobody"]
KINDS = ["posted", "pending", "post", "void"]
seeds = st.integers(0, 2**32)


def lawful_or_not(luck: Random, model: Model) -> Transfer:
    """Any transfer: mostly lawful, sometimes repeated, conflicting, overdrawn, mixed or resolving nonsense."""
    kind = luck.choice(["transfer", "fund", "hold", "post", "void", "repeat", "alter", "any"])
    known = list(model.accepted)
    open_holds = model.open_holds()
    fresh, amount = f"t{luck.randint(0, 20)}", luck.randint(0, 9)
    if kind in ("repeat", "alter") and known:
        row = model.accepted[luck.choice(known)]
        return row if kind == "repeat" else row._replace(amount_nanos=row.amount_nanos + 1)
    if kind in ("post", "void") and open_holds:
        held = luck.choice(open_holds)
        return void(held) if kind == "void" else post(held, luck.randint(1, held.amount_nanos + 1))
    if kind == "fund":
        return transfer(fresh, "issuer", luck.choice("abc"), amount, "fund")
    if kind == "hold":
        return hold(fresh, luck.choice("abc"), luck.choice("abc"), amount, "price", "r1")
    debit, credit = luck.choice(NAMES), luck.choice(NAMES)
    if kind == "any":
        resolves = luck.choice([None, *known])
        return Transfer(fresh, debit, credit, amount, luck.choice(KINDS), resolves, "any", "r1", 1)
    return transfer(fresh, debit, credit, amount, "move")


class LedgerMachine(RuleBasedStateMachine):
    """Every batch is judged by the model and by the store; both must agree, and so must every balance."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.store = self.make_store()

    def make_store(self) -> Store:
        return MemoryStore()

    def teardown(self) -> None:
        self.store.close()

    @initialize()
    def open_accounts(self) -> None:
        self.store.transact(lambda tx: tx.open_accounts(ACCOUNTS.values()))
        self.model.accounts = {each.id: (each.unit, each.may_overdraw) for each in ACCOUNTS.values()}
        start = [transfer(f"start/{name}", "issuer", name, 20, "fund") for name in "abc"]
        start.append(transfer("start/cap", "cap-issuer", "cap", 20, "fund"))
        self.apply(start)

    def apply(self, rows: list[Transfer]) -> None:
        new = [row for row in dict.fromkeys(rows) if row.id not in self.model.accepted]
        refusal = self.model.judge(rows)
        if refusal is None:
            assert self.store.transact(lambda tx: tx.apply(rows)) == new
        else:
            with pytest.raises(LedgerRefused) as refused:
                self.store.transact(lambda tx: tx.apply(rows))
            assert type(refused.value) is refusal

    @rule(seed=seeds, size=st.integers(1, 4))
    def linked(self, seed: int, size: int) -> None:
        """A batch applies whole or not at all, however far it got."""
        luck = Random(seed)
        self.apply([lawful_or_not(luck, self.model) for _ in range(size)])

    @rule(seed=seeds, again=st.booleans())
    def in_one_transaction(self, seed: int, again: bool) -> None:
        """Two batches of one transaction; what the second finds wrong undoes the first."""
        luck = Random(seed)
        first = [lawful_or_not(luck, self.model)]
        second = first if again else [lawful_or_not(luck, self.model)]
        before = dict(self.model.accepted)
        refusal = self.model.judge(first) or self.model.judge(second)
        if refusal is None:
            self.store.transact(lambda tx: (tx.apply(first), tx.apply(second)))
            return
        self.model.accepted = before
        with pytest.raises(LedgerRefused) as refused:
            self.store.transact(lambda tx: (tx.apply(first), tx.apply(second)))
        assert type(refused.value) is refusal

    @rule(seed=seeds)
    def a_refusal_that_is_caught_leaves_the_rest_of_the_transaction_alone(self, seed: int) -> None:
        luck = Random(seed)
        rows = [lawful_or_not(luck, self.model) for _ in range(3)]
        refusals = [self.model.judge([row]) for row in rows]

        def work(tx: Transaction) -> list[type[LedgerRefused] | None]:
            found: list[type[LedgerRefused] | None] = []
            for row in rows:
                try:
                    tx.apply([row])
                    found.append(None)
                except LedgerRefused as refusal:
                    found.append(type(refusal))
            return found

        assert self.store.transact(work) == refusals

    @invariant()
    def balances_equal_the_models_and_sum_to_nothing(self) -> None:
        balances = self.store.read(lambda reader: reader.balances())
        totals: dict[str, int] = {}
        for account, balance in balances.items():
            name = account.id
            assert balance.posted_nanos == self.model.posted(name)
            assert (balance.debits_pending, balance.credits_pending) == (
                self.model.held(name),
                self.model.expected(name),
            )
            assert account.may_overdraw or balance.spendable_nanos >= 0
            totals[account.unit] = totals.get(account.unit, 0) + balance.posted_nanos
        assert set(totals.values()) <= {0}

    @invariant()
    def transfers_and_open_holds_are_the_models(self) -> None:
        assert self.store.read(lambda reader: reader.transfers()) == list(self.model.accepted.values())
        mine = [row for row in self.model.open_holds() if row.request == "r1"]
        found = self.store.read(lambda reader: reader.open_holds("r1"))
        assert found == mine

    @rule()
    def the_audit_finds_nothing(self) -> None:
        found = self.store.read(lambda reader: audit(reader.balances(), reader.transfers()))
        assert found == []


class SqlLedgerMachine(LedgerMachine):
    """The same on a file."""

    def make_store(self) -> Store:
        self._folder = tempfile.TemporaryDirectory()
        return open_store(f"sqlite:///{Path(self._folder.name) / 'market.db'}")

    def teardown(self) -> None:
        super().teardown()
        self._folder.cleanup()


def test_the_ledger_in_memory_agrees_with_the_model() -> None:
    run_state_machine_as_test(LedgerMachine, settings=examples(60, steps=25))


def test_the_ledger_on_a_file_agrees_with_the_model() -> None:
    run_state_machine_as_test(SqlLedgerMachine, settings=examples(6, steps=25))


@pytest.mark.parametrize("law", ["_judge_new", "_judge_resolution"])
def test_a_model_that_has_forgotten_a_law_is_noticed(law: str) -> None:
    """The control: the machine compares; it does not merely run."""

    class Forgetful(LedgerMachine):
        def __init__(self) -> None:
            super().__init__()
            setattr(self.model, law, lambda row: None)

    quick = settings(examples(200, steps=25), phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises((AssertionError, LedgerRefused, pytest.fail.Exception)):
        run_state_machine_as_test(Forgetful, settings=quick)
