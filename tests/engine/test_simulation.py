"""The driver in memory: same core, same laws, many requests at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from benchmarks.market import BOUNTY_NANOS, FacetPlayer, accept_best, job, society
from benchmarks.refund import shares
from bidders.capable import Appraisal, CapableBidder
from orchestrator import Announcement, Observation, Valuation, WonLot
from orchestrator.core.clearing import Award
from orchestrator.core.keys import TREASURY, bidder_account
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.receipts import Receipt
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Rules
from orchestrator.core.state import Segment
from orchestrator.core.statement import statement
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Delivery, Job, Simulation
from tests.engine.world import Scripted, make_market, presenter

NANOS = 10**9
RICH = WealthRules(50 * NANOS, 0, 50 * NANOS)


@dataclass(frozen=True, slots=True)
class Staged:
    """Values a lot by its stage, as a script says."""

    usd: tuple[float, ...]
    name: str = "staged"
    version: int = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        return Valuation([self.usd[seen.stage - 1] for seen in observations], [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return memory


class Capable(CapableBidder):
    """Bids what its policy makes of any state."""

    def appraise(self, announcement: Announcement) -> Appraisal:
        return Appraisal(1.0, "")

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        return [Segment("offer")]


class Covered(Scripted):
    """Presents, and bids no more than its wallet covers."""

    def __init__(self, name: str, usd: float) -> None:
        super().__init__(name, {1: usd}, ("presenter",))

    async def bid(self, announcement: Announcement) -> Any:
        return min(await super().bid(announcement), announcement.balance)


def take_first(offers: Sequence[Offer]) -> int:
    return min(1, len(offers))


def take_none(offers: Sequence[Offer]) -> int:
    return 0


def test_the_books_of_a_learning_society_balance() -> None:
    market = society()
    ended = [progress for batch in range(4) for progress in market.run([job(n) for n in range(10)])]
    assert {progress.status for progress in ended} >= {"released"}
    assert all(statement(progress).imbalance_nanos() == 0 for progress in ended)
    assert market.book.totals() == {"USD": 0, "USD-cap": 0}
    assert market.book.open_holds() == []


def test_nothing_of_an_ended_request_stays_in_memory() -> None:
    market = society()
    market.run([job(1)])
    accounts = sum(1 for _ in market.book.accounts())
    market.run([job(n) for n in range(20)])
    assert sum(1 for _ in market.book.accounts()) == accounts
    assert list(market.book.transfers()) == []


def test_the_same_seed_gives_the_same_society() -> None:
    def wealth(seed: int) -> list[int]:
        market = society(seed=seed)
        for _ in range(5):
            market.run([job(n) for n in range(10)])
        return [market.book.spendable_nanos(bidder_account(player.name)) for player in market.players]

    assert wealth(1) == wealth(1)
    assert wealth(1) != wealth(2)


def test_a_society_learns_to_present_what_the_user_takes() -> None:
    market = society(seed=3)
    early = [progress.status for _ in range(3) for progress in market.run([job(n) for n in range(20)])]
    for _ in range(12):
        market.run([job(n) for n in range(20)])
    late = [progress.status for _ in range(3) for progress in market.run([job(n) for n in range(20)])]
    assert late.count("released") > early.count("released")


def test_without_learning_nothing_is_remembered_and_means_are_bid() -> None:
    market = society()
    market.learning = False
    bids = [tuple(sale.bid_nanos for sale in progress.sales) for progress in market.run([job(1), job(2)])]
    assert market.memories == {}
    assert set(bids[0]) == {BOUNTY_NANOS // 2}, "every bid is the tracker's prior"


def test_a_durable_run_and_a_simulation_come_to_the_same_sales() -> None:
    players = [
        FacetPlayer("a", TRANSFORMER, Staged((5, 0.1, 0.1)), 0),
        FacetPlayer("b", TRANSFORMER, Staged((3, 2, 0.1)), 0),
        FacetPlayer("p", PRESENTER, Staged((1, 1, 4)), 0),
    ]
    simulation = Simulation(players, Rules(stages_max=3), RICH, learning=False)
    (simulated,) = simulation.run([Job("hello", BOUNTY_NANOS, take_first)])
    market = make_market(
        Scripted("a", {1: "5"}, says="facet a"),
        Scripted("b", {1: "3", 2: "2"}, says="facet b"),
        presenter("p", {1: "1", 2: "1", 3: "4"}, says="facet a facet b"),
        rules={"stages_max": 3},
    )
    durable = market.run("hello", 10, seed=1)
    durable.pick(1)
    assert market.read_log("r1").progress.sales == simulated.sales
    assert durable.statement().profits_nanos == statement(simulated).profits_nanos


@pytest.mark.parametrize("every", [100, 3], ids=["none is taken", "one in three is taken"])
def test_a_durable_market_and_a_simulation_refill_the_same_wallets(every: int) -> None:
    """Both count what a bidder spends until it earns, each from its own record of the transfers."""
    bids, numbers = {"liar": 9.0, "q": 8.0}, range(1, 13)
    wealth = WealthRules(50 * NANOS, 10 * NANOS, 50 * NANOS, treasury_stock_nanos=100 * NANOS)
    players = [FacetPlayer(name, PRESENTER, Staged((usd,)), 0) for name, usd in bids.items()]
    simulation = Simulation(players, Rules(), wealth, learning=False)
    market = make_market(*(Covered(name, usd) for name, usd in bids.items()), wealth={"treasury_stock": 100})
    for number in numbers:
        taken = int(number % every == 0)
        simulation.run([Job("hello", BOUNTY_NANOS, take_first if taken else take_none)])
        market.pick(market.run("hello", 10, seed=number).request_id, taken)
    held = {name: simulation.book.spendable_nanos(bidder_account(name)) for name in bids}
    assert held == {name: market.balance(name).nanos for name in bids}
    assert (market.bidder_rows()["liar"].refills > 0) is (every == 3), "the control: a rule that refills both"


def test_players_bid_no_more_than_they_can_pay_beside_their_work() -> None:
    funds, wealth = (
        FacetPlayer("one", TRANSFORMER, Staged((7.0, 0.0)), cost_max_nanos=10**9),
        WealthRules(4 * 10**9, 0, 0),
    )
    market = Simulation([funds], Rules(stages_max=2), wealth, learning=False)
    (ended,) = market.run([Job("a request", BOUNTY_NANOS, take_first)])
    (answer,) = ended.auctions["0"].answers
    assert (answer.kind, answer.fault, answer.amount_nanos) == ("bid", None, 3 * 10**9)


@pytest.mark.parametrize("usd", [5.0, 1e10, 1e300])
def test_a_value_above_all_money_is_bid_as_far_as_the_wallet_goes(usd: float) -> None:
    market = Simulation([FacetPlayer("p", PRESENTER, Staged((usd,)), 0)], Rules(), WealthRules(4 * NANOS, 0, 0))
    (ended,) = market.run([Job("hello", BOUNTY_NANOS, take_first)])
    (answer,) = ended.auctions["0"].answers
    assert (answer.kind, answer.amount_nanos) == ("bid", 4 * NANOS)


@pytest.mark.parametrize("usd", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_a_fault_as_it_is_of_the_bidders_that_come_along(usd: float) -> None:
    players = [FacetPlayer(name, PRESENTER, Staged((value,)), 0) for name, value in (("odd", usd), ("p", 2.0))]
    (simulated,) = Simulation(players, Rules(), RICH).run([Job("hello", BOUNTY_NANOS, take_first)])
    assert [offer.presenter for offer in simulated.offers] == ["p"]
    durable = make_market(Capable("odd", PRESENTER, Staged((usd,))), presenter("p", "2"))
    durable.run("hello", 10, seed=1)
    for progress in (simulated, durable.read_log("r1").progress):
        odd = next(answer for answer in progress.auctions["0"].answers if answer.bidder == "odd")
        assert (odd.kind, odd.fault) == ("fault", "raised")
        assert odd.reason.endswith(f"policy staged valued the lot at {usd} USD")


def test_an_owner_that_values_its_lot_at_no_number_does_not_keep_it() -> None:
    rules = Rules(stages_max=3, last_stage="any")
    players = [Twice("a", TRANSFORMER, Staged((5.0, math.nan, 1.0)), 0), Twice("b", TRANSFORMER, Staged((3.0,) * 3), 0)]
    (ended,) = Simulation(players, rules, RICH, learning=False, owners_keep=True).run(
        [Job("hello", BOUNTY_NANOS, take_first)]
    )
    assert [(sale.buyer, sale.kept) for sale in ended.sales] == [("a", False), ("b", False), ("a", False)]
    assert [answer.bidder for answer in ended.auctions["0.0"].answers] == ["b"]


def test_a_player_that_cannot_pay_for_its_work_does_not_bid() -> None:
    poor, wealth = FacetPlayer("one", TRANSFORMER, Staged((7.0,)), cost_max_nanos=10**9), WealthRules(10**9 - 1, 0, 0)
    market = Simulation([poor], Rules(stages_max=1), wealth, learning=False)
    (ended,) = market.run([Job("a request", BOUNTY_NANOS, take_first)])
    assert ended.auctions["0"].answers == ()


def test_whoever_is_broke_and_refilled_too_often_is_suspended() -> None:
    poor = WealthRules(2 * NANOS, NANOS, 2 * NANOS, refills_max=0)
    players = [FacetPlayer("p", PRESENTER, Staged((2,)), 0), FacetPlayer("q", PRESENTER, Staged((2,)), 0)]
    market = Simulation(players, Rules(stages_max=1), poor, learning=False)
    refused = Job("hello", BOUNTY_NANOS, lambda offers: 0 * len(offers))
    assert [len(progress.request.roster) for _ in range(3) for progress in market.run([refused])] == [2, 1, 1]


@pytest.mark.slow
def test_competition_refunds_more_the_more_bidders_there_are() -> None:
    means = [sum(found) / len(found) for found in (shares(bidders, 150, seed=5) for bidders in (2, 3, 5, 10))]
    assert means == sorted(means)
    assert 0.25 < means[0] < 0.42
    assert 0.75 < means[-1] < 0.88


def test_a_user_takes_an_offer_with_enough_facets_or_none() -> None:
    assert accept_best([]) == 0


@dataclass(frozen=True, slots=True)
class Remembering:
    """Values every lot the same, and remembers what its receipts say that it observed."""

    usd: float
    name: str = "remembering"
    version: int = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        return Valuation([self.usd] * len(observations), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return [*(memory or []), *(receipt.observed for receipt in receipts)]


class SightedPlayer(FacetPlayer):
    """A facet player that observes one figure."""

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        seen = FacetPlayer.observe(self, request, lot)
        return seen._replace(features={"state": 4.0}) if seen else None


def test_what_a_player_observed_comes_back_in_its_receipts() -> None:
    market = Simulation([SightedPlayer("p", PRESENTER, Remembering(1.0), 0)], Rules(stages_max=1), RICH)
    market.run([Job("hello", BOUNTY_NANOS, take_first)])
    assert market.memories["p"] == [(("state", 4.0),)]


def test_a_newcomer_is_endowed_and_takes_part_and_whoever_leaves_does_not() -> None:
    old, new = (FacetPlayer(name, PRESENTER, Staged((usd,)), 0) for name, usd in (("old", 1.0), ("new", 2.0)))
    market = Simulation([old], Rules(stages_max=1), RICH, learning=False)

    def presenter_now() -> str:
        (ended,) = market.run([Job("hello", BOUNTY_NANOS, take_first)])
        return ended.offers[0].presenter

    assert presenter_now() == "old"
    market.enter(new)
    assert market.book.spendable_nanos(bidder_account("new")) == RICH.endowment_nanos
    assert presenter_now() == "new"
    market.leave("new")
    assert presenter_now() == "old"
    assert market.book.totals() == {"USD": 0, "USD-cap": 0}


def comes_back(market: Simulation, player: FacetPlayer) -> None:
    market.leave(player.name)
    market.enter(player)


def test_whoever_comes_back_goes_on_with_the_wallet_that_it_left() -> None:
    players = [FacetPlayer(name, PRESENTER, Staged((2.0,)), 0) for name in "pq"]
    market = Simulation(players, Rules(stages_max=1), RICH, learning=False)
    market.run([Job("hello", BOUNTY_NANOS, take_first)])
    wallets = {name: market.book.spendable_nanos(bidder_account(name)) for name in "pq"}
    for player in players:
        comes_back(market, player)
    assert {name: market.book.spendable_nanos(bidder_account(name)) for name in "pq"} == wallets
    (ended,) = market.run([Job("hello", BOUNTY_NANOS, take_first)])
    assert {entry.name for entry in ended.request.roster} == {"p", "q"}


def test_whoever_was_suspended_stays_so_when_it_comes_back() -> None:
    poor = WealthRules(2 * NANOS, NANOS, 2 * NANOS, refills_max=0)
    players = {name: FacetPlayer(name, PRESENTER, Staged((2,)), 0) for name in "pq"}
    market = Simulation(list(players.values()), Rules(stages_max=1), poor, learning=False)
    market.run([Job("hello", BOUNTY_NANOS, take_none)])
    (broke,) = market.suspended
    comes_back(market, players[broke])
    (ended,) = market.run([Job("hello", BOUNTY_NANOS, take_none)])
    assert broke not in {entry.name for entry in ended.request.roster}


def test_refills_are_counted_on_when_a_bidder_comes_back() -> None:
    wealth = WealthRules(2 * NANOS, NANOS, 4 * NANOS, treasury_stock_nanos=100 * NANOS)
    players = {name: FacetPlayer(name, PRESENTER, Staged((2,)), 0) for name in "pq"}
    market = Simulation(list(players.values()), Rules(stages_max=1), wealth, learning=False)
    market.run([Job("hello", BOUNTY_NANOS, take_none)])
    ((refilled, times),) = [(name, times) for name, times in market.refills.items() if times]
    comes_back(market, players[refilled])
    assert market.refills[refilled] == times


def test_the_treasury_opens_with_its_stock() -> None:
    market = Simulation([], Rules(), WealthRules(0, 0, 0, treasury_stock_nanos=7))
    assert market.book.spendable_nanos(TREASURY) == 7


def test_an_owner_keeps_its_state_where_nobody_values_it_as_highly() -> None:
    rules = Rules(stages_max=3, last_stage="any")
    players = [Twice(name, TRANSFORMER, Staged((usd, usd, usd)), 0) for name, usd in (("a", 5.0), ("b", 3.0))]
    for keeping, buyers in ((True, ["a", "a", "b"]), (False, ["a", "b", "a"])):
        market = Simulation(players, rules, RICH, learning=False, owners_keep=keeping)
        (ended,) = market.run([Job("hello", BOUNTY_NANOS, take_first)])
        assert [sale.buyer for sale in ended.sales] == buyers
        assert [sale.kept for sale in ended.sales] == [False, keeping, False]
        assert statement(ended).imbalance_nanos() == 0


class Twice(FacetPlayer):
    """A facet player that finds something to add at every stage."""

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        return Observation(self.name, self.role, lot.stage, request.rules.stages_max, 10.0)

    def transform(self, request: Request, lot: Lot, award: Award, memory: object) -> Delivery:
        return Delivery([Segment(f"stage {lot.stage}")])
