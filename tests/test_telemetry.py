"""Spans tell what a run did, say nothing of what was written, and change nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.trace import SpanKind, StatusCode

from bidders.policies.estimate import EstimatePolicy
from orchestrator import Message, Money, Prompt, Result
from orchestrator.comparing import Purse
from orchestrator.telemetry import CAPTURE_VARIABLE, recording
from tests.bidders.llm.speakers import bidder, presenter, speaker
from tests.engine.world import assert_sound, make_market
from tests.test_import_weight import loaded_by

SECRET = "The moss garden is quiet before ten."


def traced(monkeypatch: pytest.MonkeyPatch, processor: SpanProcessor) -> None:
    provider = TracerProvider()
    provider.add_span_processor(processor)
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    traced(monkeypatch, SimpleSpanProcessor(kept))
    yield kept
    kept.shutdown()


def run(text: str = "A day among gardens") -> Result:
    model = speaker(work=SECRET, name="small-1")
    made = make_market(
        bidder(model, policy=EstimatePolicy()),
        presenter(model),
        presenter(model, name="quin", gain=0.1),
    )
    result = made.run(text, 10, seed=1)
    assert_sound(made)
    return result


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_request_holds_its_stages_and_they_their_bids_transforms_and_calls(exporter: InMemorySpanExporter) -> None:
    run()
    (request,) = named(exporter, "vickrey.request")
    assert attributes(request)["vickrey.status"] == "open"
    by_id = {span.context.span_id: span for span in exporter.get_finished_spans() if span.context}

    def path(span: ReadableSpan) -> list[str]:
        return [*(path(by_id[span.parent.span_id]) if span.parent else []), span.name]

    paths = {tuple(path(span)) for span in exporter.get_finished_spans()}
    assert ("vickrey.request", "vickrey.stage", "vickrey.bid", "chat small-1") in paths
    assert ("vickrey.request", "vickrey.stage", "vickrey.transform", "chat small-1") in paths


def test_bids_and_prices_are_told(exporter: InMemorySpanExporter) -> None:
    result = run()
    chain = result.offers[0].chain
    bids = {attributes(span)["vickrey.bidder"]: attributes(span) for span in named(exporter, "vickrey.bid")}
    assert bids["pia"]["vickrey.answer"] == "bid"
    won = [attributes(span) for span in named(exporter, "vickrey.transform")]
    assert [each["vickrey.price.nanos"] for each in won] == [sale.price_nanos for sale in chain]
    assert [each["vickrey.bid.nanos"] for each in won] == [sale.bid_nanos for sale in chain]


def test_calls_carry_the_agreed_attributes(exporter: InMemorySpanExporter) -> None:
    run()
    calls = named(exporter, "chat small-1")
    assert all(call.kind is SpanKind.CLIENT for call in calls)
    told = attributes(calls[0])
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == "mock"
    assert told["gen_ai.request.model"] == told["gen_ai.response.model"] == "small-1"
    assert told["gen_ai.usage.input_tokens"] > 100
    assert told["gen_ai.usage.output_tokens"] > 0
    assert told["gen_ai.response.finish_reasons"] == ("stop",)
    assert told["gen_ai.output.type"] == "json"
    assert told["vickrey.cost.nanos"] > 0
    known = {
        value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI") and isinstance(value, str)
    }
    names = {name for span in exporter.get_finished_spans() for name in attributes(span)}
    assert {name for name in names if name.startswith("gen_ai.")} <= known
    assert all(name.startswith(("gen_ai.", "vickrey.", "error.")) for name in names)


def test_nothing_that_was_written_is_told_unless_the_operator_asks(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("Among gardens, for Ada Lovelace")
    told = json.dumps([attributes(span) for span in exporter.get_finished_spans()])
    assert "Lovelace" not in told
    assert SECRET not in told
    exporter.clear()
    monkeypatch.setenv(CAPTURE_VARIABLE, "true")
    run("Among gardens, for Ada Lovelace")
    told = json.dumps([attributes(span) for span in exporter.get_finished_spans()])
    assert "Lovelace" in told
    assert SECRET in told
    messages = json.loads(attributes(named(exporter, "chat small-1")[0])["gen_ai.input.messages"])
    assert messages[0]["role"] == "user"


def test_a_failure_is_told_by_its_kind_alone(exporter: InMemorySpanExporter) -> None:
    with pytest.raises(RuntimeError), recording("work", {"vickrey.lot": "0"}):
        raise RuntimeError(SECRET)
    (span,) = named(exporter, "work")
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span) == {"vickrey.lot": "0", "error.type": "RuntimeError"}
    assert span.events == ()


def test_a_run_is_the_same_with_and_without_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    without = run().journal_hash
    traced(monkeypatch, SimpleSpanProcessor(InMemorySpanExporter()))
    assert run().journal_hash == without


def test_a_tracer_that_fails_harms_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    without = run().journal_hash

    class Failing(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise RuntimeError("no room")

        def on_end(self, span: Any) -> None:
            raise RuntimeError("no room")

    traced(monkeypatch, Failing())
    assert run().journal_hash == without


def test_a_provider_that_cannot_be_asked_for_a_tracer_harms_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> Any:
        raise RuntimeError("no tracer")

    monkeypatch.setattr(trace, "get_tracer", fail)
    assert run().offers


def test_a_span_that_cannot_be_asked_harms_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mute(trace.NonRecordingSpan):
        def is_recording(self) -> bool:
            raise RuntimeError("no answer")

    class Tracer:
        def start_span(self, name: str, kind: Any = None) -> Mute:
            return Mute(trace.INVALID_SPAN_CONTEXT)

    monkeypatch.setattr(trace, "get_tracer", lambda name: Tracer())
    assert run().offers


def test_importing_the_product_does_not_load_the_tracing_api() -> None:
    assert "opentelemetry" not in loaded_by("-c", "import orchestrator")
    assert "opentelemetry" not in loaded_by("-m", "orchestrator.cli", "--help")
    assert "opentelemetry" in loaded_by("-c", "import orchestrator.telemetry")


def test_a_rivals_calls_are_spans_too(exporter: InMemorySpanExporter) -> None:
    model = speaker(work=SECRET, name="small-1")
    asyncio.run(Purse(Money.usd(1)).ask(model, Prompt([Message("user", SECRET)], 50)))
    (span,) = named(exporter, "chat small-1")
    assert attributes(span)["gen_ai.request.model"] == "small-1"
    assert SECRET not in span.to_json()
