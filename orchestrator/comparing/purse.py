"""The real money that one rival may spend: no call is made whose worst case does not fit (R7)."""

from __future__ import annotations

import asyncio

from orchestrator.bidding.model import Completion, Model, Prompt
from orchestrator.errors import ProviderError, SpendCapReached
from orchestrator.money import Money, format_usd
from orchestrator.telemetry import traced_complete


class Purse:
    """A hard cap on what a rival's calls may cost, kept as the market keeps a request's.

    A call's worst case is held before it is made and settled to its cost after. A call that does not
    fit waits for running ones to settle, and is refused only if it still does not fit. Of a call
    whose cost nobody knows, the worst case counts as spent.

    Args:
        cap: the most that all calls together may cost.
    """

    def __init__(self, cap: Money) -> None:
        self.cap_nanos = cap.nanos
        self.cost_nanos = 0
        self.is_cost_known = True
        self.calls = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self._gone_nanos = 0
        self._held_nanos = 0
        self._running = 0
        self._changed = asyncio.Condition()

    async def ask(self, model: Model, prompt: Prompt) -> Completion:
        """Make a call.

        Raises:
            SpendCapReached: its worst case does not fit under the cap, or is not known.
            ProviderError: the provider failed.
        """
        worst = model.cost_max(prompt)
        if worst is None:
            raise SpendCapReached(f"the price of {model.name} is not known, so no call of it can be held to the cap")
        await self._hold(worst.nanos, model.name)
        cost_nanos: int | None = None
        try:
            completion = await traced_complete(model, prompt)
            cost_nanos = None if completion.cost is None else completion.cost.nanos
        except ProviderError as failure:
            cost_nanos = failure.cost_nanos
            raise
        finally:
            await self._settle(worst.nanos, cost_nanos)
        self.input_tokens += completion.usage.input_tokens
        self.output_tokens += completion.usage.output_tokens
        return completion

    async def _hold(self, worst_nanos: int, model: str) -> None:
        def fits() -> bool:
            return self._gone_nanos + self._held_nanos + worst_nanos <= self.cap_nanos

        async with self._changed:
            await self._changed.wait_for(lambda: fits() or not self._running)
            if not fits():
                left = format_usd(max(0, self.cap_nanos - self._gone_nanos))
                raise SpendCapReached(
                    f"a call of {model} may cost {format_usd(worst_nanos)} USD; of the cap, {left} USD are left"
                )
            self._held_nanos += worst_nanos
            self._running += 1

    async def _settle(self, worst_nanos: int, cost_nanos: int | None) -> None:
        self.calls += 1
        self.cost_nanos += cost_nanos or 0
        self.is_cost_known = self.is_cost_known and cost_nanos is not None
        async with self._changed:
            self._held_nanos -= worst_nanos
            self._running -= 1
            self._gone_nanos += worst_nanos if cost_nanos is None else cost_nanos
            self._changed.notify_all()
