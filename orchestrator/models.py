"""Models that are in use: equal specs share one model, closed when its last user lets go of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.bidding import Model
from orchestrator.errors import BrokenPlugin, InvalidConfig, OperatorError
from orchestrator.plugins import MODELS, build, load_plugin, suggestion

SPEC_KEYS: Final = ("name", "type", "options")


@dataclass(slots=True)
class _Shared:
    """A model and how many use it."""

    model: Model
    users: int = 1


@dataclass(slots=True)
class _Shelf:
    """The models of this process, by what they were built from."""

    shared: dict[str, _Shared] = field(default_factory=dict)
    # Held while a model is built, so that two threads do not start one local server each.
    lock: threading.RLock = field(default_factory=threading.RLock)


_shelf: Final = _Shelf()


def build_model(spec: Mapping[str, Any] | Model) -> Model:
    """Build a model, or share the one that was built from an equal spec in this process.

    Args:
        spec: a mapping of `type` (an entry point's name in group `vickrey.models`, or
            `package.module:Class`) and `options` for it; a `name` in it is for messages only.
            A model is returned as it is.

    Returns:
        The model. Give it back with `release_model` when it is no longer used.

    Raises:
        InvalidConfig: the spec is none, or its type or an option is unknown or missing.
        BrokenPlugin: its code cannot be loaded or fails; the message says what to install where
            that is the reason.
    """
    if not isinstance(spec, Mapping):
        if isinstance(spec, Model):
            return spec
        raise InvalidConfig(f"a model is a mapping of `type` and `options`, not {type(spec).__name__}")
    where, type_name, options = _parts(spec)
    key = _key(type_name, options)
    with _shelf.lock:
        known = _shelf.shared.get(key) if key is not None else None
        if known is not None:
            known.users += 1
            return known.model
        model = _built(where, type_name, options)
        if key is not None:
            _shelf.shared[key] = _Shared(model)
        return model


def release_model(model: Model) -> None:
    """Let go of a model; the last user's closes it.

    Args:
        model: what `build_model` returned. One that its caller made is left as it is.
    """
    with _shelf.lock:
        key = next((key for key, shared in _shelf.shared.items() if shared.model is model), None)
        if key is None:
            return
        _shelf.shared[key].users -= 1
        if _shelf.shared[key].users:
            return
        del _shelf.shared[key]
    close = getattr(model, "close", None)
    if close is not None:
        close()


def _parts(spec: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """A spec's place for messages, its type and its options."""
    name = spec.get("name")
    where = f"model {name}" if isinstance(name, str) else "model"
    for key in spec:
        if key not in SPEC_KEYS:
            raise InvalidConfig(f"{where}: unknown key {key!r}{suggestion(str(key), SPEC_KEYS)}")
    type_name, options = spec.get("type"), spec.get("options") or {}
    if not isinstance(type_name, str) or not type_name:
        raise InvalidConfig(f"{where}: needs a `type`, for example openai")
    if not isinstance(options, Mapping):
        raise InvalidConfig(f"{where}: its options are a mapping, not {type(options).__name__}")
    return where, type_name, dict(options)


def _key(type_name: str, options: Mapping[str, Any]) -> str | None:
    """What equal specs have in common; None for options that only Python can hold: these share nothing."""
    try:
        return json.dumps([type_name, options], sort_keys=True)
    except (TypeError, ValueError):
        return None


def _built(where: str, type_name: str, options: Mapping[str, Any]) -> Model:
    try:
        plugin = load_plugin(MODELS, type_name)
    except OperatorError as error:
        raise type(error)(f"{where}: {error}") from error
    model = build(plugin, options, where)
    if not isinstance(model, Model):
        raise BrokenPlugin(f"{where}: {plugin} makes no model: it lacks name, provider, cost_max or complete")
    return model
