"""Who is asked to bid for a lot of a simulation (R3, R5)."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.core.invitation import BidRecord, invite
from orchestrator.core.keys import derive_seed
from orchestrator.core.lot import Lot
from orchestrator.core.request import Request
from orchestrator.core.rules import TRANSFORMER, Role, Rules
from orchestrator.engine.simulation.player import Player
from orchestrator.engine.simulation.roster import Roster
from orchestrator.money import NANOS_PER_USD


class Invitations:
    """Invites everybody who may bid, or in a crowded market the most promising.

    Args:
        roster: who takes part.
        rules: how many are invited, and whether owners may buy.
        owners_keep: whether an owner is asked what keeping its lot is worth to it.

    Attributes:
        are_choosy: whether not everybody is asked, so that answers are to be noted.
    """

    def __init__(self, roster: Roster, rules: Rules, *, owners_keep: bool) -> None:
        self._roster = roster
        self._rules = rules
        self._owners_keep = owners_keep
        self.are_choosy = rules.invited_max > 0
        self._records: dict[str, BidRecord] = {}
        self._promises: dict[str, float] = {}

    def to(self, request: Request, lot: Lot) -> Sequence[Player]:
        """Who is asked about a lot; the owner only where it may buy or keep it."""
        roster, roles = self._roster, self._rules.roles_at(lot.stage)
        if self.are_choosy:
            invited: Sequence[Player] = [
                roster.seats[name] for role in roles for name in self._promising(request, lot, role)
            ]
        else:
            invited = roster.crowd(roles)
        if self._rules.self_sale == "open" or self._may_keep(lot):
            return invited
        return [player for player in invited if player.name != lot.owner]

    def note(self, player: Player, amount_nanos: int, bounty_usd: float) -> None:
        """Note what a player answered, as a share of the bounty; 0 where it passed. Its promise follows from that."""
        share = amount_nanos / NANOS_PER_USD / bounty_usd if bounty_usd else 0.0
        record = self._records.get(player.name, BidRecord()).after(share)
        self._records[player.name] = record
        self._promises[player.name] = record.promise

    def _promising(self, request: Request, lot: Lot, role: Role) -> Sequence[str]:
        seed = derive_seed(request.seed, lot.path, role)
        return invite(self._roster.names[role], self._promises, self._rules.invited_max, seed)

    def _may_keep(self, lot: Lot) -> bool:
        is_transformer = lot.owner in self._roster.names[TRANSFORMER]
        return self._owners_keep and is_transformer and lot.stage < self._rules.stages_max
