"""A task as a market: each action is a bidder, each step a stage, each episode a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.society.tasks import Action, DecisionTask, State
from benchmarks.standing import Twin
from orchestrator.bidding import Observation, Policy
from orchestrator.core.clearing import Award
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.core.rules import MILLION, TRANSFORMER, Role, Rule, Rules, SelfSale
from orchestrator.core.state import Segment
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Delivery, Job, Simulation
from orchestrator.money import NANOS_PER_USD

_ENDOWMENT_USD = 1_000_000
_STOCK_USD = 100_000_000


@dataclass(frozen=True, slots=True)
class ActionBidder(Twin):
    """A bidder that can take one action; twins differ in name and wallet, and share what they learn."""

    task: DecisionTask
    action: Action
    twin: int
    policy: Policy
    role: Role = TRANSFORMER
    cost_max_nanos: int = 0

    @property
    def memory_id(self) -> str:
        return f"action{self.action}"

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        state = state_of(lot)
        if state not in self.task.moves:
            return None
        return observation(self.task, self.name, state, lot.stage)

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        move = self.task.moves[state_of(lot)][self.action]
        return Delivery([step_to(move.state, lot)], reward_nanos=round(move.reward * NANOS_PER_USD))


class Episode(NamedTuple):
    """What one episode came to, in USD.

    Attributes:
        reward: its rewards, undiscounted.
        steps: how many actions were taken.
        pumped: what sellers were given beyond what buyers paid, discounts left out.
    """

    reward: float
    steps: int
    pumped: float


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of society.

    Attributes:
        rule: how winners pay.
        clones: bidders for each action.
        self_sale: whether an owner bids on its own lot, or may keep it.
        owners_keep: whether owners announce what their state is worth to themselves as a reserve.
    """

    rule: Rule = "vickrey"
    clones: int = 2
    self_sale: SelfSale = "open"
    owners_keep: bool = False


def step_to(state: State, lot: Lot) -> Segment:
    """The text of a step that leads to a state; the stage makes it unique, for to stay in a state is work too."""
    return Segment(f"step {lot.stage} leads to state {state}")


def state_of(lot: Lot) -> State:
    """The task's state, which a lot's text ends with."""
    return int(lot.state.segments[-1].text.rpartition(" ")[2])


def observation(task: DecisionTask, bidder: str, state: State, stage: int = 1) -> Observation:
    """What a bidder sees of a task's state."""
    return Observation(bidder, TRANSFORMER, stage, task.horizon, task.bid_max_usd, features={"state": float(state)})


def society(task: DecisionTask, setting: Setting, policies: Sequence[Policy], seed: int) -> Simulation:
    """The bidders of a task in a market; there is one policy for each action."""
    players = [
        ActionBidder(task, action, twin, policy)
        for action, policy in enumerate(policies)
        for twin in range(setting.clones)
    ]
    rules = Rules(
        rule=setting.rule,
        stages_max=task.horizon,
        self_sale=setting.self_sale,
        last_stage="any",
        discount_millionths=round(task.discount * MILLION),
        stage_reward_max_nanos=round(task.reward_max * NANOS_PER_USD),
    )
    wealth = WealthRules(_ENDOWMENT_USD * NANOS_PER_USD, 0, 0, treasury_stock_nanos=_STOCK_USD * NANOS_PER_USD)
    return Simulation(players, rules, wealth, seed=seed, owners_keep=setting.owners_keep)


def play(market: Simulation, task: DecisionTask) -> Episode:
    """One episode."""
    job = Job(f"{task.name} from state 0", round(task.bid_max_usd * NANOS_PER_USD), reject)
    (ended,) = market.run([job])
    return episode_of(ended)


def reject(_offers: Sequence[Offer]) -> int:
    """A user that takes nothing: what is earned, is earned by steps."""
    return 0


def episode_of(ended: Progress) -> Episode:
    """Read an episode from the request that it was."""
    rewards = [event.reward_nanos for auction in ended.auctions.values() for event, _ in auction.deliveries]
    rule = ended.request.rules.rule
    pumped = sum(sale.received_nanos(rule) - sale.price_nanos for sale in ended.sales)
    return Episode(sum(rewards) / NANOS_PER_USD, len(rewards), pumped / NANOS_PER_USD)


def bids(market: Simulation, task: DecisionTask) -> dict[State, list[float]]:
    """What each action's bidders would bid in each state, in USD, with exploration off."""
    states = list(task.moves)
    found: dict[State, list[float]] = {state: [] for state in states}
    for action in range(task.actions):
        bidder = next(player for player in market.players if player.memory_id == f"action{action}")
        seen = [observation(task, bidder.name, state) for state in states]
        means = bidder.policy.value(market.memories.get(bidder.memory_id), seen).means
        for state, mean in zip(states, means, strict=True):
            found[state].append(max(0.0, float(mean)))
    return found
