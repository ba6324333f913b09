"""A presenter of answers: shows those that what is known of the bidders supports best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bidders.capable import PRESENTER, Appraisal, CapableBidder
from bidders.options import whole_in
from orchestrator import Announcement, Money, Observation, Policy, Segment, State, WonLot

_ANSWER = "answer"
_RANK_MAX = 10


class AnswerPresenter(CapableBidder):
    """Shows answers that a state holds: segments of kind `answer`, which agree or differ.

    Which ones, its policy says where it can (`best_claims`, as `bayes` does); otherwise those
    that most bidders gave, of equals the latest. Its estimate is their share of the votes, with
    one vote for an answer that nobody has given; a policy that knows the voters knows better.

    It may show several answers together, the best first, of which the user needs only one to be right.
    Its bid then pays for all of them. Presenters that each buy a copy in order to show one answer pay,
    by the rule of several copies, next to nothing, and nobody can live by finding answers.

    Args:
        name: unique in its market.
        rank: which answer it shows first: 1 for the best supported, 2 for the next, up to 10.
        answers: how many answers it shows together at most, 1 to 10. The policy `bayes` has an option of
            the same name, which all bidders of its pool must be told.
        policy: turns its estimate into a value.

    Raises:
        InvalidConfig: the rank or the number of answers is out of range.
    """

    def __init__(self, name: str, rank: int = 1, answers: int = 1, policy: Policy | None = None) -> None:
        super().__init__(name, PRESENTER, policy)
        self._option = whole_in("rank", rank, 1, _RANK_MAX) - 1
        self._answers = whole_in("answers", answers, 1, _RANK_MAX)

    def appraise(self, announcement: Announcement) -> Appraisal:
        """Say how many of the state's answers support what this presenter would show."""
        votes = Counter(piece.claim for piece in _answers(announcement.state))
        ranked = votes.most_common()
        if len(ranked) <= self._option:
            return Appraisal(0.0, f"the state holds {len(ranked)} different answers")
        support = sum(count for _, count in ranked[self._option : self._option + self._answers])
        share = support / (votes.total() + 1)
        return Appraisal(share, f"{support} of {votes.total()} answers agree", {"option": float(self._option)})

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        """Show the answers, the best first."""
        pieces = _answers(lot.state)
        ranked = self._ranked(lot, pieces)
        first = min(self._option, len(ranked) - 1)
        latest = {piece.claim: piece for piece in pieces}
        shown = [latest[claim] for claim in ranked[first : first + self._answers]]
        return [Segment(piece.text, kind=_ANSWER, media_type=piece.media_type) for piece in shown]

    def _ranked(self, lot: WonLot, pieces: Sequence[Segment]) -> list[str]:
        """The state's claims, the best supported first."""
        held = {piece.claim for piece in pieces}
        best_claims = getattr(self.policy, "best_claims", None)
        if best_claims is not None:
            told = [claim for claim, _ in best_claims(lot.memory, self._seen(lot)) if claim in held]
            return told or _most_given(pieces)
        return _most_given(pieces)

    def _seen(self, lot: WonLot) -> Observation:
        return Observation(
            bidder=self.name,
            role=PRESENTER,
            stage=lot.stage,
            stages_max=lot.stages_max,
            bounty_usd=lot.bounty.to_float(),
            last_price_usd=Money(lot.price.nanos).to_float(),
            seed=lot.seed,
            request=lot.request,
            contributions=lot.state.contributions(),
        )


def _answers(state: State) -> list[Segment]:
    return [piece for piece in state.segments if piece.claim]


def _most_given(pieces: Sequence[Segment]) -> list[str]:
    """Claims by the number of pieces that make them, of equals the latest first."""
    votes = Counter(piece.claim for piece in pieces)
    latest = {piece.claim: place for place, piece in enumerate(pieces)}
    return sorted(votes, key=lambda claim: (-votes[claim], -latest[claim]))
