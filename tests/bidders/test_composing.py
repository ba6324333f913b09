"""Open-ended work in a pool: a work is worth what it adds to an offer's chance, beside the works of others."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled import composing
from bidders.policies.pooled.helps import chance
from orchestrator import Contribution, Lesson, Observation, Receipt
from orchestrator.bidding.policy import Work
from orchestrator.testing import check_policy
from tests.bidders.lots import offer, receipt
from tests.effort import examples

POLICY = BayesPolicy(pool="p")
ADDS = {"helper": 1.5, "editor": 1.0, "idler": 0.0, "spoiler": -1.5}
COST_USD = 0.06


@cache
def learned(offers: int = 400, seed: int = 0) -> Any:
    """What a pool knows after offers of whoever happened to work, each at the same cost; nobody changes it."""
    draws, memory = np.random.default_rng(seed), None
    for number in range(0, offers, 20):
        receipts: list[Receipt] = []
        for each in range(number, number + 20):
            authors = [str(one) for one in draws.permutation(list(ADDS))[: draws.integers(1, 5)]]
            taken = draws.random() < chance(sum(ADDS[one] for one in authors) - 1.0)
            outcome = "released" if taken else "rejected"
            receipts.append(offer(each, *authors, taken=taken, outcome=outcome))
            receipts += [_work(each, author, taken=taken, outcome=outcome) for author in authors]
        memory = POLICY.learn(memory, receipts)
    return memory


def _work(number: int, author: str, *, taken: bool, outcome: str) -> Receipt:
    cost_nanos = round(COST_USD * 10**9)
    return receipt(
        request_id=f"r{number}",
        bidder=author,
        request=f"Plan tour {number}",
        in_picked_chain=taken,
        outcome=outcome,
        cost_nanos=cost_nanos,
        cost_max_nanos=cost_nanos,
    )


def seen(bidder: str, *authors: str, **other: Any) -> Observation:
    plain: dict[str, Any] = {
        "bidder": bidder,
        "role": "presenter" if bidder == "p" else "transformer",
        "stage": 1 + len(authors),
        "stages_max": 9,
        "bounty_usd": 1.0,
        "cost_max_usd": COST_USD,
        "request": "Plan tour 7",
        "contributions": tuple(Contribution(author, "") for author in authors),
    }
    return Observation(**{**plain, **other})


def value(*lots: Observation, memory: Any = ..., policy: BayesPolicy = POLICY) -> list[float]:
    return list(policy.value(learned() if memory is ... else memory, lots).means)


def test_the_pool_asks_those_who_help_and_then_shows_the_text() -> None:
    authors: list[str] = []
    for _ in range(len(ADDS)):
        lots = [seen(one, *authors) for one in ("p", *ADDS) if one not in authors]
        values = value(*lots)
        winner = lots[int(np.argmax(values))].bidder
        if winner == "p":
            break
        authors.append(winner)
    assert sorted(authors) == ["editor", "helper"]


def test_all_who_are_to_work_bid_what_the_text_will_become() -> None:
    helper, editor, spoiler = value(seen("helper"), seen("editor"), seen("spoiler"))
    assert helper == pytest.approx(editor, abs=0.05)
    assert spoiler < helper - 0.1
    (shown,) = value(seen("p", "editor", "helper"))
    assert helper == pytest.approx(shown - 2 * COST_USD, abs=0.05)


def test_a_work_that_adds_less_than_it_costs_is_worth_less_than_showing_the_text() -> None:
    shown, idler, spoiler = value(
        seen("p", "editor", "helper"), *(seen(one, "editor", "helper") for one in ("idler", "spoiler"))
    )
    assert shown > idler > spoiler


def refused(*works: tuple[str, ...], times: int = 12) -> Any:
    """What a pool knows after offers of these works, each time in vain."""
    offers = [
        offer(number * len(works) + place, *authors, taken=False, outcome="rejected")
        for number in range(times)
        for place, authors in enumerate(works)
    ]
    return POLICY.learn(None, offers)


@pytest.mark.parametrize(
    ("works", "is_tried"),
    [
        ((("helper",), ("editor",)), True),
        ((("helper",), ("editor",), ("helper", "editor"), ("editor", "helper")), False),
    ],
    ids=["never together", "together too"],
)
def test_two_works_are_tried_together_that_were_of_no_use_alone(works: Any, is_tried: bool) -> None:
    """A text may need both; by the likeliest figures alone, two that never helped are twice as hopeless as one."""
    lots = [seen("p", "helper"), seen("editor", "helper", cost_usd=0.001)]
    valued = POLICY.value(refused(*works), lots)
    # Bids are drawn from doubt; the second is above the first now and then where the doubt of both bridges what lies
    # between them.
    between, doubt = valued.means[0] - valued.means[1], math.hypot(*valued.deviations)
    assert (between < 2.0 * doubt) is is_tried


def test_working_twice_adds_nothing() -> None:
    shown, again = value(seen("p", "editor", "helper"), seen("helper", "editor", "helper"))
    assert again == pytest.approx(shown - COST_USD, abs=0.05)
    (doubt,) = POLICY.value(learned(), [seen("helper", "editor", "helper")]).deviations
    assert doubt == 0.0


def test_a_dearer_work_is_worth_less_by_what_it_costs_more() -> None:
    cheap, dear = value(seen("helper", cost_usd=0.05), seen("helper", cost_usd=0.15))
    assert cheap - dear == pytest.approx(0.1)


def test_values_are_shares_of_the_bounty() -> None:
    one, ten = value(seen("p", "helper"), seen("p", "helper", bounty_usd=10.0))
    assert ten == pytest.approx(10 * one)


def test_a_text_that_nobody_has_worked_on_cannot_be_shown() -> None:
    assert value(seen("p")) == [0.0]


def test_a_newcomer_is_worth_trying_at_the_first_stage_above_all() -> None:
    valued = POLICY.value(learned(), [seen("newcomer"), seen("helper"), seen("newcomer", "helper")])
    assert valued.deviations[0] > 1.5 * valued.deviations[1]
    assert valued.deviations[0] > 2 * valued.deviations[2] > 0.0


def test_one_bidder_asked_alone_knows_of_its_colleagues_what_all_asked_together_do() -> None:
    lots = [seen(one, "idler") for one in ("helper", "editor", "spoiler")]
    assert [value(lot)[0] for lot in lots] == value(*lots)


def test_work_counts_that_was_replaced_since() -> None:
    """A critique is gone from the text once a rewriter has used it, and is what made the difference."""
    draws, receipts = np.random.default_rng(3), []
    for number in range(200):
        workers = ("critic", "rewriter") if number % 2 else ("rewriter",)
        taken = bool(draws.random() < (0.8 if number % 2 else 0.2))
        receipts.append(offer(number, "rewriter", taken=taken, workers=workers))
    memory = POLICY.learn(None, receipts)
    alone, after = value(
        seen("p", "rewriter", workers=("rewriter",)),
        seen("p", "rewriter", workers=("critic", "rewriter")),
        memory=memory,
    )
    assert after > alone + 0.4
    blind = [each._replace(workers=()) for each in receipts]
    first, second = value(
        seen("p", "rewriter", workers=("rewriter",)),
        seen("p", "rewriter", workers=("critic", "rewriter")),
        memory=POLICY.learn(None, blind),
    )
    assert abs(first - second) < 0.1, "the control: by what stands in the text nothing is learned of the critic"


TAKEN_ALONE = {"helper": 0.8, "editor": 0.6}


def shown_alone(offers: int = 300, policy: BayesPolicy = POLICY, taken_alone: Mapping[str, float] = TAKEN_ALONE) -> Any:
    """What a pool knows whose presenters show the last work of a text alone, which is taken as often as told."""
    draws, receipts = np.random.default_rng(5), []
    for number in range(offers):
        authors = [str(one) for one in draws.permutation(list(taken_alone))]
        taken = bool(draws.random() < taken_alone[authors[-1]])
        receipts.append(offer(number, *authors, taken=taken, repeats=(authors[-1],), request="Plan tour 7"))
    return policy.learn(None, receipts)


SHOWN_ALONE = shown_alone()


def test_where_one_work_is_shown_another_replaces_it_and_is_asked_only_if_it_is_better() -> None:
    after_helper = value(seen("p", "helper"), seen("editor", "helper"), memory=SHOWN_ALONE)
    assert after_helper[0] > after_helper[1] + 0.1
    after_editor = value(seen("p", "editor"), seen("helper", "editor"), memory=SHOWN_ALONE)
    assert after_editor[1] > after_editor[0] + 0.05
    both = [receipt._replace(repeats=()) for receipt in (offer(number, "editor", "helper") for number in range(300))]
    shown, added = value(seen("p", "helper"), seen("editor", "helper"), memory=POLICY.learn(None, both))
    assert added > shown - 0.1, "the control: where both are shown the editor's work counts beside the helper's"


def test_where_one_work_is_shown_the_better_bidder_bids_most_for_the_request() -> None:
    helper, editor = value(seen("helper"), seen("editor"), memory=SHOWN_ALONE)
    assert helper > editor + 0.1


def test_who_is_known_to_be_worse_is_tried_out_ever_less_where_one_work_is_shown() -> None:
    """Whatever stays unknown is common to both: no offer was ever made without any work."""
    remembers = BayesPolicy(pool="p", forget=0.0, window=5000)
    lots = [seen("helper"), seen("editor")]
    early, late = (remembers.value(shown_alone(offers, remembers), lots).deviations for offers in (40, 2000))
    assert max(late) < 0.05
    assert min(early) > 3 * max(late)


def test_a_work_that_others_would_hide_is_worth_no_more_than_by_itself() -> None:
    """Else whoever adds nothing would bid what a text is worth whose work another's has replaced."""
    memory = shown_alone(taken_alone={**TAKEN_ALONE, "spoiler": 0.1})
    helper, spoiler = value(seen("helper"), seen("spoiler"), memory=memory)
    assert helper > 0.6
    assert spoiler < 0.2
    beside = value(seen("idler"))[0]
    assert beside == pytest.approx(value(seen("helper"))[0], abs=0.1), "the control: all works are shown, none hides it"


def test_a_work_that_is_tried_out_is_not_hidden_by_another_trial() -> None:
    lots = [seen("newcomer"), seen("newcomer", "helper"), seen("p", "newcomer"), seen("p", "helper")]
    first, later, shown, known = POLICY.value(SHOWN_ALONE, lots).deviations
    assert first > 0.1
    assert later == 0.0, "nobody would be asked after it, and yet it draws from no doubt"
    assert shown > known + 0.05, "whoever presents draws from how unsure the work is"
    together = POLICY.value(learned(), lots).deviations
    assert together[1] > 0.0, "the control: where all is shown a later trial hides nothing"


def test_a_newcomer_works_alone_where_at_its_best_that_pays_more_than_to_pay_others_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As far as is known it would do better beside others, and draw from less doubt."""
    lot = [seen("newcomer")]
    alone = POLICY.value(learned(60), lot)
    monkeypatch.setattr(composing, "_AT_BEST", 0.0)
    beside = POLICY.value(learned(60), lot)
    assert alone.means[0] < beside.means[0] - 0.05
    assert alone.deviations[0] > beside.deviations[0] + 0.01


def test_a_text_is_worth_what_the_best_presenter_makes_of_it() -> None:
    draws, receipts = np.random.default_rng(7), []
    for number in range(300):
        presenter = "good" if number % 2 else "bad"
        taken = bool(draws.random() < (0.9 if presenter == "good" else 0.3))
        receipts.append(offer(number, "helper", taken=taken)._replace(bidder=presenter))
    memory = POLICY.learn(None, receipts)
    helper, good, bad = value(
        seen("helper"),
        seen("good", "helper", role="presenter"),
        seen("bad", "helper", role="presenter"),
        memory=memory,
    )
    assert helper == pytest.approx(good, abs=0.02)
    assert good > bad + 0.4


def test_who_left_is_forgotten_as_a_colleague() -> None:
    later = [offer(1000 + number, "idler", taken=number % 3 == 0) for number in range(110)]
    memory = POLICY.learn(learned(), later)
    before, after = value(seen("idler"))[0], value(seen("idler"), memory=memory)[0]
    assert after < before - 0.1, "nobody who helps is left to ask after it"


def test_a_pool_that_has_practised_single_works_values_them_by_their_scores() -> None:
    works = (Work("a", "", 0.9, 0.01), Work("b", "", 0.2, 0.01))
    memory = POLICY.practise(None, [Lesson(f"Plan tour {number}", 1.0, works) for number in range(40)])
    first, second = value(seen("a"), seen("b"), memory=memory)
    assert first > second + 0.4
    seen_later = POLICY.learn(memory, [offer(1, "a")])
    assert value(seen("a"), memory=seen_later)[0] > value(seen("b"), memory=seen_later)[0]


@pytest.mark.parametrize(("answers", "asked"), [(1, 1), (2, 2)])
def test_a_pool_that_has_practised_asks_as_many_as_are_shown_together(answers: int, asked: int) -> None:
    policy, draws = BayesPolicy(pool="p", answers=answers), np.random.default_rng(2)
    names, lessons = ("a", "b", "c"), []
    for number in range(60):
        works = tuple(Work(name, "", float(draws.random() < 0.6), 0.02) for name in names)
        lessons.append(Lesson(f"Plan tour {number}", 1.0, works))
    memory, authors = policy.practise(None, lessons), list[str]()
    while len(authors) < len(names):
        lots = [seen(one, *authors, cost_usd=0.02) for one in ("p", *names) if one not in authors]
        winner = lots[int(np.argmax(value(*lots, memory=memory, policy=policy)))].bidder
        if winner == "p":
            break
        authors.append(winner)
    assert len(authors) == asked


def test_bidders_without_a_pool_know_nothing_of_each_other() -> None:
    alone = BayesPolicy()
    memory = alone.learn(None, [offer(number, "helper") for number in range(30)])
    assert memory["offers"]["stored"] == []


def test_what_is_believed_is_described() -> None:
    titles = {belief.title: belief for belief in POLICY.describe(learned())}
    table = titles["Whose work helps an offer, most first"]
    assert [row[0] for row in table.rows][:2] == ["helper", "editor"]
    assert table.rows[-1][0] == "spoiler"
    assert list(titles) == [table.title], "nothing is known of who gives right answers, since nobody gave any"


def test_an_older_memory_without_offers_is_read() -> None:
    older = {key: kept for key, kept in POLICY.learn(None, []).items() if key != "offers"}
    assert value(seen("helper"), memory=older)[0] >= 0.0
    assert POLICY.learn(older, [offer(1, "a")])["offers"]["names"]


@pytest.mark.slow
def test_it_keeps_the_contract_of_policies_from_what_it_knows_of_offers() -> None:
    check_policy(BayesPolicy(pool="p"))
    assert json.loads(json.dumps(learned())) == learned()


@examples(40)
@given(
    st.lists(st.sampled_from([*ADDS, "stranger"]), max_size=5),
    st.sampled_from([*ADDS, "stranger", "p"]),
    st.floats(0.0, 1e6),
    st.floats(0.0, 1e3),
)
def test_values_lie_between_nothing_and_the_bounty(
    authors: list[str], bidder: str, bounty_usd: float, cost_usd: float
) -> None:
    valued = POLICY.value(learned(), [seen(bidder, *authors, bounty_usd=bounty_usd, cost_usd=cost_usd)])
    assert 0.0 <= valued.means[0] <= bounty_usd
    assert 0.0 <= valued.deviations[0] <= bounty_usd * 10
