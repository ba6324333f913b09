"""Chang's tasks through the market beside a planner, and both where the society changes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.running import run_command
from benchmarks.society import change, comparison
from benchmarks.society.changes import changing_phases


def draw(place: Path) -> Path:
    """Draw what change does to the market and to the planners."""
    curves = change.learning_curves(changing_phases(), change.EPISODES, change.SEEDS)
    return change.draw(curves, change.EPISODES, place)


if __name__ == "__main__":
    run_command("benchmarks.society", __doc__, [comparison.measure, change.measure], draw)
