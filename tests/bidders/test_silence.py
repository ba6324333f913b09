"""Works that claim nothing: what they tell of their request, and what they are worth as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled import silence
from bidders.policies.pooled.abilities import Abilities, Counts, abilities_from
from bidders.policies.pooled.evidence import SILENT, SILENT_REFUSED, SILENT_TAKEN, Case, evidence_of
from bidders.policies.pooled.pool import Fit
from bidders.policies.pooled.world import LEVELS
from orchestrator import Contribution, Lesson, Work
from tests.bidders.lots import receipt
from tests.bidders.quiz import BOUNTY_USD, QUESTION, Player, Quiz, observe

BIDDERS = 3
NANOS = 10**9
works = arrays(float, (BIDDERS, len(LEVELS)), elements=st.floats(0.0, 500.0))
many = np.full((BIDDERS, len(LEVELS)), 100.0)
RIGHT = np.linspace(0.99, 0.1, len(LEVELS))


# --- what is believed ---


each = arrays(float, (BIDDERS,), elements=st.floats(0.0, 500.0))


@given(right=works, wrong=works, by_chance=each, at_a_loss=each, taken=works, refused=works, opened=st.floats(0.0, 1e4))
def test_what_is_believed_of_silence_are_chances(
    right: Any, wrong: Any, by_chance: Any, at_a_loss: Any, taken: Any, refused: Any, opened: float
) -> None:
    counts = replace(Counts.none(BIDDERS), right=right, wrong=wrong, opened=np.array([opened, 10.0]))
    silent = np.minimum(at_a_loss, wrong.sum(axis=1))
    counts = replace(counts, by_chance=by_chance, at_a_loss=silent, silent_accepted=taken, silent_refused=refused)
    believed = abilities_from(counts)
    for chances in (believed.silent_by_class(), believed.silence.accepted):
        assert ((chances > 0.0) & (chances < 1.0)).all()
    assert 0.0 < believed.silence.open_share < 1.0


def test_before_any_is_seen_silence_tells_little_of_how_hard_a_request_is_and_nothing_of_what_it_is_worth() -> None:
    nothing = abilities_from(Counts.none(BIDDERS))
    assert nothing.silent_by_class().max() < 5.0 * nothing.silent_by_class().min()
    assert np.ptp(nothing.silence.accepted) == pytest.approx(0.0)


def test_who_is_at_a_loss_is_silent_where_it_would_be_wrong_and_by_chance_wherever_it_may_be() -> None:
    counts = replace(Counts.none(BIDDERS), right=many * RIGHT, wrong=many * (1.0 - RIGHT))
    by_chance = abilities_from(replace(counts, by_chance=np.full(BIDDERS, 200.0))).silence
    at_a_loss = abilities_from(replace(counts, at_a_loss=0.2 * counts.wrong.sum(axis=1))).silence
    chances = np.array([each.chances(np.tile(RIGHT, (BIDDERS + 1, 1))) for each in (by_chance, at_a_loss)])
    assert chances[0, 0] == pytest.approx(0.2, abs=0.02)
    assert chances[1, 0, 0] < 0.01
    assert chances[1, 0, -1] == pytest.approx(0.18, abs=0.02)
    assert (by_chance.shares_by_chance(np.tile(RIGHT, (BIDDERS + 1, 1))) > 0.9).all()


@given(share=st.floats(1e-4, 0.9), one=st.floats(1e-6, 1.0), other=st.floats(1e-6, 1.0))
def test_the_less_likely_silence_is_where_answers_could_be_claimed_the_likelier_is_it_that_none_could(
    share: float, one: float, other: float
) -> None:
    believed = replace(abilities_from(Counts.none(BIDDERS)).silence, open_share=share)
    low, high = sorted((one, other))
    assert share - 1e-12 <= believed.open_chance(high) <= believed.open_chance(low) < 1.0


def test_a_case_keeps_what_became_of_works_that_claim_nothing() -> None:
    evidence = evidence_of(
        [Case((0, 1, 2), (0, SILENT, SILENT_TAKEN)), Case((0, 1), (SILENT_REFUSED, 0))], 3, np.ones(2)
    )
    assert evidence.silences.tolist() == [[0, SILENT, SILENT_TAKEN], [SILENT_REFUSED, 0, 0]]
    assert evidence.sizes.tolist() == [[1], [1]]
    assert evidence_of([Case((0,), (SILENT_REFUSED,))], 3, np.ones(1)).sizes.shape == (1, 0)


def test_a_memory_of_before_silence_was_kept_is_read_as_if_none_had_been_seen() -> None:
    policy = BayesPolicy()
    memory = policy.practise(None, Quiz({"a": Player(1.0), "b": Player(0.0)}).lessons(50))
    del memory["fit"]["silence"]
    for name in ("by_chance", "at_a_loss", "silent_accepted", "silent_refused", "opened"):
        del memory["faded"][name]
    (share,) = policy.value(memory, [observe("a", "transformer", ())]).means
    assert 0.0 < share < BOUNTY_USD
    learned = policy.learn(memory, [receipt(bidder="b", claim="18", request=QUESTION)] * 2)
    assert Fit.from_json(learned["fit"]).abilities.silence.accepted.shape == (3, len(LEVELS))


# --- what it is worth ---


@dataclass
class Interrupted(Quiz):
    """A quiz in which answers are lost by chance."""

    lost: float = 0.05

    def answers(self, draws: np.random.Generator) -> dict[str, str]:
        """As in any quiz, but now and then none."""
        return {name: "" if draws.random() < self.lost else said for name, said in super().answers(draws).items()}


def told(names: Sequence[str], said: Sequence[str], scores: Sequence[float]) -> Lesson:
    works = [Work(*each, 0.0005) for each in zip(names, said, scores, strict=True)]
    return Lesson(QUESTION, BOUNTY_USD, tuple(works))


def lessons_with_a_silent_one(score: float) -> list[Lesson]:
    """Questions on which two claim answers, right in three of four, and one says something else."""
    answers = [("right", 1.0) if number % 4 else ("wrong", 0.0) for number in range(120)]
    return [told("abc", [said, said, ""], [right, right, score]) for said, right in answers]


def valued(memory: Any, bidder: str, role: Any, *authors: str, said: str = "") -> float:
    """As a share of the bounty."""
    held = tuple(Contribution(author, said) for author in authors)
    return BayesPolicy().value(memory, [observe(bidder, role, held)]).means[0] / BOUNTY_USD


def test_what_a_bidder_says_that_claims_nothing_is_worth_what_was_accepted_of_it() -> None:
    good, bad = (BayesPolicy().practise(None, lessons_with_a_silent_one(score)) for score in (1.0, 0.0))
    assert valued(good, "p", "presenter", "c") > 0.9
    assert valued(good, "c", "transformer") > valued(good, "a", "transformer") + 0.1
    assert valued(bad, "p", "presenter", "c") < 0.1
    assert valued(bad, "c", "transformer") < valued(bad, "a", "transformer")


def test_the_silence_of_who_never_claims_anything_tells_nothing_of_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could as well be always wrong, and silent because of that; then it would tell hard requests from easy ones."""
    quiz = Quiz({f"p{number:02d}": Player(number / 4) for number in range(12)}, spread=2.0)
    lessons = [
        each._replace(
            works=tuple(work._replace(claim=work.claim if int(work.bidder[1:]) % 2 else "") for work in each.works)
        )
        for each in quiz.lessons(150)
    ]

    def told() -> float:
        abilities = Fit.from_json(BayesPolicy().practise(None, lessons)["fit"]).abilities
        return float(np.ptp(abilities.silent_by_class()[0]))

    assert told() < 0.05
    monkeypatch.setattr(silence, "_AT_A_LOSS_MAX", 1.0)
    assert told() > 0.1, "the control"


def test_requests_that_nobody_can_claim_anything_on_are_found_out_by_the_first_silence() -> None:
    """A tenth of the questions are of no other text, and their works are good as they are."""
    claimed = [told("ab", ["right", "right"], [1.0, 1.0])] * 9
    policy = BayesPolicy()
    memory = policy.practise(None, [*claimed, told("ab", ["", ""], [0.9, 0.9])] * 20)
    assert Fit.from_json(memory["fit"]).abilities.silence.open_share == pytest.approx(0.1, abs=0.02)
    assert valued(memory, "p", "presenter", "a") > 0.7
    never = policy.practise(None, claimed * 20)
    assert valued(never, "p", "presenter", "a") < 0.4, "the control: where all others have claimed something"
    assert valued(never, "b", "transformer", "a") > 0.6


def test_what_became_of_works_that_claim_nothing_is_learned_from_bounties() -> None:
    def accepted(taken: bool) -> float:
        told = {"outcome": "released" if taken else "rejected", "in_picked_chain": taken, "request": QUESTION}
        shown = {"role": "presenter", "stage": 2, "bidder": "p", "contributions": (Contribution("a", ""),)}
        seen = [
            receipt(request_id=f"claimed{number}", bidder="a", claim="18", request=QUESTION) for number in range(60)
        ]
        for number in range(20):
            seen.append(receipt(request_id=f"silent{number}", bidder="a", claim="", **told))
            seen.append(receipt(request_id=f"silent{number}", **{**told, **shown}))
        memory = BayesPolicy().learn(None, seen)
        return float(Fit.from_json(memory["fit"]).abilities.silence.accepted[0].mean())

    assert accepted(True) > 0.7
    assert accepted(False) < 0.1


def practised(lost: float) -> Abilities:
    """What a pool of forty believes after a hundred questions with four wrong answers each."""
    players = {f"p{number:02d}": Player(number / 20 - 0.2) for number in range(40)}
    quiz = Interrupted(players, spread=1.0, wrong_answers=4, lost=lost)
    return Fit.from_json(BayesPolicy().practise(None, quiz.lessons(100))["fit"]).abilities


@pytest.mark.slow
def test_answers_lost_by_chance_do_not_make_decoys_of_what_most_bidders_agree_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complete, interrupted = practised(0.0), practised(0.05)
    for abilities in (complete, interrupted):
        world = abilities.world()
        assert world.classes @ world.decoys < 1.0 / 3.0
    # What is found out is the same but for what was lost.
    by_ability = interrupted.proven_by_class() @ interrupted.world().classes
    assert np.corrcoef(by_ability[:-1], np.arange(40))[0, 1] > 0.9
    assert interrupted.silence.by_chance.mean() == pytest.approx(0.05, abs=0.02)
    monkeypatch.setattr(silence, "_BY_CHANCE_MEAN", 1e-9)
    assert practised(0.05).silence.by_chance.mean() < 0.01, "the control: as if only those were silent who fail"
