"""What is checked across a document's entries before its values are: names, and the paths in options.

Both work on the data as read, so that these problems are reported together with all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.config.document import DEPTH_MAX, Document, KeyPath, key_text
from orchestrator.config.problems import Problems
from orchestrator.errors import InvalidConfig

_NAMED_KEYS_MAX = 3


def check_names(document: Document, problems: Problems) -> None:
    """Note every bidder that has the name of an earlier one."""
    bidders = document.data.get("bidders")
    first: dict[str, str] = {}
    for index, entry in enumerate(bidders if isinstance(bidders, list | tuple) else ()):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            continue
        here = key_text(("bidders", index))
        owner = first.setdefault(name, here)
        if owner != here:
            problems.add(("bidders", index, "name"), f"{name!r} is the name of {owner} too; names must differ")


def with_paths(document: Document, problems: Problems) -> dict[str, Any]:
    """The document's data with the paths in options made absolute; those that lead nowhere are noted.

    A path is an option called `path` or `..._path`; it starts from the config file's folder. One
    called `output_path` need not exist yet, but its folder must.
    """
    copied: dict[str, Any] = _copied(document.data, (), _Paths(document, problems))
    return copied


class _Paths:
    """Makes paths absolute."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self._folder = document.folder
        self._problems = problems

    def existing(self, value: Any, path: KeyPath) -> Any:
        """The absolute form of a path; it, or for what is written its folder, must exist."""
        if value is None:
            return None
        if not isinstance(value, str | Path) or not str(value):
            self._problems.add(path, f"must be the path of a file or folder, not {value!r}")
            return value
        found = self._folder / Path(value).expanduser()
        needed = found.parent if path[-1] == "output_path" else found
        try:
            exists = needed.exists()
        except (OSError, ValueError):
            exists = False
        if not exists:
            self._problems.add(path, f"there is no {'folder' if needed != found else 'file'} {needed}")
        return str(found)


def _copied(value: Any, path: KeyPath, paths: _Paths) -> Any:
    if len(path) > DEPTH_MAX:
        raise InvalidConfig(f"{key_text(path[:_NAMED_KEYS_MAX])}...: is nested more than {DEPTH_MAX} deep")
    if isinstance(value, Mapping):
        return {key: _copied(inner, (*path, key), paths) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(inner, (*path, index), paths) for index, inner in enumerate(value)]
    return paths.existing(value, path) if _is_path(path) else value


def is_path_option(name: str) -> bool:
    """Whether an option of this name is the path of a file or folder."""
    return name == "path" or name.endswith("_path")


def _is_path(path: KeyPath) -> bool:
    words = [part for part in path if isinstance(part, str)]
    return "options" in words[:-1] and is_path_option(words[-1])
