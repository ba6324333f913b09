"""Plots, as small PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.outcomes.stream import Stream

WINDOW = 200


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
