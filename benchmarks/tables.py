"""How benchmarks print their figures, and how these get into the docs."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "docs"

_ROUNDING = 1e-12
"""What differs from nothing by less is what sums in another order differ by."""


@dataclass(frozen=True, slots=True)
class Report:
    """A benchmark's figures."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """One line of JSON, in which a figure that cannot be had is null."""
        rows = [dict(zip(self.columns, map(_finite, row), strict=True)) for row in self.rows]
        return json.dumps({"benchmark": self.name, "title": self.title, "rows": rows, "notes": self.notes})

    def to_markdown(self) -> str:
        lines = [f"**{self.title}**", "", "| " + " | ".join(self.columns) + " |"]
        lines.append("|" + " --- |" * len(self.columns))
        lines += ["| " + " | ".join(_shown(value) for value in row) + " |" for row in self.rows]
        lines += ["", *self.notes] if self.notes else []
        return "\n".join(lines)


def write_into_docs(report: Report) -> list[Path]:
    """Put a report's table between its markers, wherever a page of the docs or the README has them."""
    begin, end = _begin(report.name), f"<!-- end {report.name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    pages = pages_of(report.name)
    for page in pages:
        head, tail = pattern.split(page.read_text(encoding="utf-8"), maxsplit=1)
        page.write_text(f"{head}{begin}\n{report.to_markdown()}\n{end}{tail}", encoding="utf-8")
    return pages


def pages_of(name: str) -> list[Path]:
    """The pages of the docs, and the README, that have a place for a report of some name."""
    pages = [*DOCS.glob("*.md"), DOCS.parent / "README.md"]
    return [page for page in pages if _begin(name) in page.read_text(encoding="utf-8")]


def _begin(name: str) -> str:
    return f"<!-- benchmark {name} -->"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _shown(value: Any) -> str:
    if not isinstance(value, float):
        # A bar, as a model's name may have one, would begin a cell, and a line's end the next row.
        return " ".join(str(value).splitlines()).replace("|", "\\|")
    if abs(value) < _ROUNDING:
        return "0"
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
