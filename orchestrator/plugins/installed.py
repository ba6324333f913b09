"""Finding and importing what is installed; each plugin on its own."""

from __future__ import annotations

import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.errors import BrokenPlugin, InvalidConfig
from orchestrator.plugins.plugin import Plugin, PluginStatus, broken, said, suggestion, word

if TYPE_CHECKING:
    from importlib import metadata

_SCANS_KEPT: Final = 32
_PLACES_KEPT: Final = 128
_Places = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry point and who declares it, or why a distribution's cannot be read."""

    name: str
    distribution: str
    version: str
    point: metadata.EntryPoint | None
    reason: str = ""


def list_plugins(group: str) -> list[PluginStatus]:
    """Load every plugin of a group, each in isolation.

    Args:
        group: `vickrey.bidders`, `vickrey.judges`, `vickrey.models` or `vickrey.policies`.

    Returns:
        One status for each name, in order of name.
    """
    statuses = []
    for name, entries in sorted(_by_name(group).items()):
        distributions = " and ".join(entry.distribution for entry in entries)
        reason: str | None = None
        try:
            _load(group, name, entries)
        except BrokenPlugin as failure:
            reason = said(failure.__cause__) if failure.__cause__ else str(failure)
        statuses.append(PluginStatus(name, group, distributions, entries[0].version, reason))
    return statuses


def load_plugin(group: str, name: str) -> Plugin:
    """Load one plugin; no other is imported.

    Args:
        group: `vickrey.bidders`, `vickrey.judges`, `vickrey.models` or `vickrey.policies`.
        name: an entry point's name, or a dotted path `package.module:Class`.

    Returns:
        The plugin.

    Raises:
        InvalidConfig: no distribution declares this name.
        BrokenPlugin: it cannot be imported, or two distributions declare this name.
    """
    if ":" in name:
        value = _imported(f"{word(group)} {name!r}", lambda: pkgutil.resolve_name(name))
        return _checked(Plugin(name, group, "", "", value))
    known = _by_name(group)
    if name not in known:
        raise InvalidConfig(_unknown(group, name, known))
    return _load(group, name, known[name])


def _by_name(group: str) -> Mapping[str, Sequence[_Entry]]:
    return _scanned(group, _places())


@lru_cache(maxsize=_SCANS_KEPT)
def _scanned(group: str, places: _Places) -> Mapping[str, Sequence[_Entry]]:  # noqa: ARG001 (what the result depends on)
    """The entries of a group; every distribution's metadata is read for it, so it is done once for each path."""
    found: dict[str, list[_Entry]] = {}
    for entry in _entries(group):
        found.setdefault(entry.name, []).append(entry)
    return found


def _places() -> _Places:
    """Where distributions are found, and when each place last changed: what is installed there changes it."""
    seen = ((str(place) or ".", _changed(str(place) or ".")) for place in sys.path)
    return tuple(each for each in seen if _holds_distributions(*each))


def _changed(place: str) -> int:
    try:
        return Path(place).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


@lru_cache(maxsize=_PLACES_KEPT)
def _holds_distributions(place: str, changed: int) -> bool:  # noqa: ARG001 (what the result depends on)
    """Whether a place on the path may hold one; a folder of modules beside a config holds none."""
    try:
        return any(each.name.endswith((".dist-info", ".egg-info")) for each in Path(place).iterdir())
    except NotADirectoryError:
        return True
    except (OSError, ValueError):
        return False


def _entries(group: str) -> Iterator[_Entry]:
    """Every entry point of a group, with who declares it."""
    from importlib import metadata  # takes a while to import, and who names a dotted path need not have it

    try:
        points = list(metadata.entry_points(group=group))
    except Exception:
        # One distribution that cannot be read spoils this for all; then each is read on its own.
        yield from _entries_one_by_one(group)
        return
    for point in points:
        name, version = _identity(point.dist) if point.dist is not None else ("", "?")
        yield _Entry(point.name, name or "a distribution without a name", version, point)


def _entries_one_by_one(group: str) -> Iterator[_Entry]:
    """The same where one cannot be read; the first distribution of a name on the path hides later ones."""
    from importlib import metadata

    seen = set()
    for distribution in metadata.distributions():
        name, version = _identity(distribution)
        if name and name in seen:
            continue
        seen.add(name)
        shown = name or "a distribution without a name"
        try:
            points = [point for point in distribution.entry_points if point.group == group]
        except Exception as error:
            yield _Entry(f"({shown})", shown, version, None, f"its entry points cannot be read: {said(error)}")
            continue
        for point in points:
            yield _Entry(point.name, shown, version, point)


def _identity(distribution: metadata.Distribution) -> tuple[str, str]:
    """Name (normalised, as indexes do it) and version, as far as its metadata can be read."""
    try:
        name = distribution.metadata["Name"] or ""
        return re.sub(r"[-_.]+", "-", name).lower(), str(distribution.version)
    except Exception:
        # What an incomplete installation raises differs from one Python to the next.
        return "", "?"


def _unknown(group: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    listed = ", ".join(names) if names else "none"
    hint = suggestion(name, names)
    if not hint and "." in name:
        hint = "; a dotted path is written package.module:Class"
    return f"no {word(group)} type {name!r} is installed (known: {listed}){hint}"


def _load(group: str, name: str, entries: Sequence[_Entry]) -> Plugin:
    if len(entries) > 1:
        shippers = " and ".join(entry.distribution for entry in entries)
        raise BrokenPlugin(
            f"{word(group)} {name!r} is declared by {shippers}; "
            "uninstall one of them, or name the class you mean as package.module:Class"
        )
    (entry,) = entries
    if entry.point is None:
        raise BrokenPlugin(f"{entry.distribution}: {entry.reason}")
    subject = f"{word(group)} {name!r} of {entry.distribution} {entry.version}"
    return _checked(Plugin(name, group, entry.distribution, entry.version, _imported(subject, entry.point.load)))


def _checked(plugin: Plugin) -> Plugin:
    if not callable(plugin.value):
        raise BrokenPlugin(
            f"{plugin} is {type(plugin.value).__name__}; a plugin is a class or a function that makes one"
        )
    return plugin


def _imported(subject: str, load: Callable[[], Any]) -> Any:
    """Import a stranger's code; whatever that does, but for a user's Ctrl-C, is `BrokenPlugin`."""
    try:
        return load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise broken(subject, error) from error
