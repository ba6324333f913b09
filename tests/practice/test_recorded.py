"""Recorded outcomes as lessons: no calls, no cost, and nothing of what belongs to no bidder."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bidders.policies.tracker import TrackerPolicy
from orchestrator import Work
from orchestrator.core.keys import digest_text
from orchestrator.errors import BrokenPlugin, InvalidRequest
from orchestrator.practice import practise_recorded, read_recorded
from tests.engine.world import Scripted, assert_sound, make_market
from tests.practice.test_practice import Recalling

COLUMNS = ("dataset", "task", "query_id", "fold", "prompt", "model", "score", "cost_usd", "answer")


def row(query: Any, model: Any, score: Any, answer: Any, cost: Any = 0.001) -> tuple[Any, ...]:
    return ("tiny", "sums", query, 0, f"What is {query}?", model, score, cost, answer)


def write(folder: Path, rows: Sequence[tuple[Any, ...]], columns: Sequence[str] = COLUMNS) -> Path:
    import pyarrow
    from pyarrow import parquet

    path = folder / "tiny.parquet"
    table = {name: [each[place] for each in rows] for place, name in enumerate(columns)}
    parquet.write_table(pyarrow.table(table), path)
    return path


ROWS = [
    row("1+1", "big", 1.0, "2"),
    row("1+1", "small", 1.0, "2", 0.0),
    row("1+1", "other", 0.0, "3"),
    row("2+2", "big", 0.0, None),
    row("2+2", "small", None, "4"),
]


def test_each_query_is_a_lesson_in_which_equal_answers_agree(tmp_path: Path) -> None:
    found = read_recorded(write(tmp_path, ROWS), ["big", "mine"], 0.1, models={"mine": "small"})
    two = digest_text("2")
    assert [lesson.request for lesson in found.lessons] == ["What is 1+1?", "What is 2+2?"]
    assert found.lessons[0].works == (Work("big", two, 1.0, 0.001), Work("mine", two, 1.0, 0.0))
    assert found.lessons[1].works == (Work("big", "", 0.0, 0.001),), "what has no score teaches nothing"
    assert found.mapped == {"big": "big", "mine": "small"}
    assert found.unmapped == ("other",)
    assert len(read_recorded(write(tmp_path, ROWS), ["big"], 0.1, limit=1).lessons) == 1


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [("10,080.", "10080", True), ("(b)", "B", True), ("[1,2]", "[1, 2]", True), ("8.5", "8", False), (8.0, 8.5, False)],
)
def test_answers_agree_that_read_the_same_once_they_are_written_in_one_way(
    tmp_path: Path, one: Any, other: Any, agree: bool
) -> None:
    rows = [row("sum", "big", 1.0, one), row("sum", "small", 1.0, other)]
    (lesson,) = read_recorded(write(tmp_path, rows), ["big", "small"], 0.1).lessons
    assert (lesson.works[0].claim == lesson.works[1].claim) is agree
    assert "" not in {work.claim for work in lesson.works}


@pytest.mark.parametrize("absent", [None, float("nan")])
def test_an_answer_that_the_record_lacks_claims_nothing(tmp_path: Path, absent: float | None) -> None:
    rows = [row("sum", "big", 1.0, absent), row("sum", "small", 0.0, 7.0)]
    (lesson,) = read_recorded(write(tmp_path, rows), ["big", "small"], 0.1).lessons
    assert [work.claim for work in lesson.works] == ["", digest_text("7")]


def test_a_query_with_two_prompts_is_refused_for_their_answers_would_be_compared(tmp_path: Path) -> None:
    other = ("tiny", "sums", "1+1", 0, "What is the capital of France?", "other", 1.0, 0.001, "Paris")
    with pytest.raises(InvalidRequest, match=r"query 1\+1 has two prompts, 'What is 1\+1\?' and 'What is the capital"):
        read_recorded(write(tmp_path, [*ROWS, other]), ["big"], 0.1)


def test_a_prompt_that_another_query_has_is_learned_from_once_and_named(tmp_path: Path) -> None:
    again = [("tiny", "sums", f"again {each[2]}", *each[3:]) for each in ROWS[:3]]
    found = read_recorded(write(tmp_path, [*ROWS, *again]), ["big", "small"], 0.1)
    assert [lesson.request for lesson in found.lessons] == ["What is 1+1?", "What is 2+2?"]
    assert found.repeated == ("again 1+1",)


def test_a_limit_leaves_the_rest_of_the_file_unjudged(tmp_path: Path) -> None:
    rows = [*ROWS, row("3+3", "big", None, "6")]
    assert read_recorded(write(tmp_path, rows), ["big"], 0.1).unscored == ("big on query 3+3",)
    assert read_recorded(write(tmp_path, rows), ["big"], 0.1, limit=2).unscored == ()


def test_a_limit_counts_the_tasks_that_teach_something(tmp_path: Path) -> None:
    nothing = [row("0+0", "big", None, "0"), row("0+1", "other", 1.0, "1")]
    found = read_recorded(write(tmp_path, [*nothing, *ROWS]), ["big"], 0.1, limit=1)
    assert [lesson.request for lesson in found.lessons] == ["What is 1+1?"]
    assert found.unscored == ("big on query 0+0",)


def test_policies_learn_from_it_once_and_no_money_moves(tmp_path: Path) -> None:
    bidder = Scripted("big", {1: "1"})
    bidder.policy = Recalling()  # type: ignore[attr-defined]
    market = make_market(bidder)
    found = read_recorded(write(tmp_path, ROWS), list(market.seats), 0.1)
    before = market.store.read(lambda reader: reader.transfers())
    report = practise_recorded(market.store, market.seats, found.id, found.lessons)
    assert [(each.how, each.lessons) for each in report.taught] == [("practised", 2)]
    assert [(pupil.bidder, pupil.works, pupil.score, pupil.cost_nanos) for pupil in report.pupils] == [
        ("big", 2, 0.5, 0)
    ]
    assert market.store.read(lambda reader: reader.transfers()) == before
    stored = market.store.read(lambda reader: reader.memory("big/recalling/1"))
    assert stored is not None
    assert len(json.loads(stored.body)) == 2
    again = practise_recorded(market.store, market.seats, found.id, found.lessons)
    assert [each.how for each in again.taught] == ["before"]
    assert_sound(market)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_work_of_unknown_cost_is_left_out_alone_and_named(tmp_path: Path, missing: float | None) -> None:
    rows = [*ROWS[:2], row("3+3", "big", 1.0, "6", missing), row("3+3", "small", missing, "6")]
    found = read_recorded(write(tmp_path, rows), ["big", "small"], 0.1)
    assert [[work.bidder for work in lesson.works] for lesson in found.lessons] == [["big", "small"]]
    assert found.uncosted == ("big on query 3+3",)
    assert found.unscored == ("small on query 3+3",)


def test_a_policy_that_learns_from_its_own_works_is_said_to_have_none_where_its_bidder_has_no_model(
    tmp_path: Path,
) -> None:
    bidder = Scripted("trk", {1: "1"})
    bidder.policy = TrackerPolicy()  # type: ignore[attr-defined]
    market = make_market(bidder, Scripted("big", {1: "1"}))
    path = write(tmp_path, ROWS)
    found = read_recorded(path, list(market.seats), 0.1)
    report = practise_recorded(market.store, market.seats, found.id, found.lessons)
    assert [each.how for each in report.taught if each.policy] == ["unshown"]
    mapped = read_recorded(path, list(market.seats), 0.1, models={"trk": "small"})
    report = practise_recorded(market.store, market.seats, mapped.id, mapped.lessons)
    assert [each.how for each in report.taught if each.policy] == ["receipts"]


@pytest.mark.parametrize(
    ("bidders", "models", "said"),
    [
        (
            ["nobody"],
            {},
            "no transformer is called as a model of .*; name them with --map BIDDER=MODEL. It has: big, small",
        ),
        (["a"], {"a": "huge"}, "has no model 'huge'; it has: big, small, other"),
        (["a"], {"b": "big"}, "there is no transformer 'b' to map"),
        (["big", "a"], {"a": "big"}, "big and a would both have the works of model 'big'"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(
    tmp_path: Path, bidders: list[str], models: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        read_recorded(write(tmp_path, ROWS), bidders, 0.1, models=models)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (row("1+1", "big", 2.0, "2"), r"big on query 1\+1: its score 2.0 is not a number from 0 to 1"),
        (row("1+1", "big", "1.0", "2"), r"big on query 1\+1: its score '1.0' is not a number from 0 to 1"),
        (row("1+1", "big", 1.0, "2", 1e300), r"its cost 1e\+300 is no amount of dollars up to 1,000,000,000"),
        (row(None, "big", 1.0, "2"), "row 1: its query_id is empty"),
        (("tiny", "sums", "1+1", 0, None, "big", 1.0, 0.0, "2"), "row 1: its prompt is empty"),
        (("tiny", "sums", "1+1", 0, " ", "big", 1.0, 0.0, "2"), "row 1: its prompt is ' '"),
        (("tiny", "sums", "1+1", 0, b"text", "big", 1.0, 0.0, "2"), "row 1: its prompt is .*; it must be a text"),
        (row("1+1", None, 1.0, "2"), "row 1: its model is empty"),
        (row("1+1", "big", 1.0, "2", -1.0), r"big on query 1\+1: its cost -1.0 is no amount of dollars"),
        (row("1+1", "big", 1.0, "2", float("inf")), r"big on query 1\+1: its cost inf is no amount of dollars"),
    ],
)
def test_figures_that_make_no_sense_are_refused(tmp_path: Path, wrong: tuple[Any, ...], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        read_recorded(write(tmp_path, [wrong]), ["big"], 0.1)


def test_a_work_that_is_recorded_twice_is_refused_since_it_would_count_as_two_that_agree(tmp_path: Path) -> None:
    twice = write(tmp_path, [*ROWS, row("1+1", "small", 1.0, "2")])
    with pytest.raises(InvalidRequest, match=r"small on query 1\+1 is recorded more than once"):
        read_recorded(twice, ["big", "small"], 0.1)
    assert len(read_recorded(twice, ["big"], 0.1).lessons) == 2, "it is nobody's here"


def test_queries_and_models_may_be_numbers_and_figures_decimal(tmp_path: Path) -> None:
    rows = [row(query, model, Decimal("0.5"), 4, Decimal("0.001")) for query in (1, 2) for model in (7, 8)]
    found = read_recorded(write(tmp_path, rows), ["mine"], 0.1, models={"mine": "7"})
    assert [lesson.works for lesson in found.lessons] == [(Work("mine", digest_text("4"), 0.5, 0.001),)] * 2
    assert found.unmapped == ("8",)


def test_a_file_of_which_nothing_can_be_learned_is_refused(tmp_path: Path) -> None:
    rows = [row("1+1", "big", None, "2"), row("2+2", "big", 1.0, "4", None), row("1+1", "small", 1.0, "2")]
    with pytest.raises(InvalidRequest, match="has no work of big of which both score and cost are known"):
        read_recorded(write(tmp_path, rows), ["big"], 0.1)


def test_files_that_are_no_recorded_outcomes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(InvalidRequest, match=r"text\.parquet is no parquet file: "):
        read_recorded(tmp_path / "text.parquet", ["big"], 0.1)
    lacking = "has no column query_id, prompt, score, cost_usd, answer; it needs query_id, prompt, model"
    with pytest.raises(InvalidRequest, match=lacking):
        read_recorded(write(tmp_path, [("a", "b")], ("model", "x")), ["big"], 0.1)
    with pytest.raises(InvalidRequest, match=r"big on query 1\+1: its answer \"\['2'\]\" is neither text nor number"):
        read_recorded(write(tmp_path, [row("1+1", "big", 1.0, ["2"])]), ["big"], 0.1)
    with pytest.raises(InvalidRequest, match=r"none\.parquet cannot be read: No such file"):
        read_recorded(tmp_path / "none.parquet", ["big"], 0.1)
    with pytest.raises(InvalidRequest, match="holds no rows"):
        read_recorded(write(tmp_path, []), ["big"], 0.1)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BrokenPlugin, match=r"pip install 'vickrey\[recorded\]'"):
        read_recorded(tmp_path / "x.parquet", ["big"], 0.1)
