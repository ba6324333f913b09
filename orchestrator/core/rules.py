"""The settings of the market's rules, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Rule = Literal["vickrey", "first_price", "subsidised"]
Role = Literal["transformer", "presenter"]
SelfSale = Literal["keep", "open"]
LastStage = Literal["presenters", "any"]

TRANSFORMER: Final[Role] = "transformer"
PRESENTER: Final[Role] = "presenter"
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Rules:
    """How a request's auctions are held; recorded with the request.

    Attributes:
        rule: `vickrey` (winners pay the highest losing bid), `first_price` (the bucket
            brigade) or `subsidised` (Chang's plain Vickrey: a money pump, for research) (R5).
        reserve_nanos: the least any lot is sold for, unless its owner announces more.
        copies: buyers of a copy of each lot, by stage; the last figure holds for later stages (R8).
        stages_max: the last stage; at it only presenters may bid (R8).
        offers_max: offers put before the user (R9).
        forfeit_percent: share of its bid that a winner forfeits when it fails by its own fault (R6).
        self_sale: `keep` (an owner may keep its state under a public reserve) or `open` (it bids
            like anyone, for research) (R5).
        last_stage: `presenters`, or `any` for research.
        discount_millionths: the share of a price that reaches the seller, in millionths; the rest
            goes to the treasury. Less than a million only for research: it is the discount of
            reinforcement learning (Chang et al. 2020).
        invited_max: how many transformers, and how many presenters, are asked to bid for a lot: the
            most promising and some drawn; 0 asks everybody.
        stage_reward_max_nanos: the most that a delivery may earn or cost at once, paid by or to the
            treasury, for research; 0 forbids stage rewards.
        state_bytes_max: size of a state in UTF-8 bytes above which a delivery is invalid (R6).
        bid_deadline_seconds: when a lot closes to bidders that have not answered (R3).
        transform_deadline_seconds: when a winner that has not delivered has failed (R6).
    """

    rule: Rule = "vickrey"
    reserve_nanos: int = 0
    copies: tuple[int, ...] = (1,)
    stages_max: int = 8
    offers_max: int = 10
    forfeit_percent: int = 50
    self_sale: SelfSale = "keep"
    last_stage: LastStage = "presenters"
    state_bytes_max: int = 1_000_000
    bid_deadline_seconds: float = 20.0
    transform_deadline_seconds: float = 120.0
    discount_millionths: int = MILLION
    stage_reward_max_nanos: int = 0
    invited_max: int = 0

    def copies_at(self, stage: int) -> int:
        """How many copies of each lot are sold at a stage (1 is the first)."""
        return self.copies[min(stage, len(self.copies)) - 1]

    @property
    def is_research(self) -> bool:
        """Whether a setting for reinforcement learning is in use, under which money moves at every stage."""
        return self.discount_millionths != MILLION or self.stage_reward_max_nanos != 0

    def discounted_nanos(self, price_nanos: int) -> int:
        """What of a price reaches the seller."""
        return price_nanos * self.discount_millionths // MILLION

    def roles_at(self, stage: int) -> tuple[Role, ...]:
        """Who may bid at a stage."""
        if stage >= self.stages_max and self.last_stage == "presenters":
            return (PRESENTER,)
        return (TRANSFORMER, PRESENTER)
