"""Policies by name, as a config would name them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.bidding import Policy
from orchestrator.plugins import POLICIES, build, load_plugin, takes

POOL = "models"
"""Of a policy that can pool what its bidders learn, all bidders are in one pool."""


def policy_maker(name: str, options: Mapping[str, str], shown: int = 1) -> Callable[[], Policy]:
    """What makes the policy that a config would get by this name and these options.

    Args:
        name: of an installed policy, or a dotted path `package.module:Class`.
        options: the policy's own.
        shown: how many answers a presenter shows together, where the policy wants to know.

    Raises:
        InvalidConfig: there is no such policy, or it has no such option.
    """
    plugin = load_plugin(POLICIES, name)
    told = {"pool": POOL, "answers": str(shown)}
    suited = {option: value for option, value in told.items() if takes(plugin, option)}

    def make() -> Policy:
        made: Policy = build(plugin, {**suited, **options}, "--option")
        return made

    make()
    return make


def is_pooled(policy: Policy) -> bool:
    """Whether one memory serves all bidders."""
    return bool(getattr(policy, "pool", None))
