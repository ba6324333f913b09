"""What the path to a language model costs besides the model: CPU time of one call to a provider that answers at once.

In turn, in one run: a bare httpx post, the same call through the bare `openai` library, through our
model, and through our model and a meter; then asking for a checked object, and a call as a market
makes it, held on the spend cap and recorded in a database. The provider is a function in this
process, so neither network nor waiting is counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median
from typing import Any

import httpx
import openai
from pydantic import BaseModel

from benchmarks.running import run_command
from benchmarks.tables import Report
from bidders.models.metering import metered
from bidders.models.openai import OpenAIModel
from bidders.models.structured import ask_object
from orchestrator import Charged, Completion, Market, Message, Prompt
from orchestrator.api import Posting
from orchestrator.core.tasks import TRANSFORM
from orchestrator.engine.callbook import CallBook
from orchestrator.engine.metering import TaskMeter

CALLS = 200
ROUNDS = 7
URL = "http://provider.test/v1"
PRICES = {"input_per_million": "0.15", "output_per_million": "0.60"}
QUESTION = "Say what the plan still lacks. " * 40
MESSAGES = (Message("system", "You improve drafts."), Message("user", QUESTION))
PROMPT = Prompt(MESSAGES, max_tokens=200, seed=7)


class Guess(BaseModel):
    """The object that is asked for."""

    chance: float
    tokens: int


REPLY = {
    "id": "r",
    "object": "chat.completion",
    "created": 1,
    "model": "zero",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": '{"chance": 0.5, "tokens": 9}'},
        }
    ],
    "usage": {"prompt_tokens": 300, "completion_tokens": 12, "total_tokens": 312},
}
CONTENT = json.dumps(REPLY).encode()


def provider(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=CONTENT, headers={"content-type": "application/json"})


def library() -> openai.AsyncOpenAI:
    http = httpx.AsyncClient(transport=httpx.MockTransport(provider))
    return openai.AsyncOpenAI(api_key="none", base_url=URL, max_retries=0, http_client=http)


class ZeroLatency(OpenAIModel):
    """Our model with that provider under its library."""

    def _make_client(self) -> Any:
        return library()


class Notebook:
    """A meter that only turns answers to JSON and back, as every meter must."""

    async def call(self, perform: Callable[[], Awaitable[Charged]], *, purpose: str = "call") -> Any:
        return json.loads(json.dumps((await perform()).body))


@contextmanager
def tasks() -> Iterator[Callable[[OpenAIModel], TaskMeter]]:
    """Meters of tasks of one call each, in a market whose store is a database on disk."""
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/market.db"
        with Market({"version": 1, "store": store, "bidders": [], "judge": "none"}) as market:
            request_id = market.post(Posting("Plan a day", 1000, seed=1))
            book = CallBook(market.store, request_id)
            (lot,) = market.read_log(request_id).progress.lots()
            rounds = count(1)

            def task(model: OpenAIModel) -> TaskMeter:
                worst = model.cost_max(PROMPT)
                assert worst is not None
                return TaskMeter(book, lot, "refiner", model.provider, TRANSFORM, worst.nanos, next(rounds))

            yield task


def measure() -> Report:
    """Time each in turn and compare."""
    samples: dict[str, list[float]] = {}
    for _ in range(ROUNDS + 1):
        with tasks() as task:
            timed = asyncio.run(_round(task))
        for name, seconds in timed.items():
            samples.setdefault(name, []).append(seconds)
    # The first round imports and fills caches.
    kept = {name: each[1:] for name, each in samples.items()}
    bare = kept["the openai library alone"]
    rows = tuple(
        (name, 1e3 * median(each), median(a / b for a, b in zip(each, bare, strict=True)))
        for name, each in kept.items()
    )
    return Report(
        name="overhead",
        title=f"CPU time of a call to a provider that answers at once ({ROUNDS} rounds of {CALLS} calls, in turn)",
        columns=("what", "milliseconds a call", "times the library alone"),
        rows=rows,
        notes=(f"Measured on {os.cpu_count()} cores; of the columns, the last one carries over to other machines.",),
    )


async def _round(task: Callable[[OpenAIModel], TaskMeter]) -> dict[str, float]:
    model = ZeroLatency("zero", base_url=URL, prices=PRICES)
    client = library()
    http = httpx.AsyncClient(transport=httpx.MockTransport(provider))
    body: Any = {
        "model": "zero",
        "messages": [{"role": m.speaker, "content": m.text} for m in MESSAGES],
        "max_tokens": 200,
    }
    meter = Notebook()

    async def bare_http() -> None:
        (await http.post(f"{URL}/chat/completions", json=body)).json()

    async def bare_library() -> None:
        await client.chat.completions.create(**body)

    async def our_model() -> None:
        await model.complete(PROMPT)

    async def our_meter() -> None:
        await metered(meter, model, PROMPT)

    async def our_object() -> None:
        await ask_object(PROMPT, Guess, ask)

    async def our_task() -> None:
        held = task(model)
        await held.open()
        await metered(held, model, PROMPT)
        await held.close()

    async def ask(prompt: Prompt, purpose: str) -> Completion:
        return await metered(meter, model, prompt, purpose=purpose)

    contenders = {
        "httpx alone": bare_http,
        "the openai library alone": bare_library,
        "our model": our_model,
        "our model, metered": our_meter,
        "our model, metered, a checked object": our_object,
        "our model, held and recorded in a market's database": our_task,
    }
    try:
        return {name: await _timed(call) for name, call in contenders.items()}
    finally:
        await client.close()
        await http.aclose()


async def _timed(call: Callable[[], Awaitable[None]]) -> float:
    """CPU seconds of one call, over many."""
    await call()
    start = time.process_time()
    for _ in range(CALLS):
        await call()
    return (time.process_time() - start) / CALLS


if __name__ == "__main__":
    run_command("benchmarks.overhead", __doc__, [measure])
