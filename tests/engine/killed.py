"""The program that test_kill.py kills: one request on disk, with every real call logged to a file."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from orchestrator import Charged, Market, Money
from tests.engine.world import Paid, Provider, Scripted, make_market, presenter


class LoggingProvider(Provider):
    """Writes a line before and after every call, and has it on disk before going on."""

    def __init__(self, log: Path, call_seconds: float) -> None:
        super().__init__("0.003")
        self.log = log
        self.call_seconds = call_seconds

    async def answer(self, key: str) -> Charged:
        self._write(f"asked {key}")
        await asyncio.sleep(self.call_seconds)
        self._write(f"answered {key}")
        return Charged({"said": key}, Money.usd("0.003"), {"tokens": 7})

    def _write(self, line: str) -> None:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, f"{line}\n".encode())
        os.fsync(descriptor)
        os.close(descriptor)


def crew(source: Provider) -> list[Any]:
    return [
        Paid("a", {1: "3", 2: "2"}, source, bid_calls=2, transform_calls=2),
        Paid("b", {1: "2", 2: "1"}, source, bid_calls=1, transform_calls=1),
        Scripted("d", {1: "1", 2: "3"}),
        presenter("p", {2: "0.1", 3: "4"}),
        presenter("q", {1: "0.5", 3: "3"}),
    ]


def market_on(store: str, log: Path, call_seconds: float) -> Market:
    return make_market(
        *crew(LoggingProvider(log, call_seconds)), store=store, rules={"copies": [2, 1], "stages_max": 4}
    )


def run(market: Market) -> None:
    """Post the request, or go on with it; then take the first offer."""
    if not market.requests():
        market.run("hello", 10, seed=7, spend_cap="0.50")
    elif market.requests()[0].status == "running":
        market.resume("r1")
    if market.result("r1").status == "open":
        market.pick("r1", 1)


def warm_up() -> None:
    """Import whatever a run imports, here and not in every child; all threads end with the market."""
    with tempfile.TemporaryDirectory() as folder:
        market = market_on(f"sqlite:///{folder}/market.db", Path(folder) / "log", 0.0)
        run(market)
        market.close()


def main() -> None:
    """Fork a child for every line that names a store and a log; say its pid, then how it ended.

    So fifty runs pay once for Python's start and all imports.
    """
    warm_up()
    for line in sys.stdin:
        store, log = line.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            try:
                run(market_on(store, Path(log), 0.004))
            finally:
                os._exit(0)
        print(pid, flush=True)  # noqa: T201
        _, status = os.waitpid(pid, 0)
        print(status, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
