"""A bidder that is a language model: a model, a capability and a bid policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orchestrator
from bidders.capable import PRESENTER, Appraisal, CapableBidder, prospect, resale_share
from bidders.llm.digest import BYTES_PER_TOKEN, REQUESTER, digest_state
from bidders.llm.estimating import Estimate, estimate, estimate_cost_max
from bidders.llm.prompt_file import PromptFile, load_prompt
from bidders.llm.showing import show
from bidders.llm.writing import write
from bidders.options import kind_in, number_in, whole_in
from orchestrator import (
    Announcement,
    Model,
    Money,
    Policy,
    Prompt,
    Replacement,
    Segment,
    State,
    WonLot,
    entry_of,
    words_within,
)
from orchestrator.errors import InvalidConfig, ProviderError

_WORK_WORDS: Final = frozenset({"state", "mark", "instructions", "words"})
_ESTIMATE_WORDS: Final = frozenset({"state", "mark", "work"})
_SHOWN: Final = frozenset({"state"})
_DEADLINE_SHARE: Final = 0.95  # of its bidder's time that a call may take; the rest is for reading the answer
# States are made of these that fill what a model is shown: what is replaced in a text, or kept in a label, has 3 bytes.
_ACTIVE: Final = "\0"
_PIECE_SHOWN: Final = 200
_LONGEST: Final = Segment(_ACTIVE * 1000, kind="\N{CJK UNIFIED IDEOGRAPH-5B57}" * 64, author="x" * 64)
_REPEAT_FACTOR: Final = 0.35  # a second round of the same work is worth so much of the first


class LanguageModelBidder(CapableBidder):
    """A language model that does one kind of work on states, or presents them.

    Its capability is a prompt file, which says what it is told and what becomes of its answer. Its
    policy says what that is worth: `fixed`, `fraction` and `tracker` without a call; a policy whose
    `asks_model` is true has the model value the state first, at a cost that is promised as the
    cost of bidding.

    Args:
        name: unique in its market.
        model: the model, or its type and options; a config names one of its section `models`.
        capability: a prompt that comes along: `refine`, `critique`, `rewrite`, `answer`, `present`.
        policy: turns the estimate into a value; by default the estimate's share of the bounty.
        prompt_path: a prompt file of the operator's own, in place of the capability's.
        estimate_prompt_path: the same for the question that values a state.
        instructions: what the operator adds to the prompt.
        max_tokens: the most that the model may write; by default what the prompt file says.
        kind: kind of the segment that it writes; by default what the prompt file says.
        gain: how much of what a state lacks its work supplies, 0 to 1, before anything was learned.
        repeats_max: how often it works on one chain.
        state_tokens_max: about how much of a state the model is shown when it works.
        estimate_tokens_max: the same when it values a state.

    Raises:
        InvalidConfig: an option is out of range, or a prompt file cannot be used.
        BrokenPlugin: the model cannot be built.
    """

    def __init__(
        self,
        name: str,
        model: Model | Mapping[str, Any],
        capability: str = "refine",
        policy: Policy | None = None,
        prompt_path: str | Path | None = None,
        estimate_prompt_path: str | Path | None = None,
        instructions: str = "",
        max_tokens: int | None = None,
        kind: str | None = None,
        gain: float | str | None = None,
        repeats_max: int | None = None,
        state_tokens_max: int = 6000,
        estimate_tokens_max: int = 1500,
    ) -> None:
        self._file = load_prompt(capability, prompt_path, _WORK_WORDS, _SHOWN)
        self._estimate_file = load_prompt("estimate", estimate_prompt_path, _ESTIMATE_WORDS, _SHOWN)
        front = self._file.front
        if front.role is None:
            raise InvalidConfig(f"the prompt {front.name!r} makes no bidder: its head names no role")
        super().__init__(name, front.role, policy)
        if instructions.strip() and not self._file.shows("instructions"):
            raise InvalidConfig(
                f"the prompt {front.name!r} has no place for the option `instructions`: write $instructions into it"
            )
        self._instructions = f"\n{instructions.strip()}" if instructions.strip() else ""
        self._max_tokens = whole_in("max_tokens", max_tokens or front.max_tokens, 1, 1_000_000)
        self._kind = kind_in("kind", front.kind if kind is None else kind)
        self._gain = number_in("gain", front.gain if gain is None else gain, 0.0, 1.0)
        self._repeats_max = whole_in("repeats_max", repeats_max or front.repeats_max, 1, 1000)
        self._state_tokens_max = whole_in("state_tokens_max", state_tokens_max, 100, 10_000_000)
        self._estimate_tokens_max = whole_in("estimate_tokens_max", estimate_tokens_max, 100, 10_000_000)
        self.model = orchestrator.build_model(model)
        self.provider = self.model.provider

    def close(self) -> None:
        """Let go of the model."""
        orchestrator.release_model(self.model)

    def obstacle(self) -> str | None:
        """Why it could not act now: what its model says, for example that a key is not set."""
        ask = getattr(self.model, "obstacle", None)
        said = ask() if callable(ask) else None
        return str(said) if said else None

    def bid_cost_max(self, announcement: Announcement) -> Money:
        """Worst case of having the model value the state; nothing where the policy does not ask for that."""
        if not self._asks_model or self._refusal(announcement):
            return Money(0)
        prompt = self._estimate_prompt(announcement)
        # Where no price is known it passes, so nothing is spent.
        return estimate_cost_max(self.model, prompt) or Money(0)

    def bidding_cost_max(self, announcement: Announcement) -> Money:
        """Worst case of having the model value all lots of the stage."""
        own = self.bid_cost_max(announcement)
        beside = announcement.lots - 1
        if not own.nanos or not beside:
            return own
        # States of other lots are not shown here: of one long piece a model is shown most text, of many most beside it.
        size = self._estimate_tokens_max * BYTES_PER_TOKEN
        states = ([_LONGEST], [_LONGEST] * (size // _PIECE_SHOWN), [replace(_LONGEST, text=_ACTIVE * 2 * size)])
        shown = [State(tuple(pieces)) for pieces in states]
        other = max(self.bid_cost_max(replace(announcement, state=state)) for state in shown)
        return own + Money(beside * max(own, other).nanos)

    def transform_cost_max(self, announcement: Announcement) -> Money:
        """Worst case of the work.

        Raises:
            ProviderError: the model's price is not known.
        """
        cost_max = self.model.cost_max(self._work_prompt(announcement))
        if cost_max is None:
            raise ProviderError(self._unpriced())
        return cost_max

    def appraise(self, announcement: Announcement) -> Appraisal:
        """Estimate the state after the work without asking the model: by the prices on its chain, and a prior gain."""
        refusal = self._refusal(announcement)
        if refusal:
            return Appraisal(0.0, refusal)
        gain = self._gain * _REPEAT_FACTOR ** self._rounds(announcement)
        return Appraisal(resale_share(announcement, gain), self._file.front.does, {"gain": gain})

    async def practises(self, announcement: Announcement) -> bool:
        """Whether it works on a task in practice: on any; why it cannot act at all is for its worst case to say."""
        return True

    async def consider(self, announcement: Announcement) -> Appraisal:
        """Appraise a lot; have the model value it where the policy wants that and the work could be paid for."""
        appraisal = self.appraise(announcement)
        if appraisal.estimate <= 0 or not self._asks_model:
            return appraisal
        needed = self.transform_cost_max(announcement) + self.bidding_cost_max(announcement)
        if needed > announcement.balance:
            return Appraisal(0.0, f"bidding and the work may cost {needed} USD, more than the wallet holds")
        prompt = self._estimate_prompt(announcement)
        said = await estimate(self.model, prompt, announcement.meter, self._estimate_file.label)
        return self._judged(announcement, said)

    async def transform(self, lot: WonLot) -> Sequence[Segment] | Replacement:
        """Have the model do the work."""
        text = await write(self.model, self._work_prompt(lot), lot.meter, self._file.label, lot.on_text)
        if not text:
            return []
        media_type = "text/markdown" if self.role == PRESENTER else "text/plain"
        written = Segment(text, kind=self._kind, media_type=media_type)
        if self._file.front.delivers == "append":
            return [written]
        return Replacement([*(piece for piece in lot.state.segments if piece.author == REQUESTER), written])

    @property
    def _asks_model(self) -> bool:
        return bool(getattr(self.policy, "asks_model", False))

    def _refusal(self, announcement: Announcement) -> str:
        """Why it passes without looking further; empty where it does not."""
        if self.role not in announcement.roles:
            return "may not bid at this stage"
        if self._rounds(announcement) >= self._repeats_max:
            return "has done its work on this chain"
        if not self._may_replace(announcement):
            most = f"{self._state_tokens_max:,} tokens"
            return f"the state is longer than the {most} that its model is shown, and a rewrite would lose the rest"
        obstacle = self.obstacle()
        if obstacle:
            return obstacle
        priced = self.model.cost_max(self._work_prompt(announcement)) is not None
        return "" if priced else self._unpriced()

    def _may_replace(self, announcement: Announcement) -> bool:
        """Whether nothing is lost where its work stands in the state's place: what it was not shown would be gone."""
        if self._file.front.delivers == "append":
            return True
        return digest_state(announcement.request, announcement.state, self._state_tokens_max).has_all_work

    def _rounds(self, announcement: Announcement) -> int:
        """How often it has worked on this chain; a twin would only ask the same model once more."""
        own = entry_of(self.name)
        return sum(entry_of(sale.buyer) == own for sale in announcement.chain)

    def _unpriced(self) -> str:
        return f"the price of {self.model.name} is not known; give its model `prices` or `reserve_per_call`"

    def _judged(self, announcement: Announcement, said: Estimate) -> Appraisal:
        """What the model's estimate comes to for this copy of the lot."""
        work = self._work_prompt(announcement)
        expected = self.model.cost_max(replace(work, max_tokens=max(1, min(said.tokens, work.max_tokens))))
        features = {"as_is": said.as_is, "after": said.after, "tokens": float(said.tokens)}
        return Appraisal(
            said.after * prospect(announcement.lot),
            f"its model gives it {said.after:.0%}, and {said.as_is:.0%} as it is",
            features,
            None if expected is None else expected.to_float(),
        )

    def _work_prompt(self, lot: Announcement | WonLot) -> Prompt:
        """The work's prompt; before and after a lot is won it differs only in what costs nothing."""
        words = {"instructions": self._instructions}
        return _filled(self._file, lot, self._state_tokens_max, self._max_tokens, words)

    def _estimate_prompt(self, announcement: Announcement) -> Prompt:
        front = self._file.front
        most = self._estimate_file.front.max_tokens
        return _filled(self._estimate_file, announcement, self._estimate_tokens_max, most, {"work": front.does})


def _filled(
    file: PromptFile, lot: Announcement | WonLot, tokens_max: int, max_tokens: int, words: Mapping[str, str]
) -> Prompt:
    """Fill a prompt file in with a lot's state, digested to a number of tokens."""
    fenced = show(lot.request, lot.state, tokens_max)
    words = {**words, "words": str(words_within(max_tokens))}
    messages = file.fill({**words, "state": fenced.text, "mark": fenced.mark})
    deadline_seconds = lot.deadline_seconds * _DEADLINE_SHARE
    return Prompt(messages, max_tokens, seed=lot.seed, deadline_seconds=deadline_seconds)
