"""Seats: bidders as the engine knows them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeGuard

from orchestrator.bidding import Announcement, Bidder, Policy
from orchestrator.core.names import RESERVED_NAMES, is_name
from orchestrator.core.request import Participant
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role, Rules
from orchestrator.engine.memory_keys import memory_key
from orchestrator.errors import BrokenPlugin
from orchestrator.money import Money

CostMethod = Literal["bid_cost_max", "transform_cost_max"]

_ROLES: Final[tuple[Role, ...]] = (TRANSFORMER, PRESENTER)
_POLICY_METHODS: Final = ("value", "learn", "practise", "best_claims", "migrate", "describe")
PROVIDER_CHARACTERS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Seat:
    """A bidder's place in the market.

    Attributes:
        bidder: the bidder's own object.
        participant: what a request's record says of it.
        memory_id: where what its policy learns is kept; twins share one, and so do the bidders of a pool.
        policy: what learns from its receipts, if anything does.
        provider: who is paid for its calls; empty where they cost nothing.
        recipe: what its work follows from: answers that were kept are its own while that is the same.
        bid_deadline_seconds: its own deadline for bids, if it has one.
        transform_deadline_seconds: its own deadline for transforms, if it has one.
        close: frees what the bidder holds.
    """

    bidder: Bidder
    participant: Participant
    memory_id: str
    policy: Policy | None = None
    provider: str = ""
    recipe: str = ""
    bid_deadline_seconds: float | None = None
    transform_deadline_seconds: float | None = None
    close: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def memory_key(self) -> str:
        """Where its policy's memory is kept: another policy, or another version of it, starts anew."""
        return self.memory_key_of(self.policy.version) if self.policy else self.memory_id

    def memory_key_of(self, version: int) -> str:
        """Where the memory of some version of its policy is kept."""
        return memory_key(self.memory_id, self.policy.name, version) if self.policy else self.memory_id

    @property
    def name(self) -> str:
        """The bidder's name."""
        return self.participant.name

    def bid_seconds(self, rules: Rules) -> float:
        """When a lot closes to it: at its own deadline, or at the market's (R3)."""
        return self.bid_deadline_seconds or rules.bid_deadline_seconds

    def has(self, method: str) -> bool:
        """Whether the bidder offers one of the contract's optional methods."""
        try:
            return getattr(self.bidder, method, None) is not None
        except Exception:
            return True

    async def is_eligible(self, announcement: Announcement) -> bool:
        """Whether the bidder wants to be asked; one without a filter always does."""
        return bool(await self._ask("eligible", announcement, True))

    async def practises(self, announcement: Announcement) -> bool:
        """Whether the bidder works on a task in practice; one that does not say always does."""
        return bool(await self._ask("practises", announcement, True))

    async def cost_max_nanos(self, method: CostMethod, announcement: Announcement) -> int:
        """Worst case of what the bidder's calls cost when it bids, or when it transforms (R4).

        Args:
            method: the contract's method that says so.
            announcement: what the bidder is shown.
        """
        return plain_nanos(await self._ask(method, announcement, Money(0)))

    async def _ask(self, method: str, announcement: Announcement, default: Any) -> Any:
        """Call an optional method; an isolated bidder's is asynchronous."""
        call = getattr(self.bidder, method, None)
        said = default if call is None else call(announcement)
        return await said if inspect.isawaitable(said) else said


def plain_nanos(money: Any) -> int:
    """The amount of a bidder's money, checked anew: an object of its own making may hold anything.

    Raises:
        TypeError: it is no money.
        InvalidMoney: it is no lawful amount.
    """
    if not isinstance(money, Money):
        raise TypeError(f"returned {type(money).__name__}; it must return Money")
    return Money.usd(Money(money.nanos)).nanos


def take_seat(
    bidder: Any,
    *,
    name: str | None = None,
    principal: str | None = None,
    memory_id: str | None = None,
    policy: Policy | None = None,
    recipe: str | None = None,
    bid_deadline_seconds: float | None = None,
    transform_deadline_seconds: float | None = None,
) -> Seat:
    """Give a bidder its place in the market.

    Args:
        bidder: an object that keeps the bidder's contract.
        name: its name, where not its own.
        principal: who stands behind it, where not what it says itself.
        memory_id: where its policy's memory is kept, where not under its name.
        policy: its policy, where not its own.
        recipe: what its work follows from; where nobody says it, its class.
        bid_deadline_seconds: its own deadline for bids.
        transform_deadline_seconds: its own deadline for transforms.

    Returns:
        The seat.

    Raises:
        BrokenPlugin: the object lacks what the contract requires.
    """
    who = name or _name(bidder)
    check_name(who, "name")
    missing = [method for method in ("bid", "transform") if not callable(_attribute(bidder, method))]
    if missing:
        raise BrokenPlugin(f"bidder {who} has no method {' and no method '.join(f'`{m}`' for m in missing)}")
    behind = principal or _attribute(bidder, "principal") or who
    check_name(behind, f"principal of bidder {who}")
    learner = _checked_policy(who, policy or _attribute(bidder, "policy"))
    return Seat(
        bidder=bidder,
        participant=Participant(who, behind, _roles(who, bidder)),
        memory_id=_pool_id(who, learner) or memory_id or who,
        policy=learner,
        provider=_provider(who, bidder),
        recipe=recipe or f"{type(bidder).__module__}:{type(bidder).__qualname__}",
        bid_deadline_seconds=bid_deadline_seconds,
        transform_deadline_seconds=transform_deadline_seconds,
        close=_attribute(bidder, "close") or (lambda: None),
    )


def check_name(name: Any, what: str) -> None:
    """Refuse a name that the market could not use: names are parts of keys and of accounts, and hold no separator.

    Args:
        name: what is to be a name.
        what: whose or what it is, for the message.

    Raises:
        BrokenPlugin: it is no name, or taken by the market itself.
    """
    if not is_name(name):
        shown = ascii(name)[:80] if isinstance(name, str) else type(name).__name__
        raise BrokenPlugin(
            f"{what}: {shown} is no name; it must be 1 to 64 letters, digits, '_', '.', '~' or '-', "
            "beginning with a letter or digit"
        )
    if name in RESERVED_NAMES:
        raise BrokenPlugin(f"{what}: {name!r} is taken by the market itself; choose another")


def check_policy_methods(policy: Any, whose: str) -> None:
    """Refuse a policy that would have to be awaited: nobody does, so each of its answers would be a fault.

    Args:
        policy: the policy.
        whose: whose it is, for the message.

    Raises:
        BrokenPlugin: one of its methods is asynchronous.
    """
    for method in _POLICY_METHODS:
        if inspect.iscoroutinefunction(_attribute(policy, method)):
            raise BrokenPlugin(f"{whose}: its `{method}` is asynchronous, but is not awaited; write `def {method}`")


def is_payee(name: object) -> TypeGuard[str]:
    """Whether a provider can be called so: its name is part of an account's, and of the record."""
    return type(name) is str and name.isprintable() and 0 < len(name) <= PROVIDER_CHARACTERS_MAX


def _name(bidder: Any) -> str:
    own: str | None = _attribute(bidder, "name")
    if isinstance(bidder, type):
        raise BrokenPlugin(f"a bidder is an object; make one of the class: {bidder.__name__}(...)")
    if own is None:
        raise BrokenPlugin(f"{type(bidder).__name__} has no `name`; a bidder needs one that is unique in its market")
    return own


def _provider(who: str, bidder: Any) -> str:
    """Who is paid for a bidder's calls: by its own account, or the bidder itself."""
    payee = _attribute(bidder, "provider") or who
    if not is_payee(payee):
        raise BrokenPlugin(f"bidder {who}: `provider` is a printable name of at most {PROVIDER_CHARACTERS_MAX} letters")
    return payee


def _checked_policy(who: str, policy: Any) -> Policy | None:
    """A policy's name and version are part of the key of its memory."""
    if policy is None:
        return None
    name, version = _attribute(policy, "name"), _attribute(policy, "version")
    if not callable(_attribute(policy, "learn")) or type(version) is not int:
        raise BrokenPlugin(f"the policy of bidder {who} needs a `name`, a whole `version` and a method `learn`")
    check_name(name, f"policy of bidder {who}")
    check_policy_methods(policy, f"the policy of bidder {who}")
    checked: Policy = policy
    return checked


def _pool_id(who: str, policy: Policy | None) -> str | None:
    """Where bidders keep what they learn together whose policies name one pool; no bidder's name holds a colon."""
    pool = None if policy is None else _attribute(policy, "pool")
    if pool is None:
        return None
    check_name(pool, f"pool of bidder {who}")
    return f"pool:{pool}"


def _attribute(bidder: Any, name: str) -> Any:
    try:
        return getattr(bidder, name, None)
    except Exception as error:
        raise BrokenPlugin(f"{type(bidder).__name__}: its `{name}` cannot be read ({type(error).__name__})") from error


def _roles(who: str, bidder: Any) -> tuple[Role, ...]:
    given = _attribute(bidder, "roles")
    named = list(given) if isinstance(given, list | tuple | set | frozenset) else []
    if not named or any(type(role) is not str or role not in _ROLES for role in named):
        raise BrokenPlugin(
            f"bidder {who}: `roles` is {ascii(given)[:60]}; it is ('transformer',), ('presenter',) or both"
        )
    return tuple(role for role in _ROLES if role in named)
