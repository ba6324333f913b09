"""Anthropic's messages format: what its models are asked, and how they answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from bidders.models.format import Format, Question, StreamedAnswer
from bidders.models.modes import TOOL_DESCRIPTION, TOOL_NAME, with_schema
from bidders.models.reply import Heard, Reply, checked_usage, count_at, items_at, part, text_at
from bidders.models.schema import strict_schema
from bidders.models.settings import Mode
from orchestrator import Finish, Message, Usage

_FINISHES: Final[dict[str, Finish]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool",
    "refusal": "refusal",
}


def message_arguments(question: Question) -> dict[str, Any]:
    """Messages, system text, length and format of a call; this format has no seed."""
    prompt = question.prompt
    # There is no json_object here: what asks for it by name gets the schema in the prompt.
    states_schema = question.mode in ("json_object", "prompt")
    messages = list(with_schema(prompt) if states_schema else prompt.messages)
    system = "\n\n".join(message.text for message in messages if message.speaker == "system")
    arguments: dict[str, Any] = {
        "max_tokens": prompt.max_tokens,
        "messages": _turns([message for message in messages if message.speaker != "system"]),
    }
    if system:
        arguments["system"] = system
    return arguments | _format(question)


def stream_arguments(_question: Question) -> dict[str, Any]:
    """What a streamed call is given besides; usage comes without being asked for."""
    return {"stream": True}


def read_message(reply: Any, mode: Mode | None) -> Reply | None:
    """Read a whole answer; in mode `tool` it is what the tool was given. None where it is no message."""
    if part(reply, "content") is None:
        return None
    blocks = items_at(reply, "content")
    texts = [text_at(block, "text") for block in blocks if text_at(block, "type") == "text"]
    inputs = [json.dumps(part(block, "input")) for block in blocks if text_at(block, "type") == "tool_use"]
    return Reply(
        text="".join(inputs if inputs and mode == "tool" else texts),
        usage=read_message_usage(part(reply, "usage")),
        finish=_FINISHES.get(text_at(reply, "stop_reason"), "unknown"),
        model=text_at(reply, "model"),
    )


class MessageStream(StreamedAnswer):
    """Puts a streamed answer together."""

    def __init__(self, heard: Heard, mode: Mode | None) -> None:
        super().__init__(heard, mode)
        self._piece = "partial_json" if mode == "tool" else "text"
        self._read: Any = None

    def take(self, event: Any) -> None:
        """Take the next event."""
        match text_at(event, "type"):
            case "message_start":
                self._model = text_at(event, "message", "model")
                self._read = part(event, "message", "usage")
            case "content_block_delta":
                self._heard.add(text_at(event, "delta", self._piece))
            case "message_delta":
                self._finish = _FINISHES.get(text_at(event, "delta", "stop_reason"), "unknown")
                # How much was read is said at the start, how much was written at the end.
                self._usage = read_message_usage(self._read, part(event, "usage"))
                self._has_ended = True


def read_message_usage(usage: Any, written_usage: Any = None) -> Usage | None:
    """Usage as the provider reports it; None where it reports nothing, or nonsense.

    Args:
        usage: what it says was read; what went through the cache is counted beside `input_tokens`.
        written_usage: what it says was written, where it says so elsewhere.
    """
    ending = usage if written_usage is None else written_usage
    try:
        read, written = count_at(usage, "input_tokens"), count_at(ending, "output_tokens")
        cached = count_at(usage, "cache_read_input_tokens") or 0
        cache_written = count_at(usage, "cache_creation_input_tokens") or 0
        if read is None or written is None or not read + cached + cache_written:
            # Nothing is read for nothing: 0 stands for a count that nobody made.
            return None
        return checked_usage(
            Usage(
                input_tokens=read + cached + cache_written,
                output_tokens=written,
                cached_input_tokens=cached,
                reasoning_tokens=count_at(ending, "output_tokens_details", "thinking_tokens") or 0,
                cache_written_input_tokens=cache_written,
            )
        )
    except ValueError:
        return None


def _format(question: Question) -> dict[str, Any]:
    schema = question.prompt.schema
    if schema is None:
        return {}
    match question.mode:
        case "json_schema":
            return {"output_config": {"format": {"type": "json_schema", "schema": strict_schema(schema)}}}
        case "tool":
            tool = {"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "input_schema": strict_schema(schema)}
            return {"tools": [tool], "tool_choice": {"type": "tool", "name": TOOL_NAME}}
    return {}


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [{"role": message.speaker, "content": message.text} for message in messages]


MESSAGES: Final = Format(
    answer_name="message",
    modes=("json_schema", "tool", "prompt"),
    arguments=message_arguments,
    stream_arguments=stream_arguments,
    whole_answer=read_message,
    streamed_answer=MessageStream,
)
"""Anthropic's messages."""
