"""How a newcomer's trial is told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.markets import bidder, vickrey, write_market

PRESENTER = ["presenter"]
BIDDERS = [
    bidder("ann", bids=["5.00"], says=["Ann's notes."]),
    bidder("bob", bids=["4.00"], says=["Bob's notes."]),
    bidder("new", bids=["1.00"], says=["Something new."]),
    bidder("pia", roles=PRESENTER, bids=[None, "8.00"]),
    bidder("quin", roles=PRESENTER, bids=[None, "6.50"]),
    bidder("rob", roles=PRESENTER, bids=[None, "6.00"]),
]


def test_the_list_tells_how_many_trials_are_left_where_there_are_auditions(vickrey_home: Path) -> None:
    path = write_market(vickrey_home, bidders=BIDDERS)
    assert "trials left" not in vickrey("bidders", "list").stdout
    path.write_text(path.read_text()[:-1] + ', "wealth": {"treasury_stock": 20, "audition": {"trials": 7}}}')
    header, first = vickrey("bidders", "list").stdout.splitlines()[1:3]
    assert header.endswith("trials left")
    assert first.endswith("7")
    assert vickrey("bidders", "list", "--json").document["bidders"][0]["trials_left"] == 7


@pytest.mark.slow
def test_a_trial_is_shown_with_who_paid_for_it(vickrey_home: Path) -> None:
    path = write_market(vickrey_home, bidders=BIDDERS, judge="top")
    path.write_text(path.read_text()[:-1] + ', "wealth": {"treasury_stock": 20, "audition": {"trials": 1}}}')
    for seed in range(1, 12):
        vickrey("run", "x", "-b", "10", "--quiet", "--seed", str(seed))
        lots = vickrey("show", f"r{seed}", "--json").document["stages"][0]["lots"]
        if lots[0]["sales"][0]["audition"]:
            break
    story = vickrey("show", f"r{seed}").stdout
    assert "new at 4.00, bid 1.00, on audition" in story
    assert "new: on audition, the treasury paid 4.00 to escrow" in story
    assert vickrey("statement", f"r{seed}").code == 0
    statement = vickrey("statement", "audition:new").stdout
    assert "grant for newcomers' trials" in statement
    assert "newcomer's trial" in statement
    assert vickrey("export", f"r{seed}", "run.json").code == 0
    assert vickrey("verify", "run.json").code == 0
    assert vickrey("replay", "run.json").code == 0
    assert vickrey("audit").code == 0
