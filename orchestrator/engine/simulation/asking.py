"""Asking the players of a simulation for bids: one call of a policy for all lots of all who share its memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from orchestrator.bidding import Observation
from orchestrator.core.answer import Answer, Keep
from orchestrator.core.keys import derive_seed
from orchestrator.core.lot import Lot
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.engine.simulation.invitations import Invitations
from orchestrator.engine.simulation.player import Player
from orchestrator.money import AMOUNT_NANOS_MAX, NANOS_PER_USD

_USD_MAX: Final = AMOUNT_NANOS_MAX / NANOS_PER_USD


class Said(NamedTuple):
    """What was said about a request's lots, by lot.

    Attributes:
        answers: sealed answers.
        keeps: public reserves of the lots' owners.
    """

    answers: dict[str, list[Answer]]
    keeps: dict[str, Keep]


# A lot that a policy is to value, what it sees of it, and where its answer goes; plain, for there is one a bid.
_Question = tuple[Player, Request, Lot, Observation, Said]


class Asker:
    """Asks players what lots are worth to them.

    Args:
        invitations: who is asked.
        seed: root of the draws with which policies explore.
        spendable_nanos: what a player can spend, by name; it bids no more than that beside its work's worst case.
        may_buy_own: whether an owner bids for its own lot like anyone, rather than announce what keeping it is worth.
    """

    def __init__(
        self, invitations: Invitations, seed: int, spendable_nanos: Callable[[str], int], *, may_buy_own: bool
    ) -> None:
        self._invitations = invitations
        self._seed = seed
        self._spendable_nanos = spendable_nanos
        self._may_buy_own = may_buy_own

    def ask(self, live: Sequence[Progress], memories: Mapping[str, Any], *, explores: bool) -> dict[str, Said]:
        """Have every player answer for every lot that it is invited to.

        Args:
            live: the requests whose lots are on sale.
            memories: what policies have learned, by memory id.
            explores: whether bids are drawn around their means.

        Returns:
            What was said, by request.
        """
        invitations = self._invitations
        said: dict[str, Said] = {}
        asked: dict[str, list[_Question]] = {}
        for progress in live:
            request = progress.request
            said[request.id] = heard = Said({}, {})
            for lot in progress.lots():
                heard.answers[lot.path] = []
                for player in invitations.to(request, lot):
                    seen = player.observe(request, lot)
                    if seen is not None:
                        asked.setdefault(player.memory_id, []).append((player, request, lot, seen, heard))
                    elif invitations.are_choosy:
                        invitations.note(player, 0, 0.0)
        for memory_id, questions in asked.items():
            values = self._values(questions, memories.get(memory_id), explores=explores)
            for question, worth_usd in zip(questions, values, strict=True):
                self._enter(question, worth_usd)
        return said

    def _values(self, questions: Sequence[_Question], memory: Any, *, explores: bool) -> Sequence[float]:
        """What one policy values lots at, in dollars."""
        player, request, lot, _, _ = questions[0]
        valuation = player.policy.value(memory, [seen for _, _, _, seen, _ in questions])
        values = np.asarray(valuation.means, dtype=float)
        if explores:
            seed = derive_seed(self._seed, player.memory_id, request.id, lot.stage)
            draws = np.random.default_rng(seed).standard_normal(len(questions))
            # What is no finite number is told of below; numpy need not warn of it.
            with np.errstate(all="ignore"):
                values = values + np.asarray(valuation.deviations, dtype=float) * draws
        usd: list[float] = values.tolist()
        return usd

    def _enter(self, question: _Question, worth_usd: float) -> None:
        """Enter what a player says of a lot: a bid, or of its own lot what keeping it is worth."""
        player, _, lot, seen, said = question
        if player.name == lot.owner and not self._may_buy_own:
            # As of the bidders that come along, a reserve that is no number is none, and a bid a fault.
            if math.isfinite(worth_usd):
                provider = _provider(player.name, player.cost_max_nanos)
                said.keeps[lot.path] = Keep(_nanos(worth_usd), player.cost_max_nanos, provider)
            return
        if math.isfinite(worth_usd):
            left_nanos = self._spendable_nanos(player.name) - player.cost_max_nanos
            if left_nanos < 0:
                return
            answer = _bid(player, seen, min(_nanos(worth_usd), left_nanos))
        else:
            answer = _fault(player, worth_usd)
        said.answers[lot.path].append(answer)
        if self._invitations.are_choosy:
            self._invitations.note(player, answer.amount_nanos, seen.bounty_usd)


def _nanos(worth_usd: float) -> int:
    return int(min(max(worth_usd, 0.0), _USD_MAX) * NANOS_PER_USD)


def _fault(player: Player, worth_usd: float) -> Answer:
    return Answer(
        player.name, "fault", fault="raised", reason=f"policy {player.policy.name} valued the lot at {worth_usd} USD"
    )


def _bid(player: Player, seen: Observation, amount_nanos: int) -> Answer:
    name, cost_max_nanos = player.name, player.cost_max_nanos
    return Answer(
        name,
        "bid",
        amount_nanos,
        player.role,
        cost_max_nanos,
        _provider(name, cost_max_nanos),
        observed=tuple(sorted(seen.features.items())) if seen.features else (),
    )


def _provider(name: str, cost_max_nanos: int) -> str:
    """Who is paid for a player's calls; nobody where they are free."""
    return name if cost_max_nanos else ""
