"""The cap of a rival holds whatever its models cost, however many calls run at once."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Prompt
from orchestrator.comparing import Purse
from orchestrator.errors import ProviderDown, ProviderError, ProviderTimeout, SpendCapReached
from tests.comparing.voices import Voice, purse

PROMPT = Prompt((), 10)
CALLS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=12)


async def ask_all(spending: Purse, voices: list[Voice]) -> list[object]:
    return list(await asyncio.gather(*(spending.ask(voice, PROMPT) for voice in voices), return_exceptions=True))


@given(calls=CALLS, cap=st.integers(0, 200))
def test_what_is_spent_never_exceeds_the_cap(calls: list[tuple[int, int]], cap: int) -> None:
    voices = [Voice(cost_nanos=min(pair), worst_nanos=max(pair)) for pair in calls]
    spending = purse(cap)
    outcomes = asyncio.run(ask_all(spending, voices))
    made = [voice for voice in voices if voice.heard]
    assert spending.cost_nanos == sum(voice.cost_nanos or 0 for voice in made) <= cap
    assert spending.calls == len(made)
    assert all(
        isinstance(each, SpendCapReached) for each, voice in zip(outcomes, voices, strict=True) if not voice.heard
    )


def test_without_the_hold_the_cap_would_be_passed() -> None:
    """The control: models that declare no worst case are not held back."""
    spending = purse(15)
    asyncio.run(ask_all(spending, [Voice(cost_nanos=10, worst_nanos=0) for _ in range(4)]))
    assert spending.cost_nanos == 40


def test_a_call_that_does_not_fit_waits_for_running_ones_and_then_fits() -> None:
    spending = purse(25)
    voices = [Voice(cost_nanos=1, worst_nanos=20) for _ in range(4)]
    asyncio.run(ask_all(spending, voices))
    assert all(voice.heard for voice in voices)


def test_a_model_of_unknown_price_is_not_asked() -> None:
    voice = Voice("dark", cost_nanos=None)
    with pytest.raises(SpendCapReached, match="the price of dark is not known"):
        asyncio.run(purse().ask(voice, PROMPT))
    assert not voice.heard


def test_of_a_cost_that_nobody_knows_the_worst_case_counts_against_the_cap() -> None:
    spending = purse(30)
    asyncio.run(ask_all(spending, [Voice(cost_nanos=None, worst_nanos=20)]))
    assert (spending.cost_nanos, spending.is_cost_known) == (0, False)
    with pytest.raises(SpendCapReached, match=r"may cost 0.00000002 USD; of the cap, 0.00000001 USD are left"):
        asyncio.run(spending.ask(Voice(cost_nanos=20), PROMPT))


@pytest.mark.parametrize(
    ("failure", "left"), [(ProviderDown("gone"), 30), (ProviderTimeout("late", cost_nanos=None), 10)]
)
def test_a_call_that_failed_costs_what_its_provider_charged_for_it(failure: ProviderError, left: int) -> None:
    spending = purse(30)
    with pytest.raises(type(failure)):
        asyncio.run(spending.ask(Voice(says=lambda prompt: failure, cost_nanos=20), PROMPT))
    assert spending.is_cost_known == (failure.cost_nanos is not None)
    asyncio.run(spending.ask(Voice(cost_nanos=left), PROMPT))


def test_a_cancelled_call_counts_with_its_worst_case() -> None:
    async def cancel() -> Purse:
        spending = purse(30)
        task = asyncio.ensure_future(spending.ask(Voice(cost_nanos=1, worst_nanos=20), PROMPT))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return spending

    spending = asyncio.run(cancel())
    with pytest.raises(SpendCapReached):
        asyncio.run(spending.ask(Voice(cost_nanos=11), PROMPT))
