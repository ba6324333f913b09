"""Who takes part in a market, who cannot, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.api.seating import Seating, seat_all
from orchestrator.api.standing import may_act, standing_reason
from orchestrator.api.subsidies import Subsidies, read_subsidies
from orchestrator.config import Config, warnings
from orchestrator.core.keys import bidder_account
from orchestrator.core.names import entry_of
from orchestrator.core.upkeep import Wallet
from orchestrator.engine.learning import learning_failures
from orchestrator.engine.learning_failures import LearningFailure
from orchestrator.engine.wealth import read_wallets
from orchestrator.money import format_usd
from orchestrator.plugins import BIDDERS, JUDGES, MODELS, POLICIES, PluginStatus, list_plugins
from orchestrator.store import BidderRow, Reader, Store
from orchestrator.store.rows import ACTIVE

# By what a config calls them.
GROUPS = {"bidders": BIDDERS, "policies": POLICIES, "models": MODELS, "judges": JUDGES}

BROKEN = "broken"
NEW = "new"
ABSENT = "not in this config"


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One bidder: of the config, of the store, or of both.

    Attributes:
        name: its name.
        status: as the store knows it; `new` before its first request; `broken`; or `not in this config`.
        principal: who stands behind it; empty where it cannot be built.
        roles: what it does.
        type: what the config builds it from.
        distribution: who ships that; empty for a dotted path.
        reason: why it is broken, suspended or gone; empty where it is none of these.
        balance_nanos: what its wallet can spend; None before it has one.
        trials_left: how many lots it has still to win before it is no newcomer any more; None where the rules hold no
            auditions, or it may not act.
        failure: how its policy failed to learn from the latest request; None where it did learn.
    """

    name: str
    status: str
    principal: str = ""
    roles: tuple[str, ...] = ()
    type: str = ""
    distribution: str = ""
    reason: str = ""
    balance_nanos: int | None = None
    trials_left: int | None = None
    failure: LearningFailure | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-able data, amounts as decimal strings in USD."""
        return {
            "name": self.name,
            "status": self.status,
            "principal": self.principal,
            "roles": list(self.roles),
            "type": self.type,
            "distribution": self.distribution,
            "reason": self.reason,
            "balance": None if self.balance_nanos is None else format_usd(self.balance_nanos),
            "trials_left": self.trials_left,
            "learning_failure": None if self.failure is None else self.failure._asdict(),
        }


@dataclass(frozen=True, slots=True)
class Roster:
    """A market's bidders.

    Attributes:
        rows: the config's, in its order, then those that only the store remembers.
        warnings: what is legal but will not work well.
        plugins: all that are installed, whether used or not.
    """

    rows: tuple[RosterRow, ...]
    warnings: tuple[str, ...]
    plugins: tuple[PluginStatus, ...]

    @property
    def configured(self) -> tuple[RosterRow, ...]:
        """The config's bidders."""
        return tuple(row for row in self.rows if row.status != ABSENT)

    @property
    def able(self) -> tuple[RosterRow, ...]:
        """The config's bidders that take part in a request posted now."""
        return tuple(row for row in self.configured if row.status in (NEW, ACTIVE))

    @property
    def broken(self) -> tuple[RosterRow, ...]:
        """The config's bidders that cannot take part."""
        return tuple(row for row in self.rows if row.status == BROKEN)

    @property
    def broken_plugins(self) -> tuple[PluginStatus, ...]:
        """Plugins that are installed and cannot be loaded."""
        return tuple(each for each in self.plugins if not each.ok)

    @property
    def types(self) -> dict[str, list[PluginStatus]]:
        """What a config may name as a type, by what it is a type of: `bidders`, `policies`, `models`, `judges`."""
        return {of: [each for each in self.plugins if each.ok and each.group == group] for of, group in GROUPS.items()}

    def to_dict(self) -> dict[str, Any]:
        """The roster as JSON-able data."""
        return {
            "bidders": [row.to_dict() for row in self.rows],
            "warnings": list(self.warnings),
            "broken_plugins": [
                {"name": each.name, "group": each.group, "distribution": each.distribution, "reason": each.reason}
                for each in self.broken_plugins
            ],
            "types": {of: [each.name for each in installed] for of, installed in self.types.items()},
        }


def read_roster(config: Config, store: Store) -> Roster:
    """Build every bidder of a config, each on its own, and look up what the store knows of it."""
    seating = seat_all(config, ())
    try:
        known = store.read(lambda reader: _read_known(reader, config, seating))
        return _roster(config, seating, known)
    finally:
        seating.let_go()


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of bidders: rows and balances of all, what those may spend that may act, and the rest."""

    rows: Mapping[str, BidderRow]
    balances: Mapping[str, int]
    acting_nanos: Mapping[str, int]
    subsidies: Subsidies
    failures: Mapping[str, LearningFailure]


def _read_known(reader: Reader, config: Config, seating: Seating) -> _Known:
    rows = reader.bidders()
    spendable = reader.spendable(map(bidder_account, rows))
    balances = {name: spendable[bidder_account(name)] for name in rows}
    seats = seating.seats
    # Newcomers will be endowed.
    acting = {name: balances.get(name, seating.endowments_nanos[name]) for name in seats if may_act(rows.get(name))}
    principals = {name: seats[name].participant.principal for name in acting}
    known = read_wallets(reader, [rows[name] for name in acting if name in rows])
    wallets = {name: known.get(name) or Wallet(nanos) for name, nanos in acting.items()}
    subsidies = read_subsidies(reader, config, principals, wallets)
    return _Known(rows, balances, acting, subsidies, learning_failures(reader, seats.values()))


def _roster(config: Config, seating: Seating, known: _Known) -> Roster:
    types = {spec.name: spec.type for spec in config.bidders}
    plugins = [status for group in GROUPS.values() for status in list_plugins(group)]
    shippers = {status.name: status.distribution for status in plugins if status.group == BIDDERS}

    def row(name: str, **more: Any) -> RosterRow:
        of_type = types[entry_of(name)]
        balance = known.balances.get(name)
        return RosterRow(name, type=of_type, distribution=shippers.get(of_type, ""), balance_nanos=balance, **more)

    rows = [
        row(
            seat.name,
            status=known.rows[seat.name].status if seat.name in known.rows else NEW,
            principal=seat.participant.principal,
            roles=seat.participant.roles,
            reason=standing_reason(known.rows.get(seat.name), config.wealth),
            trials_left=known.subsidies.trials_left.get(seat.name),
            failure=known.failures.get(seat.name),
        )
        for seat in seating.seats.values()
    ]
    rows += [row(each.name, status=BROKEN, reason=each.reason) for each in seating.broken]
    named = {each.name for each in rows}
    rows += [
        RosterRow(name, ABSENT, remembered.principal, balance_nanos=known.balances.get(name))
        for name, remembered in known.rows.items()
        if name not in named
    ]
    found = (*warnings(config, seating.built, known.acting_nanos), *known.subsidies.warnings)
    return Roster(tuple(rows), found, tuple(plugins))
