"""The presenter of answers, alone and in a market that learns who is right."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest

from bidders.answers import AnswerPresenter
from bidders.capable import Appraisal, CapableBidder
from bidders.policies.bayes import BayesPolicy
from orchestrator import Announcement, Charged, Market, Money, Result, Segment, WonLot, errors
from orchestrator.judges import VerifierJudge
from orchestrator.testing import assert_bidder
from tests.bidders.lots import announce, bid_usd, delivered, pass_reason, state_of, win

POOL = "solvers"


def answer(text: str, author: str) -> Segment:
    return Segment(text, kind="answer", author=author)


def held(*texts: str) -> Any:
    return announce(state_of(*(answer(text, f"solver{number}") for number, text in enumerate(texts))))


class Solver(CapableBidder):
    """Adds an answer; right as often as its skill says. Its one call costs a tenth of what it declares."""

    def __init__(self, name: str, skill: float, answers: int, cost_max: str = "0") -> None:
        super().__init__(name, "transformer", BayesPolicy(pool=POOL, answers=answers))
        self.provider = name
        self._skill = skill
        self._cost_max = Money.usd(cost_max)

    def transform_cost_max(self, announcement: Announcement) -> Money:
        return self._cost_max

    def appraise(self, announcement: Announcement) -> Appraisal:
        has_worked = any(piece.author == self.name for piece in announcement.state.segments)
        return Appraisal(0.0 if has_worked else 0.5, "has answered" if has_worked else "can answer")

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        draws = random.Random(f"{lot.request}/{self.name}")
        is_right = draws.random() < self._skill
        if self._cost_max.nanos:
            await lot.meter.call(self._charged)
        return [Segment("42" if is_right else str(draws.randrange(100, 1000)), kind="answer")]

    async def _charged(self) -> Charged:
        return Charged("answered", Money(self._cost_max.nanos // 10))


def market(answers: int = 1, cost_max: str = "0") -> Market:
    policy = {"type": "bayes", "options": {"pool": POOL, "answers": answers}}
    presenters = [
        {"name": f"presenter{number}", "type": "answers", "options": {"answers": answers}, "policy": policy}
        for number in range(3)
    ]
    config = {
        "version": 1,
        "store": "memory",
        "bidders": presenters,
        "rules": {"reserve": "0.001"},
        "request": {"spend_cap": "1"},
    }
    solvers = [Solver(name, skill, answers, cost_max) for name, skill in (("guesser", 0.1), ("expert", 0.95))]
    return Market(config, bidders=solvers)


def is_right(text: str) -> bool:
    return text == "42"


def ask(market: Market, word: str, questions: int) -> list[Result]:
    """Ask questions whose answer is 42, of a user who takes nothing else."""
    texts = [f"How much {word} {number}?" for number in range(questions)]
    return [market.run(text, budget=1, seed=seed, judge=VerifierJudge(is_right)) for seed, text in enumerate(texts)]


def memory_of(market: Market) -> Any:
    row = market.store.read(lambda reader: reader.memory(f"pool:{POOL}/bayes/{BayesPolicy.version}"))
    assert row is not None
    return json.loads(row.body)


def test_it_keeps_the_contract_of_bidders() -> None:
    assert_bidder(AnswerPresenter("p"), [held("42", "42")])


def test_it_shows_the_answer_that_most_gave_and_by_rank_the_next() -> None:
    lot = held("7", "42", "42")
    assert delivered(AnswerPresenter("p"), win(lot)) == "42"
    assert delivered(AnswerPresenter("p", rank=2), win(lot)) == "7"


def test_it_shows_several_answers_together_the_best_first() -> None:
    lot = win(held("7", "42", "42", "9"))
    assert delivered(AnswerPresenter("p", answers=2), lot) == "42\n\n9"
    assert delivered(AnswerPresenter("p", rank=2, answers=5), lot) == "9\n\n7"


def test_answers_that_are_written_differently_are_one_answer() -> None:
    lot = held("7", "$1,042.50", "1042.5", "1,042.50")
    assert delivered(AnswerPresenter("p"), win(lot)) == "1,042.50"
    assert pass_reason(AnswerPresenter("p", rank=2), held("(b)", "B")) == "the state holds 1 different answers"
    assert pass_reason(AnswerPresenter("p"), held(" ")) == "the state holds 0 different answers"


def test_of_equals_it_shows_the_latest() -> None:
    assert delivered(AnswerPresenter("p"), win(held("7", "42"))) == "42"


def test_it_passes_where_a_state_holds_too_few_answers() -> None:
    assert pass_reason(AnswerPresenter("p"), announce()) == "the state holds 0 different answers"
    assert pass_reason(AnswerPresenter("p", rank=2), held("42", "42")) == "the state holds 1 different answers"


def test_more_agreement_is_worth_more() -> None:
    presenter = AnswerPresenter("p")
    assert bid_usd(presenter, held("42")) < bid_usd(presenter, held("42", "42"))


@pytest.mark.slow
def test_the_pick_of_an_offer_with_several_answers_says_that_one_of_them_was_right() -> None:
    with market(answers=2) as learning:
        results = [
            learning.run(f"How much is {seed}?", budget=1, seed=seed, judge=VerifierJudge(lambda text: "42" in text))
            for seed in range(12)
        ]
        memory = memory_of(learning)
        assert learning.audit() == []
    shown = [len(result.offers[0].text.split()) for result in results]
    taken = [len(case[2]) for case in memory["trials"]]
    assert 2 in shown
    assert taken == [count if result.status == "released" else 0 for count, result in zip(shown, results, strict=True)]


@pytest.mark.parametrize("rank", [0, 11, "first", True])
def test_a_rank_out_of_range_is_refused(rank: Any) -> None:
    with pytest.raises(errors.InvalidConfig, match="rank"):
        AnswerPresenter("p", rank=rank)


@pytest.mark.slow
def test_a_market_learns_from_picks_who_is_right_and_all_of_a_pool_share_one_memory() -> None:
    with market() as learning:
        ask(learning, "is", 20)
        later = ask(learning, "was", 10)
        memory = memory_of(learning)
        keys = {seat.memory_key for seat in learning.seats.values()}
    assert keys == {f"pool:{POOL}/bayes/{BayesPolicy.version}"}
    assert memory["requests"] == 30
    assert sum(result.status == "released" for result in later) >= 8
    expert_first = {"7": ("7", "guesser"), "42": ("42", "expert")}
    for order in (("7", "42"), ("42", "7")):
        state = state_of(*(answer(*expert_first[text]) for text in order))
        presenter = AnswerPresenter("p", policy=BayesPolicy())
        assert delivered(presenter, win(announce(state), memory=memory)) == "42"


@pytest.mark.slow
def test_a_market_learns_which_share_of_their_declared_worst_case_works_cost() -> None:
    with market(cost_max="0.05") as learning:
        ask(learning, "is", 12)
        memory = memory_of(learning)
    assert memory["fit"]["cost_share"] == pytest.approx(0.1, rel=0.2)
