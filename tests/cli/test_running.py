"""`vickrey run`: what is shown, what is written, what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.markets import BIDDERS, bidder, vickrey, write_market

MEMORY = ("--store", "memory")


def test_run_tells_each_stage_then_the_offers_then_what_to_do() -> None:
    outcome = vickrey("run", "Plan a tour", "--budget", "10", "--seed", "1")
    assert outcome.code == 0, outcome.stderr
    shown = outcome.stdout
    places = [
        shown.index(text)
        for text in (
            "Request r1: Plan a tour",
            "Stage 1",
            "bids     diary 4.00, flaky 3.50, guide 3.00",
            "passed   daily, letter, list: not in the script",
            "fault    rude malformed: returned float nan",
            "won      diary at 3.50, bid 4.00",
            "sold     diary paid 3.50 to escrow, spent 0.01: lot 0.0",
            "+ I love tiles.",
            "Stage 2",
            "won      guide at 1.00, bid 5.1235",
            "sold     letter paid 6.50 to guide: an offer",
            "Every chain has ended: 1 offer",
            "1. letter: last bid 7.00, price 6.50",
            "built by diary 3.50 > guide 1.00 > letter 6.50",
            "Dear friend,\nhere is a plan.",
            "`vickrey pick r1 1` takes the first offer",
        )
    ]
    assert places == sorted(places)


def test_a_winner_that_fails_is_shown_with_its_forfeit_and_its_substitute(tmp_path: Path) -> None:
    config = write_market(tmp_path, rules={"copies": [2, 1]})
    shown = vickrey("run", "x", "-b", "10", "--config", str(config), *MEMORY).stdout
    assert "failed   flaky raised: RuntimeError: flaky fails at stage 1" in shown
    assert "forfeits 1.75" in shown
    assert "guide paid 0.00 to escrow as a substitute: lot 0.1" in shown


def test_a_copy_that_equals_another_is_shown_as_merged(tmp_path: Path) -> None:
    twins = [bidder(name, bids=[bid], says=["the same"]) for name, bid in (("a", "2"), ("b", "1"))]
    config = write_market(tmp_path, bidders=twins, rules={"copies": [2, 1]})
    shown = vickrey("run", "x", "-b", "10", "--config", str(config), *MEMORY).stdout
    assert "merged   b delivered the text of another copy: not sold, not paid" in shown


def test_an_owner_that_keeps_its_state_is_shown(tmp_path: Path) -> None:
    keeper = bidder("keeper", bids=["2"], reserve="9", says=["one", "two"])
    config = write_market(tmp_path, bidders=[keeper, bidder("other", bids=["1", "1"])], rules={"stages_max": 3})
    shown = vickrey("run", "x", "-b", "10", "--config", str(config), *MEMORY).stdout
    assert "reserve  9.00" in shown
    assert "refused  other: below the reserve" in shown
    assert "keeper keeps its state: no bid reached its reserve" in shown
    assert "keeper transformed its own state again, now lot 0.0.0" in shown


def test_quiet_leaves_out_the_progress() -> None:
    shown = vickrey("run", "x", "-b", "10", "--quiet", *MEMORY).stdout
    assert "Stage" not in shown
    assert "Dear friend," in shown


def test_run_as_json_holds_what_is_promised_and_nothing_else() -> None:
    document = vickrey("run", "x", "-b", "10", "--judge", "top", "--json", *MEMORY).document
    assert list(document) == [
        "request_id",
        "status",
        "reason",
        "bounty",
        "offers",
        "picked",
        "statement",
        "journal_hash",
    ]
    assert (document["request_id"], document["status"], document["bounty"]) == ("r1", "released", "10.00")
    (offer,) = document["offers"]
    assert list(offer) == ["rank", "bidder", "last_bid", "price", "text", "chain"]
    assert (offer["last_bid"], offer["price"]) == ("7.00", "6.50")
    assert document["picked"] == 1
    assert {"payout", "refund", "profits", "costs", "treasury"} <= document["statement"].keys()
    assert all(isinstance(amount, str) for amount in document["statement"]["profits"].values())


def test_with_json_progress_goes_to_stderr_and_quiet_silences_it() -> None:
    assert "Stage 1" in vickrey("run", "x", "-b", "10", "--json", *MEMORY).stderr
    assert vickrey("run", "x", "-b", "10", "--json", "--quiet", *MEMORY).stderr == ""


def test_what_bidders_print_stays_out_of_the_document(tmp_path: Path) -> None:
    chatty = {"name": "chatty", "type": "tests.cli.sample_bidders:Chatty"}
    config = write_market(tmp_path, bidders=[chatty])
    outcome = vickrey("run", "x", "-b", "10", "--config", str(config), "--json", *MEMORY)
    assert outcome.document["offers"][0]["text"] == "said"
    assert "thinking about 0" in outcome.stderr


def test_the_same_seed_gives_the_same_journal() -> None:
    options = ("-b", "10", "--json", "--store", "memory")
    runs: list[Any] = [vickrey("run", "x", "--seed", seed, *options).document for seed in ("5", "5", "6")]
    assert runs[0]["journal_hash"] == runs[1]["journal_hash"] != runs[2]["journal_hash"]


@pytest.mark.parametrize(("judge", "status"), [("top", "released"), ("none", "open"), ("terminal", "open")])
def test_without_a_terminal_the_judge_decides_and_nobody_is_asked(judge: str, status: str) -> None:
    assert vickrey("run", "x", "-b", "10", "--judge", judge, "--json", *MEMORY).document["status"] == status
    assert "Which offer" not in vickrey("run", "x", "-b", "10", "--judge", judge, *MEMORY).stdout


def test_the_configs_judge_is_the_default(tmp_path: Path) -> None:
    write_market(tmp_path, judge="top")
    assert vickrey("run", "x", "-b", "10", "--json", *MEMORY).document["status"] == "released"


def test_an_unknown_judge_is_refused_before_anything_is_posted() -> None:
    outcome = vickrey("run", "x", "-b", "10", "--judge", "nobody")
    assert outcome.code == 2
    assert "--judge nobody: no judge type 'nobody' is installed" in outcome.stderr
    assert vickrey("requests", "--json").document == {"requests": []}


def test_a_request_without_offers_fails_with_code_1_and_its_bounty_returns(tmp_path: Path) -> None:
    config = write_market(tmp_path, bidders=[bidder("mute")])
    outcome = vickrey("run", "x", "-b", "10", "--config", str(config), *MEMORY)
    assert outcome.code == 1
    assert "unsold   nobody takes this lot; its chain ends here" in outcome.stdout
    assert "r1 is failed: no bidder made an offer." in outcome.stdout
    assert "The bounty of 10.00 USD returned to the requester." in outcome.stdout


def test_a_broken_bidder_is_named_and_the_run_goes_on(tmp_path: Path) -> None:
    broken = {"name": "lost", "type": "tests.cli.sample_bidders:Unloadable"}
    config = write_market(tmp_path, bidders=[*BIDDERS, broken])
    outcome = vickrey("run", "x", "-b", "10", "--config", str(config), "--judge", "top", "--quiet", *MEMORY)
    assert outcome.code == 0
    assert "vickrey: bidder lost is broken and takes no part: " in outcome.stderr
    assert "its files are \\x1b[31mgone" in outcome.stderr


def test_the_text_is_read_from_the_standard_input_or_from_a_file(tmp_path: Path) -> None:
    vickrey("run", "-", "-b", "10", "--quiet", stdin="from a pipe")
    file = tmp_path / "wish.txt"
    file.write_text("from a file", encoding="utf-8")
    vickrey("run", "--file", str(file), "-b", "10", "--quiet")
    texts = [row["text"] for row in vickrey("requests", "--json").document["requests"]]
    assert texts == ["from a pipe", "from a file"]


def test_labels_requester_and_key_are_recorded() -> None:
    options = ("-b", "10", "--label", "team=red", "--label", "note=a=b", "--requester", "ann", "--quiet", "--json")
    first = vickrey("run", "x", "--idempotency-key", "k", *options).document
    again = vickrey("run", "x", "--idempotency-key", "k", *options).document
    assert again["journal_hash"] == first["journal_hash"]
    (row,) = vickrey("requests", "--json").document["requests"]
    assert row["labels"] == {"team": "red", "note": "a=b"}
    assert row["requester"] == "ann"


def test_a_key_of_another_request_is_refused() -> None:
    assert vickrey("run", "x", "-b", "10", "--idempotency-key", "k", "--quiet").code == 0
    outcome = vickrey("run", "y", "-b", "10", "--idempotency-key", "k", "--quiet")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "idempotency key 'k' is that of r1, which has another text; use a new key" in outcome.stderr


def test_spend_cap_and_deposit_are_passed_on() -> None:
    vickrey("run", "x", "-b", "10", "--spend-cap", "0", "--deposit", "3", "--quiet")
    outcome = vickrey("pick", "r1", "--none", "--json")
    flows = vickrey("statement", "r1", "--json").document["flows"]
    assert outcome.document["statement"]["costs"]["diary"] == "0.00"
    assert ("requester:user", "deposit:r1", "3.00") in [(flow["from"], flow["to"], flow["amount"]) for flow in flows]


def test_the_store_may_be_named_by_path_or_be_in_memory(tmp_path: Path) -> None:
    elsewhere = tmp_path / "deep" / "other.db"
    assert vickrey("run", "x", "-b", "10", "--store", str(elsewhere), "--quiet").code == 0
    assert elsewhere.exists()
    assert len(vickrey("requests", "--store", f"sqlite:///{elsewhere}", "--json").document["requests"]) == 1
    in_memory = vickrey("run", "x", "-b", "10", "--store", "memory", "--quiet")
    assert in_memory.code == 0
    assert "vickrey pick" not in in_memory.stdout
    assert "r1 ends unpicked with its store, which is in memory" in in_memory.stdout
    assert vickrey("requests", "--json").document == {"requests": []}
    assert "vickrey pick r1 1" in vickrey("run", "x", "-b", "10", "--quiet").stdout


def test_hints_name_the_same_market() -> None:
    shown = vickrey("run", "x", "-b", "10", "--home", "my home", "--config", "vickrey.yaml", "--quiet").stdout
    assert "`vickrey pick r1 1 --config vickrey.yaml --home 'my home'`" in shown


def test_where_nobody_wrote_a_config_the_demo_runs_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = tmp_path / "bundled"
    bundled.mkdir()
    write_market(tmp_path).rename(bundled / "lisbon.yaml")
    monkeypatch.setattr("orchestrator.config.loading.bundled_folder", lambda: bundled)
    outcome = vickrey("run", "x", "-b", "10", "--quiet", *MEMORY)
    assert outcome.code == 0
    assert "no config found, so this is the demo market; `vickrey init` writes one of your own" in outcome.stderr
