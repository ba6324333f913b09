"""The neural bucket brigade, and the market on its tasks."""

from __future__ import annotations

from benchmarks.brigade import comparison
from benchmarks.running import run_command

if __name__ == "__main__":
    run_command("benchmarks.brigade", __doc__, [comparison.measure])
