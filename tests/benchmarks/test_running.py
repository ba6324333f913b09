"""The benchmarks' command line."""

from __future__ import annotations

import json
import runpy
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES, main
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


def test_only_one_table_is_made_where_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def other() -> Report:
        return Report("other", "Another table", ("what",), (("that",),))

    other.__module__ = "benchmarks.tried.other"
    run_command("benchmarks.tried", "About.", [measure, other], arguments=["--only", "other"])
    shown = capsys.readouterr().out
    assert "Another table" in shown
    assert "A table" not in shown


def test_a_table_that_there_is_not_is_refused_and_the_others_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_command("benchmarks.tried", "About.", [measure, measure], arguments=["--only", "another"])
    assert "choose from 'test_running'" in capsys.readouterr().err


def test_a_benchmark_that_there_is_not_is_refused_before_any_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["refund", "nosuch"])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.endswith(f"error: there is no benchmark 'nosuch'; there are {', '.join(NAMES)}\n")


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_runs_as_a_module_of_its_own(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended, pytest.warns(RuntimeWarning) if seen(name) else nullcontext():
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")
    assert ended.value.code == 0
    assert f"usage: python -m benchmarks.{name}" in capsys.readouterr().out


def seen(name: str) -> bool:
    """Python warns where a module is run that has been imported before."""
    return f"benchmarks.{name}" in sys.modules


def test_a_plot_is_drawn_instead_of_measuring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "plot.svg"
    run_command("benchmarks.tried", "About.", [measure], draw, ["--plot", str(place)])
    assert place.read_text(encoding="utf-8") == "drawn"
    assert "A table" not in capsys.readouterr().out
