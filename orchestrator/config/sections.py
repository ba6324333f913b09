"""The sections of a config file, with their defaults and bounds, as pydantic models."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from orchestrator.core.names import RESERVED_NAMES, is_later_twin, is_name
from orchestrator.core.rules import MILLION, LastStage, Rule, SelfSale
from orchestrator.errors import InvalidMoney
from orchestrator.money import Money

VERSION: Final = 1
CLONES_MAX: Final = 100


# --- kinds of value ---


def _name(value: Any) -> str:
    if not is_name(value) or is_later_twin(value):
        raise ValueError("must be 1 to 64 letters, digits, '_', '.' or '-', beginning with a letter or digit")
    if value in RESERVED_NAMES:
        raise ValueError(f"is taken by the market itself ({', '.join(sorted(RESERVED_NAMES))}); choose another")
    return value


def _usd(value: Any) -> Money:
    try:
        return Money.usd(value)
    except InvalidMoney as refusal:
        raise ValueError(str(refusal)) from None


def _positive_usd(value: Any) -> Money:
    amount = _usd(value)
    if amount.nanos == 0:
        raise ValueError("must be more than 0")
    return amount


def _size(value: Any) -> Decimal:
    """A number of typical bounties, exact: it is read as money is."""
    try:
        if isinstance(value, Money):
            raise InvalidMoney("a size is a multiple of the bounty, not an amount")
        return Decimal(Money.usd(value).nanos).scaleb(-9)
    except InvalidMoney:
        shown = repr(value)[:40]
        raise ValueError(f"must be a number of typical bounties, for example 5 or 0.5, not {shown}") from None


def _percent(value: Any) -> int:
    written = value.strip().removesuffix("%").strip() if isinstance(value, str) else value
    if isinstance(written, str) and re.fullmatch(r"\d{1,3}", written):
        written = int(written)
    if type(written) is not int or not 0 <= written <= 100:
        raise ValueError("must be a whole percentage from 0 to 100, for example 50 or '50 %'")
    return written


def _share(value: Any) -> Decimal:
    """A share of a price, exact to a millionth: it is read as money is."""
    try:
        share = _size(value)
    except ValueError:
        share = Decimal(0)
    if not 0 < share <= 1 or share * MILLION % 1:
        raise ValueError("must be a number above 0 and at most 1 of at most six decimal places, for example 0.99")
    return share


def _by_stage(value: Any) -> tuple[int, ...]:
    counts = value if isinstance(value, list | tuple) else [value]
    if not counts or any(type(count) is not int or count < 1 for count in counts):
        raise ValueError("must be a whole number of at least 1, or a list of such numbers, one for each stage")
    return tuple(counts)


def _typed(value: Any) -> Any:
    """A plugin without options may be written as its type alone."""
    if isinstance(value, str):
        return {"type": value}
    if not isinstance(value, Mapping):
        raise ValueError("must be the name of a type, or a mapping of its `type` and `options`")
    return value


def _typed_or_none(value: Any) -> Any:
    return None if value is None else _typed(value)


def _empty(kind: Callable[[], Any]) -> BeforeValidator:
    """A section whose lines are all commented out is read as null; it stands for the defaults."""
    return BeforeValidator(lambda value: kind() if value is None else value)


Name = Annotated[str, BeforeValidator(_name)]
Usd = Annotated[Money, BeforeValidator(_usd)]
PositiveUsd = Annotated[Money, BeforeValidator(_positive_usd)]
Size = Annotated[Decimal, BeforeValidator(_size)]
Share = Annotated[Decimal, BeforeValidator(_share)]
Percent = Annotated[int, BeforeValidator(_percent)]
ByStage = Annotated[tuple[int, ...], BeforeValidator(_by_stage)]
Seconds = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Days = Seconds
Count = Annotated[int, Field(strict=True, ge=1)]
CountFromZero = Annotated[int, Field(strict=True, ge=0)]
Word = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
Options = Annotated[dict[str, Any], _empty(dict)]


class Section(BaseModel):
    """A mapping of which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


# --- sections ---


class PluginSection(Section):
    """A judge, a model or a policy: its type, and options for it."""

    type: Word
    options: Options = Field(default_factory=dict)


class DeadlinesSection(Section):
    """How long bidders have."""

    bid_seconds: Seconds = 20.0
    transform_seconds: Seconds = 120.0


class RulesSection(Section):
    """How auctions are held."""

    rule: Rule = "vickrey"
    reserve: Usd = Money(0)
    copies: ByStage = (1,)
    stages_max: Annotated[int, Field(strict=True, ge=2)] = 8
    offers_max: Count = 10
    invited_max: CountFromZero = 0
    forfeit: Percent = 50
    self_sale: SelfSale = "keep"
    last_stage: LastStage = "presenters"
    discount: Share = Decimal(1)
    state_bytes_max: Count = 1_000_000
    deadlines: Annotated[DeadlinesSection, _empty(dict)] = DeadlinesSection()


class RequestSection(Section):
    """Defaults for requests that do not say otherwise."""

    spend_cap: Usd | None = None
    deposit: Usd = Money(0)
    bounty_max: Usd = Money.usd(10_000)
    expires_days: Days = 7.0
    text_bytes_max: Count = 200_000
    judge_seconds: Seconds = 300.0


class AuditionSection(Section):
    """How newcomers get trials; the budget is in typical bounties."""

    trials: CountFromZero = 0
    budget: Size = Decimal(2)


class WealthSection(Section):
    """How wallets are filled, in typical bounties; only the rent is in dollars."""

    endowment: Size = Decimal(5)
    refill_below: Size = Decimal(1)
    refill_to: Size = Decimal(5)
    refills_max: CountFromZero = 10
    rent: Usd = Money(0)
    faults_to_suspend: Count = 5
    treasury_stock: Size = Decimal(0)
    audition: Annotated[AuditionSection, _empty(dict)] = AuditionSection()


class BidderSection(Section):
    """One bidder."""

    name: Name
    type: Word
    options: Options = Field(default_factory=dict)
    principal: Name | None = None
    endowment: Size | None = None
    clones: Annotated[int, Field(strict=True, ge=1, le=CLONES_MAX)] = 1
    policy: Annotated[PluginSection | None, BeforeValidator(_typed_or_none)] = None
    isolation: Literal["none", "process"] = "none"
    bid_deadline_seconds: Seconds | None = None
    transform_deadline_seconds: Seconds | None = None


class ConfigSection(Section):
    """A whole file."""

    version: Annotated[int, Field(strict=True)] = VERSION
    bounty_typical: PositiveUsd = Money.usd(10)
    store: Word | None = None
    rules: Annotated[RulesSection, _empty(dict)] = RulesSection()
    request: Annotated[RequestSection, _empty(dict)] = RequestSection()
    wealth: Annotated[WealthSection, _empty(dict)] = WealthSection()
    models: Annotated[dict[Name, PluginSection], _empty(dict)] = Field(default_factory=dict)
    judge: Annotated[PluginSection, BeforeValidator(_typed)] = PluginSection(type="terminal")
    bidders: Annotated[list[BidderSection], _empty(list)] = Field(default_factory=list)
