"""The conformance kit finds every planted breach of a policy, and nothing in a good one."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from bidders.policies.fixed import FixedPolicy
from bidders.policies.fraction import FractionPolicy
from bidders.policies.tracker import TrackerPolicy
from orchestrator.bidding import Lesson, Observation, Valuation
from orchestrator.core.receipts import Receipt
from orchestrator.plugins import POLICIES, build, list_plugins, load_plugin
from orchestrator.testing import assert_policy, check_policy
from orchestrator.testing import policies as kit


class Good:
    """Values lots at a running mean of its profits."""

    name = "mean"
    version = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Any:
        mean = max(0.0, memory["sum"] / max(1, memory["count"])) if memory else 1.0
        return Valuation([mean for _ in observations], [random.Random(seen.seed).random() for seen in observations])

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        told = [receipt.profit_nanos / 10**9 for receipt in receipts if receipt.won and not receipt.censored]
        before = memory or {"sum": 0.0, "count": 0}
        return {"sum": before["sum"] + sum(told), "count": before["count"] + len(told)}


class Arrays(Good):
    def value(self, memory: Any, observations: Sequence[Observation]) -> Any:
        ones: Any = np.ones(len(observations))
        return Valuation(ones, ones * 0)


def found_in(policy: Any) -> str:
    return "\n".join(map(str, check_policy(policy)))


@pytest.mark.parametrize(
    "policy", [Good(), Arrays(), FixedPolicy(amount="1"), FixedPolicy(share=0.3), FractionPolicy(), TrackerPolicy()]
)
def test_nothing_is_found_in_a_good_policy(policy: Any) -> None:
    assert found_in(policy) == ""
    assert_policy(policy)


# --- planted breaches of the shape ---


def without(attribute: str, value: Any = None) -> Good:
    policy = Good()
    setattr(policy, attribute, value)
    return policy


class AsyncValue(Good):
    async def value(self, memory: Any, observations: Sequence[Observation]) -> Any:
        return Valuation([], [])


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (Good, "Good is a class; give a policy made from it"),
        (without("name"), "name is missing"),
        (without("version", "1"), "version is missing or no int"),
        (without("version", True), "version is missing or no int"),
        (without("version", 0), "version is 0; begin with 1: memories of version 0 or less are never migrated"),
        (without("learn"), "learn() is missing"),
        (without("value", 3), "value() is missing"),
        (without("name", ""), "name: '' is no name; it must be 1 to 64 letters, digits, '_', '.', '~' or '-'"),
        (without("name", "my policy"), "name: 'my policy' is no name"),
        (without("name", "a/b"), "name: 'a/b' is no name"),
        (without("name", "x" * 200), "name: 'xxx"),
        (without("name", "treasury"), "name: 'treasury' is taken by the market itself"),
        (without("pool", "my pool"), "pool: 'my pool' is no name"),
        (without("pool", 5), "pool: int is no name"),
        (AsyncValue(), "value() is async; it must be pure and plain"),
    ],
)
def test_a_breach_of_shape_is_found(policy: Any, found: str) -> None:
    assert found in found_in(policy)


@pytest.mark.parametrize("pool", [None, "experts", "a-b_c.1~2"])
def test_a_pool_that_the_market_takes_is_no_breach(pool: Any) -> None:
    assert check_policy(without("pool", pool)) == []


# --- planted breaches of value() ---


class Values(Good):
    def __init__(self, make: Any) -> None:
        self._make = make

    def value(self, memory: Any, observations: Sequence[Observation]) -> Any:
        return self._make(memory, observations)


def constant(mean: Any, deviation: Any = 0.0) -> Values:
    return Values(lambda memory, lots: Valuation([mean for _ in lots], [deviation for _ in lots]))


def popping(memory: Any, lots: Any) -> Valuation:
    count = len(lots)
    lots.clear()
    return Valuation([1.0] * count, [0.0] * count)


def scribbling(memory: Any, lots: Any) -> Valuation:
    if memory:
        memory["count"] = -1
    return Valuation([1.0] * len(lots), [0.0] * len(lots))


def failing(memory: Any, lots: Any) -> Valuation:
    return Valuation([lot.features["relevance"] for lot in lots], [0.0] * len(lots))


DRAWS = random.Random(5)

VALUES: dict[str, tuple[Values, str]] = {
    "a list": (Values(lambda memory, lots: [1.0] * len(lots)), "value() returned list; it must return a Valuation"),
    "too few": (Values(lambda memory, lots: Valuation([1.0], [0.0])), "value() returned means of length 1, for 11"),
    "no deviations": (Values(lambda memory, lots: Valuation([1.0] * len(lots), [])), "deviations of length 0, for 11"),
    "figures for no lots": (
        Values(lambda memory, lots: Valuation([1.0] * max(1, len(lots)), [0.0] * max(1, len(lots)))),
        "value() returned means of length 1, for 0 observations [before it has learned anything, no lots]",
    ),
    "one number": (Values(lambda memory, lots: Valuation(1.0, 0.0)), "means that are no sequence of numbers"),  # type: ignore[arg-type]
    "words": (constant("one"), "means that are no sequence of numbers"),
    "bools": (constant(True), "means with a bool in them"),
    "NaN": (constant(math.nan), "means that are not finite"),
    "infinity": (constant(math.inf), "means that are not finite"),
    "a negative value": (constant(-0.5), "means below 0"),
    "a negative deviation": (constant(1.0, -0.1), "; values and deviations are 0 or more"),
    "numbers in quotes": (constant("1.0"), "means that are no sequence of numbers: there is a str in them"),
    "decimals": (constant(Decimal(1)), "there is a Decimal in them; write float"),
    "complex numbers": (constant(np.complex128(1)), "there is a complex128 in them"),
    "truth values of NumPy": (constant(np.bool_(True)), "there is a bool"),
    "no end of digits": (constant(10**5000), "means above 1,000,000,000 USD"),
    "a generator": (
        Values(lambda memory, lots: Valuation((1.0 for _ in lots), [0.0] * len(lots))),  # type: ignore[arg-type]
        "means that are no sequence of numbers: <generator",
    ),
    "a dict by lot": (
        Values(lambda memory, lots: Valuation({lot.bidder: 1.0 for lot in lots}, [0.0] * len(lots))),  # type: ignore[arg-type]
        "means that are no sequence of numbers: {'walker'",
    ),
    "draws of its own": (
        Values(lambda memory, lots: Valuation([DRAWS.random() for _ in lots], [0.0] * len(lots))),
        "value() gives another result the second time: it must be pure",
    ),
    "a batch that changes values": (
        Values(lambda memory, lots: Valuation([float(len(lots))] * len(lots), [0.0] * len(lots))),
        "value() values a lot otherwise in a batch than alone",
    ),
    "a memory that it writes into": (Values(scribbling), "value() changes the memory that it was given"),
    "a list that it empties": (Values(popping), "value() changes the list that it was given"),
    "a feature that is not always there": (Values(failing), "value() raises KeyError: 'relevance'"),
}


@pytest.mark.parametrize(("policy", "found"), VALUES.values(), ids=VALUES)
def test_a_bad_value_is_found(policy: Values, found: str) -> None:
    assert found in found_in(policy)
    with pytest.raises(AssertionError, match="policy mean breaks its contract"):
        assert_policy(policy)


# --- planted breaches of learn() ---


class Learns(Good):
    def __init__(self, make: Any) -> None:
        self._make = make

    def value(self, memory: Any, observations: Sequence[Observation]) -> Any:
        return Valuation([1.0] * len(observations), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return self._make(memory, receipts)


def in_place(memory: Any, receipts: Any) -> Any:
    grown: list[str] = memory if memory is not None else []
    grown.append("more")
    return grown


def sorting(memory: Any, receipts: Any) -> Any:
    receipts.sort(key=lambda receipt: receipt.lot)
    return {"mean": 1.0}


def nested(memory: Any, receipts: Any) -> Any:
    grown: list[Any] = []
    for _ in range(100_000):
        grown = [grown]
    return grown


def dividing(memory: Any, receipts: Any) -> Any:
    return {"mean": sum(receipt.profit_nanos for receipt in receipts) / len(receipts)}


LEARNS: dict[str, tuple[Learns, str]] = {
    "a set": (Learns(lambda memory, receipts: {1}), "learn() returned a memory that JSON cannot hold"),
    "a generator": (
        Learns(lambda memory, receipts: iter([1])),
        "learn() returned a memory that JSON cannot hold",
    ),
    "NaN": (Learns(lambda memory, receipts: [math.nan]), "learn() returned a memory that JSON cannot hold"),
    "an array": (Learns(lambda memory, receipts: np.zeros(2)), "learn() returned a memory that JSON cannot hold"),
    "keys that are numbers": (Learns(lambda memory, receipts: {1: 2}), "comes back from JSON changed"),
    "tuples": (Learns(lambda memory, receipts: {"a": (1, 2)}), "comes back from JSON changed"),
    "growing in place": (Learns(in_place), "learn() changes the memory that it was given"),
    "draws of its own": (
        Learns(lambda memory, receipts: DRAWS.random()),
        "learn() gives another result the second time",
    ),
    "a list that it sorts": (Learns(sorting), "learn() changes the list that it was given"),
    "a number of 5,000 digits": (Learns(lambda memory, receipts: 10**5000), "a memory that JSON cannot hold"),
    "100,000 lists in each other": (Learns(nested), "a memory that JSON cannot hold"),
    "no receipts": (Learns(dividing), "learn() raises ZeroDivisionError"),
}


@pytest.mark.parametrize(("policy", "found"), LEARNS.values(), ids=LEARNS)
def test_bad_learning_is_found(policy: Learns, found: str) -> None:
    assert found in found_in(policy)


class Hoarding(Good):
    """Counts in itself, beside the memory that it returns."""

    def __init__(self) -> None:
        self._requests = 0

    def value(self, memory: Any, observations: Sequence[Observation]) -> Any:
        return Valuation([float(self._requests) for _ in observations], [0.0 for _ in observations])

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        self._requests += 1
        return super().learn(memory, receipts)


def test_what_a_policy_keeps_beside_its_memory_is_found() -> None:
    assert "value() with the same memory changes once learn() was called: keep nothing" in found_in(Hoarding())


def test_a_memory_too_large_to_be_read_for_every_lot_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "_MEMORY_CHARACTERS_MAX", 1000)
    assert check_policy(Learns(lambda memory, receipts: "x" * 900)) == []
    (problem,) = check_policy(Learns(lambda memory, receipts: "x" * 1000))
    assert problem.is_warning
    assert "learn() returned a memory of more than 1,000 characters" in problem.message


def test_slow_learning_inside_the_commit_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_policy(Learns(lambda memory, receipts: 0)) == [], "the control"
    monkeypatch.setattr(kit, "_SLOW_SECONDS", 0.0)
    found = check_policy(Learns(lambda memory, receipts: 0))
    (problem,) = [each for each in found if each.message.startswith("learn()")]
    assert problem.is_warning
    assert "inside the commit that ends a request, for which all other requests wait" in problem.message


class Misreading(Good):
    """Cannot read what it has learned itself."""

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return {"total": 0}


def test_a_memory_that_its_own_policy_cannot_read_is_found() -> None:
    assert "value() raises KeyError: 'sum' [after 1 requests]" in found_in(Misreading())


# --- planted breaches of what a policy may do besides ---


class Later(Good):
    """Of the second version of its memory's format; practises, and tells which claims are right."""

    version = 2

    def practise(self, memory: Any, lessons: Sequence[Lesson]) -> Any:
        scores = [work.score * lesson.bounty_usd for lesson in lessons for work in lesson.works]
        before = memory or {"sum": 0.0, "count": 0}
        return {"sum": before["sum"] + sum(scores), "count": before["count"] + len(scores)}

    def best_claims(self, memory: Any, observation: Observation) -> Any:
        claims = [piece.claim for piece in observation.contributions if piece.claim]
        counts = {claim: claims.count(claim) / len(claims) for claim in claims}
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

    def migrate(self, memory: Any, version: int) -> Any:
        return {"sum": memory[0], "count": memory[1]}


OLD = {1: [3.0, 2]}


def planted(**methods: Any) -> Later:
    """A good policy with one method replaced."""
    policy = Later()
    for name, method in methods.items():
        setattr(policy, name, method)
    return policy


def test_nothing_is_found_in_a_good_policy_that_does_all_it_may() -> None:
    assert check_policy(Later(), old_memories=OLD) == []


def in_order(memory: Any, receipts: Sequence[Receipt]) -> Any:
    """The last receipt of a request counts most."""
    mean = memory["sum"] if memory else 0.0
    for receipt in receipts:
        mean = (mean + receipt.revenue_nanos / 10**9) / 2
    return {"sum": mean, "count": 1}


OPTIONAL: dict[str, tuple[Later, str]] = {
    "values above all money": (
        planted(value=lambda memory, lots: Valuation([2e9] * len(lots), [0.0] * len(lots))),
        "value() returned means above 1,000,000,000 USD",
    ),
    "receipts in their order": (
        planted(learn=in_order),
        "learn() learns something else from the receipts of one request in another order",
    ),
    "practice that raises": (planted(practise=lambda memory, lessons: lessons[9]), "practise() raises IndexError"),
    "practice without works": (
        planted(practise=lambda memory, lessons: {"sum": max(len(each.works) / len(each.works) for each in lessons)}),
        "practise() raises ZeroDivisionError",
    ),
    "practice that draws": (
        planted(practise=lambda memory, lessons: {"sum": DRAWS.random(), "count": 1}),
        "practise() gives another result the second time",
    ),
    "practice that empties the list": (
        planted(practise=lambda memory, lessons: {"sum": float(bool(lessons.clear())), "count": 1}),
        "practise() changes the list that it was given",
    ),
    "practice that JSON cannot hold": (
        planted(practise=lambda memory, lessons: {"sum": {1}, "count": 1}),
        "practise() returned a memory that JSON cannot hold",
    ),
    "practice that its values cannot read": (
        planted(practise=lambda memory, lessons: {"total": 1.0}),
        "value() raises KeyError: 'sum' [after practice]",
    ),
    "practice that its learning cannot read": (
        planted(
            practise=lambda memory, lessons: {"practised": True},
            value=lambda memory, lots: Valuation([1.0] * len(lots), [0.0] * len(lots)),
        ),
        "learn() raises KeyError: 'sum' [learning after practice]",
    ),
    "practice that is no method": (planted(practise=True), "practise is bool; it must be a method, or left out"),
    "claims that are not there": (
        planted(best_claims=lambda memory, lot: [("made up", 0.5)]),
        "best_claims() returned a claim that the state does not hold",
    ),
    "a claim twice": (
        planted(best_claims=lambda memory, lot: [("", 0.5), ("", 0.5)]),
        "best_claims() returned a claim twice",
    ),
    "chances above 1": (
        planted(best_claims=lambda memory, lot: [("", 1.5)]),
        "best_claims() returned chances outside of 0 to 1",
    ),
    "chances that are no numbers": (
        planted(best_claims=lambda memory, lot: [("", math.nan)]),
        "best_claims() returned chances outside of 0 to 1",
    ),
    "the worst claim first": (
        planted(best_claims=lambda memory, lot: Later().best_claims(memory, lot)[::-1]),
        "best_claims() returned claims that are not in order of their chances",
    ),
    "no pairs": (planted(best_claims=lambda memory, lot: 0.5), "it must return pairs of a claim and its chance"),
    "a migration that fails": (
        planted(migrate=lambda memory, version: memory["sum"]),
        "migrate() raises TypeError",
    ),
    "a migration without the version": (
        planted(migrate=lambda memory: memory),
        "migrate() cannot be called with a memory and its version",
    ),
    "a migration that changes nothing": (
        planted(migrate=lambda memory, version: memory),
        "value() raises TypeError",
    ),
    "a migration that JSON cannot hold": (
        planted(migrate=lambda memory, version: {"sum": 1.0, "count": 1, 2: 3}),
        "migrate() returned a memory that comes back from JSON changed",
    ),
}


@pytest.mark.parametrize(("policy", "found"), OPTIONAL.values(), ids=OPTIONAL)
def test_a_bad_method_beside_the_required_ones_is_found(policy: Later, found: str) -> None:
    assert found in "\n".join(map(str, check_policy(policy, old_memories=OLD)))
    with pytest.raises(AssertionError, match="policy mean breaks its contract"):
        assert_policy(policy, old_memories=OLD)


def test_a_migration_that_cannot_be_called_is_found_without_an_earlier_memory() -> None:
    (problem,) = check_policy(planted(migrate=lambda memory: memory))
    assert str(problem) == "migrate() cannot be called with a memory and its version: too many positional arguments"


def test_of_values_that_are_drawn_nothing_is_said_of_what_is_learned() -> None:
    drawn = Values(lambda memory, lots: Valuation([DRAWS.random() for _ in lots], [0.0] * len(lots)))
    said = " ".join(map(str, check_policy(drawn)))
    assert "learn()" not in said


def test_a_later_version_that_reads_no_earlier_memory_is_warned_of() -> None:
    class Anew(Good):
        version = 2

    (problem,) = check_policy(Anew())
    assert problem.is_warning
    assert "there is no migrate()" in problem.message
    assert_policy(Anew())


@pytest.mark.parametrize("pooled", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_installed_policy_that_needs_no_options_keeps_the_contract(pooled: bool) -> None:
    """The pooled one by itself, for it takes as long as all others; another test looks at it often enough."""
    checked = []
    for status in list_plugins(POLICIES):
        if (status.name == "bayes") is not pooled:
            continue
        plugin = load_plugin(POLICIES, status.name)
        options: dict[str, Any] = {"share": 0.5} if status.name == "fixed" else {}
        assert_policy(build(plugin, options, "tests"))
        checked.append(status.name)
    assert set(checked) >= ({"bayes"} if pooled else {"fixed", "fraction", "tracker"})
