"""Tracing with OpenTelemetry: spans of requests, stages, bids, transforms and model calls.

Only the API is used, so nothing is recorded unless the program sets up an SDK. Names of `gen_ai.*`
follow the semantic conventions for generative AI (1.37 and later); what the market adds is
`vickrey.*`. Prompts and answers are left out unless `CAPTURE_VARIABLE` is set, for states are
strangers' texts and may be private. A tracer that fails harms no run, and no run depends on one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from orchestrator.bidding import Completion, Message, Model, Prompt

CAPTURE_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_CAPTURING: Final = frozenset({"true", "1", "span_only", "span_and_event"})
_TRACER: Final = "vickrey"

Attribute = str | int | float | bool | Sequence[str] | None
Attributes = Mapping[str, Attribute]


class Recording:
    """A span under way; noting something on it never fails.

    Args:
        span: the span; None where the tracer could not make one.
    """

    def __init__(self, span: Span | None) -> None:
        self._span = span

    @property
    def is_on(self) -> bool:
        """Whether anything that is noted is kept."""
        with suppress(Exception):
            return self._span is not None and self._span.is_recording()
        return False

    def note(self, attributes: Attributes) -> None:
        """Note attributes; those without a value are left out."""
        if self._span is not None and self.is_on:
            with suppress(Exception):
                self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    def fail(self, kind: str) -> None:
        """Note that it went wrong, and how, without a word of what anybody said."""
        self.note({"error.type": kind})
        if self._span is not None:
            with suppress(Exception):
                self._span.set_status(Status(StatusCode.ERROR))


@contextmanager
def recording(name: str, attributes: Attributes, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[Recording]:
    """Trace a piece of work as a span, below the one that is under way.

    Args:
        name: the span's name; the same for all work of a kind.
        attributes: what is known at its start.
        kind: of the span.
    """
    span, token = _begun(name, kind)
    found = Recording(span)
    found.note(attributes)
    try:
        yield found
    except BaseException as error:
        found.fail(type(error).__name__)
        raise
    finally:
        if token is not None:
            with suppress(Exception):
                context.detach(token)
        if span is not None:
            with suppress(Exception):
                span.end()


async def traced_complete(model: Model, prompt: Prompt, on_text: Callable[[str], None] | None = None) -> Completion:
    """Ask a model once, as a span with the attributes that are agreed on for generative AI.

    Args:
        model: who is asked.
        prompt: what is asked.
        on_text: called with each piece of the answer as it arrives.

    Returns:
        The answer.

    Raises:
        ProviderError: as the model raises it.
    """
    asked: dict[str, Attribute] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.name,
        "gen_ai.request.max_tokens": prompt.max_tokens,
        "gen_ai.request.seed": prompt.seed,
        "gen_ai.request.stream": True if on_text is not None else None,
        "gen_ai.output.type": "text" if prompt.schema is None else "json",
    }
    with recording(f"chat {model.name}", asked, SpanKind.CLIENT) as span:
        if span.is_on and captures_content():
            span.note(_asked_content(prompt.messages))
        completion = await model.complete(prompt, on_text)
        usage = completion.usage
        span.note(
            {
                "gen_ai.response.model": completion.model or None,
                "gen_ai.response.finish_reasons": [completion.finish],
                "gen_ai.usage.input_tokens": usage.input_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
                "gen_ai.usage.cache_read.input_tokens": usage.cached_input_tokens or None,
                "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens or None,
                "vickrey.usage.estimated": usage.estimated or None,
                "vickrey.cost.nanos": None if completion.cost is None else completion.cost.nanos,
            }
        )
        if span.is_on and captures_content():
            span.note({"gen_ai.output.messages": json.dumps([_message("assistant", completion.text)])})
        return completion


def captures_content() -> bool:
    """Whether the operator asked for prompts and answers to be traced as well."""
    return os.environ.get(CAPTURE_VARIABLE, "").strip().lower() in _CAPTURING


def _begun(name: str, kind: SpanKind) -> tuple[Span | None, Any]:
    try:
        span = trace.get_tracer(_TRACER).start_span(name, kind=kind)
        token = context.attach(trace.set_span_in_context(span)) if span.is_recording() else None
    except Exception:
        return None, None
    return span, token


def _asked_content(messages: Sequence[Message]) -> dict[str, Attribute]:
    system = [{"type": "text", "content": each.text} for each in messages if each.speaker == "system"]
    others = [_message(each.speaker, each.text) for each in messages if each.speaker != "system"]
    return {
        "gen_ai.system_instructions": json.dumps(system) if system else None,
        "gen_ai.input.messages": json.dumps(others),
    }


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}
