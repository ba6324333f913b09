"""`python -m benchmarks.outcomes`: tables that are the same for the same seed, and one line for what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import tables
from benchmarks.outcomes import report, settings
from benchmarks.outcomes.__main__ import main
from benchmarks.outcomes.data import Outcomes
from benchmarks.outcomes.held_out import baselines
from benchmarks.outcomes.measures import figures, idle_note, rival_note
from benchmarks.outcomes.played import Played, join, single_choices
from benchmarks.outcomes.user import User
from tests.benchmarks.made_up import made_up_rows, write_parquet

TALLIES = ("--policy", "tests.benchmarks.tallies:TalliesPolicy", "--value", "0.01")


def tables_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json", "--orders", "1"]) == 0
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {document["benchmark"].rpartition("/")[2]: document["rows"] for document in documents}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_tables_to_the_digit(
    made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (str(made_up_file), "--policy", "tracker", "--value", "0.01", "--table", "held-out", "--table", "stream")
    first, again = (tables_of(capsys, *asked) for _ in range(2))
    assert first == again
    assert set(first) == {"held-out", "stream"}


@pytest.mark.slow
def test_another_seed_gives_other_tables(made_up_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = (str(made_up_file), "--policy", "tracker", "--value", "0.01", "--table", "stream", "--only", "market")
    assert tables_of(capsys, *asked) != tables_of(capsys, *asked, "--seed", "1")


@pytest.mark.slow
def test_every_method_is_in_the_table(made_up_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for shown in (1, 3):
        rows = tables_of(capsys, str(made_up_file), *TALLIES, "--shown", str(shown), "--table", "held-out")["held-out"]
        named = {(row["method"], row["learns from"]) for row in rows}
        assert named >= set(baselines(shown, orders=1))
        assert ("market, practised", "every answer") in named
        assert sum(row["over best single"] == 0 for row in rows if row["method"] == "best single") == 1


@pytest.mark.parametrize(("policy", "idle"), [("fraction", True), ("tracker", False)])
def test_a_policy_that_has_nothing_to_go_by_is_said_to_have_none(
    policy: str, idle: bool, made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--policy", policy, "--table", "held-out", "--only", "one pass", "--orders", "1")
    assert main([str(made_up_file), *asked]) == 0
    said = capsys.readouterr().out
    assert ("Nobody worked on any query: market, trained in one pass. " in said) == idle


def test_only_of_an_idle_market_it_is_said_that_its_policy_may_have_nothing_to_go_by() -> None:
    none = np.zeros(2)
    idle = Played(np.arange(2), none, none, none, none)
    assert idle_note({"perfect verifier": idle}) == ("Nobody worked on any query: perfect verifier.",)
    (said,) = idle_note({"perfect verifier": idle, "market, practised": idle})
    assert said.startswith("Nobody worked on any query: perfect verifier; market, practised. Recorded models make no")
    assert "under any other, no work promised more than it costs" in said


def test_markets_are_compared_with_the_best_of_the_others_on_the_same_queries() -> None:
    def played(queries: list[int], accepted: list[float]) -> Played:
        zeros = np.zeros(len(queries))
        return Played(np.array(queries), np.array(accepted), zeros, zeros, zeros)

    rivals = {"poor": played([0, 1, 2, 3], [1, 0, 0, 0]), "good": played([0, 1, 2, 3], [1, 1, 0, 0])}
    # In another order, and each query twice: the gains are 0, 0, 1/2 and 1.
    markets = {"market": played([3, 2, 1, 0, 0, 1, 2, 3], [1, 0, 1, 1, 1, 1, 1, 1])}
    gains = 100 * np.array([0, 0, 0.5, 1.0])
    (said,) = rival_note(markets, rivals, value_usd=0.1)
    assert said == (
        "Paired difference in utility to good, the best of the others here: "
        f"market {gains.mean():.3g} ± {gains.std(ddof=1) / 2:.3g}."
    )
    assert rival_note(markets, {}, 0.1) == rival_note({}, rivals, 0.1) == ()


def test_choosing_shows_only_the_table_that_choices_rest_on(
    made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tables_of(capsys, str(made_up_file), *TALLIES, "--validate", "--only", "practised")
    assert set(found) == {"held-out"}
    assert [row["method"] for row in found["held-out"]] == ["best single", "market, practised"]


@pytest.mark.slow
def test_a_newcomers_final_share_is_told_with_how_much_the_order_matters(
    made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = tables_of(capsys, str(made_up_file), *TALLIES, "--table", "newcomer")["newcomer"]
    lowest, highest = map(float, row["in single orders"].split(" to "))
    assert lowest < row["final share of requests"] < highest


def test_a_query_that_was_played_twice_counts_once(made_up: Outcomes) -> None:
    user = User.of(made_up, 0)
    rows = made_up.training()
    once = single_choices(user, rows, 0 * rows)
    single = single_choices(user, rows, 0 * rows + 1)
    assert figures(join([once, once]), single, 0.01).row() == pytest.approx(figures(once, single, 0.01).row())


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the docs, beside a README without tables."""
    found = tmp_path / "docs"
    (found / "images").mkdir(parents=True)
    (tmp_path / "README.md").write_text("nothing here\n")
    monkeypatch.setattr(tables, "DOCS", found)
    monkeypatch.setattr(report, "DOCS", found)
    return found


@pytest.mark.slow
def test_tables_and_plots_get_into_the_docs(made_up_file: Path, docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = "outcomes/made-up/0.01/1/stream"
    page = docs / "learning.md"
    page.write_text(f"# Learning\n\n<!-- benchmark {key} -->\nold\n<!-- end {key} -->\n\nAfter.\n")
    arguments = [str(made_up_file), "--policy", "tracker", "--value", "0.01", "--table", "stream", "--write"]
    assert main(arguments) == 0
    written = page.read_text()
    assert "| market |" in written
    assert "old" not in written
    assert written.startswith("# Learning")
    assert written.endswith("After.\n")
    picture = docs / "images" / "learning-made-up-0.01-1.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 100_000
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_the_learning_curve_of_any_file_can_be_drawn_without_touching_the_docs(
    made_up_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "DOCS", tmp_path / "docs")
    plots = tmp_path / "plots"
    asked = [str(made_up_file), *TALLIES, "--table", "stream", "--only", "market", "--plots", str(plots)]
    assert main(asked) == 0
    assert [path.name for path in plots.iterdir()] == ["learning-made-up-0.01-1.png"]
    assert (plots / "learning-made-up-0.01-1.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "docs").exists()


def test_plots_that_cannot_be_drawn_are_refused_before_anything_is_measured(
    made_up_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(made_up_file), "--plots", str(made_up_file)]) == 2
    assert "is no folder" in capsys.readouterr().err
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    assert main([str(made_up_file), "--plots", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "pip install 'vickrey[plots]'" in said.err


def test_a_named_table_that_lacks_the_method_asked_for_is_refused_before_the_others_are_made(
    made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(made_up_file), *TALLIES, "--table", "held-out", "--table", "stream", "--only", "practised"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no method's name has 'practised' in it: market, eps-greedy" in said.err


@pytest.mark.slow
def test_where_no_table_is_named_one_that_lacks_the_method_asked_for_is_left_out(
    made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tables_of(capsys, str(made_up_file), *TALLIES, "--only", "practised")
    assert "held-out" in found
    assert "stream" not in found


@pytest.mark.parametrize("asked", [("--table", "held-out"), ("--table", "stream"), (), ("--validate",)])
def test_where_no_method_has_the_name_that_is_asked_for_it_says_which_there_are(
    asked: tuple[str, ...], made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(made_up_file), *TALLIES, *asked, "--only", "nobody"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no method's name has 'nobody' in it" in said.err
    assert "LinUCB" in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.parquet"], "nowhere.parquet"),
        (["FILE", "--policy", "nobody"], "nobody"),
        (["FILE", "--option", "prior=9"], "prior"),
        (["FILE", "--option", "colour=red"], "colour"),
        (["FILE", "--option", "prior"], "NAME=VALUE"),
        (["FILE", "--value", "0"], "--value"),
        (["FILE", "--orders", "0"], "--orders is 1 or more, not 0"),
        (["FILE", "--write", "--validate"], "not with --validate"),
        (["FILE", "--write", "--only", "market"], "not with --validate or --only"),
        (["FILE", "--value", "nan"], "--value"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], message: str, made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(made_up_file) if argument == "FILE" else argument for argument in arguments]
    if "--policy" not in given:
        given += ["--policy", "tracker"]
    assert main(given) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert message in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("name", ["presenter 1", "requester"])
def test_a_model_that_is_called_as_somebody_else_is_refused_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{**row, "model": row["model"].replace("model-a", name)} for row in made_up_rows(queries=20, models=2)]
    path = write_parquet(tmp_path / "names.parquet", rows)
    assert main([str(path), "--policy", "tracker", "--table", "held-out", "--only", "one pass"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"a model is called '{name}'" in said.err


def test_asking_for_help_loads_nothing_heavy() -> None:
    heavy = "{'pyarrow', 'sklearn', 'scipy', 'matplotlib'}"
    code = f"import sys, benchmarks.outcomes.__main__; sys.exit(str(sorted({heavy} & set(sys.modules))).strip('[]'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.strip() == ""


def _every_score(score: float, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "score": score} for row in rows]


def _folds(first: int, others: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "fold": first if row["query_id"] == "q0" else others} for row in rows]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(_every_score(0.0, made_up_rows(20, 2)), id="nobody is ever right"),
        pytest.param(_every_score(1.0, made_up_rows(20, 2)), id="everybody is always right", marks=pytest.mark.slow),
        pytest.param(
            [{**row, "cost_usd": 5.0} for row in made_up_rows(20, 2)], id="nobody pays", marks=pytest.mark.slow
        ),
        pytest.param([{**row, "cost_usd": 0.0} for row in made_up_rows(20, 2)], id="nobody costs anything"),
        pytest.param([{**row, "answer": None} for row in made_up_rows(20, 2)], id="no answers", marks=pytest.mark.slow),
        pytest.param([{**row, "prompt": ""} for row in made_up_rows(20, 2)], id="no prompts", marks=pytest.mark.slow),
        pytest.param(_folds(0, 5, made_up_rows(12, 2)), id="one query to learn from"),
        pytest.param(_folds(5, 0, made_up_rows(12, 2)), id="one query to test on", marks=pytest.mark.slow),
    ],
)
def test_every_method_takes_files_at_the_edge(
    rows: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_parquet(tmp_path / "edge.parquet", rows)
    assert main([str(path), *TALLIES, "--table", "held-out", "--table", "router", "--orders", "1", "--json"]) == 0

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    for line in capsys.readouterr().out.splitlines():
        for row in json.loads(line, parse_constant=refuse)["rows"]:
            assert row.get("utility", 0.0) is not None


def test_choosing_needs_queries_in_two_parts_of_the_training_folds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_parquet(tmp_path / "two folds.parquet", _folds(0, 5, made_up_rows(12, 3)))
    assert main([str(path), "--policy", "tracker", "--validate"]) == 2
    assert "too few queries in folds 0 to 4" in capsys.readouterr().err


def test_a_table_that_has_no_place_in_the_docs_says_so_and_leaves_no_plot_there(
    made_up_file: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newcomer, readme = "outcomes/made-up/0.01/1/newcomer", docs.parent / "README.md"
    readme.write_text(f"<!-- benchmark {newcomer} -->\n<!-- end {newcomer} -->\n")
    assert main([str(made_up_file), *TALLIES, "--table", "newcomer", "--table", "stream", "--write"]) == 0
    assert capsys.readouterr().err == "no page of the docs has a place for outcomes/made-up/0.01/1/stream\n"
    assert "A newcomer at half time" in readme.read_text()
    assert list((docs / "images").iterdir()) == []


def test_a_file_that_has_no_place_in_the_docs_is_not_measured_for_them(
    made_up_file: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(made_up_file), *TALLIES, "--table", "newcomer", "--write"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no page of the docs has a place for a table of made-up, a right answer worth 0.01 USD" in printed.err


def test_who_watches_is_told_what_takes_time_and_nobody_else_is(
    made_up_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [str(made_up_file), *TALLIES, "--table", "held-out", "--table", "stream", "--only", "market"]
    assert main(asked) == 0
    unwatched = capsys.readouterr()
    assert unwatched.err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(asked) == 0
    watched = capsys.readouterr()
    assert watched.out == unwatched.out
    told = watched.err.splitlines()
    assert told[0] == "measuring held-out ..."
    assert {"  best single ...", "  market, trained in one pass ..."} < set(told)
    assert told[-2:] == ["measuring stream ...", "  market ..."]


@pytest.mark.slow
def test_no_library_sums_in_several_threads_not_even_one_that_is_needed_late() -> None:
    program = """
from benchmarks.outcomes.__main__ import one_core
with one_core():
    import sklearn.decomposition, sklearn.linear_model
    from threadpoolctl import threadpool_info
    print({library["num_threads"] for library in threadpool_info()})
"""
    several = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    ran = subprocess.run([sys.executable, "-c", program], env=several, check=True, capture_output=True, text=True)
    assert ran.stdout == "{1}\n"
