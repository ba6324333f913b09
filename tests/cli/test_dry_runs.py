"""`vickrey run --dry-run`: what is known before any call, with nothing called and nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.markets import BIDDERS, bidder, vickrey, write_market

ASKED = ("run", "Plan a tour", "--budget", "10", "--seed", "1", "--dry-run")


def row(document: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in document["bidders"] if each["name"] == name)
    return found


def test_a_dry_run_writes_nothing_and_asks_nobody(tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    talkative = {"name": "chatty", "type": "tests.cli.sample_bidders:Chatty"}
    write_market(tmp_path, bidders=[*BIDDERS, talkative])
    outcome = vickrey(*ASKED)
    assert outcome.code == 0, outcome.stderr
    assert "thinking" not in outcome.stdout + outcome.stderr
    assert sorted(tmp_path.rglob("*")) == before
    assert "thinking" in vickrey("run", "x", "-b", "10", "--quiet").stdout, "the control: a run asks it"


def test_a_dry_run_of_a_market_with_a_past_leaves_its_store_as_it_is() -> None:
    vickrey("run", "x", "-b", "10", "--judge", "top", "--quiet")
    before = vickrey("bidders", "list", "--json").document
    diary = row(vickrey(*ASKED, "--json").document, "diary")
    assert vickrey("bidders", "list", "--json").document == before
    assert len(vickrey("requests", "--json").document["requests"]) == 1
    assert diary["loss_max"] == row(before, "diary")["balance"] != "50.00"


def test_a_dry_run_shows_the_most_that_each_side_can_lose() -> None:
    document = vickrey(*ASKED, "--deposit", "3", "--spend-cap", "2", "--json").document
    assert document["user_loss_max_if_picked"] == "10.00"
    assert document["user_loss_max_if_rejected"] == "3.00"
    assert document["user_loss_max"] == "10.00"
    assert document["spend_max"] == document["spend_cap"] == "2.00"
    assert document["first_stage_cost_max"] == "0.01"
    diary = row(document, "diary")
    assert (diary["bid_cost_max"], diary["transform_cost_max"], diary["loss_max"]) == ("0.00", "0.01", "50.00")


def test_the_first_stage_costs_no_more_than_the_cap() -> None:
    document = vickrey(*ASKED, "--spend-cap", "0.004", "--json").document
    assert document["first_stage_cost_max"] == "0.004"


def test_where_no_bidder_declares_a_cost_nothing_can_be_spent(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=[bidder("free", bids=["1.00"])])
    outcome = vickrey(*ASKED)
    assert vickrey(*ASKED, "--json").document["spend_max"] == "0.00"
    assert "nobody declares a cost" in outcome.stdout


def test_whoever_cannot_take_part_is_named_with_the_reason(tmp_path: Path) -> None:
    sample = "tests.cli.sample_bidders:"
    others = [
        {"name": "lost", "type": f"{sample}Unloadable"},
        {"name": "keyless", "type": f"{sample}Keyless"},
        {"name": "choosy", "type": f"{sample}Choosy"},
        {"name": "vague", "type": f"{sample}Vague"},
        {"name": "dear", "type": f"{sample}Dear"},
    ]
    write_market(tmp_path, bidders=[*BIDDERS, *others])
    document = vickrey(*ASKED, "--json").document
    unable = {each["name"]: each["obstacle"] for each in document["bidders"] if not each["can_take_part"]}
    assert unable.keys() == {"lost", "keyless", "choosy", "vague", "dear"}
    assert "is broken" in unable["lost"]
    assert unable["keyless"] == "SOME_KEY is not set"
    assert unable["choosy"] == "does not ask for a request like this one"
    assert unable["vague"] == "cannot say what its calls may cost: RuntimeError: no idea"
    assert unable["dear"] == "bidding may cost 60.00 USD; its wallet holds 50.00"
    shown = vickrey(*ASKED).stdout
    assert "keyless: SOME_KEY is not set" in shown


def test_bidding_that_costs_more_than_the_cap_is_an_obstacle(tmp_path: Path) -> None:
    write_market(
        tmp_path, bidders=[*BIDDERS, {"name": "dear", "type": "tests.cli.sample_bidders:Dear", "endowment": 9}]
    )
    assert (
        row(vickrey(*ASKED, "--json").document, "dear")["obstacle"]
        == "bidding may cost 60.00 USD, more than the spend cap"
    )


@pytest.mark.slow
def test_a_suspended_bidder_is_named_with_what_lets_it_act_again(tmp_path: Path) -> None:
    failing = bidder("flaky", bids=["3.50"], fails_at=[1])
    write_market(tmp_path, bidders=[failing, BIDDERS[1]])
    for _ in range(5):
        vickrey("run", "x", "-b", "10", "--quiet")
    obstacle = row(vickrey(*ASKED, "--json").document, "flaky")["obstacle"]
    assert obstacle == (
        "is suspended: it failed 5 times in a row after it had won; `vickrey bidders topup flaky USD` lets it act again"
    )


def test_a_retired_bidder_is_named_with_what_lets_it_take_part_again_in_the_same_market(tmp_path: Path) -> None:
    config = str(write_market(tmp_path, bidders=BIDDERS, name="other.yaml"))
    vickrey("bidders", "retire", "diary", "--yes", "--config", config)
    obstacle = row(vickrey(*ASKED, "--config", config, "--json").document, "diary")["obstacle"]
    assert obstacle == f"is retired: `vickrey bidders reinstate diary --config {config}` lets it take part again"


def test_a_dry_run_warns_of_too_few_presenters_that_may_act(tmp_path: Path) -> None:
    assert vickrey(*ASKED, "--json").document["warnings"] == []
    vickrey("bidders", "retire", "list", "--yes")
    (warning,) = vickrey(*ASKED, "--json").document["warnings"]
    assert warning.startswith("2 solvent presenters")


def test_a_dry_run_that_nobody_could_take_part_in_fails(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=[{"name": "lost", "type": "tests.cli.sample_bidders:Unloadable"}])
    assert vickrey(*ASKED).code == 1


def test_a_dry_run_refuses_what_a_run_refuses() -> None:
    outcome = vickrey("run", "x", "--budget", "-1", "--dry-run")
    assert (outcome.code, outcome.stdout) == (2, "")


def test_a_judge_that_makes_calls_is_part_of_what_can_be_spent(tmp_path: Path) -> None:
    model = {
        "type": "bidders.models.mock:MockModel",
        "options": {"prices": {"input_per_million": 1, "output_per_million": 1}},
    }
    path = write_market(tmp_path, bidders=[bidder("free", bids=["1.00"])])
    document = json.loads(path.read_text(encoding="utf-8"))
    document["judge"] = {"type": "bidders.personal_judge:PersonalJudge", "options": {"model": model}}
    path.write_text(json.dumps(document), encoding="utf-8")
    found = vickrey(*ASKED, "--json").document
    assert found["judge"]["name"] == "personal"
    assert 0 < float(found["judge"]["cost_max"]) < 1
    assert found["spend_max"] == "10.00"
    assert "for the judge personal, each time it is asked" in vickrey(*ASKED).stdout
    assert vickrey(*ASKED, "--judge", "top", "--json").document["spend_max"] == "0.00", "the control"
