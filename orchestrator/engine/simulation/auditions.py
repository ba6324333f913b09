"""Auditions in a simulation: who has won how much, and what it was granted (R11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from orchestrator.core.audition import GRANT, Newcomers, grants
from orchestrator.core.keys import TREASURY, audition_account, holder_of
from orchestrator.core.progress import Progress
from orchestrator.core.request import Participant
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.ledger import Account, Book


class Auditions:
    """What a simulation remembers of its newcomers.

    Args:
        book: the ledger.
        rules: how many trials a newcomer gets, and what they may cost.
    """

    def __init__(self, book: Book, rules: WealthRules) -> None:
        self._book = book
        self._rules = rules
        self._wins: Counter[str] = Counter()
        self._granted: Counter[str] = Counter()

    def is_on(self, name: str) -> bool:
        """Whether a bidder has won too few lots to stand on its own."""
        return self._wins[name] < self._rules.audition_trials

    def accounts(self, progress: Progress) -> set[str]:
        """The accounts from which a request's trials could be paid."""
        if not self._rules.audition_trials:
            return set()
        return {audition_account(entry.principal) for entry in progress.request.roster if entry.audition}

    def after(self, progress: Progress, active: Collection[str]) -> bool:
        """Count what a request's bidders have won, and grant what newcomers need.

        Args:
            progress: the request, which has ended.
            active: who takes part in the requests to come.

        Returns:
            Whether somebody is on audition no longer.
        """
        if not self._rules.audition_trials:
            return False
        before = {entry.name for entry in progress.request.roster if self.is_on(entry.name)}
        self._wins.update(sale.buyer for sale in progress.sales if not sale.kept)
        roster = progress.request.roster
        self._grant(progress.request.id, [entry for entry in roster if entry.name in active or entry.audition], active)
        return any(not self.is_on(name) for name in before)

    def _grant(self, request_id: str, roster: Collection[Participant], active: Collection[str]) -> None:
        needs: dict[str, bool] = {}
        for entry in roster:
            is_on = entry.name in active and self.is_on(entry.name)
            needs[entry.principal] = needs.get(entry.principal, False) or is_on
        for principal in needs:
            self._book.open_account(Account(audition_account(principal)))
        principals = [
            Newcomers(
                principal, needed, self._granted[principal], self._book.spendable_nanos(audition_account(principal))
            )
            for principal, needed in needs.items()
        ]
        rows = grants(request_id, principals, self._book.spendable_nanos(TREASURY), self._rules)
        self._book.apply(rows)
        for row in rows:
            if row.code == GRANT:
                self._granted[holder_of(row.credit)] += row.amount_nanos
