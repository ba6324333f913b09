"""What a config resolves to: frozen settings with every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from orchestrator.core.rules import Rules
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.passwords import MASK, is_secret, without_passwords
from orchestrator.plugins.recipe import PluginSpec

Isolation = Literal["none", "process"]


@dataclass(frozen=True, slots=True)
class BidderSpec:
    """A bidder as configured.

    Attributes:
        name: unique in its market.
        type: an entry point's name, or a dotted path.
        options: arguments for it.
        principal: who stands behind it; None leaves that to the bidder, or else to its name.
        endowment_nanos: what its wallet opens with.
        clones: how many twins there are of it, itself included (R11).
        policy: what values lots for it; None for the bidder's own.
        isolation: `process` runs it in a process of its own.
        bid_deadline_seconds: None for the market's.
        transform_deadline_seconds: None for the market's.
        where: where it was written, for messages.
    """

    name: str
    type: str
    endowment_nanos: int
    options: Mapping[str, Any] = field(default_factory=dict)
    principal: str | None = None
    clones: int = 1
    policy: PluginSpec | None = None
    isolation: Isolation = "none"
    bid_deadline_seconds: float | None = None
    transform_deadline_seconds: float | None = None
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class RequestDefaults:
    """What holds for a request that does not say otherwise.

    Attributes:
        spend_cap_nanos: most real money a run may cost (R7); None for its budget.
        deposit_nanos: what pays recorded costs on rejection (R10).
        bounty_max_nanos: the most that a bounty, a spend cap or a deposit may be. What has moved through an account is
            counted for good, in 64 bits: nine bounties of a billion dollars, which cost nobody anything, used that up.
        expires_days: how long after its offers are there a request that nobody picked from expires.
        text_bytes_max: longest request text, in UTF-8 bytes.
        judge_seconds: how long a judge that is no person may take; then the request stays open.
    """

    spend_cap_nanos: int | None
    deposit_nanos: int
    bounty_max_nanos: int
    expires_days: float
    text_bytes_max: int
    judge_seconds: float


@dataclass(frozen=True, slots=True)
class Config:
    """A market's settings.

    Attributes:
        source: the file they came from, or `the given config`.
        is_fallback: whether nobody asked for this file: it is the demo that Vickrey brings along.
        folder: what relative paths and the modules of dotted paths are looked for in.
        version: of the file's format.
        bounty_typical_nanos: the bounty in which sizes of wealth are given (R11).
        store_url: `memory`, or an SQLAlchemy URL.
        rules: how auctions are held.
        request: defaults for requests.
        wealth: how wallets are filled.
        judge: who picks.
        bidders: who takes part.
    """

    source: str
    is_fallback: bool
    folder: Path
    version: int
    bounty_typical_nanos: int
    store_url: str
    rules: Rules
    request: RequestDefaults
    wealth: WealthRules
    judge: PluginSpec
    bidders: tuple[BidderSpec, ...]

    def resolved(self) -> dict[str, Any]:
        """All settings as JSON can hold them, for a run's record: amounts in nano-dollars, secrets masked."""
        settings = asdict(self)
        settings["store_url"] = without_passwords(self.store_url)
        del settings["is_fallback"]
        for spec in (settings["judge"], *settings["bidders"]):
            del spec["where"]
        for bidder in settings["bidders"]:
            if bidder["policy"]:
                del bidder["policy"]["where"]
        plain: dict[str, Any] = as_json(settings)
        return plain


def as_json(value: Any) -> Any:
    """A value as JSON can hold it, without secrets; what JSON cannot hold is named, not copied."""
    if isinstance(value, Mapping):
        return {str(key): MASK if is_secret(str(key)) else as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(inner) for inner in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    return str(value)
