"""Building bidders, judges, models and policies from the options that an operator wrote."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from orchestrator.errors import BrokenPlugin, CallerError, InvalidConfig, OperatorError
from orchestrator.plugins.plugin import Plugin, broken, suggestion


def build(plugin: Plugin, options: Mapping[str, Any], where: str, supplied: Mapping[str, Any] | None = None) -> Any:
    """Build a bidder, judge, model or policy from its options.

    Args:
        plugin: what to call.
        options: arguments that the operator chose, by name.
        where: where they were written, for example `vickrey.yaml:12: bidders[0].options`.
        supplied: arguments that the market gives to a plugin that has parameters of these names.

    Returns:
        What the plugin's factory returned.

    Raises:
        InvalidConfig: an option is unknown or missing, or the factory refused one with an
            `OperatorError` or a `CallerError` (an amount that is no money, for example).
        BrokenPlugin: the factory raised anything else, or exited.
    """
    arguments = _bound(plugin, options, where, supplied or {})
    try:
        return plugin.value(**arguments)
    except KeyboardInterrupt:
        raise
    except BrokenPlugin as failure:
        raise BrokenPlugin(f"{where}: {failure}") from failure
    except (OperatorError, CallerError) as refusal:
        raise InvalidConfig(f"{where}: {plugin}: {refusal}") from refusal
    except BaseException as error:
        raise broken(f"{where}: {plugin}", error) from error


def takes(plugin: Plugin, name: str) -> bool:
    """Whether a plugin's factory has a parameter of this name."""
    named, takes_any = _parameters(plugin)
    return name in named or takes_any


def _parameters(plugin: Plugin) -> tuple[dict[str, inspect.Parameter], bool]:
    """Parameters that can be given by name, and whether any others can be."""
    try:
        parameters = inspect.signature(plugin.value).parameters.values()
    except (TypeError, ValueError):
        return {}, True
    named = {each.name: each for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
    return named, any(each.kind is each.VAR_KEYWORD for each in parameters)


def _bound(plugin: Plugin, options: Mapping[str, Any], where: str, supplied: Mapping[str, Any]) -> dict[str, Any]:
    named, takes_any = _parameters(plugin)
    settable = [name for name in named if name not in supplied]
    for option in options:
        if option in supplied or (option not in named and not takes_any):
            raise InvalidConfig(f"{where}: {_unknown_option(plugin, option, settable)}")
    given = {name: value for name, value in supplied.items() if name in named or takes_any}
    arguments = {**given, **options}
    missing = [name for name, each in named.items() if each.default is each.empty and name not in arguments]
    if missing:
        needs = " and ".join(repr(name) for name in missing)
        strange = [option for option in options if option not in named]
        meant = "".join(suggestion(name, strange, "is it meant by") for name in missing)
        raise InvalidConfig(f"{where}: {plugin} needs the option{'s' if len(missing) > 1 else ''} {needs}{meant}")
    return arguments


def _unknown_option(plugin: Plugin, option: str, settable: list[str]) -> str:
    taken = ", ".join(settable) if settable else "no options"
    return f"unknown option {option!r}: {plugin} takes {taken}{suggestion(option, settable)}"
