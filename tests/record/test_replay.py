"""Replaying: the same journal without a call, and what another rule or a missing bidder changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.progress import fold
from orchestrator.core.statement import statement
from orchestrator.engine.recorder import read_events
from orchestrator.errors import InvalidRecord, InvalidRequest, UnknownBidder
from orchestrator.record import Absence, Replay, ReplayRow, read_record, replay, without_bidder, write_record
from tests.record.scenarios import SCENARIOS
from tests.record.scripted import REQUEST, Played, Scenario, Scripted, presenter

USD = 1_000_000_000
RULES = ("vickrey", "first_price", "subsidised")
PLAYED: dict[str, Played] = {}


def played(name: str) -> Played:
    if name not in PLAYED:
        PLAYED[name] = SCENARIOS[name].play()
    return PLAYED[name]


def replayed(name: str, **changes: Any) -> Replay:
    return replay(played(name).record(), **changes)


def row_of(found: Replay, lot: str, copy: int = 0) -> ReplayRow:
    return next(row for row in found.rows if (row.lot, row.copy) == (lot, copy))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_replay_gives_the_same_journal_without_a_call(name: str) -> None:
    found = replayed(name)
    assert found.identical
    assert found.journal_hash == played(name).result.journal_hash
    assert found.calls == 0
    assert found.unknown_beyond == ()
    assert found.then == found.now
    assert all(row.then == row.now and row.is_known for row in found.rows)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_replay_ends_with_the_statement_of_the_run(name: str) -> None:
    found = replayed(name)
    money = played(name).result.statement()
    assert dict(found.now.profits_nanos) == money.profits_nanos
    assert found.now.treasury_nanos == money.treasury_nanos
    if played(name).result.status not in ("open", "running"):
        assert found.now.refund_nanos == money.refund_nanos
        assert found.now.payout_nanos == money.payout_nanos


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_a_presence_was_worth_is_the_same_without_the_rest_of_a_replay(name: str) -> None:
    store = played(name).market.store
    events = store.read(lambda reader: read_events(reader, "r1", reader.journal("r1")))
    then = fold(events)
    for entry in then.request.roster:
        found = replayed(name, without=entry.name)
        is_any_known = any(row.is_known for row in found.rows)
        worth = found.presence_nanos if is_any_known else None
        assert without_bidder(events, then, entry.name) == Absence(found.unknown_beyond, worth)
    with pytest.raises(UnknownBidder, match="had no bidder 'nobody'"):
        without_bidder(events, then, "nobody")


@pytest.mark.parametrize("name", SCENARIOS)
def test_replaying_under_the_recorded_rule_is_replaying(name: str) -> None:
    rule = replayed(name).rule_then
    assert replayed(name, rule=rule) == replayed(name)


# Elsewhere another rule changes who can afford what.
SAME_WINNERS = [name for name in SCENARIOS if name not in ("research", "poor-bidders", "overcommitted")]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", SAME_WINNERS)
def test_a_replay_under_another_rule_foretells_what_scripted_bidders_get_under_it(name: str, rule: str) -> None:
    scenario = SCENARIOS[name]
    found = replayed(name, rule=rule)
    # The same bidders, for real: their scripts do not look at prices.
    rich = {**scenario.wealth, "treasury_stock": 100}
    real = replace(scenario, rules={**scenario.rules, "rule": rule}, wealth=rich).play()
    assert found.unknown_beyond == ()
    assert dict(found.now.profits_nanos) == real.result.statement().profits_nanos
    assert found.now.treasury_nanos == real.result.statement().treasury_nanos
    assert found.status == real.result.status


PICKED = [name for name, scenario in SCENARIOS.items() if scenario.ends.startswith("pick") and name != "research"]


@pytest.mark.parametrize("name", PICKED)
def test_a_replay_without_a_bidder_foretells_the_run_without_it_where_it_claims_to_know(name: str) -> None:
    scenario = SCENARIOS[name]
    foretold = 0
    for gone in [each.name for each in scenario.bidders()]:
        found = replayed(name, without=gone)
        if found.unknown_beyond:
            continue
        foretold += 1
        others = [each for each in scenario.bidders() if each.name != gone]
        ends = scenario.ends if found.status == "released" else ""
        real = replace(scenario, ends=ends).play(bidders=others)
        assert real.result.status == found.status
        assert real.result.statement().profits_nanos == dict(found.now.profits_nanos)
    assert foretold


def test_first_price_makes_winners_pay_their_own_bids() -> None:
    found = replayed("simple-chain", rule="first_price")
    assert (found.rule_then, found.rule) == ("vickrey", "first_price")
    assert not found.identical
    assert [(row.lot, row.then and row.then.price_nanos, row.now and row.now.price_nanos) for row in found.rows] == [
        ("0", 2 * USD, 3 * USD),
        ("0.0", 3 * USD, 4 * USD),
        ("0.0.0", 6 * USD, 7 * USD),
    ]
    assert (found.then.refund_nanos, found.now.refund_nanos) == (2 * USD, 3 * USD)
    assert (found.then.profits_nanos["plan"], found.now.profits_nanos["plan"]) == (4 * USD, 3 * USD)


def test_removing_a_bidder_that_set_a_price_changes_the_price() -> None:
    found = replayed("simple-chain", without="letter")
    assert found.unknown_beyond == ()
    assert found.status == "released"
    last = row_of(found, "0.0.0")
    assert last.then is not None
    assert last.now is not None
    assert (last.then.winner, last.then.price_nanos) == ("plan", 6 * USD)
    assert (last.now.winner, last.now.price_nanos) == ("plan", 0)
    assert found.presence_nanos == {
        "treasury": 0,
        "refund": 0,
        "bidder:diary": 3 * USD,
        "bidder:guide": 3 * USD,
        "bidder:plan": -6 * USD,
    }


def test_removing_a_bidder_that_neither_won_nor_priced_anything_changes_nothing() -> None:
    found = replayed("copies-and-merge", without="list")
    assert found.unknown_beyond == ()
    assert set(found.presence_nanos.values()) == {0}
    assert "bidder:list" not in found.presence_nanos


def test_removing_a_winner_ends_the_record_at_its_lot() -> None:
    found = replayed("simple-chain", without="guide")
    assert found.unknown_beyond == ("0.0",)
    assert found.status == "unknown"
    assert [row.lot for row in found.rows] == ["0", "0.0"]
    first, second = found.rows
    assert first.is_known
    assert first.now is not None
    assert first.now.price_nanos == 0
    assert not second.is_known
    assert second.now is not None
    assert (second.now.winner, second.now.price_nanos) == ("letter", 0)
    assert found.presence_nanos == {"treasury": 0, "bidder:diary": -2 * USD, "bidder:letter": 0, "bidder:plan": 0}
    assert found.now.refund_nanos is None
    assert found.to_dict()["now"]["refund"] is None


def test_removing_a_winner_that_failed_is_known_for_its_substitute_delivered() -> None:
    found = replayed("fallback-with-forfeit", without="ann")
    assert found.unknown_beyond == ()
    row = row_of(found, "0")
    assert row.then == row.now
    assert found.presence_nanos["treasury"] == 1_500_000_000


def test_removing_the_only_winner_of_a_lot_nobody_else_wanted_ends_in_failure() -> None:
    record = Scenario(lambda: [presenter("p", {1: "3"})]).play().record()
    found = replay(record, without="p")
    assert found.unknown_beyond == ()
    assert found.status == "failed"
    assert found.rows[0].now is None


def test_a_chain_stays_known_where_another_would_not_have_been() -> None:
    scenario = Scenario(
        lambda: [
            Scripted("ann", {1: "3", 2: "1"}),
            Scripted("bob", {1: "2.5"}),
            presenter("letter", {2: "5", 3: "5"}),
            presenter("plan", {2: "0.5", 3: "4"}),
        ],
        rules={"copies": [2, 1]},
    )
    found = replay(scenario.play().record(), without="ann")
    # Only one copy is sold now, the second of then; the offer that was picked came from it.
    assert found.unknown_beyond == ()
    assert found.status == "released"
    assert [(row.lot, row.copy, row.then and row.then.winner, row.now and row.now.winner) for row in found.rows] == [
        ("0", 0, "ann", "bob"),
        ("0", 1, "bob", None),
        ("0.0", 0, "letter", None),
        ("0.1", 0, "letter", "letter"),
    ]
    second = row_of(found, "0.1")
    assert second.then is not None
    assert second.now is not None
    assert (second.then.price_nanos, second.now.price_nanos) == (1 * USD, USD // 2)
    found = replay(replace(scenario, ends="pick 2").play().record(), without="ann")
    # What the judge would have made of the other offer alone, nobody knows.
    assert found.unknown_beyond == ("the pick",)
    assert found.status == "unknown"
    assert "refund" not in found.presence_nanos


def test_a_wallet_that_pays_more_may_no_longer_cover_its_bids() -> None:
    scenario = Scenario(
        lambda: [
            Scripted("ann", {1: "40", 3: "20"}),
            Scripted("bob", {1: "1", 2: "6"}),
            presenter("letter", {2: "5", 3: "19", 4: "1"}),
        ]
    )
    record = scenario.play().record()
    assert replay(record).identical
    found = replay(record, rule="first_price")
    # Ann paid 40 of its 50 and got 6 back: 20 is more than it has, so letter would have won.
    assert found.unknown_beyond == ("0.0.0",)
    last = row_of(found, "0.0.0")
    assert last.then is not None
    assert last.now is not None
    assert (last.then.winner, last.now.winner) == ("ann", "letter")


def test_a_keeping_owner_is_known_while_it_can_afford_its_own_transform() -> None:
    found = replayed("keep-under-reserve", rule="first_price")
    assert found.unknown_beyond == ()
    assert found.status == "released"


def test_a_merged_copy_that_would_have_been_sold_leaves_the_record() -> None:
    scenario = Scenario(
        lambda: [
            Scripted("ann", {1: "3"}, says="one idea"),
            Scripted("bob", {1: "2"}, says="one idea"),
            presenter("letter", {2: "5"}),
        ],
        rules={"copies": [2, 1]},
    )
    record = scenario.play().record()
    found = replay(record, without="ann")
    assert found.unknown_beyond == ("0",)
    assert replay(record, without="letter").unknown_beyond == ()


def test_a_replay_can_be_written_as_json_with_decimal_amounts() -> None:
    shown = replayed("simple-chain", without="letter").to_dict()
    assert json.loads(json.dumps(shown)) == shown
    assert shown["presence"]["bidder:plan"] == "-6.00"
    assert shown["rows"][0]["then"] == {"winner": "diary", "bid": "3.00", "price": "2.00"}
    assert shown["then"]["profits"]["diary"] == "1.00"
    assert shown["calls"] == 0


def test_a_replay_needs_nothing_but_the_file(tmp_path: Path) -> None:
    run = SCENARIOS["keep-under-reserve"].play()
    write_record(run.record(), tmp_path / "run.json")
    run.market.close()
    found = replay(read_record(tmp_path / "run.json"))
    assert found.identical


def test_an_altered_record_is_not_identical_to_its_replay() -> None:
    record = json.loads(json.dumps(played("simple-chain").record()))
    record["journal"][2]["body"]["lots"][0]["answers"][0]["amount_nanos"] = 4 * USD
    assert not replay(record).identical


@pytest.mark.parametrize(
    ("changes", "error", "why"),
    [
        ({"rule": "third_price"}, InvalidRequest, "choose one of vickrey, first_price, subsidised"),
        ({"without": "nobody"}, UnknownBidder, "had no bidder 'nobody'; it had: diary, guide, letter, plan"),
    ],
)
def test_changes_that_make_no_sense_are_refused(changes: dict[str, str], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        replayed("simple-chain", **changes)


def test_a_record_that_cannot_be_replayed_is_refused() -> None:
    record = json.loads(json.dumps(played("simple-chain").record()))
    del record["journal"][3]
    with pytest.raises(InvalidRecord, match="see what `verify` finds"):
        replay(record)
    with pytest.raises(InvalidRecord):
        replay({"text": REQUEST})


@pytest.mark.slow
def test_the_statement_adds_up_on_every_replayed_course() -> None:
    for name in SCENARIOS:
        for rule in RULES:
            found = replayed(name, rule=rule)
            if found.unknown_beyond or found.now.payout_nanos is None or found.now.refund_nanos is None:
                continue
            money = statement(played(name).market.read_log("r1").progress)
            spent = found.now.refund_nanos + found.now.treasury_nanos + sum(found.now.profits_nanos.values())
            assert found.now.payout_nanos == spent + sum(money.costs_nanos.values())
