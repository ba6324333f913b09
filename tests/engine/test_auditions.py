"""Auditions through the engine: who gets a trial, what it costs, and what comes of it (R11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bidders.policies.tracker import TrackerPolicy
from orchestrator import Market, Money, Observation, Policy, Receipt, Valuation
from orchestrator.core.clearing import Award
from orchestrator.core.keys import audition_account, bidder_account, derive_seed
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role, Rules
from orchestrator.core.state import Segment
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Delivery, Job, Simulation
from orchestrator.money import NANOS_PER_USD
from orchestrator.record import export_request, verify
from orchestrator.store import MemoryStore
from tests.engine.world import Scripted, assert_sound, make_market, posted, presenter

BOUNTY_NANOS = 10 * NANOS_PER_USD
TRIALS = 5
BUDGET_NANOS = 6 * BOUNTY_NANOS
SEEDS = pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])


# --- in a simulation ---


class ByAuthor:
    """Values a state by how often its author's work was taken, leaning on all authors where one is hardly known."""

    name = "by-author"
    version = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        known = memory or {}
        taken, seen = known.get("all", (8, 10))
        shares = []
        for each in observations:
            own_taken, own_seen = known.get(each.contributions[-1].author, (0, 0))
            shares.append((own_taken + 2 * taken / seen) / (own_seen + 2))
        return Valuation([share * 10.0 for share in shares], [0.0] * len(shares))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        learned = {"all": (8, 10), **(memory or {})}
        for receipt in receipts:
            if receipt.won:
                for author in ("all", receipt.contributions[-1].author):
                    taken, seen = learned.get(author, (0, 0))
                    learned[author] = (taken + receipt.in_picked_chain, seen + 1)
        return learned


@dataclass(frozen=True, slots=True)
class Worker:
    """Adds its work to a bare request, or presents what one worker has made; right as often as `right` says."""

    name: str
    role: Role = TRANSFORMER
    right: float = 0.8
    policy: Policy = field(default_factory=TrackerPolicy)
    cost_max_nanos: int = 0

    @property
    def principal(self) -> str:
        return self.name

    @property
    def memory_id(self) -> str:
        return self.name if self.role == TRANSFORMER else "presenters"

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        if (self.role == TRANSFORMER) != (lot.stage == 1):
            return None
        seen = lot.state.contributions()
        return Observation(self.name, self.role, lot.stage, request.rules.stages_max, 10.0, contributions=seen)

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        if self.role == PRESENTER:
            return Delivery([Segment(lot.state.segments[-1].text)])
        is_right = derive_seed(request.seed, self.name) % 1000 < 1000 * self.right
        return Delivery([Segment(f"{self.name} is {'right' if is_right else 'wrong'} about {request.text}")])


def take_what_is_right(offers: Sequence[Offer]) -> int:
    return next((rank for rank, offer in enumerate(offers, 1) if " is right about " in offer.text), 0)


def society(trials: int, seed: int = 1) -> Simulation:
    """Strong incumbents who know what they are worth."""
    players = [
        Worker("strong"),
        Worker("rival"),
        *(Worker(f"presenter{i}", PRESENTER, 1, ByAuthor()) for i in range(3)),
    ]
    wealth = WealthRules(
        50 * BOUNTY_NANOS,
        BOUNTY_NANOS,
        5 * BOUNTY_NANOS,
        treasury_stock_nanos=20 * BOUNTY_NANOS,
        audition_trials=trials,
        audition_budget_nanos=BUDGET_NANOS,
    )
    market = Simulation(players, Rules(stages_max=2), wealth, seed=seed)
    run(market, 150)
    return market


def newcomer(right: float) -> Worker:
    """One that believes at first that nobody will pay for its work."""
    return Worker("newcomer", right=right, policy=TrackerPolicy(prior=0.1, deviation=0.02))


def run(market: Simulation, requests: int) -> list[Progress]:
    job = Job("a request", BOUNTY_NANOS, take_what_is_right)
    return [progress for _ in range(requests) for progress in market.run([job])]


def bought(ended: Sequence[Progress], audition: bool) -> int:
    """How many lots the newcomer has had: on audition, or with money of its own."""
    return sum(sale.buyer == "newcomer" and sale.audition == audition for progress in ended for sale in progress.sales)


def spent_on_trials(ended: Sequence[Progress]) -> int:
    sales = [sale for progress in ended for sale in progress.sales if sale.audition and sale.buyer == "newcomer"]
    return sum(sale.price_nanos for sale in sales)


@SEEDS
def test_a_good_newcomer_gets_its_trials_and_then_earns(seed: int) -> None:
    market = society(TRIALS, seed)
    market.enter(newcomer(right=1.0))
    before = market.book.spendable_nanos(bidder_account("newcomer"))
    ended = run(market, 100)
    assert 0 < bought(ended, audition=True) <= TRIALS
    assert bought(ended, audition=False) > 50
    assert market.book.spendable_nanos(bidder_account("newcomer")) > before
    assert market.book.totals() == {"USD": 0, "USD-cap": 0}


@SEEDS
def test_without_auditions_the_same_newcomer_is_never_seen(seed: int) -> None:
    market = society(0, seed)
    market.enter(newcomer(right=1.0))
    ended = run(market, 100)
    assert bought(ended, audition=False) == 0


@pytest.mark.slow
def test_a_bad_newcomer_costs_the_treasury_its_budget_at_most_and_is_not_seen_again() -> None:
    market = society(TRIALS)
    market.enter(newcomer(right=0.0))
    ended = run(market, 100)
    assert bought(ended, audition=True) <= TRIALS
    assert 0 < spent_on_trials(ended) <= BUDGET_NANOS
    assert market.book.spendable_nanos(audition_account("newcomer")) == 0, "what was left has returned"


def test_a_batch_that_runs_side_by_side_keeps_to_the_budget_too() -> None:
    market = society(TRIALS)
    market.enter(newcomer(right=0.0))
    run(market, 1)
    ended = market.run([Job("a request", BOUNTY_NANOS, take_what_is_right)] * 60)
    assert bought(ended, audition=True) > TRIALS, "all of them were posted while it was on audition"
    assert 0 < spent_on_trials(ended) <= BUDGET_NANOS


# --- in a market that keeps books ---

AUDITION: dict[str, Any] = {"wealth": {"audition": {"trials": 1, "budget": 2}, "treasury_stock": 3}}


def bidders() -> list[Scripted]:
    workers = [Scripted("a", {1: "5"}), Scripted("b", {1: "4"}), Scripted("n", {1: "1"})]
    return [*workers, presenter("p", {2: "6"}), presenter("q", {2: "5"})]


def run_until_trial(market: Market, requests: int = 20) -> str:
    for seed in range(requests):
        result = market.run("hello", 10, seed=seed)
        result.pick(1)
        if any(sale.audition for sale in market.read_log(result.request_id).progress.sales):
            return result.request_id
    raise AssertionError("no trial was held")


def test_a_trial_is_paid_by_the_treasury_and_verifies_from_its_file() -> None:
    market = make_market(*bidders(), **AUDITION)
    request_id = run_until_trial(market)
    progress = market.read_log(request_id).progress
    sale = next(sale for sale in progress.sales if sale.audition)
    assert (sale.buyer, sale.price_nanos) == ("n", 4 * NANOS_PER_USD)
    statement = market.result(request_id).statement()
    assert statement.refund_nanos == 4 * NANOS_PER_USD
    assert statement.treasury_nanos == -4 * NANOS_PER_USD
    assert verify(export_request(market.store, request_id)) == []
    assert_sound(market)


def test_an_altered_trial_does_not_verify() -> None:
    market = make_market(*bidders(), **AUDITION)
    record = export_request(market.store, run_until_trial(market))
    for row in record["transfers"]:
        if row["code"] == "audition":
            row["debit"] = audition_account("b")
    assert any("audition" in found.where for found in verify(record))


def test_an_incumbent_is_on_audition_no_longer_and_what_was_granted_returns() -> None:
    market = make_market(*bidders(), **AUDITION)
    run_until_trial(market)
    assert {name: row.wins for name, row in market.bidder_rows().items()}["n"] == 1
    assert posted(market, audition_account("n")) == 0
    for seed in range(20, 30):
        result = market.run("hello", 10, seed=seed)
        result.pick(1)
        roster = market.read_log(result.request_id).progress.request.roster
        on_audition = [entry.name for entry in roster if entry.audition]
        assert "n" not in on_audition
    assert_sound(market)


TWO_TRIALS = {"audition": {"trials": 2, "budget": 2}}


class Keeping(Scripted):
    """Keeps what it has bought, rather than sell it to a presenter."""

    async def reserve(self, lot: Lot) -> Money:
        return Money.usd(8)


class Lasting(Worker):
    """Finds something to add at every stage."""

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        return Observation(self.name, self.role, lot.stage, request.rules.stages_max, 10.0)

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        return Delivery([Segment(f"{self.name} at stage {lot.stage}")])


@dataclass(frozen=True, slots=True)
class Unchanging:
    """Values every lot alike."""

    usd: float
    name: str = "unchanging"
    version: int = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        return Valuation([self.usd] * len(observations), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return memory


def keep_in_a_market() -> list[Progress]:
    market = make_market(Keeping("n", {1: "5"}), presenter("p", {2: "3", 3: "3"}), wealth=TWO_TRIALS)
    return [market.read_log(market.run("hello", 10, seed=seed).request_id).progress for seed in (1, 2)]


def keep_in_a_simulation() -> list[Progress]:
    wealth = WealthRules(50 * NANOS_PER_USD, 0, 0, audition_trials=2, audition_budget_nanos=1)
    players = [Lasting("n", policy=Unchanging(5.0)), Lasting("b", policy=Unchanging(3.0))]
    rules = Rules(stages_max=3, last_stage="any")
    return run(Simulation(players, rules, wealth, learning=False, owners_keep=True), 2)


@pytest.mark.parametrize("play", [keep_in_a_market, keep_in_a_simulation])
def test_a_state_that_a_newcomer_keeps_is_no_lot_that_it_has_won(play: Callable[[], list[Progress]]) -> None:
    first, second = play()
    own = [sale.kept for sale in first.sales if sale.buyer == "n"]
    assert own.count(False) == 1
    assert own.count(True) >= 1
    assert [entry.audition for entry in second.request.roster if entry.name == "n"] == [True]


def test_no_trial_is_held_with_an_empty_treasury() -> None:
    wealth = {"audition": {"trials": 3, "budget": 2}}
    market = make_market(*bidders(), wealth=wealth)
    for seed in range(10):
        market.run("hello", 10, seed=seed).pick(1)
    assert market.bidder_rows()["n"].wins == 0
    assert_sound(market)


def test_a_request_from_before_a_newcomer_came_does_not_take_its_grant_away() -> None:
    """What returns counts as granted, so its trials would be lost for good."""
    store, stocked = MemoryStore(), {"treasury_stock": 3}
    old, sellers = Scripted("a", {1: "5"}, principal="firm"), [presenter("p", {2: "6"}), presenter("q", {2: "5"})]
    before = make_market(old, *sellers, store=store, wealth=stocked)
    before.run("hello", 10, seed=1).pick(1)
    waiting = before.run("hello", 10, seed=2).request_id
    market = make_market(old, Scripted("n", {1: "1"}, principal="firm"), *sellers, store=store, **AUDITION)
    market.run("hello", 10, seed=3).reject()
    granted = posted(market, audition_account("firm"))
    assert granted > 0
    market.pick(waiting, 1)
    assert posted(market, audition_account("firm")) >= granted
    assert_sound(market)
