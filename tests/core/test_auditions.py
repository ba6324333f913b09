"""Auditions: a trial changes nobody's payment but the displaced winner's, and never costs more than was granted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.audition import Newcomers, find_trial, grants
from orchestrator.core.clearing import Award, clear
from orchestrator.core.codec import encode
from orchestrator.core.events import AwardResult, Requested
from orchestrator.core.keys import TREASURY, audition_account, bidder_account, derive_seed
from orchestrator.core.progress import Progress
from orchestrator.core.receipts import receipts
from orchestrator.core.request import Participant, Request
from orchestrator.core.rules import MILLION, TRANSFORMER, Rules
from orchestrator.core.settlement import accept_delivery, due_awards, failure, settle_stage
from orchestrator.core.state import Segment
from orchestrator.core.statement import statement
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.journal import GENESIS
from orchestrator.ledger import Account, transfer
from tests.core.making import bid, cleared, close, deliver, make_request, opened
from tests.core.playing import Play
from tests.core.test_conservation import Life, lives
from tests.effort import examples

SEEDS_TRIED = 4
RULES = WealthRules(0, 0, 0, audition_trials=3, audition_budget_nanos=100)


@dataclass
class AuditionPlay(Play):
    """A request's life in which the treasury has granted every newcomer something."""

    granted: int = 0

    def _open(self) -> Progress:
        progress = super()._open()
        for principal in {entry.principal for entry in self.request.roster if entry.audition}:
            account = audition_account(principal)
            self.book.open_account(Account(account))
            if self.granted:
                self._apply([transfer(f"grant/{principal}", TREASURY, account, self.granted, "grant")])
        return progress

    @property
    def treasury_gain(self) -> int:
        """What the treasury has gained, what it has granted included."""
        accounts = {audition_account(entry.principal) for entry in self.request.roster if entry.audition}
        return self.gain(TREASURY) + sum(map(self.gain, accounts))


@st.composite
def auditioned(draw: st.DrawFn) -> tuple[AuditionPlay, Progress]:
    life: Life = draw(lives())
    # A trial takes a newcomer that loses to incumbents, under the market's own rules, and money to bid: mostly that is
    # what these lives are like, for of lives at large hardly one in a hundred has a trial.
    newcomers = draw(st.sampled_from([("b",), ("b", "c"), ("a",), ("a", "b", "c", "d"), ()]))
    wallets = dict(life.wallets)
    roster = tuple(replace(entry, audition=entry.name in newcomers) for entry in life.request.roster)
    request = replace(life.request, roster=roster)
    if draw(st.integers(0, 7)):
        own = replace(request.rules, rule="vickrey", discount_millionths=MILLION, stage_reward_max_nanos=0)
        own = replace(own, copies=draw(st.sampled_from([(1,), (2, 1)])), stages_max=4)
        request = replace(request, rules=own, bounty_nanos=draw(st.sampled_from([1000, 50, 1])))
        wallets = dict.fromkeys(wallets, 20_000)
    granted = draw(st.sampled_from([4000, 1000, 4000, 0, 30]))
    # Only every second lot is drawn for a trial: of some seeds the first under which there is one.
    played: list[tuple[AuditionPlay, Progress]] = []
    while len(played) < SEEDS_TRIED and not (played and trials(played[-1][1])):
        play = AuditionPlay(
            replace(request, seed=request.seed + len(played)),
            dict(wallets),
            Random(life.luck),
            Random(0),
            life.ending,
            life.boldness,
            life.costly,
            purse_before=life.purse,
            granted=granted,
        )
        played.append((play, play.run()))
    return played[-1]


def trials(progress: Progress) -> list[Award]:
    return [award for auction in progress.auctions.values() for award in auction.awards if award.audition]


@examples(80)
@given(auditioned())
def test_books_with_auditions_balance_to_the_nano_dollar(played: tuple[AuditionPlay, Progress]) -> None:
    play, progress = played
    play.check_books(ended=True)
    summary = statement(progress)
    assert summary.imbalance_nanos() == 0
    assert play.treasury_gain == summary.treasury_nanos
    overruns = play.moved("overrun")
    compensation = play.moved("compensation")
    for name in play.wallets:
        expected = summary.profits_nanos.get(name, 0) + overruns[name] + compensation[name]
        assert play.gain(bidder_account(name)) == expected, name


@examples(80)
@given(auditioned())
def test_a_trial_is_priced_as_if_the_newcomers_principal_had_not_bid(played: tuple[AuditionPlay, Progress]) -> None:
    _, progress = played
    request = progress.request
    assert len(trials(progress)) <= 1
    for auction in progress.auctions.values():
        chosen = [award for award in auction.awards if award.audition]
        if not chosen:
            continue
        assert request.rules.rule == "vickrey"
        principals = request.principals()
        behind = principals[chosen[0].bidder]
        without = clear(
            [each for each in auction.answers if each.kind == "bid" and principals[each.bidder] != behind],
            principals=principals,
            owner_principal=None if request.rules.self_sale == "open" else principals.get(auction.lot.owner),
            reserve_nanos=auction.reserve_nanos,
            copies=request.rules.copies_at(auction.lot.stage),
            rule="vickrey",
            seed=derive_seed(request.seed, auction.lot.path, "clear"),
        ).awards()
        assert {award.price_nanos for award in without} == {award.price_nanos for award in auction.awards}
        assert auction.awards[:-1] == without[:-1]
        assert behind != principals.get(auction.lot.owner)


@examples(60)
@given(auditioned())
def test_a_newcomer_pays_nothing_for_its_trial(played: tuple[AuditionPlay, Progress]) -> None:
    _, progress = played
    bought = {(sale.lot, sale.buyer) for sale in progress.sales if sale.audition}
    for receipt in receipts(progress):
        if (receipt.lot, receipt.bidder) in bought:
            assert (receipt.won, receipt.price_nanos) == (True, 0)


# --- one lot ---


def stage(seed: int, grant: int, **more: Any) -> Progress:
    """Three incumbents and a newcomer bid for a request's text."""
    request = make_request("a", "b", "c", "n", seed=seed, **more)
    roster = tuple(replace(entry, audition=entry.name == "n") for entry in request.roster)
    bids = {"0": [bid("a", 90), bid("b", 80), bid("c", 70), bid("n", 50)]}
    return close(opened(replace(request, roster=roster)), bids, {audition_account("n"): grant}).progress


def drawn(grant: int = 1000, **more: Any) -> Progress:
    """The same under the first seed that draws the lot for a trial."""
    found = (stage(seed, 1000, **more) for seed in range(50))
    seed = next(seed for seed, progress in enumerate(found) if trials(progress))
    return stage(seed, grant, **more)


def test_a_newcomer_takes_the_winners_place_at_the_price_of_the_others() -> None:
    (award,) = drawn().auctions["0"].awards
    assert (award.bidder, award.price_nanos, award.audition) == ("n", 80, True)


def test_what_the_newcomer_bids_has_no_part_in_the_price() -> None:
    progress = drawn()
    bids = [bid("a", 90), bid("b", 80), bid("c", 70), bid("n", 85)]
    again = close(opened(progress.request), {"0": bids}, {audition_account("n"): 1000}).progress
    (award,) = again.auctions["0"].awards
    assert (award.bidder, award.price_nanos) == ("n", 80), "not its own 85, though that was the second bid"


def second_stage(seed: int, *, with_trial: bool) -> Progress:
    """Two copies of a request, sold on to an incumbent; the newcomer loses both lots, after a trial or without one."""
    request = make_request("a", "b", "c", "m", "n", seed=seed, rules=Rules(copies=(2, 1)))
    roster = tuple(replace(entry, audition=entry.name in "mn") for entry in request.roster)
    grants_left = {audition_account("m"): 1000, audition_account("n"): 1000}
    first = {"0": [bid("a", 90), bid("b", 80), bid("c", 70), *([bid("m", 50)] if with_trial else [])]}
    present = close(opened(replace(request, roster=roster)), first, grants_left).progress
    assert bool(trials(present)) == with_trial
    delivered = [deliver(present, "0", award.bidder, award.bidder) for award in present.auctions["0"].awards]
    later = settle_stage(present, {"0": delivered}, 0).progress
    offered = [bid("c", 70), bid("n", 50)]
    return close(later, dict.fromkeys(later.on_sale, offered), grants_left).progress


def test_a_request_has_one_trial_at_most() -> None:
    seeds = [seed for seed in range(80) if derive_seed(seed, "0", "audition") % 2 == 0]
    assert {len(trials(second_stage(seed, with_trial=True))) for seed in seeds} == {1}
    later = [len(trials(second_stage(seed, with_trial=False))) for seed in seeds]
    assert set(later) == {0, 1}, "lots side by side have one trial between them"


def test_with_copies_it_takes_the_last_winners_place() -> None:
    awards = drawn(rules=Rules(copies=(2, 1))).auctions["0"].awards
    assert [(award.bidder, award.price_nanos, award.audition) for award in awards] == [
        ("a", 70, False),
        ("n", 70, True),
    ]


def test_who_is_not_on_audition_is_not_helped() -> None:
    request = make_request("a", "b", "c", "n", seed=drawn().request.seed)
    bids = {"0": [bid("a", 90), bid("b", 80), bid("c", 70), bid("n", 50)]}
    progress = close(opened(request), bids, {audition_account("n"): 1000}).progress
    assert [award.bidder for award in progress.auctions["0"].awards] == ["a"]


@pytest.mark.parametrize("grant", [0, 79])
def test_no_trial_is_held_that_the_grant_does_not_cover(grant: int) -> None:
    assert trials(drawn(80)) != []
    assert trials(drawn(grant)) == []


def test_no_trial_is_held_under_a_rule_for_research() -> None:
    seed = drawn().request.seed
    for rules in (Rules(rule="first_price"), Rules(rule="subsidised"), Rules(discount_millionths=900_000)):
        assert trials(stage(seed, 1000, rules=rules)) == []


def test_about_every_second_lot_is_drawn_for_a_trial() -> None:
    held = sum(bool(trials(stage(seed, 1000))) for seed in range(200))
    assert 70 < held < 130


def test_a_newcomer_that_fails_is_fined_and_the_displaced_winner_takes_the_lot() -> None:
    progress = drawn()
    (award,) = progress.auctions["0"].awards
    results = {"0": [failure(progress, "0", award, "raised", "fell over")]}
    (substitute,) = due_awards(progress, results)["0"]
    assert (substitute.bidder, substitute.price_nanos, substitute.audition) == ("a", 80, False)
    step = settle_stage(progress, {"0": [*results["0"], _delivered(progress, substitute)]}, 0)
    moved = {(row.code, row.kind): row.amount_nanos for row in step.transfers if row.debit == audition_account("n")}
    assert moved == {("audition", "void"): 80}
    assert [row.amount_nanos for row in step.transfers if row.code == "forfeit"] == [25]


def test_the_treasury_pays_for_a_trial_only_when_it_is_delivered() -> None:
    progress = drawn()
    step = settle_stage(progress, {"0": [deliver(progress, "0", "n", "news")]}, 0)
    paid = {row.code: (row.debit, row.credit, row.amount_nanos) for row in step.transfers if row.kind == "post"}
    assert paid == {"audition": (audition_account("n"), "escrow:r1", 80)}
    (sale,) = step.progress.sales
    assert (sale.price_nanos, sale.paid_nanos) == (80, 0)
    assert statement(step.progress).treasury_nanos == -80


def _delivered(progress: Progress, award: Award) -> AwardResult:
    return accept_delivery(progress, "0", award, [Segment("news")], replaces=False, cost_nanos=0)


# --- grants ---

PRINCIPALS = st.lists(
    st.builds(
        Newcomers,
        st.sampled_from("pqrst"),
        st.booleans(),
        st.integers(0, RULES.audition_budget_nanos),
        st.integers(0, RULES.audition_budget_nanos),
    ),
    max_size=5,
    unique_by=lambda each: each.principal,
)


@given(PRINCIPALS, st.integers(0, 500))
def test_grants_never_exceed_the_budget_or_the_treasury(principals: list[Newcomers], treasury: int) -> None:
    rows = grants("r1", principals, treasury, RULES)
    left = treasury
    before = {each.principal: each for each in principals}
    for row in rows:
        principal = (row.credit if row.code == "grant" else row.debit).partition(":")[2]
        if row.code == "grant":
            left -= row.amount_nanos
            assert before[principal].needs_trial
            assert before[principal].granted_nanos + row.amount_nanos <= RULES.audition_budget_nanos
        else:
            left += row.amount_nanos
            assert row.amount_nanos == before[principal].left_nanos
            assert not before[principal].needs_trial
        assert left >= 0
    granted = sum(row.amount_nanos for row in rows if row.code == "grant")
    assert granted <= treasury // 2, "the rest is for refills"


def test_a_principal_is_granted_its_budget_once_however_many_bidders_it_enters() -> None:
    (first,) = grants("r1", [Newcomers("p", True, 0, 0)], 1000, RULES)
    assert first.amount_nanos == RULES.audition_budget_nanos
    assert grants("r2", [Newcomers("p", True, 100, 0)], 1000, RULES) == ()


def test_who_has_all_of_its_budget_takes_no_share_from_others() -> None:
    waiting, granted = Newcomers("p", True, 0, 0), Newcomers("q", True, RULES.audition_budget_nanos, 0)
    (row,) = grants("r1", [waiting, granted], 2 * RULES.audition_budget_nanos, RULES)
    assert (row.credit, row.amount_nanos) == (audition_account("p"), RULES.audition_budget_nanos)


# --- the record ---


def test_a_run_without_auditions_has_the_journal_that_it_always_had() -> None:
    def body(request: Request) -> str:
        return encode([Requested(request, ())], 0, GENESIS)[0].body

    plain = make_request("a")
    assert "audition" not in body(plain)
    hopeful = replace(plain, roster=(Participant("a", "a", (TRANSFORMER,), audition=True),))
    assert '"audition":true' in body(hopeful)


@pytest.mark.parametrize(("owner", "has_trial"), [("a", True), ("new", False), ("new2", False)])
def test_the_treasury_buys_a_newcomer_no_lot_of_its_own_principal(owner: str, has_trial: bool) -> None:
    """Where owners may buy what they own, as in research."""
    principals = {"new2": "new"}
    request = make_request("a", "b", "new", "new2", rules=Rules(self_sale="open"), principals=principals)
    lot = replace(opened(request).lots()[0], owner=owner)
    bids = [bid("a", 900), bid("b", 800), bid("new", 100)]
    clearing = cleared(bids, principals=request.principals())
    spendable = {audition_account("new"): 1000}
    found = [
        find_trial(replace(request, seed=seed), lot, clearing, {"new": "new", "new2": "new"}, spendable)
        for seed in range(20)
    ]
    assert any(found) is has_trial
