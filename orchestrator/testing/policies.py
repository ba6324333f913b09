"""The conformance check of bid policies."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from orchestrator.bidding import Observation, Valuation
from orchestrator.core.receipts import Receipt
from orchestrator.core.rules import PRESENTER, TRANSFORMER
from orchestrator.engine.guarded import Raised
from orchestrator.testing.problem import Findings, Problem, require_none
from orchestrator.testing.running import call_plainly
from orchestrator.testing.samples import make_receipt
from orchestrator.testing.shape import check_policy_shape

_NOTHING: Final = object()


def check_policy(policy: Any) -> list[Problem]:
    """Have a policy value lots and learn from receipts of many kinds, and say what is wrong with it.

    Args:
        policy: the policy.

    Returns:
        The problems; none for a policy that keeps the contract.
    """
    findings = Findings()
    check_policy_shape(policy, findings)
    if not findings.problems():
        _Exercise(policy, findings).run()
    return findings.problems()


def assert_policy(policy: Any) -> None:
    """Fail a test if a policy breaks its contract.

    Raises:
        AssertionError: it does; the message lists every problem.
    """
    require_none(f"policy {getattr(policy, 'name', policy)}", check_policy(policy))


def observations() -> list[Observation]:
    """Observations of many kinds, as a policy may get them."""
    return [
        Observation("walker", TRANSFORMER, 1, 8, 10.0),
        Observation("walker", TRANSFORMER, 3, 8, 10.0, estimate=0.4, cost_max_usd=0.02, last_price_usd=1.5, seed=1),
        Observation("walker", PRESENTER, 8, 8, 10.0, estimate=1.0, features={"relevance": 0.7, "novelty": 0.0}, seed=2),
        Observation("walker", TRANSFORMER, 2, 8, 0.0, estimate=0.0, seed=3),
        Observation(
            "walker", TRANSFORMER, 2, 8, 1e9, estimate=0.5, cost_max_usd=1e6, features={"novelty": -1.0}, seed=4
        ),
    ]


def receipts() -> list[list[Receipt]]:
    """Receipts as they come, by request: released, rejected, passed on, failed, expired unseen, none."""
    lost = {"won": False, "price_nanos": 0, "revenue_nanos": 0, "in_picked_chain": False}
    return [
        [make_receipt(), make_receipt(stage=2, lot="0.0", role=PRESENTER, revenue_nanos=10**10)],
        [make_receipt(outcome="rejected", revenue_nanos=0, in_picked_chain=False)],
        [make_receipt(answer="pass", bid_nanos=0, cost_nanos=0, **lost)],
        [make_receipt(answer="fault", forfeit_nanos=10**9, cost_known=False, **lost)],
        [make_receipt(outcome="expired", censored=True, in_picked_chain=False)],
        [],
    ]


class _Exercise:
    """One policy's way through all observations and receipts."""

    def __init__(self, policy: Any, findings: Findings) -> None:
        self._policy = policy
        self._findings = findings

    def run(self) -> None:
        """Value, learn, and value again with what was learned, request by request."""
        memory: Any = None
        situation = "before it has learned anything"
        self._value(memory, situation)
        for number, given in enumerate(receipts(), 1):
            learned = self._learn(memory, given, f"learning from request {number}")
            if learned is _NOTHING or not self._is_storable(learned):
                return
            memory = learned
            situation = f"after {number} requests"
            self._value(memory, situation)

    def _value(self, memory: Any, situation: str) -> None:
        lots = observations()
        valuation = self._pure("value", memory, lots, situation)
        if valuation is _NOTHING or not self._is_valuation(valuation, len(lots), situation):
            return
        for index, lot in enumerate(lots):
            alone = self._pure("value", memory, [lot], situation)
            if alone is _NOTHING or not self._is_valuation(alone, 1, situation):
                return
            whole = (valuation.means[index], valuation.deviations[index])
            if not all(map(math.isclose, whole, (alone.means[0], alone.deviations[0]))):
                self._findings.add("value() values a lot otherwise in a batch than alone", situation)
        nothing = self._pure("value", memory, [], situation)
        if nothing is not _NOTHING:
            self._is_valuation(nothing, 0, f"{situation}, no lots")

    def _learn(self, memory: Any, given: Sequence[Receipt], situation: str) -> Any:
        return self._pure("learn", memory, given, situation)

    def _pure(self, method: str, memory: Any, rest: Sequence[Any], situation: str) -> Any:
        """Call a method twice with equal arguments: it must leave them alone and repeat itself."""
        call: Callable[..., Any] = getattr(self._policy, method)
        mine, theirs = copy.deepcopy(memory), list(rest)
        result = call_plainly(call, mine, theirs)
        if isinstance(result, Raised):
            self._findings.add(f"{method}() raises {result.reason}", situation)
            return _NOTHING
        first = _copied(result.value)
        if mine != memory or theirs != list(rest):
            changed = "the memory" if mine != memory else "the list"
            self._findings.add(
                f"{method}() changes {changed} that it was given: it must be pure, so copy first", situation
            )
        again = call_plainly(call, copy.deepcopy(memory), list(rest))
        if isinstance(again, Raised) or not _equal(again.value, first):
            self._findings.add(
                f"{method}() gives another result the second time: it must be pure; draw from the observation's seed, "
                "and keep nothing but the memory",
                situation,
            )
        return first

    def _is_valuation(self, valuation: Any, lots: int, situation: str) -> bool:
        if not isinstance(valuation, Valuation):
            self._findings.add(f"value() returned {type(valuation).__name__}; it must return a Valuation", situation)
            return False
        for name, figures in (("means", valuation.means), ("deviations", valuation.deviations)):
            problem = _problem_of(figures, lots)
            if problem:
                self._findings.add(f"value() returned {name} {problem}", situation)
                return False
        return True

    def _is_storable(self, memory: Any) -> bool:
        try:
            stored = json.loads(json.dumps(memory, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            self._findings.add(f"learn() returned a memory that JSON cannot hold: {error}")
            return False
        if stored != memory:
            self._findings.add(
                "learn() returned a memory that comes back from JSON changed: "
                "its keys must be str, and its lists list, not tuple"
            )
            return False
        return True


def _problem_of(figures: Any, count: int) -> str:
    try:
        found = list(figures)
        if len(found) != count:
            return f"of length {len(found)}, for {count} observations"
        if any(isinstance(figure, bool) for figure in found):
            return "with a bool in them; write numbers"
        numbers = [float(figure) for figure in found]
    except (TypeError, ValueError):
        return f"that are no sequence of numbers: {str(figures)[:60]}"
    if not all(map(math.isfinite, numbers)):
        return f"that are not finite: {numbers}"
    if any(number < 0 for number in numbers):
        return f"below 0: {numbers}; a lot is worth 0 or more"
    return ""


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Valuation) and isinstance(other, Valuation):
        return _equal(_listed(one.means), _listed(other.means)) and _equal(
            _listed(one.deviations), _listed(other.deviations)
        )
    # By their text too: NaN differs from itself, and True equals 1.
    return bool(repr(one) == repr(other))


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:
        # What cannot be copied cannot be stored either, and is reported for that.
        return value


def _listed(figures: Any) -> Any:
    """Figures as a list, because arrays do not compare to one answer."""
    try:
        return list(figures)
    except TypeError:
        return figures
