"""The config that `vickrey init` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from orchestrator.config.loading import bundled_folder
from orchestrator.errors import InvalidRequest

# Those that stand alone: the others name files beside them.
COPIED: Final = ("answers", "anthropic", "compatible", "litellm", "minimal", "openai")


def template() -> str:
    """A config that shows every setting with its default, explained, and that loads as it is."""
    return Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")


def copy_of(name: str) -> str:
    """One of the configs that Vickrey brings along, to be changed.

    Raises:
        InvalidRequest: there is none of that name that works by itself.
    """
    if name not in COPIED:
        raise InvalidRequest(f"there is no config {name!r} to copy; there are {', '.join(COPIED)}")
    return (bundled_folder() / f"{name}.yaml").read_text(encoding="utf-8")
