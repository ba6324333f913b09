"""Names of bidders, principals, policies and pools: parts of keys and accounts, so they hold no separators."""

from __future__ import annotations

import re
from typing import Final, TypeGuard

from orchestrator.core.keys import ISSUER, TREASURY
from orchestrator.core.state import REQUESTER

RESERVED_NAMES: Final = frozenset({REQUESTER, TREASURY, ISSUER})
"""Names of the market's own, which nobody may take."""

_TWIN_MARK: Final = "~"
_NAME: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.{_TWIN_MARK}-]{{0,63}}")


def is_name(value: object) -> TypeGuard[str]:
    """Whether a value can be a name; those of later twins hold a mark that no entry of a config may use."""
    return type(value) is str and _NAME.fullmatch(value) is not None


def is_later_twin(name: str) -> bool:
    """Whether a bidder is the second of its twins, or a later one."""
    return _TWIN_MARK in name


def twin_name(name: str, number: int) -> str:
    """The name of one of an entry's twins: the first keeps the entry's own, the others are `name~2` and so on.

    Args:
        name: the entry's.
        number: which of them, from 1.
    """
    return name if number == 1 else f"{name}{_TWIN_MARK}{number}"


def entry_of(name: str) -> str:
    """The name of the entry that a bidder, or a twin of it, was made from: what `twin_name` began with.

    What is known of one of them holds for all: they differ in wallet and principal alone. So a policy that
    keeps anything by bidder keeps it under this name.

    Args:
        name: a bidder's, such as `writer~2`.

    Returns:
        The entry's, such as `writer`; of a bidder without twins its own.
    """
    return name.partition(_TWIN_MARK)[0]
