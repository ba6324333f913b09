"""A small recurrent network as a market: winner-take-all subsets of units whose bids decide which of them fires.

A hidden unit sees the input of this moment and the symbol that the unit before it wrote, buys the
state and writes its own symbol. After the last input, output units buy the state and present a class.
The user pays the bounty for the right one. Output units see nothing but the last symbol, as in the net;
or the last input too, as bidders of a market see the request; or, as a control that has no use for hidden units, the
last input alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.standing import Twin
from bidders.policies.tracker import TrackerPolicy
from orchestrator.bidding import Observation, Policy
from orchestrator.core.clearing import Award
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role, Rules
from orchestrator.core.state import Segment
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Delivery, Job, Simulation
from orchestrator.money import NANOS_PER_USD

OPTIONS: dict[str, Any] = {
    "prior": 1.0,
    "step_min": 0.1,
    "shrink": 0.0,
    "deviation": 0.1,
    "by": ("input", "symbol"),
}
TWINS = 2
CLASSES = 2
_WEALTH = WealthRules(100_000 * NANOS_PER_USD, 0, 0)
_BLANK = -1
Sight = Literal["symbol", "both", "input"]
"""What output units see: the last symbol, the last input, or both."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sequence of inputs, one for each hidden step, and the class that is right."""

    inputs: tuple[int, ...]
    label: int


@dataclass(frozen=True, slots=True)
class Unit(Twin):
    """A unit as a bidder; its twin differs in wallet and name."""

    number: int
    twin: int
    role: Role
    policy: Policy
    sight: Sight = "both"
    cost_max_nanos: int = 0

    @property
    def memory_id(self) -> str:
        return f"{'output' if self.role == PRESENTER else 'hidden'}{self.number}"

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        inputs = [int(each) for each in request.text.split()[1:]]
        is_over = lot.stage > len(inputs)
        if is_over != (self.role == PRESENTER):
            return None
        features = {}
        if self.sight != "input":
            features["symbol"] = float(_symbol_of(lot))
        if self.sight != "symbol":
            features["input"] = float(inputs[min(lot.stage, len(inputs)) - 1])
        return Observation(self.name, self.role, lot.stage, request.rules.stages_max, 1.0, features=features)

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        if self.role == PRESENTER:
            return Delivery([Segment(f"class {self.number}")])
        return Delivery([Segment(f"step {lot.stage} symbol {self.number}")])


def _symbol_of(lot: Lot) -> int:
    last = lot.state.segments[-1].text.split()
    return int(last[-1]) if "symbol" in last else _BLANK


def network(hidden: int, steps: int, sight: Sight, seed: int) -> Simulation:
    """A market of hidden units, which see symbol and input, and of output units, each with a twin."""
    policy = TrackerPolicy(**OPTIONS)
    units = [Unit(number, twin, TRANSFORMER, policy) for number in range(hidden) for twin in range(TWINS)]
    units += [Unit(number, twin, PRESENTER, policy, sight) for number in range(CLASSES) for twin in range(TWINS)]
    return Simulation(units, Rules(stages_max=steps + 1, self_sale="open"), _WEALTH, seed=seed)


def present(market: Simulation, pattern: Pattern) -> bool:
    """Present one pattern; whether the class was right."""

    def accept(offers: Sequence[Offer]) -> int:
        return int(bool(offers) and offers[0].text == f"class {pattern.label}")

    job = Job("inputs " + " ".join(map(str, pattern.inputs)), NANOS_PER_USD, accept)
    (ended,) = market.run([job])
    return ended.status == "released"


def solves(market: Simulation, patterns: Sequence[Pattern]) -> bool:
    """Whether it gets all patterns right with exploration and learning off."""
    market.learning = False
    right = all(present(market, pattern) for pattern in patterns)
    market.learning = True
    return right
