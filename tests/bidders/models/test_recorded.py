"""Recorded calls: what was asked once is answered from the file; anything else fails loudly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bidders.models.mock import MockModel
from bidders.models.recorded import RecordedModel, prompt_digest
from orchestrator import Completion, Message, Model, Money, Prompt, Usage
from orchestrator.errors import InvalidConfig, ProviderDown, ProviderRefused
from tests.bidders.models.asking import PROMPT, SHAPED, ask, failure_of_asking
from tests.fake_provider.books import PRICES


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def recorder(calls: Path, **options: Any) -> tuple[RecordedModel, MockModel]:
    source = MockModel(prices=PRICES, **options)
    return RecordedModel(output_path=calls, source=source), source


def test_a_recorded_call_is_replayed_with_its_cost_and_no_call(calls: Path) -> None:
    recording, source = recorder(calls)
    first = [ask(recording), ask(recording, SHAPED)]
    replaying = RecordedModel(path=calls)
    assert isinstance(replaying, Model)
    assert [ask(replaying), ask(replaying, SHAPED)] == first
    assert source.calls == 2
    assert (replaying.name, replaying.provider) == ("mock", "mock")
    assert replaying.cost_max(PROMPT) == source.cost_max(PROMPT)


def test_a_call_that_is_in_the_file_is_not_made_again(calls: Path) -> None:
    ask(recorder(calls)[0])
    recording, source = recorder(calls)
    ask(recording)
    assert source.calls == 0
    assert len(calls.read_text().splitlines()) == 2


def test_a_prompt_that_was_not_recorded_fails_and_says_which_and_what_to_do(calls: Path) -> None:
    ask(recorder(calls)[0])
    other = replace(PROMPT, messages=[Message("user", "Where is the tram?")])
    failure = failure_of_asking(RecordedModel(path=calls), other)
    assert isinstance(failure, ProviderRefused)
    for part in (str(calls), prompt_digest(other)[:12], "Where is the tram?", "output_path"):
        assert part in str(failure)


@pytest.mark.parametrize(
    "other",
    [
        replace(PROMPT, seed=4),
        replace(PROMPT, max_tokens=61),
        replace(PROMPT, messages=PROMPT.messages[1:]),
        replace(PROMPT, messages=[Message("user", m.text) for m in PROMPT.messages]),
        SHAPED,
    ],
)
def test_a_prompt_that_differs_in_what_matters_is_another(other: Prompt) -> None:
    assert prompt_digest(other) != prompt_digest(PROMPT)


def test_the_deadline_does_not_matter() -> None:
    assert prompt_digest(replace(PROMPT, deadline_seconds=1.0)) == prompt_digest(PROMPT)


def test_failures_are_not_recorded(calls: Path) -> None:
    recording, _ = recorder(calls, script=[{"fails": "ProviderDown"}, "hello"])
    assert isinstance(failure_of_asking(recording), ProviderDown)
    assert ask(recording).text == "hello"


def test_a_replayed_answer_is_streamed_in_one_piece(calls: Path) -> None:
    said = ask(recorder(calls)[0])
    heard: list[str] = []
    ask(RecordedModel(path=calls), on_text=heard.append)
    assert heard == [said.text]


def test_unknown_costs_stay_unknown(calls: Path) -> None:
    answer = Completion("hello", Usage(3, 1, estimated=True), None, "length", "x")
    ask(RecordedModel(output_path=calls, source=MockModel(function=lambda prompt: answer)))
    assert ask(RecordedModel(path=calls)) == answer
    head = json.loads(calls.read_text().splitlines()[0]) | {"price": None}
    calls.write_text(json.dumps(head) + "\n" + calls.read_text().splitlines()[1])
    assert RecordedModel(path=calls).cost_max(PROMPT) is None
    assert RecordedModel(path=calls, reserve_per_call="0.5").cost_max(PROMPT) == Money.usd("0.5")


def test_the_source_may_be_written_in_its_place(calls: Path) -> None:
    recording = RecordedModel(output_path=calls, source={"type": "mock", "options": {"script": ["hi"]}})
    assert ask(recording).text == "hi"
    recording.close()
    assert ask(RecordedModel(path=calls)).text == "hi"


@pytest.mark.parametrize(
    "options", [{}, {"path": "a", "output_path": "b"}, {"output_path": "b"}, {"path": "a", "source": {}}]
)
def test_it_must_be_said_whether_to_replay_or_to_record(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig, match="`path` to replay"):
        RecordedModel(**options)


HEAD = '{"version": 1, "model": "m", "provider": "p", "price": null}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no recorded calls"),
        ("hello", ":1: this is no recorded call"),
        ('{"version": 2}', "version 1"),
        ('{"version": 1}', "names no model"),
        (HEAD + "{}", ":2: this is no recorded call"),
        (HEAD + '{"digest": "x", "completion": {"text": 1, "usage": {}, "cost_nanos": 0, "finish": "stop"}}', ":2: "),
        (HEAD.replace("null", '{"input_per_million": "x", "above": [], "as_of": ""}'), ":1: "),
    ],
)
def test_a_file_that_is_no_record_is_refused_with_its_line(calls: Path, text: str, said: str) -> None:
    calls.write_text(text)
    with pytest.raises(InvalidConfig, match=said):
        RecordedModel(path=calls)
