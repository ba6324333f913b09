"""The benchmarks' command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.running import run_command
from benchmarks.tables import Report


def measure() -> Report:
    return Report("tried", "A table", ("what", "how much"), (("this", 1.5),))


def draw(place: Path) -> Path:
    place.write_text("drawn", encoding="utf-8")
    return place


def test_a_table_is_printed_for_people_or_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    run_command("benchmarks.tried", "About.", [measure], arguments=[])
    assert "| this | 1.5 |" in capsys.readouterr().out
    run_command("benchmarks.tried", "About.", [measure], arguments=["--json"])
    assert json.loads(capsys.readouterr().out)["rows"] == [{"what": "this", "how much": 1.5}]


def test_only_one_module_is_run_where_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    run_command("benchmarks.tried", "About.", [measure], arguments=["--only", "another"])
    assert capsys.readouterr().out == ""
    run_command("benchmarks.tried", "About.", [measure], arguments=["--only", "test_running"])
    assert "A table" in capsys.readouterr().out


def test_a_plot_is_drawn_instead_of_measuring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "plot.svg"
    run_command("benchmarks.tried", "About.", [measure], draw, ["--plot", str(place)])
    assert place.read_text(encoding="utf-8") == "drawn"
    assert "A table" not in capsys.readouterr().out
