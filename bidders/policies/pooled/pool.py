"""The pool: what its bidders know together, and the form in which it is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NotRequired, TypedDict, cast

import numpy as np

import orchestrator
from bidders.policies.pooled.abilities import Abilities, Counts, abilities_from
from bidders.policies.pooled.echoes import NO_ECHOES, EchoCounts, Echoes
from bidders.policies.pooled.evidence import Case, look_from_json, look_to_json
from bidders.policies.pooled.first_works import FirstWorks
from bidders.policies.pooled.kinds import KINDS, Forecast, Sums
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.offers import Offers, no_offers
from bidders.policies.pooled.planning import Plan
from bidders.policies.pooled.silence import Silence
from bidders.policies.pooled.sorts import NO_SORTS, UNKNOWN_SORT, Sorts
from bidders.policies.pooled.strengths import Strengths
from bidders.policies.pooled.topics import UNKNOWN_TOPIC, Topics
from bidders.policies.pooled.world import LEVELS, SCATTERS, Floats

VERSION = 2
_PLACES = 6
# What memories of this version did not hold at first.
_KEPT_LATER: dict[str, Any] = {
    "worsts": [],
    "heard": EchoCounts.none().to_json(),
    "offers": no_offers(),
    "ease": {},
    "first_works": FirstWorks().to_json(),
    "wordings": {},
    "on_topics": {},
    "dearness": {},
}


class Memory(TypedDict):
    """What a pool keeps, as JSON can hold it.

    Attributes:
        version: of this form.
        levels: how many levels and scatters of requests are told apart.
        names: the bidders, in the order of the rows of all that follows.
        costs: for each, the dollars that its works have cost, and how many usual ones they were worth; faded.
        worsts: for each, the dollars that its works could have cost, and how many they were; faded.
        dearness: how much more than usual works cost, by the text; nothing as long as no cost is known.
        requests: how many requests have been learned from.
        fitted: how many of them when beliefs were last worked out anew.
        planned: how many when it was last worked out whom to ask.
        trials: cases that are kept as they are, the oldest first.
        faded: expected counts of all requests before these.
        on_topics: of these, who was right how often on which topic, where topics are told apart.
        heard: who has met and echoed whom in those.
        texts: sums over their texts.
        fit: what is believed.
        worth: what unclaimed work has brought.
        ease: how well works do on a request, by its text; nothing without practice on such work.
        first_works: what requests were worth to those who worked first on them, and what that brought.
        wordings: what agreement told on practised tasks, by the text; nothing where claims settle who is right.
        offers: those without comparable answers that users saw, in a pool that shares its memory.
        takings: what lots that are told apart have brought, where any were sold.
    """

    version: int
    levels: list[int]
    names: list[str]
    costs: list[list[float]]
    worsts: list[list[float]]
    dearness: dict[str, Any]
    requests: int
    fitted: int
    planned: int
    trials: list[list[Any]]
    faded: dict[str, Any]
    on_topics: dict[str, Any]
    heard: list[list[Any]]
    texts: dict[str, Any]
    fit: dict[str, Any]
    worth: dict[str, Any]
    ease: dict[str, Any]
    first_works: list[float]
    wordings: dict[str, Any]
    offers: Offers
    takings: NotRequired[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Fit:
    """What the pool believes, as last worked out.

    Attributes:
        names: the bidders, in the order of the rows of all that follows.
        abilities: who is right how often.
        costs_usd: what each bidder's work is expected to cost; the last is a newcomer's.
        forecast: what the text of a request foretells.
        plans: whom to ask for a typical request of each kind; the last for one of unknown kind.
        terms: what a typical request pays.
        echoes: who says what another has said, whatever the request.
        cost_share: which share of the worst case that it declares a work is expected to cost; None where nobody knows.
        wordings: weights that foretell from a text what agreement tells; none where claims settle who is right.
        strengths: who is better or worse on which topic.
        topic_plans: whom to ask, likewise, on requests of each topic.
        dearness: weights that foretell from a text how much dearer works are than usual; none where nothing is known.
        sorts: who is better or worse on requests of nearly one text.
        id: names the content of the fit: two fits of one id are the same.
    """

    names: tuple[str, ...]
    abilities: Abilities
    costs_usd: Floats
    forecast: Forecast
    plans: tuple[Plan, ...]
    terms: Terms
    echoes: Echoes = NO_ECHOES
    cost_share: float | None = None
    wordings: Floats = field(default_factory=lambda: np.zeros(0))
    strengths: Strengths = field(default_factory=Strengths)
    topic_plans: tuple[tuple[Plan, ...], ...] = ()
    dearness: Floats = field(default_factory=lambda: np.zeros(0))
    sorts: Sorts = NO_SORTS
    id: str = ""

    def on(self, topic: int, sort: int = UNKNOWN_SORT) -> Fit:
        """What the pool believes of requests of a topic, and of a sort."""
        if topic == UNKNOWN_TOPIC and sort == UNKNOWN_SORT:
            return self
        plans = self.topic_plans[topic] if self.topic_plans and topic != UNKNOWN_TOPIC else self.plans
        abilities = self.sorts.on(sort, self.strengths.on(topic, self.abilities))
        return replace(self, abilities=abilities, plans=plans, id="")

    def widened(self, bidders: int) -> Fit:
        """The same beliefs with room for more bidders, newcomers all."""
        return replace(
            self,
            abilities=self.abilities.widened(bidders),
            strengths=self.strengths.widened(bidders),
            sorts=self.sorts.widened(bidders),
        )

    def to_json(self) -> dict[str, Any]:
        """The fit as JSON can hold it; its id is worked out from its content."""
        body = {
            "names": list(self.names),
            "kinds": _listed(self.abilities.kinds),
            "decoys": _listed(self.abilities.decoys),
            "right": _listed(self.abilities.right),
            "seen": _listed(self.abilities.seen),
            "proven": _listed(self.abilities.proven),
            "upsets": _listed(self.abilities.upsets),
            "costs_usd": _listed(self.costs_usd, 9),
            "forecast": _listed(self.forecast.weights),
            "plans": [list(plan) for plan in self.plans],
            "terms": list(self.terms),
            "echoes": self.echoes.to_json(),
            "silence": {
                "by_chance": _listed(self.abilities.silence.by_chance),
                "at_a_loss": _listed(self.abilities.silence.at_a_loss),
                "accepted": _listed(self.abilities.silence.accepted),
                "open_share": round(self.abilities.silence.open_share, _PLACES),
            },
            "cost_share": self.cost_share,
        }
        if len(self.dearness):
            body["dearness"] = _listed(self.dearness)
        if len(self.wordings):
            body["wordings"] = _listed(self.wordings)
        if len(self.strengths.topics):
            body["strengths"] = {
                "topics": _listed(self.strengths.topics.weights),
                "shifts": _listed(self.strengths.shifts),
                "spreads": _listed(self.strengths.spreads),
                "plans": [[list(plan) for plan in plans] for plans in self.topic_plans],
            }
        if len(self.sorts):
            body["sorts"] = self.sorts.to_json()
        text = json.dumps(body, sort_keys=True)
        return {**body, "id": hashlib.sha256(text.encode()).hexdigest()}

    @property
    def newcomer(self) -> int:
        """The row that all bidders share who are not known."""
        return len(self.names)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Fit:
        """Read a fit back."""
        parts = ("kinds", "decoys", "upsets", "right", "proven", "seen")
        kinds, decoys, upsets, right, proven, seen = (np.array(stored[part], dtype=float) for part in parts)
        silence = _silence_from_json(stored.get("silence"), len(stored["names"]))
        abilities = Abilities(kinds, decoys, upsets, right, proven, seen, silence)
        costs = np.array(stored["costs_usd"], dtype=float)
        forecast = Forecast(np.array(stored["forecast"], dtype=float))
        strengths, topic_plans = _strengths_from_json(stored.get("strengths"))
        return cls(
            names=tuple(stored["names"]),
            abilities=abilities,
            costs_usd=costs,
            forecast=forecast,
            plans=_plans_from_json(stored["plans"]),
            terms=Terms(*stored["terms"]),
            echoes=Echoes.from_json(stored["echoes"]) if "echoes" in stored else NO_ECHOES,
            cost_share=stored.get("cost_share"),
            wordings=np.array(stored.get("wordings", ()), dtype=float),
            strengths=strengths,
            topic_plans=topic_plans,
            dearness=np.array(stored.get("dearness", ()), dtype=float),
            sorts=Sorts.from_json(stored["sorts"]) if "sorts" in stored else NO_SORTS,
            id=stored["id"],
        )


def _silence_from_json(stored: dict[str, Any] | None, bidders: int) -> Silence:
    """Read back what is believed of silence; fits of this version did not hold it at first."""
    if stored is None:
        return abilities_from(Counts.none(bidders)).silence
    by_chance, at_a_loss, accepted = (np.array(stored[part]) for part in ("by_chance", "at_a_loss", "accepted"))
    return Silence(by_chance, at_a_loss, accepted, stored["open_share"])


def _plans_from_json(stored: Sequence[Sequence[int]]) -> tuple[Plan, ...]:
    return tuple(tuple(plan) for plan in stored)


def _strengths_from_json(stored: dict[str, Any] | None) -> tuple[Strengths, tuple[tuple[Plan, ...], ...]]:
    if stored is None:
        return Strengths(), ()
    weights, shifts, spreads = (np.array(stored[part], dtype=float) for part in ("topics", "shifts", "spreads"))
    return Strengths(Topics(weights), shifts, spreads), tuple(_plans_from_json(plans) for plans in stored["plans"])


def counts_from_json(stored: dict[str, Any]) -> Counts:
    """Read expected counts back; those that memories of this version did not hold at first are nothing yet."""
    empty = Counts.none(len(stored["right"]))
    return Counts(
        *(
            np.array(stored[each.name], dtype=float).reshape(getattr(empty, each.name).shape)
            if each.name in stored
            else getattr(empty, each.name)
            for each in fields(empty)
        )
    )


def case_to_json(case: Case) -> list[Any]:
    """A case as JSON can hold it."""
    return [list(case.authors), list(case.claims), list(case.taken), list(case.refused), look_to_json(case.look)]


def case_from_json(stored: list[Any]) -> Case:
    """Read a case back."""
    authors, claims, taken, refused, look = stored
    return Case(tuple(authors), tuple(claims), tuple(taken), tuple(refused), look_from_json(look))


def empty_memory() -> Memory:
    """The memory of a pool that has seen nothing."""
    nothing = Sums.none(0)
    abilities, forecast = abilities_from(Counts.none(0)), Forecast(np.zeros_like(nothing.products))
    fit = Fit((), abilities, np.zeros(1), forecast, ((),) * (KINDS + 1), Terms(0.0))
    return {
        "version": VERSION,
        "levels": [len(LEVELS), len(SCATTERS)],
        "names": [],
        "costs": [],
        "worsts": [],
        "requests": 0,
        "fitted": 0,
        "planned": 0,
        "trials": [],
        "faded": Counts.none(0).to_json(),
        "heard": EchoCounts.none().to_json(),
        "texts": nothing.to_json(),
        "fit": fit.to_json(),
        "worth": {},
        "ease": {},
        "offers": no_offers(),
        "first_works": FirstWorks().to_json(),
        "wordings": {},
        "on_topics": {},
        "dearness": {},
    }


def checked_memory(memory: Any) -> Memory:
    """A pool's memory, as it was stored; what it did not keep at first is nothing yet.

    Raises:
        InvalidMemory: it was written by another version, or is none at all.
    """
    if memory is None:
        return empty_memory()
    version = memory.get("version") if isinstance(memory, dict) else None
    if version != VERSION:
        raise orchestrator.errors.InvalidMemory(
            f"the memory of policy bayes is of version {version}, and this program reads version {VERSION}; "
            "reset it with `vickrey bidders memory NAME --reset`, or use the program that wrote it"
        )
    missing = _KEPT_LATER.keys() - memory.keys()
    found: Memory = cast(Memory, {**_KEPT_LATER, **memory}) if missing else memory
    return found


def without_sorts(memory: Memory) -> Memory:
    """The same memory where nothing is known of requests of nearly one text."""
    fit = Fit.from_json(memory["fit"])
    return {**memory, "fit": replace(fit, sorts=NO_SORTS).to_json()} if len(fit.sorts) else memory


def _listed(values: Floats, places: int = _PLACES) -> Any:
    return np.round(values, places).tolist()
