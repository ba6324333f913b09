"""Worlds: records on each of which the same methods are compared."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import read_outcomes
from benchmarks.outcomes.user import User
from benchmarks.outcomes.worlds import worlds_report


def test_each_record_is_compared_in_its_turn_and_who_watches_is_told(
    made_up_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    data = read_outcomes(made_up_file)
    contest = Contest(User.of(data, 0), 0.01, data.training(), data.test())
    worlds = {"one": data, "other": replace(data, name="another record")}
    report = worlds_report("name", "title", "world", worlds, contest, lambda each: [("method", each.user.data.name)])
    assert report.rows == (("one", "method", data.name), ("other", "method", "another record"))
    assert capsys.readouterr().err == "  one ...\n  other ...\n"
