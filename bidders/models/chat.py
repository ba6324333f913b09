"""The chat-completions format: what OpenAI, litellm and compatible endpoints are asked, and how they answer."""

from __future__ import annotations

from typing import Any, Final

from bidders.models.format import Format, Question, StreamedAnswer
from bidders.models.modes import TOOL_DESCRIPTION, TOOL_NAME, with_schema, without_system
from bidders.models.reply import Reply, checked_usage, count_at, items_at, part, text_at
from bidders.models.schema import strict_schema
from bidders.models.settings import Mode
from orchestrator import Finish, Usage

_FINISHES: Final[dict[str, Finish]] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "filtered",
    "tool_calls": "tool",
    "function_call": "tool",
}
# Where endpoints say how much of what was read came from their cache: OpenAI, DeepSeek, Moonshot.
_CACHED: Final = (("prompt_tokens_details", "cached_tokens"), ("prompt_cache_hit_tokens",), ("cached_tokens",))
_SEED_MAX: Final = 2**31


def chat_arguments(question: Question) -> dict[str, Any]:
    """Messages, seed, length and format of a call."""
    prompt, mode = question.prompt, question.mode
    states_schema = mode in ("json_object", "prompt")
    messages = with_schema(prompt) if states_schema else prompt.messages
    if "system" in question.lacking:
        messages = without_system(messages)
    length = "max_tokens" if "max_completion_tokens" in question.lacking else "max_completion_tokens"
    arguments: dict[str, Any] = {
        "messages": [{"role": message.speaker, "content": message.text} for message in messages],
        length: prompt.max_tokens,
    }
    if "seed" not in question.lacking:
        arguments["seed"] = prompt.seed % _SEED_MAX
    return arguments | _format(question)


def stream_arguments(question: Question) -> dict[str, Any]:
    """What a streamed call is given besides; without its usage where the endpoint refuses to tell it."""
    if "stream_usage" in question.lacking:
        return {"stream": True}
    return {"stream": True, "stream_options": {"include_usage": True}}


def read_chat(reply: Any, mode: Mode | None) -> Reply | None:
    """Read a whole answer; in mode `tool` it is what the tool was given. None where it is no chat completion."""
    if not items_at(reply, "choices"):
        return None
    choice = part(reply, "choices", 0)
    message = part(choice, "message")
    calls = [text_at(call, "function", "arguments") for call in items_at(message, "tool_calls")]
    refusal = text_at(message, "refusal")
    return Reply(
        text="".join(calls) if calls and mode == "tool" else _said(message),
        usage=read_chat_usage(part(reply, "usage")),
        finish="refusal" if refusal else _FINISHES.get(text_at(choice, "finish_reason"), "unknown"),
        model=text_at(reply, "model"),
    )


class ChatStream(StreamedAnswer):
    """Puts a streamed answer together."""

    def take(self, event: Any) -> None:
        """Take the next chunk: each may hold a piece, an ending and the usage."""
        self._model = text_at(event, "model") or self._model
        self._usage = read_chat_usage(part(event, "usage")) or self._usage
        choice = part(event, "choices", 0)
        delta, finish = part(choice, "delta"), text_at(choice, "finish_reason")
        if self._mode == "tool":
            for call in items_at(delta, "tool_calls"):
                self._heard.add(text_at(call, "function", "arguments"))
        self._heard.add(_said(delta))
        if text_at(delta, "refusal"):
            self._finish = "refusal"
        if finish:
            self._has_ended = True
            self._finish = self._finish if self._finish == "refusal" else _FINISHES.get(finish, "unknown")


def read_chat_usage(usage: Any) -> Usage | None:
    """Usage as the provider reports it; None where it reports nothing, or nonsense."""
    try:
        read, written = count_at(usage, "prompt_tokens"), count_at(usage, "completion_tokens")
        if not read or written is None:
            # Nothing is read for nothing: 0 stands for a count that nobody made.
            return None
        reasoning = count_at(usage, "completion_tokens_details", "reasoning_tokens") or 0
        # Some endpoints count reasoning beside what is written, or in the total alone, and charge both.
        beside = max(0, (count_at(usage, "total_tokens") or 0) - read - written)
        cached = [found for path in _CACHED if (found := count_at(usage, *path)) is not None]
        return checked_usage(
            Usage(
                input_tokens=read,
                output_tokens=written + beside,
                cached_input_tokens=max(cached, default=0),
                reasoning_tokens=max(reasoning, beside),
                cache_written_input_tokens=count_at(usage, "prompt_tokens_details", "cache_write_tokens") or 0,
            )
        )
    except ValueError:
        return None


def _said(message: Any) -> str:
    """The text of a message or of a piece of one; some write it in parts, with thoughts among them."""
    texts = [text_at(each, "text") for each in items_at(message, "content") if text_at(each, "type") == "text"]
    return text_at(message, "content") or "".join(texts)


def _format(question: Question) -> dict[str, Any]:
    schema = question.prompt.schema
    if schema is None:
        return {}
    match question.mode:
        case "json_schema":
            asked = {"name": TOOL_NAME, "schema": strict_schema(schema), "strict": True}
            return {"response_format": {"type": "json_schema", "json_schema": asked}}
        case "json_object":
            return {"response_format": {"type": "json_object"}}
        case "tool":
            function = {"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "parameters": strict_schema(schema)}
            return {
                "tools": [{"type": "function", "function": function}],
                "tool_choice": {"type": "function", "function": {"name": TOOL_NAME}},
            }
    return {}


CHAT: Final = Format(
    answer_name="chat completion",
    modes=("json_schema", "json_object", "tool", "prompt"),
    arguments=chat_arguments,
    stream_arguments=stream_arguments,
    whole_answer=read_chat,
    streamed_answer=ChatStream,
)
"""Chat completions."""
