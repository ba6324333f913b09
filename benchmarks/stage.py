"""What a stage of five zero-latency bidders costs on SQLite, beside what it cannot do without.

All in one run, in turn, so that a slow moment of the machine hits all alike: plain asyncio (the
same five answers and one transform, nothing recorded), two bare fdatasyncs (the two commits a
stage), the market, and the same stage as a LangGraph with its SQLite saver. Opening a store and
compiling a graph are left out of all.
"""

from __future__ import annotations

import asyncio
import operator
import os
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import median
from typing import Annotated, Any, TypedDict

from benchmarks.running import run_command
from benchmarks.tables import Report
from orchestrator import Announcement, Market, Money, Pass, Segment, WonLot

BIDDERS = 5
STAGES = 20
ROUNDS = 7
PAGE_BYTES = 4096


class Echo:
    """Bids at once and adds one line."""

    def __init__(self, number: int) -> None:
        self.name = f"echo{number}"
        self.roles = ("presenter",) if number == 0 else ("transformer",)

    async def bid(self, announcement: Announcement) -> Money | Pass:
        return Money(1000 + len(self.name) + announcement.stage)

    async def transform(self, lot: WonLot) -> list[Segment]:
        return [Segment(f"{self.name} at {lot.lot}")]


def measure() -> Report:
    """Time each in turn and compare."""
    contenders: dict[str, Callable[[Path], Coroutine[Any, Any, float]]] = {
        "plain asyncio": _plain,
        "two fdatasyncs": _flushes,
        "Vickrey on SQLite": _market,
    }
    try:
        import langgraph.checkpoint.sqlite.aio  # noqa: F401
    except ModuleNotFoundError:
        print("LangGraph is not installed (`make bench` installs it): left out", file=sys.stderr)
    else:
        contenders["LangGraph with its SQLite saver"] = _langgraph
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        for round_ in range(ROUNDS + 1):
            for name, run in contenders.items():
                place = Path(folder) / f"{round_}-{len(samples[name])}-{name.split()[0]}"
                place.mkdir()
                took = asyncio.run(run(place))
                if round_:
                    samples[name].append(took / STAGES * 1000)
    return _report(samples)


def _report(samples: dict[str, list[float]]) -> Report:
    market = samples["Vickrey on SQLite"]
    rows = tuple(
        (name, median(times), min(times), max(times), median(a / b for a, b in zip(times, market, strict=True)))
        for name, times in samples.items()
    )
    beyond = median(a - b for a, b in zip(market, samples["two fdatasyncs"], strict=True))
    return Report(
        name="stage",
        title=f"A stage of {BIDDERS} zero-latency bidders, ms ({ROUNDS} rounds of {STAGES} stages, in turn)",
        columns=("what", "median ms", "min ms", "max ms", "ratio to Vickrey"),
        rows=rows,
        notes=(f"Vickrey takes {beyond:.2f} ms a stage beyond two fdatasyncs (bar: 3 ms).",),
    )


async def _plain(_place: Path) -> float:
    async def answer(number: int) -> int:
        return number

    start = time.perf_counter()
    for _ in range(STAGES):
        await asyncio.gather(*(answer(number) for number in range(BIDDERS)))
        await answer(0)
    return time.perf_counter() - start


async def _flushes(place: Path) -> float:
    file = os.open(place / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        start = time.perf_counter()
        for _ in range(2 * STAGES):
            os.write(file, bytes(PAGE_BYTES))
            os.fdatasync(file)
        return time.perf_counter() - start
    finally:
        os.close(file)


async def _market(place: Path) -> float:
    config = {"version": 1, "bidders": [], "rules": {"stages_max": STAGES}, "store": str(place / "market.db")}
    with Market(config, bidders=[Echo(number) for number in range(BIDDERS)]) as market:
        start = time.perf_counter()
        await market.arun("a request", budget=10, seed=1)
        return time.perf_counter() - start


class _State(TypedDict):
    stage: int
    text: Annotated[list[str], operator.add]
    bids: Annotated[list[int], operator.add]


async def _langgraph(place: Path) -> float:
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
    from langgraph.graph import END, START, StateGraph

    async def bid(state: _State) -> dict[str, Any]:
        return {"bids": [1000 + state["stage"]]}

    async def transform(state: _State) -> dict[str, Any]:
        return {"text": [f"line {state['stage']}"], "stage": state["stage"] + 1}

    async def announce(state: _State) -> dict[str, Any]:  # noqa: ARG001 (LangGraph passes it by this name)
        return {}

    graph = StateGraph(_State)
    graph.add_node("announce", announce)
    graph.add_node("transform", transform)
    for number in range(BIDDERS):
        graph.add_node(f"bid{number}", bid)
        graph.add_edge("announce", f"bid{number}")
        graph.add_edge(f"bid{number}", "transform")
    graph.add_edge(START, "announce")
    graph.add_conditional_edges("transform", lambda state: END if state["stage"] >= STAGES else "announce")
    async with AsyncSqliteSaver.from_conn_string(str(place / "graph.db")) as saver:
        app = graph.compile(checkpointer=saver)
        settings: Any = {"configurable": {"thread_id": "1"}, "recursion_limit": 10 * STAGES}
        start = time.perf_counter()
        await app.ainvoke({"stage": 0, "text": [], "bids": []}, settings)
        return time.perf_counter() - start


if __name__ == "__main__":
    run_command("benchmarks.stage", __doc__, [measure])
