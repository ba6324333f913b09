"""Works that claim nothing where others do: that tells of their request, unless it comes by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.abilities import Abilities
from bidders.policies.pooled.evidence import SILENT, Case, Evidence, evidence_of
from bidders.policies.pooled.pool import Fit
from tests.bidders.quiz import Player, Quiz


@dataclass
class Interrupted(Quiz):
    """A quiz in which answers are lost by chance."""

    lost: float = 0.05

    def answers(self, draws: np.random.Generator) -> dict[str, str]:
        """As in any quiz, but now and then none."""
        return {name: "" if draws.random() < self.lost else said for name, said in super().answers(draws).items()}


def practised(lost: float) -> Abilities:
    """What a pool of forty believes after a hundred questions with four wrong answers each."""
    players = {f"p{number:02d}": Player(number / 20 - 0.2) for number in range(40)}
    quiz = Interrupted(players, spread=1.0, wrong_answers=4, lost=lost)
    return Fit.from_json(BayesPolicy().practise(None, quiz.lessons(100))["fit"]).abilities


def test_works_that_claim_nothing_can_be_taken_to_tell_nothing() -> None:
    evidence = evidence_of([Case((0, 1, 2), (0, SILENT, 0)), Case((0, 1), (0, 1))], 3, np.ones(2))
    assert evidence.voices.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert evidence.has_silence
    assert not evidence_of([Case((0, 1), (0, 1))], 3, np.ones(1)).has_silence
    heard = evidence.heeding_claims()
    assert heard.voices.tolist() == [[1, 0, 1], [1, 1, 0]]
    assert heard.sizes.tolist() == evidence.sizes.tolist()


@pytest.mark.slow
def test_answers_lost_by_chance_do_not_make_decoys_of_what_most_bidders_agree_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complete, interrupted = practised(0.0), practised(0.05)
    assert not complete.has_many_decoys
    assert not interrupted.has_many_decoys
    # What is found out is the same but for what was lost.
    by_ability = interrupted.proven_by_class() @ interrupted.world().classes
    assert np.corrcoef(by_ability[:-1], np.arange(40))[0, 1] > 0.9
    monkeypatch.setattr(Evidence, "heeding_claims", lambda evidence: evidence)
    assert practised(0.05).has_many_decoys, "the control: as long as each silence tells of its question"
