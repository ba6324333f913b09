"""The config that `vickrey init` writes."""

from __future__ import annotations

from pathlib import Path


def template() -> str:
    """A config that shows every setting with its default, explained, and that loads as it is."""
    return Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
