"""Verifiers: how right a text is, and whether they can tell at all before anybody is paid."""

from __future__ import annotations

import asyncio
import math
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.errors import InvalidConfig, InvalidRequest
from orchestrator.practice import load_verifier, practise, prepare
from orchestrator.practice.verifiers import contains, exact, number, score_of
from tests.engine.world import Provider, assert_sound, make_market
from tests.practice.test_practice import SUMS, Answering, run, session_of, write_tasks


@pytest.mark.parametrize(
    ("verifier", "answer", "text", "score"),
    [
        (exact, "Lisbon", " lisbon. ", 1.0),
        (exact, "Lisbon", "It is Lisbon", 0.0),
        (exact, 18, "18", 1.0),
        (contains, "Lisbon", "It is  LISBON, of course", 1.0),
        (contains, "Porto", "It is Lisbon", 0.0),
        (number, "1,234.5", "so 3 times 411.5 is 1234.50.", 1.0),
        (number, "#### 18", "the answer is 17", 0.0),
        (number, 18, "no idea", 0.0),
        (number, "0.5", "so it is .5", 1.0),
        (number, 5, "so it is .5", 0.0),
        (number, 5, "see No.5", 1.0),
        (number, -5, "x = \N{MINUS SIGN}5", 1.0),
        (number, 5, "x = \N{MINUS SIGN}5", 0.0),
        (number, -5, "a loss of -$5", 1.0),
        (number, 3, "which is 8-5, or (1+2)-3", 1.0),
        (number, "1/2", "it is 1/2", 1.0),
        (number, "1/2", "it is 0.5", 1.0),
        (number, "1/2", "it is 2", 0.0),
        (number, 2, "it is 1/2", 0.0),
        (number, "6", "24 / 4 = 6", 1.0),
        (number, "\\frac{3}{4}", "\\boxed{\\dfrac{3}{4}}", 1.0),
        (number, "\\frac{3}{4}", "\\boxed{\\frac{1}{4}}", 0.0),
        (number, 12, "1,2", 0.0),
        (number, 123, "[1,2,3]", 0.0),
        (number, "1,234,567", "1234567", 1.0),
        (number, 1234, "1.234e3", 1.0),
        (number, 100_000_000, "100000050", 0.0),
        (number, "9" * 5000, "9" * 4999 + "8", 0.0),
        (number, "0.333333333", "0.33333333", 1.0),
        (number, 1e-7, "9e-7", 0.0),
        (number, 0, "1e-9", 1.0),
        (number, 1, "it is 1/0", 0.0),
        (number, "1e400", "the answer is 2e999", 0.0),
        (number, "1e400", "the answer is 1E400.", 1.0),
        (number, "1e400", "the answer is -1e400", 0.0),
        (number, "1e400", "the answer is 7", 0.0),
        (number, 7, "the answer is 1e400", 0.0),
        (exact, "...and so on.", "...And so on", 1.0),
        (contains, ".5", "it is .5", 1.0),
    ],
)
def test_built_in_verifiers(verifier: Any, answer: Any, text: str, score: float) -> None:
    assert verifier({"answer": answer}, text) == score


def own(record: Any, text: str) -> Any:
    if record["want"] == "raise":
        raise KeyError("nothing")
    if record["want"] == "exit":
        sys.exit(3)
    return {"half": 0.5, "bool": True}.get(record["want"], record["want"])


def test_a_verifier_of_ones_own_sees_the_whole_record(tmp_path: Path) -> None:
    market = make_market(Answering("a", "18", Provider()))
    tasks = write_tasks(tmp_path, {"request": "x", "want": "half"}, {"request": "y", "want": "bool"})
    session = session_of(market, tasks, load_verifier("tests.practice.test_verifiers:own"))
    (pupil,) = asyncio.run(practise(session, session.plan.cost_max_nanos)).pupils
    assert pupil.score == 0.75


@pytest.mark.parametrize(
    ("said", "score"), [(np.float32(0.25), 0.25), (np.bool_(True), 1.0), (np.array(0.5), 0.5), (Decimal("0.5"), 0.5)]
)
def test_a_verifier_may_return_numbers_of_numpy_and_decimal_ones(tmp_path: Path, said: Any, score: float) -> None:
    (task,) = write_tasks(tmp_path, {"request": "x"})
    assert score_of(lambda record, text: said, task, "") == score


@pytest.mark.parametrize(
    ("said", "shown"), [("1.0", r"'1\.0' \(str\)"), (np.array([0.5, 0.5]), "ndarray"), (float("nan"), "float")]
)
def test_what_is_no_score_is_shown_with_its_type(tmp_path: Path, said: Any, shown: str) -> None:
    (task,) = write_tasks(tmp_path, {"request": "x"})
    with pytest.raises(InvalidRequest, match=f"returned .*{shown}"):
        score_of(lambda record, text: said, task, "")


def test_an_asynchronous_verifier_is_refused_as_such(tmp_path: Path) -> None:
    async def asynchronous(record: Any, text: str) -> float:
        return 1.0

    verifier: Any = asynchronous
    market = make_market(Answering("a", "18", Provider()))
    with pytest.raises(InvalidConfig, match="is asynchronous; a verifier is a plain function"):
        session_of(market, write_tasks(tmp_path, *SUMS), verifier)


@pytest.mark.parametrize(("answer", "shown"), [(True, "true"), (["a", "b"], r"\[\"a\", \"b\"\]"), (math.nan, "NaN")])
def test_a_label_that_is_no_text_is_not_said_to_be_missing(answer: Any, shown: str) -> None:
    with pytest.raises(InvalidRequest, match=f'its "answer" is {shown}; it must be a text or a number'):
        exact({"answer": answer}, "")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("exact", {}),
        ("contains", {"answer": " "}),
        ("number", {"answer": "eighteen"}),
        ("exact", {"answer": "."}),
        ("contains", {"answer": " ... "}),
    ],
)
def test_a_label_that_is_missing_is_found_before_anything_is_paid(
    tmp_path: Path, name: str, label: dict[str, str]
) -> None:
    provider = Provider()
    market = make_market(Answering("a", "18", provider))
    tasks = write_tasks(tmp_path, *SUMS, {"request": "x", **label})
    with pytest.raises(
        InvalidRequest, match=r"tasks\.jsonl:3: (its answer 'eighteen'|it has (no|nothing but full stops))"
    ):
        session_of(market, tasks, load_verifier(name))
    assert provider.made == []


def test_labels_of_tasks_beyond_the_limit_are_not_asked_for(tmp_path: Path) -> None:
    market = make_market(Answering("a", "18", Provider()))
    tasks = write_tasks(tmp_path, *SUMS, {"request": "x"})
    session = asyncio.run(prepare(market.store, market.seats, market.config.rules, tasks, exact, limit=2))
    assert session.plan.works == 2


@pytest.mark.parametrize("verifier", [lambda text: 1.0, lambda record, text, more: 1.0])
def test_a_verifier_of_other_parameters_is_refused_before_anything_is_paid(tmp_path: Path, verifier: Any) -> None:
    market = make_market(Answering("a", "18", Provider()))
    tasks = write_tasks(tmp_path, *SUMS)
    with pytest.raises(InvalidConfig, match="cannot be called with a task's record and a text"):
        session_of(market, tasks, verifier)


@pytest.mark.parametrize("want", [2, "much", None, "raise", "exit"])
def test_a_verifier_of_ones_own_is_tried_before_anything_is_paid(tmp_path: Path, want: Any) -> None:
    market = make_market(Answering("a", "18", Provider()))
    tasks = write_tasks(tmp_path, {"request": "x", "want": want})
    with pytest.raises(InvalidRequest, match=r"tasks\.jsonl:1: the verifier .* before anything was asked"):
        session_of(market, tasks, own)


def test_where_a_verifier_fails_at_an_answer_it_is_said_that_answers_are_kept_and_they_are(tmp_path: Path) -> None:
    provider = Provider()
    market = make_market(Answering("a", "18", provider))
    tasks = write_tasks(tmp_path, {"request": "x", "answer": "18"})

    def fussy(record: Any, text: str) -> Any:
        return None if text == "18" else 0.0

    session = session_of(market, tasks, fussy)
    with pytest.raises(
        InvalidRequest, match=r"tasks\.jsonl:1: the verifier returned 'None' \(NoneType\).* all answers are kept"
    ):
        asyncio.run(practise(session, session.plan.cost_max_nanos))
    assert [pupil.score for pupil in run(market, tasks).pupils] == [1.0]
    assert len(provider.made) == 1
    assert_sound(market)


def test_a_module_that_leaves_python_when_it_is_imported_is_said_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_script.py").write_text("import sys\nsys.exit(2)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InvalidConfig, match=r"cannot be loaded \(it called sys\.exit\(2\)\)"):
        load_verifier("a_script:score")


def test_a_verifier_that_is_not_there_is_refused() -> None:
    for name, said in (
        ("exakt", "there is no verifier 'exakt'; choose one of exact, contains, number"),
        ("no_such_module:check", "cannot be loaded"),
        ("math:pi", "is float, not a function"),
    ):
        with pytest.raises(InvalidConfig, match=said):
            load_verifier(name)
