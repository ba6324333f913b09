"""Who takes part in a market, who cannot, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.api.seating import Seating, seat_all
from orchestrator.api.standing import may_act, standing_reason
from orchestrator.config import Config, warnings
from orchestrator.core.keys import bidder_account
from orchestrator.engine.learning import LearningFailure, learning_failures
from orchestrator.engine.wealth import ACTIVE
from orchestrator.money import format_usd
from orchestrator.plugins import BIDDERS, JUDGES, MODELS, POLICIES, PluginStatus, list_plugins
from orchestrator.store import BidderRow, Reader, Store

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
            "learning_failure": None if self.failure is None else self.failure._asdict(),
        }


@dataclass(frozen=True, slots=True)
class Roster:
    """A market's bidders.

    Attributes:
        rows: the config's, in its order, then those that only the store remembers.
        warnings: what is legal but will not work well.
        broken_plugins: plugins that are installed and cannot be loaded, whether used or not.
    """

    rows: tuple[RosterRow, ...]
    warnings: tuple[str, ...]
    broken_plugins: tuple[PluginStatus, ...]

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

    def to_dict(self) -> dict[str, Any]:
        """The roster as JSON-able data."""
        return {
            "bidders": [row.to_dict() for row in self.rows],
            "warnings": list(self.warnings),
            "broken_plugins": [
                {"name": each.name, "group": each.group, "distribution": each.distribution, "reason": each.reason}
                for each in self.broken_plugins
            ],
        }


def read_roster(config: Config, store: Store) -> Roster:
    """Build every bidder of a config, each on its own, and look up what the store knows of it."""
    seating = seat_all(config, ())
    types = {spec.name: spec.type for spec in config.bidders}
    plugins = [status for group in (BIDDERS, JUDGES, MODELS, POLICIES) for status in list_plugins(group)]
    shippers = {status.name: status.distribution for status in plugins if status.group == BIDDERS}
    known, balances, failures = store.read(
        lambda reader: (reader.bidders(), _balances(reader), learning_failures(reader, seating.seats.values()))
    )

    def row(name: str, **more: Any) -> RosterRow:
        of_type = types[name.partition("~")[0]]
        balance = balances.get(name)
        return RosterRow(name, type=of_type, distribution=shippers.get(of_type, ""), balance_nanos=balance, **more)

    rows = [
        row(
            seat.name,
            status=known[seat.name].status if seat.name in known else NEW,
            principal=seat.participant.principal,
            roles=seat.participant.roles,
            reason=standing_reason(known.get(seat.name), config.wealth),
            failure=failures.get(seat.name),
        )
        for seat in seating.seats.values()
    ]
    rows += [row(each.name, status=BROKEN, reason=each.reason) for each in seating.broken]
    named = {each.name for each in rows}
    rows += [
        RosterRow(name, ABSENT, remembered.principal, balance_nanos=balances.get(name))
        for name, remembered in known.items()
        if name not in named
    ]
    for seat in seating.seats.values():
        seat.close()
    found = warnings(config, seating.built, _spendable(seating, known, balances))
    return Roster(tuple(rows), tuple(found), tuple(each for each in plugins if not each.ok))


def _spendable(seating: Seating, known: Mapping[str, BidderRow], balances: Mapping[str, int]) -> dict[str, int]:
    """What those that may act can spend; newcomers will be endowed."""
    return {
        name: balances.get(name, seating.endowments_nanos[name]) for name in seating.seats if may_act(known.get(name))
    }


def _balances(reader: Reader) -> dict[str, int]:
    names = list(reader.bidders())
    spendable = reader.spendable(map(bidder_account, names))
    return {name: spendable[bidder_account(name)] for name in names}
