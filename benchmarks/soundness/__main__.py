"""Is the market sound: refunds, a ring, threats, and the regret of truth."""

from __future__ import annotations

from benchmarks import refund
from benchmarks.running import run_command
from benchmarks.soundness import regret, ring, threats

if __name__ == "__main__":
    run_command("benchmarks.soundness", __doc__, [refund.measure, ring.measure, threats.measure, regret.measure])
