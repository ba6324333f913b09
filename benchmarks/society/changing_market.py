"""The changing Chain as a market: bidders come, go and improve, and nobody is told."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.society.changes import (
    COST_USD,
    DISCOUNT,
    DOOR,
    DOOR_OPEN_CHANCE,
    GOAL,
    HORIZON,
    REWARD_USD,
    Phase,
    World,
)
from benchmarks.society.comparison import TRACKER
from benchmarks.society.market import reject, state_of, step_to
from benchmarks.standing import Twin
from bidders.policies.tracker import TrackerPolicy
from orchestrator.bidding import Observation, Policy
from orchestrator.core.clearing import Award
from orchestrator.core.keys import derive_seed
from orchestrator.core.lot import Lot
from orchestrator.core.request import Request
from orchestrator.core.rules import MILLION, TRANSFORMER, Role, Rules
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Delivery, Job, Simulation
from orchestrator.money import NANOS_PER_USD

TWINS = 2
_COST_NANOS = round(COST_USD * NANOS_PER_USD)
_REWARD_NANOS = round(REWARD_USD * NANOS_PER_USD)
_WEALTH = WealthRules(100_000 * NANOS_PER_USD, 0, 0, treasury_stock_nanos=1_000_000 * NANOS_PER_USD)


def door_is_open(seed: int) -> bool:
    """Whether the door is open in the episode of a seed."""
    return random.Random(derive_seed(seed, "door")).random() < DOOR_OPEN_CHANCE


@dataclass(slots=True)
class SkillBidder(Twin):
    """A bidder with one skill; what it can do follows the world, which changes between episodes."""

    skill: str
    twin: int
    world: World
    policy: Policy
    role: Role = TRANSFORMER
    cost_max_nanos: int = _COST_NANOS

    @property
    def memory_id(self) -> str:
        return self.skill

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        state = state_of(lot)
        if state == GOAL:
            return None
        features = {"state": float(state)}
        if self.skill == DOOR:
            # Its private knowledge: nobody else can see whether the door is open.
            features["open"] = float(door_is_open(request.seed))
        return Observation(self.name, TRANSFORMER, lot.stage, HORIZON, 1.0, cost_max_usd=COST_USD, features=features)

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        luck = random.Random(derive_seed(request.seed, "luck", lot.stage))
        reached = self.world.reach(self.skill, state_of(lot), is_open=door_is_open(request.seed), luck=luck)
        return Delivery([step_to(reached, lot)], _COST_NANOS, _REWARD_NANOS if reached == GOAL else 0)


def play_market(phases: Sequence[Phase], episodes: int, seed: int) -> list[float]:
    """The utility of each episode, reward less cost in USD, of a market that learns on throughout."""
    rules = Rules(
        stages_max=HORIZON,
        self_sale="open",
        last_stage="any",
        discount_millionths=round(DISCOUNT * MILLION),
        stage_reward_max_nanos=_REWARD_NANOS,
    )
    market = Simulation(_bidders(phases[0].world.skills, phases[0].world), rules, _WEALTH, seed=seed)
    utilities = []
    for phase in phases:
        _change(market, phase.world)
        for _ in range(episodes):
            (ended,) = market.run([Job("Walk from state 0", NANOS_PER_USD, reject)])
            works = [event for auction in ended.auctions.values() for event, _ in auction.deliveries]
            utilities.append(sum(work.reward_nanos - (work.cost_nanos or 0) for work in works) / NANOS_PER_USD)
    return utilities


def _bidders(skills: Sequence[str], world: World) -> list[SkillBidder]:
    found = []
    for skill in skills:
        by = ("state", "open") if skill == DOOR else ("state",)
        policy = TrackerPolicy(**{**TRACKER, "by": by})
        found += [SkillBidder(skill, twin, world, policy) for twin in range(TWINS)]
    return found


def _change(market: Simulation, world: World) -> None:
    """Bidders leave and enter; those that stay go on with what they know."""
    known = {player.memory_id for player in market.players}
    for player in list(market.players):
        if player.memory_id not in world.skills:
            market.leave(player.name)
        elif isinstance(player, SkillBidder):
            player.world = world
    for bidder in _bidders([skill for skill in world.skills if skill not in known], world):
        market.enter(bidder)
