"""Who takes part in a simulation, and the upkeep of their wallets (R11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.core.codes import EARNING, SPENDING
from orchestrator.core.keys import ISSUER, TREASURY, bidder_account
from orchestrator.core.opening import provider_accounts
from orchestrator.core.progress import Progress
from orchestrator.core.request import Participant
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role
from orchestrator.core.upkeep import Wallet, upkeep
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation.auditions import Auditions
from orchestrator.engine.simulation.player import Player
from orchestrator.ledger import MOVING, Account, Book, Transfer, transfer


class Roster:
    """Who takes part in the requests to come.

    Args:
        book: the ledger.
        wealth: endowments, refills, rent and auditions.

    Attributes:
        players: who is in the simulation, the suspended included.
        seats: everybody who ever was, by name: work that was won is delivered.
        entries: who takes part, as requests record it.
        names: who takes part in each role, in order.
        auditions: what newcomers have won and were granted.
        refills: how often the treasury has helped each bidder.
        suspended: who takes part no more: broke, and helped too often.
    """

    def __init__(self, book: Book, wealth: WealthRules) -> None:
        self.players: tuple[Player, ...] = ()
        self.seats: dict[str, Player] = {}
        self.entries: tuple[Participant, ...] = ()
        self.names: dict[Role, list[str]] = {TRANSFORMER: [], PRESENTER: []}
        self.auditions = Auditions(book, wealth)
        self._book = book
        self._wealth = wealth
        self.refills: dict[str, int] = {}
        self._unrewarded: dict[str, int] = {}
        self.suspended: set[str] = set()
        self._crowds: dict[tuple[Role, ...], list[Player]] = {}

    def enter(self, players: Sequence[Player]) -> None:
        """Let bidders take part in the requests to come, each newcomer with a wallet and an endowment.

        One that was here before goes on with the wallet that it left, and stays suspended if it was.
        """
        self.players = (*self.players, *players)
        for account in provider_accounts({player.name for player in players}):
            self._book.open_account(account)
        for player in players:
            if player.name not in self.seats:
                self._endow(player)
            self.seats[player.name] = player
        self._call_roll()

    def leave(self, name: str) -> None:
        """Let a bidder take part in no further request; its wallet stays in the books."""
        self.players = tuple(player for player in self.players if player.name != name)
        self._call_roll()

    def crowd(self, roles: tuple[Role, ...]) -> Sequence[Player]:
        """Everybody who takes part in some roles, by name within each."""
        if roles not in self._crowds:
            self._crowds[roles] = [self.seats[name] for role in roles for name in self.names[role]]
        return self._crowds[roles]

    def keep_up(self, progress: Progress) -> None:
        """Charge rent, refill wallets, suspend and grant, after a request has ended."""
        request = progress.request
        active = [entry.name for entry in request.roster if entry.name not in self.suspended]
        spendable = self._book.spendable([TREASURY, *map(bidder_account, active)])
        wallets = {name: self._wallet(name, spendable[bidder_account(name)]) for name in active}
        due = upkeep(request.id, wallets, spendable[TREASURY], self._wealth)
        self._book.apply(due.transfers)
        for name in due.refilled:
            self.refills[name] += 1
        self.suspended.update(due.suspended)
        if self.auditions.after(progress, set(active).difference(due.suspended)) or due.suspended:
            self._call_roll()

    def note(self, transfers: Iterable[Transfer]) -> None:
        """Count, of what was applied, what wallets spend until they earn; upkeep asks for it."""
        unrewarded = self._unrewarded
        for _, debit, credit, nanos, kind, _, code, _, _ in transfers:
            if kind not in MOVING:
                continue
            if code in SPENDING and debit in unrewarded:
                unrewarded[debit] += nanos
            if code in EARNING and credit in unrewarded:
                unrewarded[credit] = 0

    def _wallet(self, name: str, spendable_nanos: int) -> Wallet:
        unrewarded_nanos = self._unrewarded[bidder_account(name)]
        return Wallet(spendable_nanos, refills=self.refills[name], unrewarded_nanos=unrewarded_nanos)

    def _endow(self, player: Player) -> None:
        """Give a newcomer its wallet and endowment."""
        wallet = bidder_account(player.name)
        self._book.open_account(Account(wallet))
        self.refills[player.name] = 0
        self._unrewarded[wallet] = 0
        endowment_nanos = self._wealth.endowment_nanos
        if endowment_nanos:
            self._book.apply([transfer(f"endow/{player.name}", ISSUER, wallet, endowment_nanos, "endow")])

    def _call_roll(self) -> None:
        active = [player for player in self.players if player.name not in self.suspended]
        self.entries = tuple(
            Participant(player.name, player.principal, (player.role,), self.auditions.is_on(player.name))
            for player in active
        )
        for role in self.names:
            self.names[role] = sorted(player.name for player in active if player.role == role)
        self._crowds = {}
