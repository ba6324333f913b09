"""`vickrey bidders check`: what a tiny call of each model shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.api.checking import check_models
from orchestrator.config import load_config
from tests.cli.markets import bidder, vickrey, write_market

PRICES = {"input_per_million": 1, "output_per_million": 1}
READY = '{"word": "ready"}'


def speaking(name: str, role: str = "refine", **options: Any) -> dict[str, Any]:
    """A bidder on a mock of its own."""
    model = {"type": "bidders.models.mock:MockModel", "options": {"name": f"{name}-model", "prices": PRICES, **options}}
    return {
        "name": name,
        "type": "bidders.llm.bidder:LanguageModelBidder",
        "options": {"model": model, "capability": role},
    }


def presenter(name: str) -> dict[str, Any]:
    return {"name": name, "type": "bidders.presenters:PresenterBidder"}


def checked(*options: str) -> Any:
    return vickrey("bidders", "check", "--json", *options).document["models"]


def test_each_model_is_called_once_and_what_it_showed_is_told(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=[speaking("one", script=[READY]), *map(presenter, "abc")])
    (model,) = checked()
    assert (model["model"], model["bidders"], model["works"], model["price"]) == ("one-model", ["one"], True, "known")
    assert model["seconds"] >= 0
    assert float(model["cost"]) > 0
    outcome = vickrey("bidders", "check")
    assert outcome.code == 0
    assert f"The calls cost {model['cost']} USD." in outcome.stdout
    assert "All 4 bidders can take part." in outcome.stdout


def test_bidders_that_share_a_model_share_its_call(tmp_path: Path) -> None:
    twins = [speaking(name, script=[READY]) for name in ("one", "two")]
    twins[1]["options"]["model"] = twins[0]["options"]["model"]
    write_market(tmp_path, bidders=twins)
    (model,) = checked()
    assert model["bidders"] == ["one", "two"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"fails": "Unauthorised", "says": "no such key"}, "no such key"),
        ("good morning", "it answers, but not with the JSON object that it was asked for"),
        ({"says": "", "finish": "length"}, "its answer was cut off; if it thinks before it answers, raise"),
        ("", "it answers, but not with the JSON object that it was asked for"),
        ('{"word": 7}', "it answers, but not with the JSON object that it was asked for"),
    ],
)
def test_a_model_that_does_not_work_is_named_with_the_reason(tmp_path: Path, line: Any, problem: str) -> None:
    write_market(tmp_path, bidders=[speaking("one", script=[line]), *map(presenter, "abc")])
    outcome = vickrey("bidders", "check")
    assert outcome.code == 1
    assert f"one-model, used by one: {problem}" in outcome.stdout or problem in checked()[0]["problem"]
    assert "1 of 4 bidders have a model that does not work." in outcome.stdout


def test_a_model_that_does_not_answer_is_given_up_on(tmp_path: Path) -> None:
    path = write_market(tmp_path, bidders=[speaking("one", function="tests.cli.sample_bidders:never")])
    (check,) = check_models(load_config(path), deadline_seconds=0.01)
    assert (check.problem, check.cost_nanos) == ("no answer after 0.01 s", None)


def test_without_calls_nothing_is_called(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=[speaking("one", script=["nonsense"])])
    outcome = vickrey("bidders", "check", "--no-calls")
    assert outcome.code == 0
    assert "one-model" not in outcome.stdout
    assert vickrey("bidders", "check", "--no-calls", "--json").document["models"] == []


def test_without_calls_a_model_that_cannot_be_called_is_named_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    keyless = {"base_url": "http://localhost:9/v1", "api_key_env": "NO_SUCH_KEY", "prices": PRICES}
    model = {"type": "bidders.models.openai:OpenAIModel", "options": {"model": "distant", **keyless}}
    mute = speaking("mute", role="present")
    mute["options"]["model"] = model
    write_market(tmp_path, bidders=[mute, presenter("a"), presenter("b")])
    outcome = vickrey("bidders", "check", "--no-calls")
    assert outcome.code == 1
    assert "distant, used by mute: distant at localhost:9 needs a key: set the environment variable NO_SUCH_KEY" in (
        outcome.stdout
    )
    assert "1 of 3 bidders have a model that does not work." in outcome.stdout
    assert "2 presenters of separate principals have a working model" in outcome.stdout
    assert "The calls cost" not in outcome.stdout


@pytest.mark.parametrize("calls", ["--calls", "--no-calls"])
def test_a_judge_that_cannot_be_built_is_found_with_calls_and_without(tmp_path: Path, calls: str) -> None:
    write_market(tmp_path, bidders=list(map(presenter, "abc")), judge="tpo")
    outcome = vickrey("bidders", "check", calls)
    assert outcome.code == 3
    assert "no judge type 'tpo' is installed" in outcome.stderr
    assert "did you mean 'top'" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [("run", "x", "-b", "10"), ("run", "x", "-b", "10", "--dry-run"), ("bidders", "check")],
    ids=["run", "dry run", "check"],
)
def test_what_a_config_names_as_a_judge_and_is_none_is_told_before_anything_is_spent(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    judge = {"type": "tests.cli.sample_bidders:Chatty", "options": {"name": "chatty"}}
    write_market(tmp_path, bidders=list(map(presenter, "abc")), judge=judge)
    outcome = vickrey(*arguments)
    assert outcome.code == 3
    assert "judge 'tests.cli.sample_bidders:Chatty' is not a judge: AttributeError: " in outcome.stderr
    assert "a judge has a `name` and `async def pick(request, offers)`" in outcome.stderr
    assert vickrey("requests", "--json").document == {"requests": []}


def test_models_that_do_not_work_may_leave_too_few_presenters(tmp_path: Path) -> None:
    mute = speaking("mute", role="present", script=["nonsense"])
    write_market(tmp_path, bidders=[mute, presenter("a"), presenter("b")])
    shown = vickrey("bidders", "check").stdout
    assert "Warning: 2 presenters of separate principals have a working model or need none; a market needs 3" in shown
    write_market(tmp_path, bidders=[mute, *map(presenter, "abc")])
    assert "a working model or need none" not in vickrey("bidders", "check").stdout


def test_a_market_without_models_is_checked_as_before() -> None:
    assert vickrey("bidders", "check", "--json").document["models"] == []


def judging(*script: Any) -> dict[str, Any]:
    """A judge on a mock of its own."""
    options = {"name": "judging-model", "prices": PRICES, "script": list(script)}
    return {"type": "personal", "options": {"model": {"type": "mock", "options": options}}}


def test_a_judges_model_is_tried_too(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=list(map(presenter, "abc")), judge=judging(READY))
    (model,) = checked()
    assert (model["model"], model["bidders"], model["judge"], model["works"]) == ("judging-model", [], "personal", True)
    assert vickrey("bidders", "check").code == 0


def test_a_judges_model_that_does_not_work_is_told_and_is_no_bidders(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=list(map(presenter, "abc")), judge=judging({"fails": "Unauthorised", "says": "no"}))
    outcome = vickrey("bidders", "check")
    assert outcome.code == 1
    assert "judging-model, used by the judge personal: no" in outcome.stdout
    assert "Warning: the judge personal has a model that does not work" in outcome.stdout
    assert "All 3 bidders can take part." in outcome.stdout


def test_a_model_that_bidder_and_judge_share_is_called_once(tmp_path: Path) -> None:
    speaker, judge = speaking("one", script=[READY]), judging(READY)
    speaker["options"]["model"] = judge["options"]["model"]
    write_market(tmp_path, bidders=[speaker, *map(presenter, "abc")], judge=judge)
    (model,) = checked()
    assert (model["bidders"], model["judge"]) == (["one"], "personal")


# --- who may act, as the store knows it ---


def test_a_market_whose_bidders_have_all_retired_fails_the_check(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=list(map(presenter, "abc")))
    for name in "abc":
        vickrey("bidders", "retire", name, "--yes")
    outcome = vickrey("bidders", "check")
    assert outcome.code == 1
    assert "Warning: no bidder can take part: every request will return its bounty" in outcome.stdout
    assert "3 of 3 bidders are retired.\nNo bidder can take part.\n" in outcome.stdout
    assert "All 3" not in outcome.stdout
    assert vickrey("bidders", "check", "--json").code == 1


def test_whoever_is_suspended_or_retired_is_not_counted_among_those_who_can_take_part(tmp_path: Path) -> None:
    failing = bidder("flaky", bids=["3.50"], fails_at=[1])
    write_market(tmp_path, bidders=[failing, *map(presenter, "abcd")])
    for _ in range(5):
        vickrey("run", "x", "-b", "10", "--quiet")
    vickrey("bidders", "retire", "a", "--yes")
    outcome = vickrey("bidders", "check")
    assert outcome.code == 0
    assert "1 of 5 bidders are retired.\n1 of 5 bidders are suspended.\n" in outcome.stdout
    assert "All 5" not in outcome.stdout
    assert "solvent" not in outcome.stdout, "three are left"


def test_presenters_that_retired_or_are_broke_are_not_solvent(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=list(map(presenter, "abcd")))
    vickrey("bidders", "retire", "a", "--yes")
    assert "solvent" not in vickrey("bidders", "check").stdout
    vickrey("bidders", "retire", "b", "--yes")
    assert "Warning: 2 solvent presenters of separate principals" in vickrey("bidders", "check").stdout


@pytest.mark.slow
def test_bidders_in_processes_of_their_own_are_counted_like_all_others(tmp_path: Path) -> None:
    # Without the one that is in a process of its own, two would be left, and the command would warn.
    write_market(tmp_path, bidders=[{**presenter("a"), "isolation": "process"}, *map(presenter, "bc")])
    assert "Warning" not in vickrey("bidders", "check").stdout
