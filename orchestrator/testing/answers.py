"""Reading what a bidder returned, as the market does, but with advice for its author."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from orchestrator.bidding import Announcement, Bid, Pass, Replacement, WonLot
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role
from orchestrator.core.state import Segment, State, next_state
from orchestrator.engine.delivering import check_text
from orchestrator.errors import InvalidAnswer
from orchestrator.money import Money
from orchestrator.testing.situations import BYTES_MAX


class Unacceptable(Exception):
    """What was returned is outside the contract; the message says what to return instead."""


def read_bid(returned: Any, announcement: Announcement, roles: Sequence[Role], costs_max: Money) -> Bid | Pass:
    """Read a bid, with the role filled in that the market would assume.

    Args:
        returned: what `bid` returned.
        announcement: what it was shown.
        roles: the bidder's.
        costs_max: the worst cases of the bid and of the transform, together.

    Raises:
        Unacceptable: the market would record a fault, or refuse the bid.
    """
    if isinstance(returned, Pass):
        if not isinstance(returned.reason, str):
            raise Unacceptable(f"bid() passes with the reason {_shown(returned.reason)}; a reason is str")
        return returned
    bid = Bid(returned) if isinstance(returned, Money) else returned
    if not isinstance(bid, Bid):
        raise Unacceptable(f"bid() returned {_shown(returned)}; {_advice(returned)}")
    if not isinstance(bid.amount, Money):
        raise Unacceptable(f"bid() returned a Bid of {_shown(bid.amount)}; {_advice(bid.amount)}")
    if bid.role is not None and bid.role not in roles:
        raise Unacceptable(f"bid() bids as {bid.role!r}, a role that it does not have: its roles are {tuple(roles)}")
    if bid.role is not None and bid.role not in announcement.roles:
        raise Unacceptable(f"bid() bids as {bid.role!r} where it may not: see announcement.roles")
    if bid.amount.nanos + costs_max.nanos > announcement.balance.nanos:
        raise Unacceptable(
            "bid() bids more than its wallet covers, which is refused: bid at most announcement.balance, "
            "less what bid_cost_max() and transform_cost_max() say"
        )
    assumed = TRANSFORMER if TRANSFORMER in announcement.roles else announcement.roles[0]
    return Bid(bid.amount, bid.role or assumed)


def read_delivery(returned: Any, lot: WonLot) -> State:
    """Read a delivery.

    Returns:
        The state that it leads to.

    Raises:
        Unacceptable: the market would record a fault.
    """
    replaces = isinstance(returned, Replacement)
    pieces = returned.segments if isinstance(returned, Replacement) else returned
    if not isinstance(pieces, list | tuple):
        where = "a Replacement of " if replaces else ""
        raise Unacceptable(f"transform() returned {where}{_type(pieces)}; {_delivery_advice(pieces)}")
    for piece in pieces:
        _check_segment(piece)
    if not any(piece.text.strip() for piece in pieces):
        raise Unacceptable(
            "transform() delivers no text, which is a fault; pass in bid() where there is nothing to add"
        )
    state = next_state(lot.state, pieces, replaces=replaces or lot.role == PRESENTER, author="the bidder")
    if lot.role != PRESENTER and (state.content == lot.state.content or _repeats(pieces, lot.state)):
        raise Unacceptable("transform() delivers the text that it bought; return what is new, or a Replacement")
    if state.size_bytes() > BYTES_MAX:
        raise Unacceptable(f"transform() delivers a state of more than {BYTES_MAX:,} bytes, which is a fault")
    return state


def _repeats(pieces: Sequence[Segment], state: State) -> bool:
    return "\n\n".join(piece.text for piece in pieces).strip() == state.text.strip()


def _check_segment(piece: Any) -> None:
    if not isinstance(piece, Segment):
        raise Unacceptable(f"transform() returned a list with {_type(piece)} in it; {_delivery_advice(piece)}")
    text: Any = piece.text
    if not isinstance(text, str):
        raise Unacceptable(f"transform() returned a Segment whose text is {_type(text)}; a text is str")
    labels: list[tuple[str, Any]] = [("kind", piece.kind), ("media_type", piece.media_type)]
    for label, value in labels:
        if not isinstance(value, str) or not value or not value.isprintable():
            raise Unacceptable(
                f"transform() returned a Segment of {label} {_shown(value)}; it is a short printable str"
            )
    try:
        check_text(text)
    except InvalidAnswer as refusal:
        raise Unacceptable(f"transform() delivers text that cannot be stored: {refusal}") from refusal


def _advice(returned: Any) -> str:
    if isinstance(returned, bool) or returned is None:
        return "return Money to bid, or Pass('why') to pass"
    if isinstance(returned, int | float | Decimal | str):
        written = str(returned) if isinstance(returned, int | Decimal) else "2.50"
        return f"an amount is Money, for example Money.usd({written!r}), never negative and never a bare number"
    if returned is Pass or returned is Bid:
        return f"that is the class: write {returned.__name__}(...)"
    return "return Money or Bid to bid, or Pass('why') to pass"


def _delivery_advice(returned: Any) -> str:
    if isinstance(returned, str):
        return "put the text in a segment: [Segment(text)]"
    if isinstance(returned, bytes):
        return "decode it and put it in a segment: [Segment(text)]"
    if isinstance(returned, Segment):
        return "put it in a list: [segment]"
    return "return a list of Segment, or Replacement(list of Segment)"


def _type(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:
        text = "(cannot be shown)"
    return text[:60] if value is None else f"{type(value).__name__} {text[:60]}"
