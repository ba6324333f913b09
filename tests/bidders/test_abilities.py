"""What a pool believes of its bidders: by agreement, and by what was accepted of their works."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.abilities import Abilities, Counts, abilities_from
from bidders.policies.pooled.belief import Belief, after_claim, first_belief
from bidders.policies.pooled.evidence import Case, ClaimVerdict, evidence_of, expectations
from bidders.policies.pooled.kinds import UNKNOWN_KIND, Foretold
from bidders.policies.pooled.lookahead import Crew, Terms, look_ahead
from bidders.policies.pooled.world import CLASSES, LEVELS, SCATTERS, WORKS_MAX, World, by_level
from orchestrator import Contribution, Lesson, Work
from tests.bidders.beliefs import believed, world
from tests.bidders.quiz import BOUNTY_USD, QUESTION, observe

BIDDERS = 3
SINGLE_PRECISION = 1e-5
works = arrays(float, (BIDDERS, len(LEVELS)), elements=st.floats(0.0, 500.0))
shares = arrays(float, (BIDDERS,), elements=st.floats(0.0, 1.0))


def counted(right: Any, wrong: Any, accepted: Any) -> Counts:
    return replace(Counts.none(BIDDERS), right=right, wrong=wrong, accepted=accepted)


def foretold(abilities: Abilities, counts: Counts, chances: Any) -> Any:
    """How many of its works are accepted, by what is believed of a bidder."""
    if_wrong = abilities.decoys * abilities.upsets
    each = if_wrong + (1.0 - abilities.decoys - if_wrong) * chances[:-1]
    return ((counts.right + counts.wrong) * each).sum(axis=1)


@given(right=works, wrong=works, share=shares)
def test_what_is_planned_with_lies_between_what_agreement_and_what_acceptance_shows(
    right: Any, wrong: Any, share: Any
) -> None:
    accepted = share * (right + wrong).sum(axis=1)
    counts = counted(right, wrong, accepted)
    abilities = abilities_from(counts)
    by_agreement, by_acceptance = (foretold(abilities, counts, each) for each in (abilities.right, abilities.proven))
    assert (np.abs(by_acceptance - accepted) <= np.abs(by_agreement - accepted) + 1e-3 * (1.0 + accepted)).all()
    assert ((by_acceptance - by_agreement) * (accepted - by_agreement) >= -1e-3 * (1.0 + accepted)).all()


def test_a_newcomer_is_believed_what_the_pool_is() -> None:
    counts = counted(np.full((BIDDERS, 8), 40.0), np.full((BIDDERS, 8), 40.0), np.full(BIDDERS, 20.0))
    abilities = abilities_from(counts)
    assert abilities.proven[-1] == pytest.approx(abilities.right[-1])
    assert (abilities.proven[:-1] < abilities.right[:-1]).all()


@given(works=works, more=st.floats(1.0, 100.0))
def test_doubt_shrinks_with_works_and_is_never_more_than_a_newcomers(works: Any, more: float) -> None:
    believed = abilities_from(counted(works, works, works.sum(axis=1)))
    doubts = believed.doubts()
    assert (doubts > 0).all()
    longer_known = replace(believed, seen=believed.seen + more)
    assert (longer_known.doubts() < doubts).all()
    fresh = replace(believed, seen=np.zeros_like(believed.seen))
    assert (doubts <= fresh.doubts()).all()


def test_a_request_that_is_easy_for_all_or_for_none_leaves_less_doubt_than_one_between() -> None:
    nothing = abilities_from(Counts.none(BIDDERS))
    of_level = np.repeat(np.eye(len(LEVELS)), len(SCATTERS), axis=1) / len(SCATTERS)
    kinds = np.concatenate([of_level, nothing.kinds[UNKNOWN_KIND][None]])
    easy, middle, hard = (replace(nothing, kinds=kinds).doubts(level)[-1] for level in (0, 4, len(LEVELS) - 1))
    assert middle > 5 * easy
    assert middle > 5 * hard


@pytest.mark.parametrize("works_each", [2, 20, 200])
def test_a_chance_is_doubted_as_much_as_it_is_off(works_each: int) -> None:
    draws = np.random.default_rng(5)
    bidders = 500
    levels = by_level(abilities_from(Counts.none(0)).kinds[UNKNOWN_KIND])
    chances = 1.0 / (1.0 + np.exp(-(LEVELS + draws.normal(1.0, 1.2, bidders)[:, None])))
    done = draws.multinomial(works_each, levels, bidders)
    right = draws.binomial(done, chances).astype(float)
    nothing = Counts.none(bidders)
    learned = abilities_from(replace(nothing, right=right, wrong=done - right, accepted=right.sum(axis=1)))
    off = learned.right[:-1] @ levels - chances @ levels
    doubted = np.sqrt((learned.doubts()[:-1] ** 2).mean())
    assert 0.7 < np.sqrt((off**2).mean()) / doubted < 1.4


def independent(questions: int, chances: dict[str, float]) -> list[Lesson]:
    """Players that are right independently of each other: no level explains them."""
    draws = np.random.default_rng(3)
    return [
        Lesson(
            QUESTION,
            BOUNTY_USD,
            tuple(
                Work(name, "right" if right else f"wrong {draws.integers(9)}", float(right), 0.0001)
                for name, chance in chances.items()
                for right in [draws.random() < chance]
            ),
        )
        for _ in range(questions)
    ]


@pytest.mark.parametrize(
    ("chances", "questions"),
    [
        pytest.param({"weak": 0.65, "strong": 0.84}, 500, marks=pytest.mark.slow),
        ({"weak": 0.3, "strong": 0.9}, 300),
    ],
)
def test_of_two_bidders_whom_levels_do_not_explain_each_is_worth_what_was_accepted_of_its_works(
    chances: dict[str, float], questions: int
) -> None:
    policy, lessons = BayesPolicy(), independent(questions, chances)
    memory = policy.practise(None, lessons)
    for place, name in enumerate(chances):
        seen = observe("presenter", "presenter", (Contribution(name, "x"),))
        share = policy.value(memory, [seen]).means[0] / BOUNTY_USD
        accepted = np.mean([lesson.works[place].score for lesson in lessons])
        assert share == pytest.approx(accepted, abs=0.03)


def test_a_claim_that_nobody_else_makes_may_be_right_where_the_evident_answer_is_a_decoy() -> None:
    right = np.full(CLASSES, 0.4)
    chances = {}
    for upsets in (0.0, 0.5):
        assumed = world(0.2, upsets)
        belief = after_claim(first_belief(assumed), right, 0)
        chances[upsets] = belief.chances(assumed)[0]
    assert chances[0.0] == pytest.approx(0.4 * 0.8)
    assert chances[0.5] == pytest.approx(0.4 * 0.8 + 0.6 * 0.2 * 0.5)


@given(
    decoys=st.floats(0.0, 0.9),
    upsets=st.floats(0.0, 1.0),
    claims=st.lists(st.integers(0, 2), min_size=1, max_size=4),
)
def test_looking_ahead_with_nobody_left_to_ask_is_showing_the_best_claim(
    decoys: float, upsets: float, claims: list[int]
) -> None:
    assumed = world(decoys, upsets)
    belief = believed(assumed, claims)
    nobody = Crew(np.zeros((0, CLASSES)), np.zeros(0))
    ahead = look_ahead(belief.weights[None], belief.sizes, nobody, assumed, Terms(1.0))
    assert ahead.value[0] == pytest.approx(belief.chances(assumed).max(), abs=SINGLE_PRECISION)
    assert (belief.chances(assumed) >= 0.0).all()
    assert (belief.chances(assumed) <= 1.0 + 1e-9).all()


def test_of_several_answers_that_were_taken_together_one_is_an_upset_at_most() -> None:
    # Two agree and are refused; the user takes one of the two others that were shown together.
    case = Case(authors=(0, 1, 2, 3), claims=(0, 0, 1, 2), taken=(1, 2), refused=(0,))
    evidence = evidence_of([case], 4, np.ones(1))
    abilities = abilities_from(Counts.none(4))
    foretold = Foretold(np.full(1, -1), np.ones(1, dtype=bool))
    counts = expectations(evidence, foretold, abilities).counts
    assert counts.accepted.sum() == pytest.approx(1.0)
    assert counts.accepted[:2] == pytest.approx([0.0, 0.0])
    assert counts.accepted[2] == pytest.approx(counts.accepted[3])
    # As much as it is believed that the two made the evident answer: one other claim was right, one was not.
    assert counts.upsets.sum() == pytest.approx(counts.failed.sum())
    assert 0.0 < counts.upsets.sum() <= 1.0


def test_of_several_answers_to_a_practised_task_all_that_are_right_count_as_right() -> None:
    case = Case(authors=(0, 1, 2), claims=(0, 1, 2), taken=(0, 1), refused=(2,), all_right=True)
    abilities = abilities_from(Counts.none(3))
    foretold = Foretold(np.full(1, -1), np.ones(1, dtype=bool))
    counts = expectations(evidence_of([case], 3, np.ones(1)), foretold, abilities).counts
    assert counts.accepted.tolist() == [1.0, 1.0, 0.0]
    # Where the third's claim was a decoy, neither of the others was wrong.
    assert counts.failed.sum() == 0.0


@given(
    decoys=st.floats(0.0, 0.9),
    upsets=st.floats(0.0, 0.5),
    claims=st.lists(st.integers(0, 2), max_size=4),
    answers=st.integers(1, 3),
    right=arrays(float, (2, CLASSES), elements=st.floats(0.01, 0.99)),
)
def test_looking_ahead_is_what_beliefs_after_each_answer_come_to(
    decoys: float, upsets: float, claims: list[int], answers: int, right: Any
) -> None:
    assumed, terms = world(decoys, upsets), Terms(2.0, answers)
    belief = believed(assumed, claims)
    crew = Crew(right, np.array([0.1, 0.3]))
    ahead = look_ahead(belief.weights[None], belief.sizes, crew, assumed, terms)
    going_on, value = by_hand(belief, {0, 1}, crew, assumed, terms)
    assert ahead.value[0] == pytest.approx(value, abs=SINGLE_PRECISION * terms.bounty_usd)
    found = ahead.asking[0] - crew.costs_usd
    assert found == pytest.approx([going_on[0], going_on[1]], abs=SINGLE_PRECISION * terms.bounty_usd)


def by_hand(belief: Belief, left: set[int], crew: Crew, assumed: World, terms: Terms) -> tuple[dict[int, float], float]:
    """The value of asking each of those left, and of the best that can be done, belief by belief."""
    stop = terms.bounty_usd * float(np.sort(belief.chances(assumed))[::-1][: terms.answers].sum())
    going_on = {}
    for worker in left:
        after = [after_claim(belief, crew.right[worker], claim) for claim in range(belief.claims + 1)]
        values = [by_hand(each, left - {worker}, crew, assumed, terms)[1] * each.weights.sum() for each in after]
        going_on[worker] = sum(values) / belief.weights.sum() - crew.costs_usd[worker]
    return going_on, max([stop, *going_on.values()])


def test_works_beyond_the_first_say_nothing_and_take_no_room() -> None:
    flood = Case(tuple([0] * 1000), tuple(range(1000)), taken=(999,), refused=(0, 998))
    evidence = evidence_of([flood, Case((0, 1), (0, 0), taken=(0,))], 2, np.ones(2))
    assert evidence.members.shape == (2, WORKS_MAX, WORKS_MAX)
    assert evidence.verdicts[0, 0] == ClaimVerdict.REFUSED
    assert set(evidence.verdicts[0, 1:]) == {ClaimVerdict.ANOTHER_TAKEN}, "the one that was taken is none of these"
    assert evidence.verdicts[1, 0] == ClaimVerdict.TAKEN
