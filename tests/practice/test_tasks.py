"""Files of labelled tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import InvalidMoney, InvalidRequest
from orchestrator.practice import read_tasks
from tests.practice.test_practice import SUMS, write_tasks


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", r"tasks\.jsonl:2: this is not JSON"),
        ([1], 'a task is an object with a text under "request"'),
        ({"answer": "18"}, "a task is an object"),
        ({"request": " "}, "a task is an object"),
        ({"request": "x", "bounty": "ten"}, "its bounty: 'ten' is not a number of dollars"),
        ({"request": "x", "bounty": 0}, "its bounty is 0"),
        ({"request": "x" * 200_001}, "more than 200,000 bytes"),
        (
            {"request": "half \ud800"},
            r"tasks\.jsonl:2: its request is not valid Unicode; it holds half a surrogate pair",
        ),
        ({"request": "a\x00b"}, r"tasks\.jsonl:2: its request holds NUL characters; it is binary, not text"),
        ('{"request": "x", "answer": 1, "answer": 2}', r'tasks\.jsonl:2: it says "answer" 2 times; keep one of them'),
    ],
)
def test_a_line_that_is_no_task_is_refused_with_its_place(tmp_path: Path, line: Any, said: str) -> None:
    with pytest.raises((InvalidRequest, InvalidMoney), match=said):
        write_tasks(tmp_path, SUMS[0], line)


def test_a_task_that_stands_in_a_file_twice_is_worked_on_and_learned_once(tmp_path: Path) -> None:
    tasks = write_tasks(tmp_path, SUMS[0], SUMS[1], SUMS[0])
    assert [(task.number, task.place[-2:], task.repeats) for task in tasks] == [(1, ":1", 1), (2, ":2", 0)]


@pytest.mark.parametrize("other", [{"answer": "19"}, {"bounty": 3}])
def test_a_request_that_stands_in_a_file_with_two_labels_is_refused_with_both_places(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest, match=r"tasks\.jsonl:3: its request stands at .*tasks\.jsonl:1 already"):
        write_tasks(tmp_path, *SUMS, {"request": "6 * 3?", "answer": "18"} | other)


def test_a_line_ends_at_a_line_feed_alone(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text('{"request": "one\u2028two\x85three", "answer": "1"}\r\n\n{"request": "x", "answer": "2"}\n')
    assert [(task.request, task.place[-2:]) for task in read_tasks(path, 1)] == [
        ("one\u2028two\x85three", ":1"),
        ("x", ":3"),
    ]


def test_a_mark_of_an_editor_at_the_beginning_is_no_part_of_a_task(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"request": "one", "answer": "1"}\r\n')
    assert [task.request for task in read_tasks(path, 1)] == ["one"]


def test_a_file_without_tasks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="holds no tasks"):
        write_tasks(tmp_path, "", "  ")
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_tasks(tmp_path / "none.jsonl", 1)
