"""Asking a model for an object: one JSON object of a known shape, or nothing."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bidders.models.reasoning import cut_off
from orchestrator import Completion, Message, Model, Money, Prompt
from orchestrator.errors import UnreadableReply

T = TypeVar("T", bound=BaseModel)
Ask = Callable[[Prompt, str], Awaitable[Completion]]

OBJECT_CHARACTERS_MAX: Final = 100_000
_QUOTED_BYTES_MAX: Final = 2_000
_PROBLEM_CHARACTERS_MAX: Final = 500
_DEPTH_MAX: Final = 40


async def ask_object(prompt: Prompt, kind: type[T], ask: Ask, purpose: str = "object") -> T:
    """Ask for an object; where the answer is none of that kind, ask once more, saying why.

    Both calls together have the prompt's deadline.

    Args:
        prompt: what is asked; its schema is replaced by the kind's.
        kind: what the object must be.
        ask: makes one charged call, from a prompt and a purpose: see `metered`.
        purpose: what for; the second call's is this with `-repair` after it.

    Returns:
        The object.

    Raises:
        UnreadableReply: neither answer was such an object.
        ProviderError: the provider failed.
        BidderError: the meter refused a call.
    """
    shaped = replace(prompt, schema=schema_of(kind))
    began = asyncio.get_running_loop().time()
    completion = await ask(shaped, purpose)
    try:
        return read_object(completion, kind)
    except UnreadableReply as problem:
        left_seconds = prompt.deadline_seconds - (asyncio.get_running_loop().time() - began)
        # A meter takes no further call once it does not know what one cost. And who had no room for a word will
        # have none the second time.
        if completion.cost is None or _is_cut_off_unsaid(completion) or left_seconds <= 0:
            raise
        repair = replace(_repair(shaped, completion.text, str(problem)), deadline_seconds=left_seconds)
        again = await ask(repair, f"{purpose}-repair")
    return read_object(again, kind)


def object_cost_max(model: Model, prompt: Prompt, kind: type[BaseModel]) -> Money | None:
    """The most that `ask_object` can cost: its call and the second one.

    Returns:
        The sum; None where neither a price nor a reserve is known.
    """
    shaped = replace(prompt, schema=schema_of(kind))
    first = model.cost_max(shaped)
    # What the worst second call would quote: its longest answer and its longest complaint.
    quoted, problem = "\N{REPLACEMENT CHARACTER}" * _QUOTED_BYTES_MAX, "?" * 4 * _PROBLEM_CHARACTERS_MAX
    second = model.cost_max(_repair(shaped, quoted, problem))
    return None if first is None or second is None else first + second


@cache
def schema_of(kind: type[BaseModel]) -> Mapping[str, Any]:
    """The JSON schema of a kind of object, made once; it must not be changed."""
    return kind.model_json_schema()


def read_object(completion: Completion, kind: type[T]) -> T:
    """Read an answer that must be one JSON object and nothing else.

    Raises:
        UnreadableReply: it is not, or not of this kind; the message says why, and quotes no text of it.
    """
    if completion.finish in ("refusal", "filtered"):
        raise UnreadableReply(f"{completion.model or 'the model'} refused to answer")
    try:
        found = parse_object(completion.text)
    except UnreadableReply:
        if completion.finish == "length":
            raise UnreadableReply(cut_off(completion)) from None
        raise
    try:
        return kind.model_validate_json(json.dumps(found), strict=True)
    except ValidationError as error:
        said = "; ".join(_said(each) for each in error.errors(include_input=False, include_url=False)[:5])
        raise UnreadableReply(f"its object does not fit: {said}"[:_PROBLEM_CHARACTERS_MAX]) from None


def parse_object(text: str) -> dict[str, Any]:
    """Parse a text that must be one JSON object, with white space around it and nothing else.

    Raises:
        UnreadableReply: it is anything else: prose, two objects, an object in a code fence, a key
            written twice, a number that is not finite.
    """
    if len(text) > OBJECT_CHARACTERS_MAX:
        raise UnreadableReply(
            f"its answer has {len(text):,} characters; an object has at most {OBJECT_CHARACTERS_MAX:,}"
        )
    stripped = text.strip()
    if not stripped:
        raise UnreadableReply("its answer is empty")
    if not stripped.startswith("{"):
        raise UnreadableReply("its answer is not one JSON object: it begins with something else")
    if _depth(stripped) > _DEPTH_MAX:
        raise UnreadableReply(f"its object is nested more than {_DEPTH_MAX} deep")
    try:
        found = json.loads(stripped, object_pairs_hook=_once, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise UnreadableReply(f"its answer is not one JSON object: {error}"[:_PROBLEM_CHARACTERS_MAX]) from None
    if not isinstance(found, dict):
        raise UnreadableReply("its answer is not one JSON object")
    return found


def _is_cut_off_unsaid(completion: Completion) -> bool:
    return completion.finish == "length" and not completion.text.strip()


def _repair(prompt: Prompt, said: str, problem: str) -> Prompt:
    """The same question again, with the answer that was not taken and why."""
    quoted = said.encode("utf-8", errors="replace")[:_QUOTED_BYTES_MAX].decode("utf-8", errors="ignore")
    complaint = (
        f"That was not taken: {problem}\n"
        "Answer again with exactly one JSON object that fits the schema: no prose, no code fence, nothing else."
    )
    messages = (*prompt.messages, Message("assistant", quoted or "(nothing)"), Message("user", complaint))
    return replace(prompt, messages=messages)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is written twice")
    return found


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _depth(text: str) -> int:
    """How deep brackets nest, those in strings included: an upper bound of the object's depth."""
    depth = deepest = 0
    for character in text:
        if character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


def _said(detail: ErrorDetails) -> str:
    """What is wrong with an object, without the keys that it made up."""
    location = detail["loc"][:-1] if detail["type"] == "extra_forbidden" else detail["loc"]
    place = ".".join(str(part) for part in location) or "the object"
    return f"{place}: {detail['msg']}"
