"""When two recorded answers are the same answer."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.claims import normalise


@pytest.mark.parametrize(
    ("answer", "normal"),
    [
        ("18", "18"),
        (" 18 ", "18"),
        ("18.", "18"),
        ("8.00", "8"),
        ("1023.20", "1023.2"),
        ("10,080.", "10080"),
        ("$1,200", "1200"),
        ("-3", "-3"),
        ("+5", "5"),
        ("-0.0", "0"),
        (".5", "0.5"),
        ("75%", "75%"),
        ("1e5", "1e5"),
        ("0.000", "0"),
        ("007", "7"),
        (f"{2**200:,}.00", str(2**200)),
        (f"0.{'1' * 40}0", f"0.{'1' * 40}"),
        ("1,2", "1,2"),
        ("b", "B"),
        ("(b)", "B"),
        ("C.", "C"),
        ("[1,2,  3]", "[1, 2, 3]"),
        ("{'b':1}", "{'b': 1}"),
        ("[1, 2", "[1, 2"),
        ("[[[" * 300, "[[[" * 300),
        ("{'b': 1, 'a': [2]}", "{'a': [2], 'b': 1}"),
        ("{'y', 'x', 'z'}", "{'x', 'y', 'z'}"),
        ("(1,)", "(1,)"),
        ("(8.0)", "8"),
        ("(-1e3)", "-1000"),
        ("'two  words'", "'two  words'"),
        ("'\\d'", r"'\\d'"),
        ("two  words", "two words"),
        ("Yes.", "yes"),
        ("**NO**", "no"),
        ("New York", "new york"),
        ("jean-luc's Dog.", "jean-luc's dog"),
        ("Straße", "strasse"),
        ("CO", "CO"),
        ("Co", "co"),
        ("pH", "pH"),
        ("US", "US"),
        ("myVar", "myVar"),
        ("TRUE", "true"),
        ("\N{KELVIN SIGN}", "K"),
        ("e.g.", "e.g."),
        ("A_b", "A_b"),
        ("Ab1", "Ab1"),
        ("Ab()", "Ab()"),
        ("'Ab'", "'Ab'"),
        ("Word " * 13, ("Word " * 13).strip()),
        ('{"b": true,\n "a": [null, 1.50]}', "{'a': [None, 1.5], 'b': True}"),
        ('```json\n{"a":false}\n```', "{'a': False}"),
        ('{"a": true', '{"a": true'),
        ('{"a  b": Infinity}', '{"a b": Infinity}'),
        ("get(day=\"now\",city='Rome')", "get(city='Rome', day='now')"),
        ("[get(b=1,  a=[2]), put()]", "[get(a=[2], b=1), put()]"),
        ("get(1, 2)", "get(1, 2)"),
        ("get(a=b)(c)", "get(a=b)(c)"),
        ("f(x) = (2)", "f(x) = (2)"),
        ("f(x) + g(x)", "f(x) + g(x)"),
        ("sin(x", "sin(x"),
        ("[" * 1500, "[" * 1500),
        ("**7**", "7"),
        ("*b*", "B"),
        ("\\boxed{1,200}", "1200"),
        ("$\\boxed{7}$", "7"),
        ("\\(x + 1\\)", "x + 1"),
        ("\\[ 7 \\]", "7"),
        ("\\text{(C)}", "C"),
        ("$1,200$", "1200"),
        ("$$7$$", "7"),
        ("`[1,2]`", "[1, 2]"),
        ("```python\n{'b':1}\n```", "{'b': 1}"),
        ("\\boxed{\\dfrac{3}{4}}", "3/4"),
        ("-\\frac{3}{4}", "-3/4"),
        ("3\\frac{1}{2}", "3\\frac{1}{2}"),
        ("\\frac{1}{2}3", "\\frac{1}{2}3"),
        ("$2\\frac{3}{4}$", "2\\frac{3}{4}"),
        ("\\frac{x}{4}", "\\frac{x}{4}"),
        ("25 percent", "25%"),
        ("25\\%", "25%"),
        ("\\$5", "5"),
        ("\\boxed{1}, \\boxed{2}", "\\boxed{1}, \\boxed{2}"),
        ("`a` or `b`", "`a` or `b`"),
        ("**", "**"),
        ("****", "****"),
        ("``````", "``````"),
        ("$$", "$$"),
        ("\\boxed{}", "\\boxed{}"),
        ("5 percent of them", "5 percent of them"),
        ("", None),
        (" ", None),
        (None, None),
        ("-", "-"),
        (".", "."),
    ],
)
def test_equal_answers_are_written_alike(answer: str | None, normal: str | None) -> None:
    assert normalise(answer) == normal


def test_an_answer_that_is_wrapped_very_often_is_unwrapped_and_a_long_one_is_left() -> None:
    assert normalise("\\text{" * 200 + "7" + "}" * 200) == "7"
    long = "`" + "word " * 500 + "word`"
    assert normalise(long) == long


@given(st.text(alphabet="*`$\\{}()[]7bx frac,.%\n", max_size=20))
def test_what_is_written_in_one_way_is_written_so_again(answer: str) -> None:
    once = normalise(answer)
    assert normalise(once) == once


def test_long_numbers_that_differ_in_their_last_digit_are_different_answers() -> None:
    assert normalise(str(2**200)) != normalise(str(2**200 + 1))


@pytest.mark.parametrize("answer", [r"'\d+'", "(1or 2)", "[3if 1 else 2]", "(0x1for 2)", "{4:5.is 6}"])
def test_what_is_odd_in_an_answer_warns_nobody(answer: str, recwarn: pytest.WarningsRecorder) -> None:
    assert normalise(answer) is not None
    assert not recwarn.list


def test_a_set_is_written_alike_whatever_the_process_hashes_its_members_to() -> None:
    program = (
        "from orchestrator.core.claims import normalise; print(normalise(str({'alpha', 'beta', 'gamma', 'delta'})))"
    )
    written = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert written == {"{'alpha', 'beta', 'delta', 'gamma'}\n"}


def test_normalising_twice_changes_nothing() -> None:
    answers = [
        "18.",
        "$1,200",
        "(b)",
        "(8.0)",
        "[1,2]",
        "'a'",
        "{'b', 'a'}",
        "{2: (1,)}",
        str(2**200),
        "two  words",
        "75 %",
        "-.50",
        "0.10",
    ]
    once = [normalise(answer) for answer in answers]
    assert [normalise(answer) for answer in once] == once
