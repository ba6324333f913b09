"""Recipes: what builds one bidder, here or in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.errors import BrokenPlugin, InvalidConfig
from orchestrator.plugins.building import build, takes
from orchestrator.plugins.installed import load_plugin
from orchestrator.plugins.plugin import BIDDERS, POLICIES, Plugin


@dataclass(frozen=True, slots=True)
class PluginSpec:
    """A plugin as configured.

    Attributes:
        type: an entry point's name, or a dotted path.
        options: arguments for it.
        where: where it was written, for messages: `vickrey.yaml:12: judge`.
    """

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Builds one bidder whenever it is called; small, and light to load in a process of its own.

    Attributes:
        folder: where the modules of dotted paths are looked for, last.
        name: the bidder's name.
        bidder: its type and options.
        policy: what values lots for it; None for its own.
    """

    folder: str
    name: str
    bidder: PluginSpec
    policy: PluginSpec | None = None

    def __call__(self) -> Any:
        """Build it, policy included."""
        bidder, policy = self.build()
        if policy is not None and getattr(bidder, "policy", None) is None:
            bidder.policy = policy
        return bidder

    def build(self) -> tuple[Any, Any]:
        """Build the bidder and what values lots for it, if that is not its own.

        Raises:
            InvalidConfig: its type, or an option, is unknown or missing.
            BrokenPlugin: its code cannot be loaded or fails.
        """
        make_importable(self.folder)
        plugin = _load(BIDDERS, self.bidder)
        supplied: dict[str, Any] = {"name": self.name}
        policy = None
        if self.policy is not None:
            policy = build_plugin(POLICIES, self.policy)
            if not takes(plugin, "policy"):
                raise InvalidConfig(
                    f"{self.bidder.where}.policy: {plugin} takes no policy, for its class has no constructor parameter "
                    "`policy`: give it one and bid what the policy's `value` says, or leave this key out"
                )
            supplied["policy"] = policy
        bidder = build(plugin, _fresh(self.bidder.options), f"{self.bidder.where}.options", supplied)
        _take_name(bidder, self.name, plugin)
        return bidder, policy


def build_plugin(group: str, spec: PluginSpec) -> Any:
    """Build a judge or a policy.

    Raises:
        InvalidConfig: its type, or an option, is unknown or missing.
        BrokenPlugin: its code cannot be loaded or fails.
    """
    return build(_load(group, spec), _fresh(spec.options), f"{spec.where}.options")


def _load(group: str, spec: PluginSpec) -> Plugin:
    try:
        return load_plugin(group, spec.type)
    except (InvalidConfig, BrokenPlugin) as error:
        raise type(error)(f"{spec.where}.type: {error}") from error


def make_importable(folder: str) -> None:
    """Let dotted paths name modules of a folder; last, so that they hide nothing."""
    if folder not in sys.path:
        sys.path.append(folder)


def _take_name(bidder: Any, name: str, plugin: Plugin) -> None:
    """A bidder whose class fixes a name goes by the config's: two of one class may take part."""
    if getattr(bidder, "name", None) == name:
        return
    try:
        bidder.name = name
    except Exception as error:
        raise BrokenPlugin(f"{plugin} does not take the name {name!r}: give it a parameter `name`") from error


def _fresh(value: Any) -> Any:
    """Options of its own for each bidder, so that one that changes them changes no other's."""
    if isinstance(value, dict):
        return {key: _fresh(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fresh(inner) for inner in value]
    return value
