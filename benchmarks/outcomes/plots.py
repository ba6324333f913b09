"""Plots, as small PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.outcomes.change import HINDSIGHT, ONE_STEP, Measured
from benchmarks.outcomes.changes import PHASES
from benchmarks.outcomes.measures import MARKET
from benchmarks.outcomes.stream import Stream
from benchmarks.society.change import FORMS

WINDOW = 200
POINTS = 5
"""Drawn a window, where many curves cross."""


def plot_curves(streams: Sequence[Stream], value_usd: float, title: str, path: Path) -> None:
    """Draw learning curves: utility against requests seen."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.0, 4.0))
    window = min(WINDOW, max(1, min(len(stream.orders[0].queries) for stream in streams) // 5))
    for stream in streams:
        curve = stream.curve(value_usd, window)
        is_market = stream.name == "market"
        axes.plot(range(window, window + len(curve)), curve, label=stream.name, linewidth=2.4 if is_market else 1.2)
    axes.set_xlabel(f"requests seen (mean of the last {window}, over {len(streams[0].orders)} orders)")
    axes.set_ylabel("utility per 1000 requests, USD")
    axes.set_title(title, fontsize=9)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def plot_change(measured: Sequence[Measured], value_usd: float, title: str, path: Path) -> None:
    """Draw utility against requests seen, one panel a kind of society, with a line where a phase begins."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(len(measured), 1, figsize=(8.0, 7.5), sharex=True, sharey=True)
    length = len(measured[0].streams[0].orders[0].queries)
    window = min(WINDOW, max(1, length // PHASES))
    for axes, society in zip(panels, measured, strict=True):
        for stream in society.streams:
            curve = stream.curve(value_usd, window)
            every = slice(None, None, max(1, window // POINTS))
            seen = range(window, window + len(curve))
            axes.plot(seen[every], curve[every], label=stream.name, **_line(stream.name))
        for number in range(1, PHASES):
            axes.axvline(number * length / PHASES, color="0.7", linewidth=0.8)
        axes.set_title(f"{society.name} society", fontsize=9)
        axes.set_ylabel("utility per 1000 requests, USD", fontsize=8)
        axes.grid(alpha=0.3)
    panels[-1].set_xlabel(f"requests seen (mean of the last {window})")
    panels[-1].legend(fontsize=7, ncol=3, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    figure.suptitle(title, fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def _line(player: str) -> dict[str, Any]:
    """The market stands out; planners of one form have one colour, those of one step are dashed."""
    if player in (MARKET, HINDSIGHT):
        return {"color": "black", "linewidth": 2.4} if player == MARKET else {"color": "black", "linestyle": ":"}
    form = next(place for place, each in enumerate(FORMS) if player.endswith(each))
    return {"color": f"C{form}", "linewidth": 1.1, "linestyle": "--" if player.startswith(ONE_STEP) else "-"}
