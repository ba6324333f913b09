"""Whole replies and streams of events in the two formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fake_provider.books import Bill


@dataclass(frozen=True)
class Answer:
    """What is to be said.

    Attributes:
        text: the answer.
        pieces: the same, as it is streamed.
        stop: `stop`, `length` or `tool`.
        bill: what it is charged as.
        model: who says it.
        usage: what is reported in place of the bill; None for nothing at all.
    """

    text: str
    pieces: tuple[str, ...]
    stop: str
    bill: Bill
    model: str
    usage: Any = ...


def chat_usage(answer: Answer) -> Any:
    if answer.usage is not ...:
        return answer.usage
    bill = answer.bill
    return {
        "prompt_tokens": bill.input_tokens,
        "completion_tokens": bill.output_tokens,
        "total_tokens": bill.input_tokens + bill.output_tokens,
        "prompt_tokens_details": {"cached_tokens": bill.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": bill.reasoning_tokens},
    }


def chat_reply(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.stop == "tool":
        call = {"id": "c1", "type": "function", "function": {"name": "answer", "arguments": answer.text}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    finish = {"tool": "tool_calls"}.get(answer.stop, answer.stop)
    choice = {"index": 0, "message": message, "finish_reason": finish}
    reply = {"id": "r1", "object": "chat.completion", "created": 1, "model": answer.model, "choices": [choice]}
    return reply | ({} if answer.usage is None else {"usage": chat_usage(answer)})


def chat_events(answer: Answer, with_usage: bool) -> Iterator[bytes]:
    def event(choices: list[Any], **more: Any) -> bytes:
        chunk = {"id": "r1", "object": "chat.completion.chunk", "created": 1, "model": answer.model, "choices": choices}
        return f"data: {json.dumps(chunk | more)}\n\n".encode()

    for piece in answer.pieces:
        delta: dict[str, Any] = {"content": piece}
        if answer.stop == "tool":
            delta = {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        yield event([{"index": 0, "delta": delta, "finish_reason": None}])
    yield event([{"index": 0, "delta": {}, "finish_reason": {"tool": "tool_calls"}.get(answer.stop, answer.stop)}])
    if with_usage and answer.usage is not None:
        yield event([], usage=chat_usage(answer))
    yield b"data: [DONE]\n\n"


def message_usage(answer: Answer) -> Any:
    if answer.usage is not ...:
        return answer.usage
    bill = answer.bill
    return {
        "input_tokens": bill.input_tokens - bill.cached_tokens,
        "cache_read_input_tokens": bill.cached_tokens,
        "cache_creation_input_tokens": 0,
        "output_tokens": bill.output_tokens,
    }


_STOPS = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use"}


def message_reply(answer: Answer) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": answer.text}
    if answer.stop == "tool":
        block = {"type": "tool_use", "id": "t1", "name": "answer", "input": json.loads(answer.text)}
    reply: dict[str, Any] = {"id": "m1", "type": "message", "role": "assistant", "model": answer.model}
    reply |= {"content": [block], "stop_reason": _STOPS[answer.stop], "stop_sequence": None}
    return reply | ({} if answer.usage is None else {"usage": message_usage(answer)})


def message_events(answer: Answer) -> Iterator[bytes]:
    def event(kind: str, **more: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()

    usage = message_usage(answer)
    started = {} if usage is None else {"usage": {**usage, "output_tokens": 1}}
    start = message_reply(answer) | {"content": [], "stop_reason": None} | started
    yield event("message_start", message=start)
    is_tool = answer.stop == "tool"
    block = {"type": "tool_use", "id": "t1", "name": "answer", "input": {}} if is_tool else {"type": "text", "text": ""}
    yield event("content_block_start", index=0, content_block=block)
    for piece in answer.pieces:
        delta = {"type": "text_delta", "text": piece}
        if is_tool:
            delta = {"type": "input_json_delta", "partial_json": piece}
        yield event("content_block_delta", index=0, delta=delta)
    yield event("content_block_stop", index=0)
    ending = {} if usage is None else {"usage": {"output_tokens": usage["output_tokens"]}}
    yield event("message_delta", delta={"stop_reason": _STOPS[answer.stop], "stop_sequence": None}, **ending)
    yield event("message_stop")
