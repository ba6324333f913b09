"""What can be told from a plugin's attributes alone."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role
from orchestrator.engine.seat import check_name
from orchestrator.errors import BrokenPlugin
from orchestrator.testing.problem import Findings

_ROLES: Final = (TRANSFORMER, PRESENTER)
_NAMES: Final = ("name", "principal")
_OPTIONAL_METHODS: Final = ("eligible", "bid_cost_max", "transform_cost_max", "reserve", "practises", "close")
_OPTIONAL_POLICY_METHODS: Final = ("practise", "best_claims", "migrate", "describe")
_PLAIN_METHODS: Final = ("eligible", "bid_cost_max", "transform_cost_max", "close")


def check_bidder_shape(bidder: Any, findings: Findings) -> tuple[Role, ...]:
    """Check a bidder's attributes.

    Returns:
        Its roles, as far as they make sense.
    """
    if isinstance(bidder, type):
        findings.add(f"{bidder.__name__} is a class; give the kit a bidder made from it")
        return ()
    _check_word(bidder, "name", findings, required=True)
    _check_word(bidder, "principal", findings)
    _check_word(bidder, "provider", findings)
    for method in ("bid", "transform"):
        if not callable(getattr(bidder, method, None)):
            findings.add(f"{method}() is missing: write `async def {method}(self, ...)`")
    for method in _OPTIONAL_METHODS:
        found = getattr(bidder, method, None)
        if found is not None and not callable(found):
            findings.add(f"{method} is {type(found).__name__}; it must be a method, or left out")
        if method in _PLAIN_METHODS and inspect.iscoroutinefunction(found):
            findings.add(f"{method}() is async; the market calls it plainly: write `def {method}`")
    policy = getattr(bidder, "policy", None)
    if policy is not None:
        check_policy_shape(policy, findings, "policy.")
    return _roles(bidder, findings)


def check_policy_shape(policy: Any, findings: Findings, prefix: str = "") -> None:
    """Check a policy's attributes; `prefix` says whose policy it is."""
    if isinstance(policy, type):
        findings.add(f"{prefix}{policy.__name__} is a class; give a policy made from it")
        return
    name, pool = getattr(policy, "name", None), getattr(policy, "pool", None)
    if not isinstance(name, str):
        findings.add(f"{prefix}name is missing: it names the format of the policy's memory")
    else:
        _check_name(name, f"{prefix}name", findings)
    if pool is not None:
        _check_name(pool, f"{prefix}pool", findings)
    version = getattr(policy, "version", None)
    if type(version) is not int:
        findings.add(f"{prefix}version is missing or no int: it is the version of the memory's format")
    elif version < 1:
        findings.add(f"{prefix}version is {version}; begin with 1: memories of version 0 or less are never migrated")
    for method in ("value", "learn"):
        found = getattr(policy, method, None)
        if not callable(found):
            findings.add(f"{prefix}{method}() is missing")
        elif inspect.iscoroutinefunction(found):
            findings.add(f"{prefix}{method}() is async; it must be pure and plain: write `def {method}`")
    for method in _OPTIONAL_POLICY_METHODS:
        found = getattr(policy, method, None)
        if found is not None and not callable(found):
            findings.add(f"{prefix}{method} is {type(found).__name__}; it must be a method, or left out")
        elif inspect.iscoroutinefunction(found):
            findings.add(f"{prefix}{method}() is async; it must be pure and plain: write `def {method}`")


def _check_word(bidder: Any, attribute: str, findings: Findings, *, required: bool = False) -> None:
    word = getattr(bidder, attribute, None)
    if word is None:
        if required:
            findings.add(f"{attribute} is missing: a bidder needs one that is unique in its market")
    elif not isinstance(word, str) or not word.strip():
        findings.add(f"{attribute} is {word!r}; it must be a str that is not empty")
    elif attribute in _NAMES:
        _check_name(word, attribute, findings)


def _check_name(name: Any, what: str, findings: Findings) -> None:
    """What the market refuses when a bidder takes its seat is found here, in the same words."""
    try:
        check_name(name, what)
    except BrokenPlugin as refusal:
        findings.add(str(refusal))


def _roles(bidder: Any, findings: Findings) -> tuple[Role, ...]:
    roles = getattr(bidder, "roles", None)
    if roles is None:
        findings.add("roles is missing: set it to ('transformer',), ('presenter',) or both")
        return ()
    if isinstance(roles, str | Mapping) or not isinstance(roles, Sequence):
        findings.add(f"roles is {type(roles).__name__} {roles!r}; write a tuple such as ('transformer',)")
        return tuple(role for role in _ROLES if role == roles)
    for role in roles:
        if role not in _ROLES:
            findings.add(f"roles has {role!r}; a role is 'transformer' or 'presenter'")
    if not roles:
        findings.add("roles is empty: set it to ('transformer',), ('presenter',) or both")
    return tuple(role for role in _ROLES if role in roles)
