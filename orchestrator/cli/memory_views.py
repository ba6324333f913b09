"""How a memory is shown: what its policy believes, or whatever it keeps as a table of its parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from orchestrator.api.memories import BidderMemory
from orchestrator.cli.belief_views import belief_views
from orchestrator.cli.inert import inert, one_line
from orchestrator.cli.render import cell, failure_words, table
from orchestrator.cli.stages import counted
from orchestrator.engine.describing import Description
from orchestrator.money import Money

_ROWS_MAX: Final = 200
_FIGURES_SHOWN: Final = 6
_VALUE_CHARACTERS: Final = 80


def memory_views(
    found: BidderMemory, balance: Money, described: Description | None = None, *, parts: bool = False
) -> Iterable[Table | Text]:
    """Whose memory, which policy's, and what it holds.

    Args:
        found: the memory.
        balance: what its bidder can spend.
        described: what its policy says that it believes; None where it does not say.
        parts: whether the memory's parts are shown where the policy says what it believes, too.
    """
    yield Text.assemble((inert(found.bidder), "bold"), f" can spend {balance} USD")
    if not found.policy:
        yield Text("It has no policy of its own, so it learns nothing; `policy:` in the config gives it one.")
        return
    size = f", {len(json.dumps(found.memory)):,} bytes, digest {found.digest[:12]}" if found.memory is not None else ""
    yield Text(f"Policy {inert(found.policy)}, version {found.version}{size}")
    if found.shared_with:
        yield Text(f"Learns together with {inert(', '.join(found.shared_with))}")
    if found.outdated is not None:
        yield Text(
            f"The store holds what version {found.outdated} had learned, which this version cannot migrate.", "yellow"
        )
    if found.failure is not None:
        yield Text(f"It {failure_words(found.failure)}", "yellow")
    if found.failure is not None and found.outdated is not None:
        yield Text("Once `migrate` is mended it learns again; --reset lets it begin anew.", "yellow")
    if found.memory is None:
        yield Text("It has learned nothing yet.")
        return
    if found.practised:
        tasks = set().union(*found.practised.values())
        yield Text(f"It has practised {counted(len(tasks), 'task')}")
    if described is not None:
        yield from belief_views(described)
    if parts or described is None or described.failure:
        yield from _part_views(found.memory)
    else:
        yield Text("--parts shows every figure that it keeps.", style="dim")


def _part_views(memory: Any) -> Iterable[Table | Text]:
    rows = list(_parts(memory, ""))
    made = table("part", "value")
    for path, value in rows[:_ROWS_MAX]:
        made.add_row(cell(path or "all"), cell(value))
    yield made
    if len(rows) > _ROWS_MAX:
        yield Text(f"{len(rows) - _ROWS_MAX:,} more parts; --json shows all.", style="dim")


def _parts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The leaves of a memory, with the way that leads to each."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _parts(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for index, inner in enumerate(value):
            yield from _parts(inner, f"{path}[{index}]")
    else:
        yield path, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and len(value) > _FIGURES_SHOWN and all(isinstance(each, int | float) for each in value):
        mean = sum(value) / len(value)
        return f"{len(value):,} figures from {min(value):.4g} to {max(value):.4g}, mean {mean:.4g}"
    if isinstance(value, list):
        return one_line(", ".join(map(_shown, value)), _VALUE_CHARACTERS) or "nothing"
    return one_line(value if isinstance(value, str) else json.dumps(value), _VALUE_CHARACTERS)
