"""What passes between the market and a bidder's own process: frames, and messages in them.

The market pickles what it sends. What comes back is never unpickled, for unpickling runs code:
it is JSON of a fixed shape, from which only the contract's own values are rebuilt.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal

from orchestrator.bidding import Beliefs, Bid, Charged, Pass, Replacement
from orchestrator.core.state import Segment
from orchestrator.errors import BidderError, InvalidAnswer, ProviderError, SpendCapReached, VickreyError
from orchestrator.money import Money

_LENGTH: Final = struct.Struct(">Q")
_TYPE_NAME_CHARACTERS_MAX: Final = 60
_SHOWN_CHARACTERS_MAX: Final = 60
_TEXT_CHARACTERS_MAX: Final = 1_000

OPTIONAL_METHODS: Final = ("eligible", "bid_cost_max", "transform_cost_max", "reserve", "practises")
"""The contract's methods that a bidder may do without."""

OPTIONAL_POLICY_METHODS: Final = ("describe",)
"""Those of its policy's optional methods that the market asks for in its process."""

Family = Literal["cap", "provider", "other"]


class BrokenWire(BidderError):
    """A bidder's process sent something that is no message."""


@dataclass(frozen=True, slots=True)
class Unsendable:
    """Stands for a value that the contract does not know and that was therefore not sent."""

    described: str

    def __repr__(self) -> str:
        return self.described


@dataclass(frozen=True, slots=True)
class RemoteError:
    """An exception in transit.

    Attributes:
        family: which of the market's own errors it belongs to, where that matters for blame.
        name: its type's name.
        text: what it says.
    """

    family: Family
    name: str
    text: str


# --- frames ---


def write_frame(sink: BinaryIO, body: bytes) -> None:
    """Write one frame: its length in 8 bytes, then its body."""
    sink.write(_LENGTH.pack(len(body)) + body)
    sink.flush()


def read_frame(source: BinaryIO, bytes_max: int | None = None) -> bytes | None:
    """Read one frame.

    Args:
        source: where from.
        bytes_max: how long it may be.

    Returns:
        Its body; None at the end of the stream.

    Raises:
        BrokenWire: it is longer than that.
    """
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if bytes_max is not None and length > bytes_max:
        raise BrokenWire(f"its process sent {length:,} bytes at once; at most {bytes_max:,} are allowed")
    body = source.read(length)
    return body if len(body) == length else None


def read_message(frame: bytes) -> dict[str, Any]:
    """Read a message from a bidder's process.

    Raises:
        BrokenWire: it is none.
    """
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise BrokenWire("its process sent something that is no message")
    return message


# --- values ---


def encode_value(value: Any) -> dict[str, Any]:
    """Write what a bidder returned as JSON can hold it."""
    if isinstance(value, Money):
        return {"money": value.nanos}
    if isinstance(value, Bid):
        observed = encode_value([[name, figure] for name, figure in dict(value.observed).items()])
        return {"bid": encode_value(value.amount), "role": encode_value(value.role), "observed": observed}
    if isinstance(value, Pass):
        return {"pass": str(value.reason)}
    if isinstance(value, Replacement):
        return {"replacement": encode_value(value.segments)}
    if isinstance(value, Segment):
        return {"segment": [encode_value(part) for part in (value.text, value.kind, value.media_type)]}
    if isinstance(value, list | tuple):
        return {"list": [encode_value(piece) for piece in value]}
    if value is None or isinstance(value, bool | int | float | str):
        return {"plain": value}
    return {"other": f"{type(value).__name__} {value!r}"[:_SHOWN_CHARACTERS_MAX]}


def decode_value(body: Any) -> Any:
    """Rebuild what a bidder returned.

    Raises:
        InvalidAnswer: it is nothing that the contract knows, or no lawful amount.
    """
    match body:
        case {"money": int() as nanos}:
            return _money(nanos)
        case {"bid": amount, "role": role, "observed": observed}:
            return Bid(decode_value(amount), decode_value(role), _figures(decode_value(observed)))
        case {"pass": str() as reason}:
            return Pass(reason[:_TEXT_CHARACTERS_MAX])
        case {"replacement": segments}:
            return Replacement(decode_value(segments))
        case {"segment": [text, kind, media_type]}:
            return _segment(decode_value(text), decode_value(kind), decode_value(media_type))
        case {"list": list() as pieces}:
            return [decode_value(piece) for piece in pieces]
        case {"plain": (None | bool() | int() | float() | str()) as plain}:
            return plain
        case {"other": str() as described}:
            return Unsendable(described[:_SHOWN_CHARACTERS_MAX])
    raise InvalidAnswer("its process returned something that the contract does not know")


def _figures(pairs: Any) -> dict[str, float]:
    try:
        return dict(pairs)
    except (TypeError, ValueError) as error:
        raise InvalidAnswer("its process sent figures that are not pairs of name and number") from error


def _money(nanos: int) -> Money:
    try:
        return Money(nanos)
    except VickreyError as refusal:
        raise InvalidAnswer(str(refusal)) from refusal


def _segment(text: Any, kind: Any, media_type: Any) -> Any:
    labelled = isinstance(kind, str) and isinstance(media_type, str)
    return Segment(text, kind, media_type) if isinstance(text, str) and labelled else Unsendable("Segment")


def decode_beliefs(body: Any) -> list[Beliefs]:
    """Rebuild what a policy said that it believes; what stands in the tables has yet to be checked.

    Raises:
        InvalidAnswer: it is no list of tables.
    """
    if not isinstance(body, list):
        raise InvalidAnswer("its process returned something else than tables")
    return [_table(each) for each in body]


def _table(body: Any) -> Beliefs:
    match body:
        case [title, columns, rows]:
            return Beliefs(title, columns, rows)
    raise InvalidAnswer("its process returned something that is no table")


def encode_charged(charged: Any) -> dict[str, Any]:
    """Write a provider's answer and its cost."""
    if not isinstance(charged, Charged) or not (charged.cost is None or isinstance(charged.cost, Money)):
        raise InvalidAnswer(f"a metered call returns Charged with its cost as Money, not {type(charged).__name__}")
    cost_nanos = None if charged.cost is None else charged.cost.nanos
    return {"body": charged.body, "cost": cost_nanos, "usage": dict(charged.usage)}


def decode_charged(body: Any) -> Charged:
    """Rebuild a provider's answer and its cost.

    Raises:
        InvalidAnswer: it is none.
    """
    match body:
        case {"body": answer, "cost": (None | int()) as cost_nanos, "usage": Mapping() as usage}:
            counts = {str(name): count for name, count in usage.items() if type(count) is int}
            return Charged(answer, None if cost_nanos is None else _money(cost_nanos), counts)
    raise InvalidAnswer("a metered call returned something that is not Charged")


# --- exceptions ---


def describe_error(error: BaseException) -> RemoteError:
    """Write an exception down."""
    family: Family = "other"
    if isinstance(error, ProviderError):
        family = "cap" if isinstance(error, SpendCapReached) else "provider"
    try:
        text = str(error)
    except BaseException:
        text = "something that cannot be shown"
    return RemoteError(family, type(error).__name__, text[:_TEXT_CHARACTERS_MAX])


def encode_problem(error: BaseException) -> list[str]:
    """Write an exception as JSON can hold it."""
    problem = describe_error(error)
    return [problem.family, problem.name, problem.text]


def decode_error(body: Any) -> Exception:
    """Rebuild an exception: of the same name, and of the market's own family where it has one."""
    match body:
        case [str() as family, str() as name, str() as text]:
            return as_exception(family, name, text[:_TEXT_CHARACTERS_MAX])
    return InvalidAnswer("its process failed without saying how")


def as_exception(family: str, name: str, text: str) -> Exception:
    """An exception that the record shows as it would show the original."""
    bases: dict[str, type[Exception]] = {"cap": SpendCapReached, "provider": ProviderError}
    base = bases.get(family, BidderError)
    shown = name[:_TYPE_NAME_CHARACTERS_MAX]
    kind: type[Exception] = base
    if shown != base.__name__ and shown.isidentifier():
        kind = type(shown, (base,), {})
    return kind(text)


def strings(value: Any) -> tuple[str, ...]:
    """The strings of a list from a bidder's process; empty where it is none."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(piece for piece in value if isinstance(piece, str))
