"""Verifying: lawful runs pass, whatever happened in them, and altered ones do not."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Market
from orchestrator.core.keys import digest_text
from orchestrator.errors import InvalidRecord
from orchestrator.journal import GENESIS, chain_digest
from orchestrator.record import export_request, playthrough, replay, verify
from orchestrator.record.document import plain, seal_of
from orchestrator.store import Store, Transaction, open_store
from tests.effort import examples
from tests.record.scenarios import SCENARIOS
from tests.record.scripted import REQUEST, Scenario

Record = dict[str, Any]
KEPT: dict[str, Record] = {}


def recorded(name: str) -> Record:
    """A scenario's record; a copy, so that a test may alter it."""
    if name not in KEPT:
        KEPT[name] = SCENARIOS[name].play().record()
    return copy.deepcopy(KEPT[name])


def seal_again(record: Record) -> Record:
    """What a careful editor would do: hash the journal and the document again after the change."""
    previous = GENESIS
    for entry in record["journal"]:
        body = entry["body"] if isinstance(entry["body"], str) else plain(entry["body"])
        entry["digest"] = previous = chain_digest(previous, entry["sequence"], entry["kind"], body)
    return {**record, "seal": seal_of(record)}


def body_of(record: Record, kind: str, number: int = 0) -> dict[str, Any]:
    bodies: list[dict[str, Any]] = [entry["body"] for entry in record["journal"] if entry["kind"] == kind]
    return bodies[number]


def transfer_of(record: Record, code: str, kind: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = record["transfers"]
    return next(row for row in rows if (row["code"], row["kind"]) == (code, kind))


def _beside(row: dict[str, Any], suffix: str, **changes: Any) -> dict[str, Any]:
    return {**row, "id": row["id"] + suffix, "amount_nanos": 7, **changes}


def _call_of(bidder: str, record: Record, stage: int = 1) -> list[dict[str, Any]]:
    """A call at the first lot that was cut short, as it would stand in the record: held, and set free again."""
    wallet = f"bidder:{bidder}"
    changes = {"id": f"r1/0/0/{bidder}/bid-cost/0", "debit": wallet, "credit": "provider:x", "code": "cost"}
    held = {**transfer_of(record, "cap", "pending"), **changes, "stage": stage}
    return [held, {**held, "id": f"{held['id']}/void", "kind": "void", "pending_id": held["id"]}]


def _free_answer(record: Record, task: str) -> dict[str, Any]:
    """An answer that cost nothing, to a call that left no other trace."""
    return {**record["answers"][0], "key": f"{task}/call/0", "task": task, "cost_nanos": 0}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_lawful_run_verifies(name: str) -> None:
    assert verify(recorded(name)) == []


@pytest.mark.parametrize(
    "name", ["copies-and-merge", "keep-under-reserve", "unknown-costs", "cancelled-while-transforming"]
)
def test_a_lawful_run_from_disk_verifies_and_is_the_same(name: str, tmp_path: Path) -> None:
    record = SCENARIOS[name].play(f"sqlite:///{tmp_path / 'market.db'}").record()
    assert verify(record) == []
    assert record["journal"] == recorded(name)["journal"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_hashing_a_run_again_changes_nothing(name: str) -> None:
    assert seal_again(recorded(name)) == recorded(name)


class Crash(Exception):
    """The process is gone."""


class Fragile:
    """A store whose process dies at one of its commits, just before or just after it."""

    def __init__(self, inner: Store, commits: int, *, after: bool) -> None:
        self.commits_left = commits
        self._inner = inner
        self._after = after

    def submit(self, work: Callable[[Transaction], Any]) -> Future[Any]:
        self.commits_left -= 1
        if self.commits_left < 0:
            if self._after and self.commits_left == -1:
                self._inner.submit(work)
            raise Crash
        return self._inner.submit(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def crashed(scenario: Scenario, commits: int, *, after: bool) -> tuple[Store, bool]:
    """Run a scenario until its process dies; also whether it did."""
    inner = open_store("memory")
    fragile = Fragile(inner, commits, after=after)
    market = Market({"version": 1, "rules": dict(scenario.rules)}, bidders=scenario.bidders(), store=fragile)
    with contextlib.suppress(Crash):
        market.run(REQUEST, "10", seed=7)
    return inner, fragile.commits_left < 0


@pytest.mark.parametrize(
    ("leaver", "after", "step"),
    [
        ("", True, 4),
        ("bob", False, 4),
        *(pytest.param(*case, 1, marks=pytest.mark.slow) for case in product(("", "bob"), (False, True))),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "released-with-costs",
        pytest.param("copies-that-fail", marks=pytest.mark.slow),
        pytest.param("unknown-costs", marks=pytest.mark.slow),
    ],
)
def test_a_run_that_crashed_anywhere_and_was_resumed_verifies(name: str, leaver: str, after: bool, step: int) -> None:
    scenario = SCENARIOS[name]
    for commits in range(0, 200, step):
        store, has_crashed = crashed(scenario, commits, after=after)
        later = [each for each in scenario.bidders() if each.name != leaver]
        market = Market({"version": 1, "rules": dict(scenario.rules)}, bidders=later, store=store)
        result = market.resume("r1")[0]
        assert verify(export_request(store, "r1")) == [], commits
        if result.status == "open":
            result.pick(1)
        record = export_request(store, "r1")
        assert verify(record) == [], commits
        assert replay(record).identical
        assert leaver or record["journal"] == recorded(name)["journal"]
        if not has_crashed:
            return
    pytest.fail("the run takes more commits than this test makes it crash at")


def _erase(digest: str, tx: Transaction) -> bool:
    return tx.erase_text(digest)


def test_an_erased_text_breaks_nothing() -> None:
    played = SCENARIOS["simple-chain"].play()
    store = played.market.store
    for text in ("No tourist traps, please.", "Plan a day in Lisbon"):
        assert store.transact(partial(_erase, digest_text(text)))
    record = played.record()
    assert verify(record) == []
    assert replay(record).identical
    assert "[erased]" in playthrough(record)


# Each takes one thing out of order and hashes everything again, so that only the rules can tell.
ALTERATIONS: dict[str, tuple[str, Callable[[Record], Any], str]] = {
    "a price": (
        "simple-chain",
        lambda record: body_of(record, "cleared")["lots"][0]["awards"][0].update(price_nanos=1),
        "cleared.lots[0].awards[0].price_nanos is 1, but the rules give 2000000000",
    ),
    "a bid": (
        "simple-chain",
        lambda record: body_of(record, "closed")["lots"][0]["answers"][1].update(amount_nanos=2_500_000_000),
        "2500000000",
    ),
    "a winner": (
        "simple-chain",
        lambda record: body_of(record, "cleared", 2)["lots"][0]["awards"][0].update(bidder="letter"),
        "bidder is 'letter', but the rules give 'plan'",
    ),
    "a reserve": (
        "keep-under-reserve",
        lambda record: body_of(record, "announced", 1)["lots"][0].update(reserve_nanos=0),
        "reserve_nanos is 0, but the rules give 4000000000",
    ),
    "a wallet": (
        "poor-bidders",
        lambda record: body_of(record, "closed")["lots"][0]["spendable"][1].update(nanos=60_000_000_000),
        "fault is 'unfunded', but the rules give None",
    ),
    "an uninvited bidder": (
        "simple-chain",
        lambda record: body_of(record, "announced")["lots"][0]["invited"].remove("guide"),
        "those who answered are not those who were invited",
    ),
    "a role": (
        "simple-chain",
        lambda record: body_of(record, "closed")["lots"][0]["answers"][1].update(role="presenter"),
        "guide may not bid there as presenter",
    ),
    "a settled price": (
        "simple-chain",
        lambda record: body_of(record, "settled")["lots"][0]["sales"][0].update(price_nanos=1),
        "settled.lots[0].sales[0].price_nanos is 1",
    ),
    "a merged copy": (
        "copies-and-merge",
        lambda record: body_of(record, "settled")["lots"][0].update(merged=[]),
        "merged is [], but the rules give ['bob']",
    ),
    "a forfeit": (
        "fallback-with-forfeit",
        lambda record: body_of(record, "faulted").update(forfeit_nanos=1),
        "not blamed or fined",
    ),
    "a blame": (
        "fallback-with-forfeit",
        lambda record: body_of(record, "faulted").update(fault="late", own_fault=False, forfeit_nanos=0),
        "not blamed or fined",
    ),
    "a delivery": (
        "simple-chain",
        lambda record: body_of(record, "delivered")["segments"].clear(),
        "leads to state",
    ),
    "an order of offers": (
        "copies-and-merge",
        lambda record: body_of(record, "offered")["offers"].reverse(),
        "offered.offers[0] is",
    ),
    "a refund": (
        "simple-chain",
        lambda record: body_of(record, "ended").update(refund_nanos=0),
        "ended.refund_nanos is 0, but the rules give 2000000000",
    ),
    "a missing fault": (
        "poor-bidders",
        lambda record: [
            record["journal"].pop(3),
            [entry.update(sequence=number) for number, entry in enumerate(record["journal"])],
        ],
        "the rules give `faulted`",
    ),
    "a seed": ("simple-chain", lambda record: record.update(seed=8), "the record says 8, its journal 7"),
    "a status": ("simple-chain", lambda record: record.update(status="open"), "its journal released"),
    "a rule of the setting": (
        "simple-chain",
        lambda record: record["setting"]["rules"].update(rule="first_price"),
        "its rule rule is not the one",
    ),
    "a body's writing": (
        "simple-chain",
        lambda record: body_of(record, "picked").update(rank="1"),
        "picked.rank is '1', but the rules give 1",
    ),
    "a transfer's amount": (
        "simple-chain",
        lambda record: transfer_of(record, "payout", "posted").update(amount_nanos=1),
        "its amount_nanos is '1', but the rules give '10000000000'",
    ),
    "a transfer's account": (
        "simple-chain",
        lambda record: transfer_of(record, "payout", "posted").update(credit="bidder:letter"),
        "its credit is 'bidder:letter'",
    ),
    "a missing transfer": (
        "simple-chain",
        lambda record: record["transfers"].remove(transfer_of(record, "price", "post")),
        "should have moved; nothing did",
    ),
    "a bounty that stays where it is": (
        "simple-chain",
        lambda record: record["transfers"].remove(transfer_of(record, "payout", "posted")),
        "the request has ended, but 10.00 remain in it",
    ),
    "a payout that the statement does not know": (
        "simple-chain",
        lambda record: transfer_of(record, "payout", "posted").update(credit="bidder:letter"),
        "the statement says 4.00 USD, its transfers -6.00 USD",
    ),
    "a hold that stays open": (
        "simple-chain",
        lambda record: record["transfers"].remove(transfer_of(record, "price", "void")),
        "this hold was never resolved",
    ),
    "a hold that is resolved twice": (
        "simple-chain",
        lambda record: record["transfers"].append(
            {**transfer_of(record, "price", "void"), "id": "r1/0/0/guide/bid/0/again"}
        ),
        "breaks a law of the ledger",
    ),
    "an owner that cannot keep": (
        "keep-under-reserve",
        lambda record: body_of(record, "requested")["request"]["roster"][0].update(roles=["presenter"]),
        "ann transforms nothing, so it cannot keep it",
    ),
    "a negative reserve": (
        "keep-under-reserve",
        lambda record: body_of(record, "announced", 1)["lots"][0]["keep"].update(reserve_nanos=-1),
        "ann gave a negative amount",
    ),
    "a keep that was not affordable": (
        "keep-under-reserve",
        lambda record: body_of(record, "closed", 1)["lots"][0]["spendable"][-1].update(nanos=1),
        "cleared.lots[0].awards is",
    ),
    "a negative cost": (
        "released-with-costs",
        lambda record: body_of(record, "delivered").update(cost_nanos=-1),
        "has a negative cost",
    ),
    "an oversized delivery": (
        "simple-chain",
        lambda record: body_of(record, "requested")["request"]["rules"].update(state_bytes_max=10),
        "outside the contract",
    ),
    "a result that never fell due": (
        "fallback-with-forfeit",
        lambda record: body_of(record, "delivered")["award"].update(round=2),
        "the record holds no result of it",
    ),
    "a transfer too many": (
        "simple-chain",
        lambda record: record["transfers"].append(
            {**transfer_of(record, "payout", "posted"), "id": "r1/bonus", "debit": "treasury", "code": "bonus"}
        ),
        "no rule of the market calls for it",
    ),
    "an order of transfers": (
        "simple-chain",
        lambda record: record["transfers"].insert(2, record["transfers"].pop()),
        "stands where",
    ),
    "a pledge out of nowhere": (
        "simple-chain",
        lambda record: transfer_of(record, "fund", "posted").update(amount_nanos=10**12),
        "its amount_nanos is '1000000000000'",
    ),
    "a hold on the cap": (
        "rejected-with-deposit",
        lambda record: transfer_of(record, "cap", "pending").update(amount_nanos=10**6),
        "but the rules give '50000000'",
    ),
    "what the cap gave up": (
        "rejected-with-deposit",
        lambda record: transfer_of(record, "cap", "post").update(amount_nanos=10**6),
        "but the rules give",
    ),
    "an overrun of the cap by a call that cost no more than it held": (
        "rejected-with-deposit",
        lambda record: record["transfers"].append(
            _beside(transfer_of(record, "cap", "pending"), kind="posted", code="cap-overrun", suffix="/overrun")
        ),
        "no rule of the market calls for it",
    ),
    "what a wallet could pay beyond a promise": (
        "beyond-promise",
        lambda record: body_of(record, "settled", 1)["spendable"][0].update(nanos=10**9),
        "but the rules give",
    ),
    "a wallet spared what it could pay beyond a promise": (
        "beyond-promise",
        lambda record: body_of(record, "settled", 0).pop("spendable"),
        "but the rules give",
    ),
    "a wallet named that kept its promise": (
        "beyond-promise",
        lambda record: body_of(record, "settled", 0)["spendable"].append({"account": "bidder:plan", "nanos": 1}),
        "but the rules give",
    ),
    "what a wallet could pay for cancelled work beyond a promise": (
        "cancelled-beyond-promise",
        lambda record: body_of(record, "ended")["spendable"][0].update(nanos=10**9),
        "but the rules give",
    ),
    "a wallet spared what it could pay for cancelled work beyond a promise": (
        "cancelled-bids-beyond-promise",
        lambda record: body_of(record, "ended").pop("spendable"),
        "should have moved; nothing did",
    ),
    "cancelled work that cost more than its calls did": (
        "cancelled-beyond-promise",
        lambda record: transfer_of(record, "overrun", "posted").update(amount_nanos=10**10 + 1),
        "more was charged for it than what first calls of its task cost",
    ),
    "a call charged to somebody who took no part": (
        "rejected-with-deposit",
        lambda record: record["transfers"].extend(_call_of("eve", record)),
        "no rule of the market calls for it",
    ),
    "a call at another stage than its lot's": (
        "rejected-with-deposit",
        lambda record: record["transfers"].extend(_call_of("plan", record, stage=2)),
        "no rule of the market calls for it",
    ),
    "a refill": (
        "refilled",
        lambda record: transfer_of(record, "refill", "posted").update(amount_nanos=10**15),
        "above the setting's 50.00 USD",
    ),
    "a rent to somebody else": (
        "refilled",
        lambda record: transfer_of(record, "rent", "posted").update(credit="bidder:plan"),
        "no lawful rent",
    ),
    "a cost of an answer": (
        "rejected-with-deposit",
        lambda record: record["answers"][0].update(cost_nanos=1),
        "not what the journal charges",
    ),
    "an answer too many": (
        "rejected-with-deposit",
        lambda record: record["answers"].append({**record["answers"][0], "key": "k", "task": "r1/0/0/eve/bid/0"}),
        "no task in the journal asked for it",
    ),
    "a free answer to somebody who took no part": (
        "rejected-with-deposit",
        lambda record: record["answers"].append(_free_answer(record, "r1/0/0/eve/bid/0")),
        "no task in the journal asked for it",
    ),
    "a free answer at a lot that was not sold": (
        "rejected-with-deposit",
        lambda record: record["answers"].append(_free_answer(record, "r1/7/0/plan/bid/0")),
        "no task in the journal asked for it",
    ),
    "a free answer for a purpose that no task has": (
        "rejected-with-deposit",
        lambda record: record["answers"].append(_free_answer(record, "r1/0/0/plan/talk/0")),
        "no task in the journal asked for it",
    ),
    "a text": (
        "simple-chain",
        lambda record: record["texts"].update(dict.fromkeys(list(record["texts"])[:1], "new")),
        "its digest is not that of its content",
    ),
    "a text too many": (
        "simple-chain",
        lambda record: record["texts"].update({digest_text("new"): "new"}),
        "no journal entry stands for it",
    ),
    "an ending": (
        "simple-chain",
        lambda record: [record["journal"].pop(), record.update(status="open")],
        "there the journal ends",
    ),
    "a second ending": (
        "simple-chain",
        lambda record: record["journal"].append({**record["journal"][-1], "sequence": len(record["journal"])}),
        "ends a second time",
    ),
    "an expiry of a request that was not open": (
        "cancelled-while-bidding",
        lambda record: body_of(record, "ended").update(outcome="expired"),
        "cannot end as expired",
    ),
    "a cut-short call's cost": (
        "cancelled-while-bidding",
        lambda record: next(row for row in record["transfers"] if row["kind"] == "post" and row["stage"] == 2).update(
            amount_nanos=3
        ),
        "no rule of the market calls for it",
    ),
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_a_run_that_breaks_the_rules_is_found_out_even_if_hashed_again(what: str) -> None:
    name, alter, words = ALTERATIONS[what]
    record = recorded(name)
    alter(record)
    assert record != recorded(name)
    findings = verify(seal_again(record))
    assert any(words in finding.what for finding in findings), findings


def test_calls_that_were_cut_short_or_cost_nothing_may_leave_no_other_trace() -> None:
    """The control of what is altered above: in their right places they break no rule."""
    record = recorded("rejected-with-deposit")
    record["transfers"].extend(_call_of("plan", record))
    record["answers"].append(_free_answer(record, "r1/0/0/plan/bid/0"))
    assert verify(seal_again(record)) == []


def test_an_altered_entry_is_found_by_the_chain_alone() -> None:
    record = recorded("left-open")
    record["journal"][5]["digest"] = "0" * 64
    places = [finding.where for finding in verify(record)]
    assert places == ["seal", "journal entry 5", "journal entry 6"]


def test_one_wrong_decision_yields_findings_at_its_place_only() -> None:
    record = recorded("simple-chain")
    body_of(record, "cleared")["lots"][0]["refused"].append({"bidder": "plan", "reason": "no reason"})
    assert [finding.where for finding in verify(seal_again(record))] == ["journal entry 3"]


def test_requests_that_run_beside_each_other_verify_each() -> None:
    scenario = SCENARIOS["released-with-costs"]
    store = open_store("memory")
    market = Market({"version": 1}, bidders=scenario.bidders(), store=store)

    async def run_three() -> None:
        await asyncio.gather(*(market.arun(REQUEST, "10", seed=seed) for seed in range(3)))

    asyncio.run(run_three())
    for id in ("r1", "r2", "r3"):
        market.pick(id, 1)
        assert verify(export_request(store, id)) == []
        assert replay(export_request(store, id)).identical


def test_a_requester_that_had_money_of_its_own_is_not_funded_again(tmp_path: Path) -> None:
    played = SCENARIOS["expired"].play()
    played.market.run("And another day", "12", seed=3)
    record = played.record("r2")
    assert transfer_of(record, "fund", "posted")["amount_nanos"] == 2_000_000_000
    assert verify(record) == []


@pytest.mark.parametrize(
    "value", [None, 1, "x", [], {}, {"format": "vickrey-run"}, {"format": "vickrey-run", "version": 1}]
)
def test_verifying_anything_at_all_yields_findings(value: Any) -> None:
    assert len(verify(value)) == 1


class Mutation:
    """Picks places in a document and puts something else there."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self._draw = draw

    def apply(self, value: Any) -> Any:
        inner = list(value.items() if isinstance(value, dict) else enumerate(value)) if self._is_open(value) else []
        if not inner or self._draw(st.integers(0, 9)) == 0:
            return self._draw(JSON)
        key, chosen = inner[self._draw(st.integers(0, len(inner) - 1))]
        if isinstance(value, dict):
            changed = dict(value)
            if self._draw(st.integers(0, 19)) == 0:
                del changed[key]
            else:
                changed[key] = self.apply(chosen)
            return changed
        return [*value[:key], self.apply(chosen), *value[key + 1 :]]

    def _is_open(self, value: Any) -> bool:
        return isinstance(value, dict | list)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.sampled_from(
        [-1, 0, 1, 10**4000, "", "0", "0.0", "ann", "bid", "released", "presenter", "r1/0/0/ann/bid/0", "\ud800"]
    )
    | st.text(max_size=5)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@examples(150)
@given(
    st.data(),
    st.sampled_from(["rejected-with-deposit", "copies-that-fail", "keep-under-reserve", "cancelled-while-bidding"]),
)
def test_no_content_makes_verifying_or_replaying_raise_anything_else(data: st.DataObject, name: str) -> None:
    record = recorded(name)
    altered: Any = Mutation(data.draw).apply(record)
    is_sealed_again = data.draw(st.booleans())
    if is_sealed_again:
        with contextlib.suppress(InvalidRecord, KeyError, TypeError, AttributeError):
            altered = seal_again(altered)
    findings = verify(altered)
    assert all(finding.what for finding in findings)
    if not is_sealed_again and altered != record:
        assert findings
    with contextlib.suppress(InvalidRecord):
        replay(altered)
