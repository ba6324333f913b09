"""Who claims nothing now and then, or always: what asking it is worth, and that nobody plans with the latter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.abilities import Counts, abilities_from
from bidders.policies.pooled.embedding import shape_and_words
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.outlook import Outlook
from bidders.policies.pooled.planning import Planner
from bidders.policies.pooled.pool import Fit
from bidders.policies.pooled.speaking import Instead, Speaking
from bidders.policies.pooled.world import by_class
from orchestrator import Contribution, Lesson, Work
from tests.bidders.quiz import BOUNTY_USD, QUESTION, Player, Quiz, observe

BIDDERS = 4
EVERYBODY = range(BIDDERS)
share = st.floats(0.0, 1.0)
chance = st.floats(0.01, 1.0)


@dataclass(frozen=True)
class Situation:
    """Some bidders and what asking each would be worth, as shares of a bounty of one dollar."""

    speaking: Speaking
    spoken: tuple[float, ...]
    instead: Instead

    def best_usd(self, left: frozenset[int]) -> float:
        """What the state is worth if some may be asked, whoever is silent, worked out in full."""

        @cache
        def best(left: frozenset[int]) -> float:
            return max([self.instead.stop, *(self.after(bidder, best(left - {bidder})) for bidder in left)])

        return best(left)

    def after(self, bidder: int, if_silent: float) -> float:
        speaks = float(self.speaking.chances[bidder])
        return speaks * self.spoken[bidder] + (1.0 - speaks) * if_silent - float(self.speaking.costs_usd[bidder])


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Any."""
    spoken, chances, costs = (tuple(draw(each) for _ in EVERYBODY) for each in (share, chance, st.floats(0.0, 0.5)))
    plan = draw(st.lists(st.sampled_from(EVERYBODY), unique=True))
    return Situation(Speaking(np.array(chances), np.array(costs)), spoken, Instead(draw(share), plan, 1.0))


@given(situations())
def test_asking_is_never_worth_more_than_the_best_that_can_be_done_and_all_of_it_where_one_other_may_be_asked(
    situation: Situation,
) -> None:
    asked = situation.speaking.asked(situation.spoken, situation.instead)
    plan = frozenset(situation.instead.plan)
    for bidder in EVERYBODY:
        net = float(asked[bidder] - situation.speaking.costs_usd[bidder])
        best = situation.after(bidder, situation.best_usd(plan - {bidder}))
        assert net <= best + 1e-9
        if len(plan - {bidder}) <= 1:
            assert net == pytest.approx(best)


@given(situations())
def test_who_always_speaks_is_worth_what_its_claims_are_and_who_hardly_does_what_the_others_are(
    situation: Situation,
) -> None:
    costs_usd = situation.speaking.costs_usd
    always = Speaking(np.ones(BIDDERS), costs_usd).asked(situation.spoken, situation.instead)
    assert always == pytest.approx(situation.spoken)
    hardly = np.ones(BIDDERS)
    hardly[0] = 1e-9
    others = [spoken - cost for spoken, cost in zip(situation.spoken, costs_usd, strict=True)]
    left = max([situation.instead.stop, *(others[bidder] for bidder in situation.instead.plan if bidder)])
    assert Speaking(hardly, costs_usd).asked(situation.spoken, situation.instead)[0] == pytest.approx(left, abs=1e-6)


def test_who_has_been_asked_already_stays_out_of_the_question() -> None:
    speaking = Speaking(np.array([0.9, 0.9]), np.zeros(2))
    assert speaking.asked([-np.inf, 0.5], Instead(0.2, (1,), 1.0)).tolist() == [-np.inf, pytest.approx(0.47)]


def of_quiz(right: Sequence[float], silent: float, costs_usd: float) -> tuple[Planner, Planner]:
    """Bidders of whom the first claims nothing by chance with some chance: planners that heed it, and that do not."""
    abilities = abilities_from(Counts.none(len(right)))
    speaking = Speaking(np.array([1.0 - silent, *np.ones(len(right))]), np.full(len(right) + 1, costs_usd))
    rights = by_class(np.repeat(np.array([*right, 0.5])[:, None], 8, axis=1))
    heeding = Planner(rights, speaking.claim_costs_usd, abilities.world(), mute=speaking.mute)
    return heeding, replace(heeding, costs_usd=speaking.costs_usd, mute=frozenset())


def test_nobody_plans_with_who_mostly_says_nothing_even_if_that_costs_nothing() -> None:
    heeding, heedless = of_quiz([0.95, 0.6, 0.6], silent=0.8, costs_usd=0.0)
    terms = Terms(BOUNTY_USD)
    assert 0 in heedless.improved((), terms)
    assert 0 not in heeding.improved((), terms)
    assert 0 not in heeding.improved((0, 1), terms)
    assert 0 not in heeding.exchanged((1, 2), terms)


def test_who_is_silent_now_and_then_is_planned_with_as_long_as_asking_in_vain_pays() -> None:
    terms = Terms(BOUNTY_USD)
    rarely, _ = of_quiz([0.95, 0.6, 0.6], silent=0.2, costs_usd=0.01 * BOUNTY_USD)
    assert 0 in rarely.improved((), terms)
    dear, dear_heedless = of_quiz([0.95], silent=0.45, costs_usd=0.55 * BOUNTY_USD)
    assert dear_heedless.improved((), terms) == (0,)
    assert dear.improved((), terms) == ()


def silenced(quiz: Quiz, share: float, lessons: int = 150) -> list[Lesson]:
    """Lessons of a quiz in which the player called mute says nothing on a share of the questions, by chance."""
    draws = np.random.default_rng(0)

    def said(work: Work) -> Work:
        return work._replace(claim="" if work.bidder == "mute" and draws.random() < share else work.claim)

    return [each._replace(works=tuple(said(work) for work in each.works)) for each in quiz.lessons(lessons)]


def outlook_of(memory: Any) -> Outlook:
    return Outlook(Fit.from_json(memory["fit"]), shape_and_words)


ABLE = {"a": Player(1.0), "b": Player(1.0), "mute": Player(3.0)}


def test_a_pool_plans_with_who_speaks_and_not_with_who_has_fallen_silent() -> None:
    quiz = Quiz(ABLE)
    memory = BayesPolicy().practise(None, silenced(quiz, 0.0))
    mute = memory["names"].index("mute")
    assert all(mute in plan for plan in outlook_of(memory).fit.plans)
    memory = BayesPolicy().practise(memory, silenced(quiz, 1.0, 400))
    fit = outlook_of(memory).fit
    assert not any(mute in plan for plan in fit.plans)
    planner = Planner.of(fit.abilities, Speaking(fit.abilities.speaking, fit.costs_usd), fit.echoes)
    assert mute not in planner.improved((mute,), Terms(8.0 * BOUNTY_USD))


def test_a_pool_leaves_out_who_would_have_to_be_asked_twice_for_a_claim_that_is_not_worth_it() -> None:
    dear = Player(3.0, cost_usd=0.055)
    spoken, interrupted = (
        outlook_of(BayesPolicy().practise(None, silenced(Quiz({"a": Player(-3.0), "mute": dear}), share)))
        for share in (0.0, 0.42)
    )
    assert spoken.numbers["mute"] in spoken.fit.plans[-1]
    assert interrupted.numbers["mute"] not in interrupted.fit.plans[-1]


@pytest.mark.parametrize("said", ["1", ""], ids=["a claim", "what claims nothing"])
def test_who_may_be_silent_leaves_what_has_been_said(said: str) -> None:
    """What a state holds can still be shown: so to ask is worth that at least, times the chance of silence."""
    lessons = silenced(Quiz({"a": Player(3.0), "mute": Player(-4.0)}), 0.45)
    if not said:
        lessons = [
            each._replace(
                works=tuple(work._replace(claim="", score=1.0) if work.bidder == "a" else work for work in each.works)
            )
            for each in lessons
        ]
    memory = BayesPolicy().practise(None, lessons)
    outlook = outlook_of(memory)
    mute, abilities = outlook.numbers["mute"], outlook.fit.abilities
    by_chance = abilities.silence.by_chance.copy()
    silent, by_chance[mute] = by_chance[mute], 1e-9
    assert silent > 0.2
    speaks = replace(outlook.fit, abilities=replace(abilities, silence=replace(abilities.silence, by_chance=by_chance)))
    state, spoken = (
        each.appraise(QUESTION, (Contribution("a", said),), Terms(BOUNTY_USD))
        for each in (outlook, Outlook(speaks, shape_and_words))
    )
    stop = sum(state.chances) or state.unclaimed
    assert stop > 0.5
    assert state.shares[mute] >= (1.0 - silent) * spoken.shares[mute] + silent * stop - 0.02


def net_usd(memory: object, bidder: str, *said: Contribution) -> float:
    return BayesPolicy().value(memory, [observe(bidder, "transformer", said)]).means[0]


def test_who_never_claims_anything_is_not_asked_to_settle_what_others_dispute() -> None:
    """It might be always wrong, as far as its works tell; claims that are always wrong would show which others are."""
    quiz = Quiz({"a": Player(1.5), "b": Player(1.5), "c": Player(1.5), "mute": Player(-9.0)}, spread=1.0)
    memory = BayesPolicy().practise(None, silenced(quiz, 1.0))
    disputed = (Contribution("a", "1"), Contribution("b", "2"))
    assert net_usd(memory, "mute", *disputed) < net_usd(memory, "c", *disputed) - 0.8 * quiz.players["mute"].cost_usd
