"""`vickrey practise`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.markets import bidder, vickrey, write_market
from tests.practice.test_recorded import ROWS, row, write

UNPRICED = {"capability": "answer", "model": {"type": "openai", "options": {"model": "nobody-knows-this"}}}
TASKS = [{"request": "6 * 3?", "answer": "18"}, {"request": "20 - 3?", "answer": "17"}]


@pytest.fixture(autouse=True)
def workers(vickrey_home: Path) -> None:
    """Two bidders with an answer each, one of them paid for."""
    write_market(
        vickrey_home,
        bidders=[
            bidder("ann", says=["It is 18."], kind="answer", cost="0.02"),
            bidder("bob", says=["17"], kind="answer"),
            bidder("pia", roles=["presenter"]),
        ],
    )
    Path("tasks.jsonl").write_text("\n".join(map(json.dumps, TASKS)))


def test_it_shows_what_it_may_cost_and_asks_before_it_spends() -> None:
    outcome = vickrey("practise", "tasks.jsonl", "--verifier", "number")
    assert outcome.code == 2
    assert "2 tasks, 4 works" in outcome.stdout
    assert "the cap is 0.04 USD" in outcome.stdout
    assert "This may cost up to 0.04 USD. Go on? Nobody can be asked here; --yes goes on" in outcome.stderr
    assert vickrey("statement", "treasury", "--json").document["balance"] == "0.00"


def test_with_json_the_plan_by_bidder_comes_before_anything_is_spent_and_with_the_report() -> None:
    command = ("practise", "tasks.jsonl", "--verifier", "number", "--cap", "0.03", "--json")
    outcome = vickrey(*command)
    assert outcome.code == 2
    assert "This may cost up to 0.03 USD. Go on? Nobody can be asked here" in outcome.stderr
    plan = outcome.document["plan"]
    assert plan == {
        "practice": plan["practice"],
        "tasks": 2,
        "works": 4,
        "answered_before": 0,
        "cost_max": "0.04",
        "cost_max_by_bidder": {"ann": "0.04", "bob": "0.00"},
        "cap": "0.03",
        "unready": {},
    }
    assert vickrey("statement", "treasury", "--json").document["in"] == "150.00", "nothing was spent"
    document = vickrey(*command, "--yes").document
    assert document["plan"] == plan
    assert document["cost"] == "0.02"


def test_it_reports_scores_and_costs_and_the_books_show_who_paid() -> None:
    outcome = vickrey("practise", "tasks.jsonl", "--verifier", "number", "--yes")
    assert outcome.code == 0
    assert "2 tasks cost 0.04 USD in all." in outcome.stdout
    assert "ann (no policy) learns nothing from practice" in outcome.stdout
    statement = vickrey("statement", "treasury").stdout
    assert "money brought in for practice" in statement
    assert "cost of practice" in statement
    assert vickrey("audit").code == 0
    again = vickrey("practise", "tasks.jsonl", "--verifier", "number", "--json").document
    assert again["cost"] == "0.04"
    assert {row["bidder"]: row["score"] for row in again["bidders"]} == {"ann": 0.5, "bob": 0.5}
    assert vickrey("statement", "treasury", "--json").document["in"] == "150.04", "nothing was paid twice"


def test_the_cap_is_kept() -> None:
    document = vickrey("practise", "tasks.jsonl", "--verifier", "number", "--cap", "0.03", "--yes", "--json").document
    assert document["cost"] == "0.02"
    (ann, _) = document["bidders"]
    assert (ann["works"], ann["failures"], ann["left_out"]) == (1, 0, 1)


def test_what_the_cap_left_out_is_no_failure_and_a_higher_cap_does_the_rest() -> None:
    command = ("practise", "tasks.jsonl", "--verifier", "number", "--bidder", "ann", "--yes")
    outcome = vickrey(*command, "--cap", "0.01").stdout
    assert "2 works did not fit under the cap; the same command with a higher one does the rest." in outcome
    assert "failed first by" not in outcome
    assert "2 tasks cost 0.02 USD in all, earlier runs included." not in vickrey(*command).stdout
    assert "2 tasks cost 0.04 USD in all, earlier runs included." in vickrey(*command).stdout


def test_answers_to_a_few_of_the_tasks_serve_all_of_them() -> None:
    command = ("practise", "tasks.jsonl", "--verifier", "number", "--yes")
    assert vickrey(*command, "--limit", "1", "--json").document["cost"] == "0.02"
    assert "1 work of these had answers before" in vickrey(*command).stdout
    assert vickrey("statement", "treasury", "--json").document["in"] == "150.04", "nothing was paid twice"


def test_a_practice_in_which_every_work_failed_says_why_and_exits_with_1(vickrey_home: Path) -> None:
    failing = bidder("ann", cost="0.02", misbehaviour={"transform": "provider"})
    write_market(vickrey_home, bidders=[failing, bidder("pia", roles=["presenter"])])
    command = ("practise", "tasks.jsonl", "--yes")
    for arguments in (command, (*command, "--json")):
        outcome = vickrey(*arguments)
        assert outcome.code == 1
        assert "every work failed, of ann first by provider: ProviderError: its provider fails" in outcome.stderr
        assert "run the same command again: what a provider failed is then asked anew" in outcome.stderr
    mended = bidder("ann", cost="0.02", says=["18"], kind="answer")
    write_market(vickrey_home, bidders=[mended, bidder("pia", roles=["presenter"])])
    assert "2 tasks cost 0.04 USD in all" in vickrey(*command).stdout


@pytest.mark.parametrize(
    ("arguments", "said", "unsaid"),
    [
        ((), "interrupted; the same command goes on, and what was answered is not asked again", "in memory"),
        (("--store", "memory"), "interrupted; the store is in memory, so nothing of this is kept", "goes on"),
    ],
)
def test_ctrl_c_while_a_policy_learns_ends_practice_and_says_truly_what_is_kept(
    vickrey_home: Path, arguments: tuple[str, ...], said: str, unsaid: str
) -> None:
    write_market(vickrey_home, bidders=[{"name": "ann", "type": "tests.cli.sample_bidders:Interrupting"}])
    outcome = vickrey("practise", "tasks.jsonl", "--yes", *arguments)
    assert outcome.code == 130
    assert said in outcome.stderr
    assert unsaid not in outcome.stderr


def test_practice_in_a_store_in_memory_says_beforehand_that_it_will_be_gone() -> None:
    said = "the store is in memory: what is learned here is gone when this command ends"
    assert said in vickrey("practise", "tasks.jsonl", "--store", "memory").stderr
    assert said not in vickrey("practise", "tasks.jsonl").stderr


def test_a_line_that_repeats_a_task_is_named_and_costs_nothing() -> None:
    Path("tasks.jsonl").write_text("\n".join(map(json.dumps, [*TASKS, TASKS[0]])))
    outcome = vickrey("practise", "tasks.jsonl", "--verifier", "number", "--yes")
    assert "2 tasks, 4 works" in outcome.stdout
    assert "Left out as repeating an earlier line of the file: 1 line." in outcome.stdout
    assert "2 tasks cost 0.04 USD in all." in outcome.stdout


def test_a_label_that_is_missing_costs_nothing() -> None:
    with Path("tasks.jsonl").open("a") as file:
        file.write('\n{"request": "1 + 1?"}\n')
    outcome = vickrey("practise", "tasks.jsonl", "--yes")
    assert outcome.code == 2
    assert 'tasks.jsonl:3: it has no "answer" to compare with' in outcome.stderr
    assert vickrey("statement", "treasury", "--json").document["balance"] == "0.00"
    assert vickrey("statement", "treasury", "--json").document["in"] == "150.00", "nobody was asked"


def test_a_practice_that_a_policy_failed_to_learn_from_says_why_and_exits_with_1(vickrey_home: Path) -> None:
    (vickrey_home / "my_tools.py").write_text("def answer(text):\n    return '18'\n")
    policy = {"type": "tests.cli.sample_bidders:Forgetful"}
    learner = {"name": "ann", "type": "tool", "options": {"function": "my_tools:answer"}, "policy": policy}
    write_market(vickrey_home, bidders=[learner, bidder("pia", roles=["presenter"])])
    outcome = vickrey("practise", "tasks.jsonl", "--yes")
    assert "could not learn: KeyError" in outcome.stdout
    assert outcome.code == 1


def test_a_verifier_that_there_is_not_is_a_mistake_of_whoever_named_it(vickrey_home: Path) -> None:
    for name, because in (("nope", "there is no verifier 'nope'"), ("no_such:thing", "cannot be loaded")):
        outcome = vickrey("practise", "tasks.jsonl", "--verifier", name, "--yes")
        assert outcome.code == 2
        assert f"vickrey: --verifier {name}: " in outcome.stderr
        assert because in outcome.stderr


def test_a_verifier_beside_the_config_can_be_named(vickrey_home: Path) -> None:
    (vickrey_home / "my_scores.py").write_text("def short(record, text):\n    return len(text) < 5\n")
    command = ("practise", "tasks.jsonl", "--verifier", "my_scores:short", "--bidder", "bob", "--limit", "1", "--json")
    document = vickrey(*command).document
    assert [(row["bidder"], row["score"], row["works"]) for row in document["bidders"]] == [("bob", 1.0, 1)]


def test_recorded_works_of_unknown_figures_and_bidders_without_a_model_are_named() -> None:
    write(Path(), [*ROWS, row("3+3", "big", 1.0, "6", None), row("4+4", "big", None, "8")])
    outcome = vickrey("practise", "--recorded", "tiny.parquet", "--map", "ann=big")
    assert outcome.code == 0
    assert "models without a bidder here: small, other" in outcome.stderr
    assert "bidders without a model there: bob; --map BIDDER=MODEL gives them one" in outcome.stderr
    assert "1 work left out, whose cost is not known: big on query 3+3" in outcome.stderr
    assert "1 work left out, whose score is not known: big on query 4+4" in outcome.stderr


def test_a_presenter_is_no_model() -> None:
    write(Path(), ROWS)
    outcome = vickrey("practise", "--recorded", "tiny.parquet", "--map", "pia=big")
    assert outcome.code == 2
    assert "there is no transformer 'pia' to map, whose works a model's could be; there are: ann, bob" in outcome.stderr


def test_a_market_without_bidders_says_so(vickrey_home: Path) -> None:
    write_market(vickrey_home, bidders=[])
    outcome = vickrey("practise", "tasks.jsonl", "--yes")
    assert outcome.code == 2
    assert "vickrey.yaml has no bidders; add some under `bidders:`" in outcome.stderr


def test_where_nobody_is_active_it_is_said_of_each_why(vickrey_home: Path) -> None:
    write_market(vickrey_home, bidders=[bidder("ann"), {"name": "eve", "type": "no.such:Bidder"}])
    vickrey("bidders", "retire", "ann", "--yes")
    for arguments in (("tasks.jsonl",), ("--recorded", "x.parquet")):
        outcome = vickrey("practise", *arguments)
        assert outcome.code == 2
        assert "no bidder is active (ann is retired, eve is broken); `vickrey bidders list" in outcome.stderr


@pytest.mark.parametrize(
    ("bidders", "named", "said"),
    [
        (
            [bidder("pia", roles=["presenter"])],
            (),
            "only presenters take part (pia); tasks are worked on",
        ),
        ([bidder("ann"), bidder("pia", roles=["presenter"])], ("pia",), "only presenters take part (pia)"),
        ([{**bidder("ann"), "clones": 2}], ("ann~2",), "ann~2 would do the work of ann once more"),
        ([{"name": "ann", "type": "llm", "options": UNPRICED}], (), "it is not known what that may cost (ann: "),
        ([{"name": "ann", "type": "tests.cli.sample_bidders:Choosy"}], (), "every bidder declines them"),
    ],
)
def test_where_nobody_can_work_it_is_said_why(
    vickrey_home: Path, bidders: list[dict[str, Any]], named: tuple[str, ...], said: str
) -> None:
    write_market(vickrey_home, bidders=bidders)
    outcome = vickrey("practise", "tasks.jsonl", *(word for name in named for word in ("--bidder", name)))
    assert outcome.code == 2
    assert said in outcome.stderr
    assert outcome.stdout == ""


def test_who_is_named_and_not_active_is_told_what_it_is(vickrey_home: Path) -> None:
    vickrey("bidders", "retire", "bob", "--yes")
    said = vickrey("practise", "tasks.jsonl", "--bidder", "bob").stderr
    assert "there is no active bidder 'bob': it is retired; those that are active: ann, pia" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give a FILE of tasks, or --recorded"),
        (("tasks.jsonl", "--recorded", "x.parquet"), "one of the two"),
        (("tasks.jsonl", "--map", "a=b"), "--map belongs to --recorded"),
        (("--recorded", "x.parquet", "--map", "a"), "--map takes BIDDER=MODEL, not 'a'"),
        (("--recorded", "x.parquet"), "x.parquet cannot be read: No such file"),
        (("--recorded", "x.parquet", "--cap", "1"), "--cap does not go with --recorded"),
        (("--recorded", "x.parquet", "--verifier", "exact"), "--verifier does not go with --recorded"),
        (("--recorded", "x.parquet", "--take-over"), "--take-over does not go with --recorded"),
        (("none.jsonl",), "cannot be read"),
        (("tasks.jsonl", "--bidder", "nobody"), "there is no active bidder 'nobody': the config has no such bidder"),
        (("tasks.jsonl", "--cap", "much"), "'much' is not a number of dollars"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], said: str) -> None:
    outcome = vickrey("practise", *arguments)
    assert outcome.code == 2
    assert said in outcome.stderr
