"""`vickrey compare`: the market and its rivals, side by side, on the same models under the same cap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.compare import ALL_RIVALS
from orchestrator.comparing import RIVALS
from tests.cli.markets import vickrey, write_market
from tests.cli.test_checks import presenter, speaking

COMPARE = ("compare", "Plan a tour", "--budget", "10", "--seed", "3", "--quiet")


@pytest.fixture(autouse=True)
def voices(market: Path) -> None:
    """Two models of different price, one of which presents; and presenters without one."""
    dear = {"prices": {"input_per_million": 10, "output_per_million": 10}}
    bidders = [speaking("small"), speaking("large", role="present", **dear), *map(presenter, "abc")]
    write_market(market.parent, bidders=bidders)


def entries(*options: str) -> dict[str, Any]:
    return {entry["name"]: entry for entry in vickrey(*COMPARE, *options, "--json").document["entries"]}


def test_the_default_is_all_rivals() -> None:
    assert tuple(ALL_RIVALS.split(",")) == RIVALS
    found = entries()
    assert tuple(found) == ("market", *RIVALS)
    assert all(entry["answered"] and entry["text"] and entry["cost_known"] for entry in found.values())
    assert all(float(entry["cost"]) > 0 and entry["calls"] > 0 and entry["tokens"] > 0 for entry in found.values())


def test_market_and_rivals_have_the_same_models_cheapest_first() -> None:
    document = vickrey(*COMPARE, "--against", "best-single", "--json").document
    assert document["models"] == ["small-model", "large-model"]
    assert document["entries"][1]["how"] == "large-model"


def test_the_cap_holds_for_each() -> None:
    found = entries("--spend-cap", "0.001", "--samples", "20")
    assert all(float(entry["cost"]) <= 0.001 for entry in found.values())
    free = entries("--samples", "20")
    assert max(float(entry["cost"]) for entry in free.values()) > 0.001, "the control: without it more is spent"


def test_a_rival_that_cannot_pay_is_told_in_one_line_and_the_others_go_on() -> None:
    outcome = vickrey(*COMPARE, "--spend-cap", "0.0001", "--against", "best-single")
    assert outcome.code in (0, 1)
    assert "best-single has no answer: a call of large-model may cost" in outcome.stdout
    assert "Traceback" not in outcome.stdout + outcome.stderr


def test_answers_are_shown_in_full_then_costs_side_by_side_and_the_request_stays_open() -> None:
    shown = vickrey(*COMPARE, "--against", "best-single,moa").stdout
    places = [shown.index(text) for text in ("market: ", "best-single: large-model", "moa: ", "who ", "r1 is open")]
    assert places == sorted(places)
    assert vickrey("pick", "r1", "1", "--json").document["status"] == "released"


def test_no_pick_is_proposed_from_a_store_that_ends_with_the_command() -> None:
    outcome = vickrey(*COMPARE, "--against", "best-single", "--store", "memory")
    assert outcome.code == 0
    assert "vickrey pick" not in outcome.stdout


def test_the_same_seed_gives_the_same_comparison() -> None:
    first, again = entries("--store", "memory"), entries("--store", "memory")
    assert [entry["text"] for entry in first.values()] == [entry["text"] for entry in again.values()]


def test_a_market_without_a_model_cannot_be_compared(market: Path) -> None:
    write_market(market.parent)
    outcome = vickrey(*COMPARE)
    assert outcome.code == 2
    assert "no bidder of this market has a language model" in outcome.stderr
    assert vickrey("requests", "--json").document == {"requests": []}


@pytest.mark.parametrize(("names", "said"), [("mao", "there is no rival 'mao'"), ("moa,moa", "named twice")])
def test_a_rival_that_is_none_is_refused_before_anything_is_posted(names: str, said: str) -> None:
    outcome = vickrey(*COMPARE, "--against", names)
    assert (outcome.code, said in outcome.stderr) == (2, True)
    assert vickrey("requests", "--json").document == {"requests": []}
