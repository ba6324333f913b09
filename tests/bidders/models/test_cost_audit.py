"""Many requests at once, with tiny caps: our books agree with the provider's, and no request passes its cap."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Market
from orchestrator.engine.callbook import CallBook, HoldState
from orchestrator.ledger import Transfer
from tests.fake_provider import FakeProvider, Fault
from tests.fake_provider.books import PRICES

REQUESTS = 200
PARALLEL = 16
CAP_NANOS_MIN, CAP_NANOS_MAX = 100_000, 3_000_000
# Each library on both formats: its type, the model as it is named there, and where.
MODELS = {
    "official": {"one": ("openai", "fake", "/v1"), "two": ("anthropic", "fake", "")},
    "litellm": {"one": ("litellm", "openai/fake", "/v1"), "two": ("litellm", "anthropic/claude-haiku-5-5", "")},
}
# litellm and pydantic do not agree about types, and say so.
LIBRARIES = ["official", pytest.param("litellm", marks=pytest.mark.filterwarnings("ignore"))]


@dataclass(frozen=True)
class Run:
    """What a run came to."""

    cap_nanos: int
    cost_nanos: int
    unknown: int
    offers: int


def config(provider: FakeProvider, store: str, libraries: str) -> dict[str, Any]:
    """Two that transform, one of them having its model value each lot, and two that present, on both formats."""

    def model(kind: str, name: str, path: str) -> dict[str, Any]:
        url = provider.url + path
        options = {"model": name, "base_url": url, "prices": PRICES, "concurrency": 12, "attempts_max": 1}
        return {"type": kind, "options": options}

    def bidder(name: str, capability: str, model_name: str, policy: str) -> dict[str, Any]:
        options = {"model": model_name, "capability": capability, "max_tokens": 120}
        return {"name": name, "type": "llm", "options": options, "policy": policy}

    return {
        "version": 1,
        "store": store,
        "models": {name: model(*each) for name, each in MODELS[libraries].items()},
        "rules": {"copies": [2, 1], "stages_max": 4},
        "bidders": [
            bidder("refiner", "refine", "one", "fraction"),
            bidder("critic", "critique", "two", "estimate"),
            bidder("presenter", "present", "one", "fraction"),
            bidder("other-presenter", "present", "two", "fraction"),
        ],
    }


async def run_all(market: Market, count: int, caps: random.Random) -> list[Run]:
    slots = asyncio.Semaphore(PARALLEL)

    async def run(number: int) -> Run:
        cap_nanos = caps.randrange(CAP_NANOS_MIN, CAP_NANOS_MAX)
        async with slots:
            cap = f"{cap_nanos / 10**9:.9f}"
            result = await market.arun(f"Plan day {number} of a tour", budget=1, spend_cap=cap, seed=number)
        money = result.statement()
        return Run(cap_nanos, sum(money.costs_nanos.values()), len(money.unknown_costs), len(result.offers))

    return list(await asyncio.gather(*(run(number) for number in range(count))))


def audited(provider: FakeProvider, store: str, libraries: str, count: int) -> list[Run]:
    with Market(config(provider, store, libraries)) as market:
        assert not market.broken
        runs = asyncio.run(run_all(market, count, random.Random(7)))
        assert market.audit() == []
        return runs


def exceeding(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.cost_nanos > run.cap_nanos]


@pytest.mark.slow
@pytest.mark.parametrize("libraries", LIBRARIES)
def test_recorded_costs_are_the_providers_own_count_and_no_request_passes_its_cap(
    libraries: str, provider: FakeProvider, tmp_path: Path
) -> None:
    # Now and then it refuses a call, which costs nothing and is in nobody's books.
    provider.faults.extend([Fault("status", 429), Fault("status", 500)] * 20)
    runs = audited(provider, f"sqlite:///{tmp_path}/market.db", libraries, REQUESTS)
    assert len(runs) == REQUESTS
    assert sum(run.unknown for run in runs) == 0
    assert sum(run.cost_nanos for run in runs) == provider.books.nanos
    assert exceeding(runs) == []
    # The caps were tight enough to matter, and loose enough to let work be done.
    assert len(provider.books.bills) > REQUESTS
    assert 0 < sum(run.offers > 0 for run in runs) < REQUESTS


@pytest.mark.slow
@pytest.mark.parametrize("libraries", LIBRARIES)
def test_without_the_hold_requests_pass_their_caps(
    libraries: str, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hold_wallets_only(self: CallBook, holds: Sequence[Transfer], *, is_running: bool = False) -> HoldState:
        *of_wallets, _of_cap = holds
        await self._commit(lambda tx: tx.apply(of_wallets))
        return "new"

    async def release_nothing(self: CallBook, held: Transfer | None, spent_nanos: int) -> None:
        return None

    monkeypatch.setattr(CallBook, "hold", hold_wallets_only)
    monkeypatch.setattr(CallBook, "release", release_nothing)
    with Market(config(provider, "memory", libraries)) as market:
        runs = asyncio.run(run_all(market, 20, random.Random(7)))
    assert exceeding(runs)
