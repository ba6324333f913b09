"""Contexts: which lots are alike, what each lot has brought, and what is bid for what such lots bring."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import orchestrator
from bidders.options import names_in
from orchestrator import Receipt

STAGE = "stage"
_ESTIMATE = "estimate"


def contexts_by(value: object) -> tuple[str, ...]:
    """Read the option `by`: what tells contexts apart.

    Args:
        value: what the config says: a list of `stage` and names of features.

    Raises:
        InvalidConfig: it is no list of different names, or names the estimate, which is no feature.
    """
    names = names_in("by", value)
    if _ESTIMATE in names:
        raise orchestrator.errors.InvalidConfig(
            "by names features that make lots alike; leave `estimate` out, which is a guess at one lot"
        )
    return names


def context_of(by: Sequence[str], stage: int, features: Mapping[str, float]) -> str:
    """Name the context of a lot; lots of one context are alike.

    Args:
        by: what tells contexts apart: `stage`, and names of features.
        stage: the lot's stage.
        features: what is observed of it.

    Returns:
        The name; where the stage alone tells them apart, its number.
    """
    if by == (STAGE,):  # The usual case, at every bid of a simulation.
        return str(stage)
    return " ".join(
        str(stage) if name == STAGE else f"{name}={float(features[name])!r}" if name in features else f"no {name}"
        for name in by
    )


def lots_in_words(by: Sequence[str], context: str) -> str:
    """The lots of a context in words.

    Args:
        by: what tells contexts apart.
        context: what `context_of` named with it; one that was named otherwise stays as it is.
    """
    words, rest = [], f"{context} "
    for name in by:
        missing = f"no {name} "
        if rest.startswith(missing):
            words.append(missing.strip())
            rest = rest.removeprefix(missing)
            continue
        start = "" if name == STAGE else f"{name}="
        value, _, after = rest.removeprefix(start).partition(" ")
        if not rest.startswith(start) or (name == STAGE and not value.isdecimal()):
            return context
        words.append(f"{name} {value.removesuffix('.0')}")
        rest = after
    return context if rest else ", ".join(words)


def bent(share: float, linear_to: float) -> tuple[float, float]:
    """The bid for a value, and how fast bids rise there, which carries doubt over.

    Args:
        share: the value, as a share of the bounty, 0 or more.
        linear_to: up to which share of the bounty a bid is the value itself. Above it bids rise ever more
            slowly towards the bounty, so that their order survives; at 1 they are cut there.

    Returns:
        The bid as a share of the bounty, at most 1, and its slope, at most 1.
    """
    room, above = 1.0 - linear_to, share - linear_to
    if above <= 0.0 or room == 0.0:
        return min(1.0, share), 1.0
    return 1.0 - room * room / (room + above), (room / (room + above)) ** 2


def results_of_won_lots(receipts: Sequence[Receipt], linear_to: float) -> list[tuple[Receipt, float]]:
    """What each lot that was won has brought, in one order however the receipts came.

    Lots of others say nothing of one's own work, and what was cut off says nothing at all.

    Args:
        receipts: of bidders that learn together.
        linear_to: as in `bent`; where bids are cut at the bounty, so is what is learned.

    Returns:
        The receipt and what the lot brought, as a share of its request's bounty, -1 or more.
    """
    won = sorted((receipt for receipt in receipts if receipt.won and not receipt.censored), key=_place)
    share_max = 1.0 if linear_to == 1.0 else math.inf
    return [
        (receipt, min(share_max, max(-1.0, nanos / receipt.bounty_nanos)) if receipt.bounty_nanos else 0.0)
        for receipt, nanos in zip(won, brought_nanos(won), strict=True)
    ]


def brought_nanos(won: Sequence[Receipt]) -> list[int]:
    """What each lot brought less what working on it cost; a state that was kept brought what came of it in turn."""
    brought = [receipt.revenue_nanos + receipt.reward_nanos - receipt.cost_nanos for receipt in won]
    if not any(receipt.kept for receipt in won):
        return brought
    places = {(receipt.request_id, receipt.bidder, receipt.lot): place for place, receipt in enumerate(won)}
    # From the last stage to the first, so that what a state brought that was kept twice counts all the way up.
    for place, receipt in sorted(enumerate(won), key=lambda row: -row[1].stage):
        parent = places.get((receipt.request_id, receipt.bidder, receipt.lot.rpartition(".")[0]))
        if receipt.kept and parent is not None:
            brought[parent] += brought[place]
    return brought


def _place(receipt: Receipt) -> tuple[object, ...]:
    """A key that puts receipts in one order however they came; those that it does not tell apart teach the same."""
    return (
        receipt.request_id,
        receipt.lot,
        receipt.bidder,
        receipt.stage,
        receipt.role,
        receipt.kept,
        receipt.bounty_nanos,
        receipt.revenue_nanos + receipt.reward_nanos - receipt.cost_nanos,
        receipt.observed,
    )
