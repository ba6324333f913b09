"""Reading YAML so that every error can name its line: plain data, and where each key stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from orchestrator.errors import InvalidConfig

FILE_BYTES_MAX: Final = 1_000_000
_VALUES_MAX: Final = 50_000
DEPTH_MAX: Final = 50
# One command, or one notebook, reads the same few configs again and again, and each takes milliseconds.
_TEXTS_KEPT: Final = 16
_TAG: Final = "tag:yaml.org,2002:"
_NUMBERS: Final = (f"{_TAG}int", f"{_TAG}float")
_PLAIN_NUMBER: Final = re.compile(
    r"[-+]?((0|[1-9][0-9_]*)(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
# A date is left as the text it was written as: nothing here is a date.
_AS_WRITTEN: Final = (f"{_TAG}str", f"{_TAG}timestamp")

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A config as read, before it is checked.

    Attributes:
        source: what error messages call it: a path, or `the given config`.
        folder: what its relative paths start from.
        data: mappings, lists and scalars.
        lines: line of each key and each list item, by its path from the root.
    """

    source: str
    folder: Path
    data: Any
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """The line of the innermost part of `path` that was written; 0 where lines are not known."""
        written = (path[:end] for end in range(len(path), -1, -1) if path[:end] in self.lines)
        return next((self.lines[start] for start in written), 0)

    def place(self, path: KeyPath) -> str:
        """Source, line and key, as error messages begin: `vickrey.yaml:12: rules.copies`."""
        line = self.line(path)
        start = f"{self.source}:{line}" if line else self.source
        return f"{start}: {key_text(path)}" if path else start


def key_text(path: KeyPath) -> str:
    """A key's path as people write it: `bidders[0].options.path`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_document(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        InvalidConfig: it cannot be read, is not YAML, holds a key twice or a tag such as
            `!!python/object`, or is absurdly large or deep.
    """
    data, lines, problems = _parse(_read_text(path))
    if problems:
        raise InvalidConfig("\n".join(f"{path}{problem}" for problem in problems))
    return Document(str(path), path.resolve().parent, deepcopy(data), lines)


@lru_cache(maxsize=_TEXTS_KEPT)
def _parse(text: str) -> tuple[Any, Mapping[KeyPath, int], Sequence[str]]:
    """Data, lines and problems of a text, all to be left as they are; a problem begins with its line."""
    try:
        # Not the faster CSafeLoader: deep nesting, an error here, ends the process there with a segmentation fault.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        problem = " ".join(filter(None, (error.context, error.problem)))
        return None, {}, [f"{line}: not valid YAML: {problem}"]
    except yaml.YAMLError as error:
        return None, {}, [f": not valid YAML: {' '.join(str(error).split())}"]
    except RecursionError:
        return None, {}, [": nested too deeply"]
    if root is None:
        return None, {}, [": the file is empty; `vickrey init` writes a config to start from"]
    builder = _Builder()
    builder.lines[()] = _line(root)
    try:
        data = builder.value(root, ())
    except InvalidConfig as error:
        return None, {}, [str(error)]
    return data, builder.lines, builder.problems


def _read_text(path: Path) -> str:
    try:
        if path.is_dir():
            raise InvalidConfig(f"{path} is a folder; give the config file in it")
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise InvalidConfig(f"there is no config file {path}; `vickrey init` writes one") from None
    except OSError as error:
        raise InvalidConfig(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise InvalidConfig(f"{str(path)!r} is not a path: {error}") from None
    if len(content) > FILE_BYTES_MAX:
        raise InvalidConfig(f"{path} is larger than {FILE_BYTES_MAX:,} bytes; that is no config")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidConfig(f"{path}:{line}: not UTF-8 text: {error.reason}") from None


class _Builder:
    """Turns YAML nodes into data, noting lines and whatever is wrong with them."""

    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[str] = []
        self._scalars = yaml.SafeLoader("")
        self._open: list[yaml.Node] = []
        self._flattened: set[yaml.Node] = set()
        self._values = 0

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        """The data of one node and all below it."""
        self._values += 1
        if self._values > _VALUES_MAX or len(path) > DEPTH_MAX or node in self._open:
            # Aliases can name each other: a few lines may stand for billions of values.
            raise InvalidConfig(f":{_line(node)}: aliases or nesting make this file endlessly large")
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
                return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self._open.pop()

    def _item(self, node: yaml.Node, path: KeyPath) -> Any:
        self.lines[path] = _line(node)
        return self.value(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in self._pairs(node, path):
            key = self._key(key_node, path)
            self.lines.setdefault((*path, key), _line(key_node))
            result[key] = self.value(value_node, (*path, key))
        return result

    def _pairs(self, node: yaml.MappingNode, path: KeyPath) -> Iterable[tuple[yaml.Node, yaml.Node]]:
        """Its keys and values; what it merges in (`<<: *other`) comes first and is overridden."""
        if node not in self._flattened:
            self._flattened.add(node)
            self._check_twice(node, path)
            try:
                self._scalars.flatten_mapping(node)
            except yaml.MarkedYAMLError as error:
                self._add(node, (*path, "<<"), error.problem or "only a mapping can be merged in")
        return node.value  # type: ignore[no-any-return]

    def _check_twice(self, node: yaml.MappingNode, path: KeyPath) -> None:
        first: dict[str, int] = {}
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in first:
                self._add(key_node, (*path, key), f"is written twice; the first is in line {first[key]}")
            first.setdefault(key, _line(key_node))

    def _key(self, node: yaml.Node, path: KeyPath) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._add(node, path, "a key must be a word")
            return "?"
        # Keys are words as written: `on` and `1` are not turned into a bool and a number.
        return str(node.value)

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.tag in _AS_WRITTEN:
            return node.value
        known = {f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float")}
        if not isinstance(node, yaml.ScalarNode) or node.tag not in known:
            self._add(node, path, f"the tag {node.tag.replace(_TAG, '!!')} is not allowed; write plain values")
            return None
        if node.tag in _NUMBERS and not _PLAIN_NUMBER.fullmatch(node.value):
            # YAML 1.1 reads 010 as 8 and 1:30 as 90; nobody who writes an amount of money means that.
            self._add(node, path, f"{node.value[:40]!r} is no plain number; write it as 12 or 12.5, or in quotes")
            return None
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError, KeyError):
            self._add(node, path, f"{node.value[:40]!r} cannot be read as {node.tag.removeprefix(_TAG)}")
            return None

    def _add(self, node: yaml.Node, path: KeyPath, problem: str) -> None:
        place = f":{_line(node)}: "
        self.problems.append(f"{place}{key_text(path)}: {problem}" if path else f"{place}{problem}")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
