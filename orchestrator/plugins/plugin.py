"""What a plugin is, and how a broken one is described."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.errors import BrokenPlugin

BIDDERS: Final = "vickrey.bidders"
JUDGES: Final = "vickrey.judges"
MODELS: Final = "vickrey.models"
POLICIES: Final = "vickrey.policies"

_WORDS: Final = {BIDDERS: "bidder", JUDGES: "judge", MODELS: "model", POLICIES: "policy"}
_REASON_CHARACTERS_MAX: Final = 300


def word(group: str) -> str:
    """What a plugin of a group is, for messages: `bidder`."""
    return _WORDS.get(group, group)


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that has been loaded.

    Attributes:
        name: its entry point's name, or the dotted path by which it was asked for.
        group: `vickrey.bidders`, `vickrey.judges`, `vickrey.models` or `vickrey.policies`.
        distribution: who ships it; empty for a dotted path.
        version: that distribution's version; empty for a dotted path.
        value: what was loaded: a class, or a function that makes the bidder, judge, model or policy.
    """

    name: str
    group: str
    distribution: str
    version: str
    value: Callable[..., Any]

    def __str__(self) -> str:
        shipped = f" of {self.distribution} {self.version}" if self.distribution else ""
        return f"{word(self.group)} {self.name!r}{shipped}"


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """One line of a list of plugins.

    Attributes:
        name: its entry point's name; where a distribution's entry points cannot be read, its own
            name in parentheses.
        group: as of `Plugin`.
        distribution: who ships it; where two ship the same name, both.
        version: version of that distribution.
        reason: why it is broken; None where it loads.
    """

    name: str
    group: str
    distribution: str
    version: str
    reason: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it loads."""
        return self.reason is None


def broken(subject: str, error: BaseException) -> BrokenPlugin:
    """What a stranger's exception comes to, in one line."""
    return BrokenPlugin(f"{subject} is broken: {said(error)}")


def said(error: BaseException) -> str:
    """An exception in one line, even one that cannot be shown."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})"
    try:
        words = " ".join(str(error).split())
    except Exception:
        words = ""
    line = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return line if len(line) <= _REASON_CHARACTERS_MAX else line[: _REASON_CHARACTERS_MAX - 1] + "…"


def suggestion(word: str, known: Iterable[str], question: str = "did you mean") -> str:
    """A hint at what was meant, to put at the end of a message; empty where nothing is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; {question} {close[0]!r}?" if close else ""
