"""`vickrey offers`, `pick`, `cancel` and `resume`."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import Market, Posting
from tests.cli.conftest import Home
from tests.cli.markets import BIDDERS, bidder, leave_interrupted, vickrey, write_market


def run_and_leave_open(home: Path) -> str:
    """Run a request that stays open."""
    request_id: str = vickrey("run", "Plan a tour", "-b", "10", "--seed", "1", "--json").document["request_id"]
    return request_id


@pytest.fixture
def open_request(past: Home[str]) -> str:
    return past(run_and_leave_open)


def test_offers_are_shown_again(open_request: str) -> None:
    outcome = vickrey("offers", open_request)
    assert outcome.code == 0
    assert "1. letter: last bid 7.00, price 6.50" in outcome.stdout
    assert "r1 is open." in outcome.stdout
    document = vickrey("offers", open_request, "--json").document
    assert [offer["bidder"] for offer in document["offers"]] == ["letter"]
    assert document["picked"] is None


def test_a_pick_releases_the_bounty_and_shows_where_it_went(open_request: str) -> None:
    outcome = vickrey("pick", open_request, "1")
    assert outcome.code == 0
    assert "r1 is released: user took offer 1." in outcome.stdout
    assert "The sum equals the payout of 10.00 USD: balanced." in outcome.stdout
    assert "and offer 1 was taken" in vickrey("offers", open_request).stdout


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        ("pick r1 1", "interrupted, but the choice stands: `vickrey show r1` tells of it", "released"),
        ("cancel r1", "interrupted, but r1 is cancelled: `vickrey show r1` tells of it", "rejected"),
    ],
)
def test_an_interrupt_after_the_choice_says_that_it_stands(
    open_request: str, monkeypatch: pytest.MonkeyPatch, words: str, said: str, status: str
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.cli.picking.tell_result", interrupt)
        outcome = vickrey(*words.split())
    assert (outcome.code, outcome.stderr) == (130, f"vickrey: {said}\n")
    assert vickrey("offers", open_request, "--json").document["status"] == status


def test_picking_none_returns_the_bounty(open_request: str) -> None:
    document = vickrey("pick", open_request, "--none", "--json").document
    assert (document["status"], document["picked"], document["statement"]["returned"]) == ("rejected", None, "10.00")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["7"], "request r1 has offers 1 to 1; there is no offer 7"),
        (["0"], "ranks begin at 1"),
        ([], "give the RANK of the offer that you take, or --none"),
        (["1", "--none"], "give the RANK of the offer that you take, or --none"),
        (["-1"], "ranks begin at 1, so there is no offer -1"),
        (["9" * 5000], "there is no offer 999"),
        (["first"], "a rank is a whole number, for example 1, not 'first'"),
        (["--first"], "a rank is a whole number, for example 1, not '--first'"),
    ],
)
def test_a_pick_that_makes_no_sense_is_refused(open_request: str, arguments: list[str], complaint: str) -> None:
    outcome = vickrey("pick", open_request, *arguments)
    assert outcome.code == 2
    assert complaint in outcome.stderr
    assert vickrey("offers", open_request, "--json").document["status"] == "open"


def test_a_request_can_be_picked_from_once(open_request: str) -> None:
    vickrey("pick", open_request, "1")
    outcome = vickrey("pick", open_request, "1")
    assert (outcome.code, outcome.stderr) == (2, "vickrey: request r1 is released, not open\n")


def test_resuming_what_has_ended_says_so_and_changes_nothing(open_request: str) -> None:
    vickrey("pick", open_request, "1")
    before = vickrey("show", open_request, "--json").document
    outcome = vickrey("resume", open_request, "--judge", "none")
    assert (outcome.code, outcome.stderr) == (0, "vickrey: r1 has ended already, so there is nothing to resume\n")
    assert "r1 is released: user took offer 1." in outcome.stdout
    assert vickrey("show", open_request, "--json").document == before


def test_cancel_ends_a_request(open_request: str) -> None:
    assert "r1 is rejected: cancelled by the requester." in vickrey("cancel", open_request).stdout
    assert vickrey("cancel", open_request).code == 2


def test_offers_of_a_failed_request_are_a_problem(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=[bidder("mute")])
    vickrey("run", "x", "-b", "10")
    outcome = vickrey("offers", "r1")
    assert (outcome.code, outcome.stdout) == (1, "r1 is failed and has no offers: no bidder made an offer.\n")


@pytest.mark.parametrize("verb", ["offers", "show", "cancel", "resume", "statement", "export", "pick"])
def test_a_request_that_does_not_exist_is_named(verb: str) -> None:
    outcome = vickrey(verb, "r9", *(["1"] if verb == "pick" else []))
    assert outcome.code == 2
    assert "r9" in outcome.stderr
    assert outcome.stderr.startswith("vickrey: ")


# --- interrupted requests ---


@pytest.mark.parametrize("words", ["requests", "leaderboard", "audit", "statement treasury", "bidders list", "show r1"])
def test_every_verb_tells_of_an_interrupted_request_in_one_line_on_stderr(market: Path, words: str) -> None:
    leave_interrupted(market)
    outcome = vickrey(*words.split(), "--json")
    assert outcome.stderr == "vickrey: r1 was interrupted; `vickrey resume` finishes it\n"
    assert outcome.document


def test_several_interrupted_requests_share_the_line(market: Path) -> None:
    for _ in range(5):
        leave_interrupted(market)
    said = vickrey("audit").stderr
    assert said == "vickrey: r1, r2, r3 and 2 more were interrupted; `vickrey resume` finishes them\n"


def test_offers_of_an_interrupted_request_finish_it_first(market: Path) -> None:
    request_id = leave_interrupted(market)
    outcome = vickrey("offers", request_id, "--json")
    assert outcome.stderr == "vickrey: r1 was interrupted; finishing it first\n"
    assert [offer["bidder"] for offer in outcome.document["offers"]] == ["letter"]


def test_a_pick_from_an_interrupted_request_finishes_it_first(market: Path) -> None:
    request_id = leave_interrupted(market)
    assert vickrey("pick", request_id, "1", "--json").document["status"] == "released"


def test_a_pick_tells_once_of_the_other_interrupted_requests(market: Path) -> None:
    first, other = leave_interrupted(market), leave_interrupted(market)
    told = vickrey("pick", first, "1", "--json").stderr.splitlines()
    assert told == [
        f"vickrey: {first} was interrupted; finishing it first",
        f"vickrey: {other} was interrupted; `vickrey resume` finishes it",
    ]


def test_resume_advises_nobody_to_resume_what_it_finishes_itself(market: Path) -> None:
    for _ in range(3):
        leave_interrupted(market)
    assert vickrey("resume", "r3", "--quiet", "--json").stderr == (
        "vickrey: r1, r2 were interrupted; `vickrey resume` finishes them\n"
    )
    assert vickrey("resume", "--quiet", "--json").stderr == ""


def test_a_pick_from_a_request_that_a_live_process_drives_says_when_there_will_be_offers(market: Path) -> None:
    with Market(market) as live:
        request_id = live.post(Posting("Plan a tour", 10))
        outcome = vickrey("pick", request_id, "1")
    assert outcome.code == 2
    assert outcome.stderr == (
        "vickrey: request r1 is running, not open; its offers come when it is done, and `vickrey resume` goes on where "
        "it was interrupted\n"
    )


def test_an_interrupted_request_is_listed_with_the_status_by_which_it_is_found(market: Path) -> None:
    leave_interrupted(market)
    assert "running, interrupted" in vickrey("requests", "--status", "running").stdout


def test_resume_ends_requests_as_they_would_have_ended(market: Path) -> None:
    straight = vickrey("run", "Plan a tour", "-b", "10", "--seed", "1", "--json", "--home", "other").document
    request_id = leave_interrupted(market)
    resumed = vickrey("resume", "--json").document["results"]
    assert [row["request_id"] for row in resumed] == [request_id]
    assert resumed[0]["journal_hash"] == straight["journal_hash"]
    assert vickrey("resume").stdout == "Nothing was interrupted.\n"


def test_a_request_is_resumed_with_its_own_config_and_judge(tmp_path: Path) -> None:
    own = write_market(tmp_path, judge="top", bidders=[*BIDDERS, bidder("extra")], name="own.yaml")
    leave_interrupted(own)
    shown = vickrey("resume", "r1").stdout
    assert "8 bidders" in shown
    assert "r1 is released: top took offer 1." in shown


def test_of_several_requests_one_that_cannot_go_on_keeps_no_other_from_it(tmp_path: Path, market: Path) -> None:
    broken = write_market(tmp_path, name="broken.yaml")
    stuck, free = leave_interrupted(broken), leave_interrupted(market)
    broken.write_text("bidders: [")
    outcome = vickrey("resume", "--json", "--quiet")
    assert outcome.code == 3
    assert [row["request_id"] for row in outcome.document["results"]] == [free]
    assert f"vickrey: {stuck} is as it was: " in outcome.stderr
    assert "broken.yaml" in outcome.stderr
    alone = vickrey("resume", "--json", "--quiet")
    assert (alone.code, alone.stdout) == (3, "")
    assert "broken.yaml" in alone.stderr


def test_cancel_ends_an_interrupted_request_without_finishing_it(market: Path) -> None:
    request_id = leave_interrupted(market)
    assert vickrey("cancel", request_id, "--json").document["offers"] == []
    assert vickrey("audit").stderr == ""
