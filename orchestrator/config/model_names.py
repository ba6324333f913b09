"""Models by name: an option `model` stands for an entry of section `models`, or for a model written in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from orchestrator.config.document import KeyPath
from orchestrator.config.problems import Problems
from orchestrator.plugins import suggestion

_INLINE_KEYS: Final = ("type", "options")
_FLAG: Final = "asks_model"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ModelNames:
    """The models of a config.

    Args:
        models: type and options of each, by name.
        problems: where problems are noted.
    """

    def __init__(self, models: Mapping[str, Mapping[str, Any]], problems: Problems) -> None:
        self._models = models
        self._problems = problems
        for name, spec in models.items():
            self._check_secrets(spec["options"], ("models", name, "options"))

    def resolved(self, options: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        """Options with what stands for a model replaced by that model's type and options.

        Args:
            options: of a bidder, a judge or a policy.
            path: where they stand.
        """
        return {
            key: self._model(value, (*path, key)) if _names_a_model(key, value) else value
            for key, value in options.items()
        }

    def _model(self, value: Any, path: KeyPath) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            return self._named(value, path)
        if isinstance(value, Mapping):
            return self._inline(value, path)
        if isinstance(value, bool | int | float | list | tuple):
            self._problems.add(path, "must be the name of a model, or a mapping of its type and options")
        return value

    def _named(self, name: str, path: KeyPath) -> Any:
        if name in self._models:
            return {"name": name, **self._models[name]}
        known = ", ".join(sorted(self._models)) or "none; add one under `models:`"
        self._problems.add(path, f"there is no model {name!r} (known: {known}){suggestion(name, self._models)}")
        return None

    def _inline(self, value: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        for key in value:
            if key not in _INLINE_KEYS:
                self._problems.add((*path, key), f"unknown key{suggestion(str(key), _INLINE_KEYS)}")
        type_name, options = value.get("type"), value.get("options") or {}
        if not isinstance(type_name, str) or not type_name:
            self._problems.add(path, "a model needs a `type`, for example openai")
        if not isinstance(options, Mapping):
            self._problems.add((*path, "options"), "must be a mapping of keys to values")
            options = {}
        self._check_secrets(options, (*path, "options"))
        return {"type": type_name, "options": dict(options)}

    def _check_secrets(self, options: Mapping[str, Any], path: KeyPath) -> None:
        """Refuse a key written where it would get into records; the message does not repeat it."""
        for key, value in options.items():
            if key.endswith("_env") and not (isinstance(value, str) and _VARIABLE.fullmatch(value)) and value:
                self._problems.add(
                    (*path, key), "must be the name of an environment variable, for example OPENAI_API_KEY"
                )
            if key.endswith("_url") and isinstance(value, str) and _has_secret(value):
                self._problems.add((*path, key), "must not hold a password or a query: keys come from the environment")


def _names_a_model(key: str, value: Any) -> bool:
    """Whether an option stands for a model; `asks_model` is a flag, whatever is written there."""
    return key == "model" or (key.endswith("_model") and key != _FLAG and not isinstance(value, bool))


def _has_secret(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    return "@" in parts.netloc or bool(parts.query)
