"""From specs to bidders and judges: each is built on its own, and a broken one harms nobody (R14)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.bidding import Bidder, Judge, Policy
from orchestrator.config.recipes import digest_recipe
from orchestrator.config.settings import BidderSpec, Config
from orchestrator.core.names import twin_name
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role
from orchestrator.errors import BrokenPlugin, InvalidConfig, VickreyError
from orchestrator.money import format_usd
from orchestrator.plugins import JUDGES
from orchestrator.plugins.recipe import PluginSpec, Recipe, build_plugin, make_importable

PRESENTERS_MIN: Final = 3
STAGES_BEYOND_SKILLS: Final = 3
_NAMED_MAX: Final = 3

Isolate = Callable[[str, Callable[[], Bidder]], Bidder]


@dataclass(frozen=True, slots=True)
class BuiltBidder:
    """A bidder that can take its seat.

    Attributes:
        spec: what it was built from.
        bidder: the bidder's own object.
        name: the spec's name; twins are called `name~2`, `name~3` and so on.
        principal: who stands behind it; each twin's is its own.
        memory_id: where what it learns is kept; twins share one.
        policy: what values lots for it, where the config names one; otherwise its own, or None.
    """

    spec: BidderSpec
    bidder: Bidder
    name: str
    principal: str
    memory_id: str
    policy: Policy | None

    @property
    def recipe(self) -> str:
        """What its work follows from, as one digest."""
        return digest_recipe(self.spec)


@dataclass(frozen=True, slots=True)
class BrokenBidder:
    """A bidder that cannot take part.

    Attributes:
        spec: what it should have been built from.
        name: the name it would have had.
        error: why: `InvalidConfig` where its entry is wrong, `BrokenPlugin` where its code is.
    """

    spec: BidderSpec
    name: str
    error: VickreyError

    @property
    def reason(self) -> str:
        """Why, in one line."""
        return str(self.error)


def build_bidders(config: Config, isolate: Isolate | None = None) -> tuple[list[BuiltBidder], list[BrokenBidder]]:
    """Build every bidder of a config; each twin is an object of its own.

    Args:
        config: the settings.
        isolate: makes the stand-in of a bidder that is to run in a process of its own, from its
            name and what builds it there; its code is not imported here.

    Returns:
        Those that can take part, in the config's order, and those that cannot.
    """
    built: list[BuiltBidder] = []
    broken: list[BrokenBidder] = []
    for spec in config.bidders:
        for number in range(1, spec.clones + 1):
            name = twin_name(spec.name, number)
            try:
                built.append(_build_bidder(config, spec, name, number, isolate))
            except (InvalidConfig, BrokenPlugin) as error:
                broken.append(BrokenBidder(spec, name, error))
    return built, broken


def build_judge(config: Config, judge_type: str | None = None) -> Judge:
    """Build a judge.

    Args:
        config: the settings.
        judge_type: a judge by its type: the config's with its options, another one without.

    Raises:
        InvalidConfig: its type or an option is unknown, or an option is missing.
        BrokenPlugin: its code cannot be loaded or fails.
    """
    make_importable(str(config.folder))
    is_own = judge_type is None or judge_type == config.judge.type
    spec = config.judge if is_own else PluginSpec(str(judge_type), where="judge")
    judge: Judge = build_plugin(JUDGES, spec)
    return judge


def warnings(
    config: Config,
    built: Sequence[BuiltBidder] | None = None,
    spendable_nanos: Mapping[str, int] | None = None,
) -> list[str]:
    """What is legal but will not work well (R8).

    Args:
        config: the settings.
        built: its bidders, where they have been built already.
        spendable_nanos: what the wallet of each bidder that may act can spend, where the market has a past;
            left out, all may act, with their endowments.

    Returns:
        One line for each; where nobody can take part, that alone.
    """
    bidders = build_bidders(config)[0] if built is None else built
    if spendable_nanos is None:
        spendable_nanos = {each.name: each.spec.endowment_nanos for each in bidders}
    acting = [each for each in bidders if each.name in spendable_nanos]
    if not acting:
        return ["no bidder can take part: every request will return its bounty"]
    found = []
    principals = {each.principal for each in acting if PRESENTER in _roles(each) and spendable_nanos[each.name] > 0}
    if len(principals) < PRESENTERS_MIN:
        count = "1 solvent presenter" if len(principals) == 1 else f"{len(principals)} solvent presenters"
        found.append(
            f"{count} of separate principals: with fewer than {PRESENTERS_MIN}, "
            "the market buys finished states too early and pays too little for them"
        )
    found += _poor(config, acting, spendable_nanos)
    skills = {each.memory_id for each in bidders if TRANSFORMER in _roles(each)}
    stages_needed = len(skills) + STAGES_BEYOND_SKILLS
    if config.rules.stages_max < stages_needed:
        found.append(
            f"rules.stages_max is {config.rules.stages_max}: with {len(skills)} transformers allow at least "
            f"{stages_needed}, or some never get their turn"
        )
    return found


def _poor(config: Config, acting: Sequence[BuiltBidder], spendable_nanos: Mapping[str, int]) -> list[str]:
    """That bidders begin with too little to bid with, if any do; whoever lost what it had is the market's own doing."""
    typical_nanos = config.bounty_typical_nanos
    poor = [each.name for each in acting if max(each.spec.endowment_nanos, spendable_nanos[each.name]) < typical_nanos]
    if not poor:
        return []
    more = f" and {len(poor) - _NAMED_MAX} more" if len(poor) > _NAMED_MAX else ""
    return [
        f"endowed with less than a typical bounty of {format_usd(typical_nanos)} USD, so too poor to bid what a state "
        f"can be worth: {', '.join(poor[:_NAMED_MAX])}{more}; `endowment` counts in typical bounties"
    ]


def _build_bidder(config: Config, spec: BidderSpec, name: str, number: int, isolate: Isolate | None) -> BuiltBidder:
    recipe = Recipe(str(config.folder), name, PluginSpec(spec.type, spec.options, spec.where), spec.policy)
    policy: Policy | None = None
    if spec.isolation == "none":
        bidder, policy = recipe.build()
    elif isolate is None:
        raise BrokenPlugin(f"{spec.where}: bidder {name} runs in a process of its own, which only a market starts")
    else:
        bidder = isolate(name, recipe)
    return BuiltBidder(
        spec=spec,
        bidder=bidder,
        name=name,
        principal=_principal(spec, bidder, name, number),
        memory_id=spec.name,
        policy=getattr(bidder, "policy", None) or policy,
    )


def _principal(spec: BidderSpec, bidder: Any, name: str, number: int) -> str:
    if spec.principal is not None:
        return twin_name(spec.principal, number)
    own = getattr(bidder, "principal", None)
    return twin_name(str(own), number) if own and own != name else name


def _roles(built: BuiltBidder) -> Sequence[Role]:
    return getattr(built.bidder, "roles", ())
