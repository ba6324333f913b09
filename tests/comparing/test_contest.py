"""Rivals run one after the other, each under the whole cap, and what went wrong is told in one line."""

from __future__ import annotations

import asyncio
from itertools import count

from orchestrator import Money
from orchestrator.comparing import BestSingle, Cascade, Contestant, MixtureOfAgents, by_price, hold_contest
from orchestrator.errors import ProviderDown
from tests.comparing.voices import TASK, Voice


def contest(voices: list[Voice], cap_nanos: int = 1000) -> list[Contestant]:
    rivals = (BestSingle(), MixtureOfAgents(), Cascade())
    clock = count(0.0, 2.0)
    return asyncio.run(hold_contest(rivals, TASK, voices, Money(cap_nanos), lambda: next(clock)))


def test_every_entry_has_its_answer_its_cost_and_its_time() -> None:
    single, mixture, cascade = contest([Voice("a"), Voice("b", cost_nanos=30)])
    assert single == Contestant("best-single", "a plan", "b", 30, True, 2.0, 1, 12)
    assert (mixture.cost_nanos, mixture.calls, mixture.tokens) == (10 + 30 + 10 + 30 + 30, 5, 60)
    assert [entry.name for entry in (single, mixture, cascade)] == ["best-single", "moa", "cascade"]
    assert single.to_dict() | {"cost": "0.00000003", "seconds": 2.0} == single.to_dict()


def test_each_rival_has_the_whole_cap() -> None:
    assert [entry.cost_nanos for entry in contest([Voice("a", cost_nanos=40)], cap_nanos=40)] == [40, 40, 40]


def test_a_rival_that_fails_is_an_entry_with_a_reason() -> None:
    entries = contest([Voice("a", says=lambda prompt: ProviderDown("a: nobody answers at this address"))])
    assert [entry.is_answered for entry in entries] == [False, False, False]
    assert {entry.how for entry in entries} == {"a: nobody answers at this address"}


def test_unknown_costs_are_not_shown_as_nothing() -> None:
    (single, *_) = contest([Voice("a", cost_nanos=None, worst_nanos=10)])
    assert (single.cost_nanos, single.is_cost_known) == (0, False)


def test_models_are_ordered_by_what_an_answer_may_cost_and_those_without_a_price_left_out() -> None:
    voices = [Voice("dear", cost_nanos=9), Voice("dark", cost_nanos=None), Voice("cheap"), Voice("cheap too")]
    voices[2].cost_nanos = voices[3].cost_nanos = 3
    assert [model.name for model in by_price(voices, TASK)] == ["cheap", "cheap too", "dear"]
