"""`vickrey progress`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from orchestrator import Announcement, Market, Money, Pass, Segment, WonLot
from orchestrator.cli.progress_views import ROWS_MAX, blocks, shares_table
from orchestrator.cli.render import rounded
from orchestrator.progress.attribution import Share
from tests.cli.conftest import Home
from tests.cli.markets import bidder, vickrey, write_market


def run_and_pick_twice(home: Path) -> None:
    with Market(home / "vickrey.yaml") as opened:
        for rank in (1, 0):
            opened.pick(opened.run("Plan a day", 10, seed=1).request_id, rank)


@pytest.fixture
def two_requests(past: Home[None]) -> None:
    """One whose first offer was taken, and one of which none was."""
    past(run_and_pick_twice)


def test_an_empty_market_says_how_to_begin() -> None:
    outcome = vickrey("progress")
    assert outcome.code == 0
    assert "No request has ended in this market yet" in outcome.stdout
    assert vickrey("progress", "--json").document["objective"]["requests"] == 0


@pytest.mark.usefixtures("two_requests")
def test_it_answers_whether_the_market_is_getting_better() -> None:
    shown = vickrey("progress").stdout
    assert "2 requests, r1 to r2" in shown
    assert "10.00 USD released in 1 of 2, less 0.02 of costs, is 9.98 USD." in shown
    assert "Is it getting better? too few requests to say" in shown
    for heading in ("Objective", "Attribution", "Adjustment", "Prices of skills", "Thinness", "copies sold for"):
        assert heading in shown
    assert max(map(len, shown.splitlines())) <= 110
    assert [line.split()[-1] for line in shown.splitlines() if line.startswith("letter")][-1] == "50%", "picked in half"


def test_where_no_lot_was_sold_it_says_so_instead_of_showing_empty_tables(tmp_path: Path) -> None:
    with Market(write_market(tmp_path, bidders=[bidder("shy"), bidder("pia", roles=["presenter"])])) as opened:
        assert opened.run("Plan a day", 10, seed=1).status == "failed"
    shown = vickrey("progress").stdout
    assert "1 request, r1 to r1" in shown
    assert "No lot was sold, so there are no prices." in shown
    for absent in ("skill", "Thinness"):
        assert absent not in shown


def test_thin_lots_alone_have_no_gap_to_show(tmp_path: Path) -> None:
    alone = [bidder("ann", bids=["4.00"]), bidder("pia", roles=["presenter"], bids=[None, "8.00"])]
    with Market(write_market(tmp_path, bidders=alone)) as opened:
        opened.pick(opened.run("Plan a day", 10, seed=1).request_id, 1)
    after = vickrey("progress").stdout.split("Thinness")[1].splitlines()[1]
    assert after == "2 of 2 lots had one bidder only, or one principal's."


class Agreed:
    """Bids in earnest for every other request only."""

    roles = ("transformer",)

    def __init__(self, name: str, turn: int) -> None:
        self.name = name
        self._turn = turn

    async def bid(self, announcement: Announcement) -> Money | Pass:
        if announcement.stage > 1:
            return Pass("it has done its work")
        number = int(announcement.request.removeprefix("Plan day "))
        return Money.usd("4" if number % 2 == self._turn else "0.01")

    async def transform(self, lot: WonLot) -> list[Segment]:
        return [Segment(f"{self.name} was here")]


@pytest.mark.slow
@pytest.mark.parametrize(("turn", "named"), [(1, True), (0, False)])
def test_two_that_do_not_bid_against_each_other_are_named(tmp_path: Path, turn: int, named: bool) -> None:
    others = [bidder("ann", bids=["3.00"]), bidder("pia", roles=["presenter"], bids=[None, "8.00"])]
    with Market(write_market(tmp_path, bidders=others), bidders=[Agreed("one", 0), Agreed("two", turn)]) as opened:
        for number in range(24):
            opened.pick(opened.run(f"Plan day {number}", 10, seed=1).request_id, 1)
    shown = vickrey("progress", "--replays", "0").stdout.split("Rivalry")[1]
    assert ("one and two" in shown) is named
    assert ("None of 3 pairs" in shown) is not named
    pairs = vickrey("progress", "--json", "--replays", "0").document["rivalry"]["pairs"]
    assert [row["principals"] for row in pairs if row["is_suspect"]] == [["one", "two"]] * named


@pytest.mark.usefixtures("two_requests")
def test_its_json_holds_amounts_as_decimal_strings() -> None:
    document = vickrey("progress", "--json").document
    assert document["objective"]["value"] == "9.98"
    bidders = {row["name"]: row for row in document["attribution"]["bidders"]}
    assert bidders["diary"]["wins"] == 2
    unknown = {row["bidder"]: row["unknown_beyond"] for row in document["attribution"]["presences"]}
    assert unknown["diary"] == "r2: 0"


@pytest.mark.usefixtures("two_requests")
def test_what_practice_has_cost_stands_beside_the_objective() -> None:
    assert "Practice has cost" not in vickrey("progress").stdout
    Path("tasks.jsonl").write_text('{"request": "6 * 3?", "answer": "18"}')
    assert vickrey("practise", "tasks.jsonl", "--bidder", "diary", "--yes").code == 0
    shown = vickrey("progress").stdout
    assert "less 0.02 of costs, is 9.98 USD." in shown, "requests cost what they did"
    assert "Practice has cost 0.01 USD beside that; the operator paid it." in shown
    assert vickrey("progress", "--json").document["practice_cost"] == "0.01"


@pytest.mark.usefixtures("two_requests")
def test_one_bidder_and_the_latest_requests_can_be_asked_for() -> None:
    document = vickrey("progress", "--json", "--bidder", "guide", "--last", "1", "--replays", "0").document
    assert document["requests"] == {"first": "r2", "last": "r2", "count": 1}
    assert [row["name"] for row in document["attribution"]["bidders"]] == ["guide"]
    outcome = vickrey("progress", "--bidder", "nobody")
    assert outcome.code == 2
    assert "no bidder 'nobody'" in outcome.stderr


@pytest.mark.usefixtures("two_requests")
def test_a_png_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    outcome = vickrey("progress", "--png", str(tmp_path / "x.png"))
    assert outcome.code == 3
    assert "pip install 'vickrey[plots]'" in outcome.stderr


def test_of_an_empty_market_nothing_is_drawn_and_that_is_said(tmp_path: Path) -> None:
    outcome = vickrey("progress", "--png", "x.png")
    assert outcome.code == 0
    assert "There is nothing to draw yet, so x.png was not written." in outcome.stdout
    assert "png" not in vickrey("progress", "--png", "x.png", "--json").document
    assert not (tmp_path / "x.png").exists()


@pytest.mark.slow
def test_figures_from_one_to_another_go_from_early_to_late_and_keep_what_small_bounties_come_to(tmp_path: Path) -> None:
    bidders = [
        bidder("ann", bids=["0.004"], cost="0.0004"),
        bidder("bob", bids=["0.003"]),
        bidder("pia", roles=["presenter"], bids=[None, "0.008"]),
        bidder("quin", roles=["presenter"], bids=[None, "0.0065"]),
    ]
    with Market(write_market(tmp_path, bidders=bidders)) as opened:
        for rank in (1, 1, 0, 0, 0, 0, 0):
            opened.pick(opened.run("Plan a day", "0.01", seed=1).request_id, rank)
    shown = vickrey("progress").stdout
    assert "from 0.0096 to -0.0004 (smoothed)" in shown
    rows = {line.split()[0]: line.split()[1:] for line in shown.split("Attribution")[1].splitlines() if line.split()}
    first = next(line.split() for line in shown.splitlines() if line.startswith("ann"))
    assert first == ["ann", "7", "0.0245", "0.0028", "0.0217"]
    assert rows["ann"][1:5] == ["7", "0.0455", "0.02", "-127%"], "sold for, led to"


def test_of_many_bidders_the_best_and_the_worst_are_shown() -> None:
    made = [Share(f"b{place}", 1, place, 0, place) for place in range(ROWS_MAX + 10, 0, -1)]
    table = shares_table(made, "bidder")
    names = [str(name) for name in table.columns[0].cells]
    assert names[0] == "b40"
    assert names[ROWS_MAX // 2 - 1 : ROWS_MAX // 2 + 2] == ["b26", "… 10 between", "b15"]
    assert names[-1] == "b1"
    assert str(table.caption) == "The 15 most and the 15 least profitable; --json shows all"
    assert len(shares_table(made[:ROWS_MAX], "bidder").rows) == ROWS_MAX


def test_a_cost_that_is_not_known_is_not_shown_as_nothing() -> None:
    made = [Share("some", 1, 9, 10**7, 3, cost_known=False), Share("none", 1, 9, 0, 2, cost_known=False)]
    table = shares_table([*made, Share("all", 1, 9, 0, 1)], "bidder")
    assert [str(cost) for cost in table.columns[3].cells] == ["0.01+?", "unknown", "0.00"]


def test_rent_has_a_column_where_any_is_paid(tmp_path: Path) -> None:
    def earned(**wealth: str) -> list[str]:
        """The table of bidders after one more request under these rules."""
        path = write_market(tmp_path)
        path.write_text(json.dumps({**json.loads(path.read_text()), "wealth": wealth}))
        with Market(path) as opened:
            opened.pick(opened.run("Plan a day", 10, seed=1).request_id, 1)
        return vickrey("progress").stdout.split("who earned it\n")[1].splitlines()

    assert earned()[0].endswith("profit")
    header, *rows = earned(rent="0.25")
    assert header.endswith("rent")
    assert {row.split()[-1] for row in rows[:7]} == {"0.25"}, "of the second request"
    assert vickrey("progress", "--json").document["attribution"]["bidders"][0]["rent"] == "0.25"


@pytest.mark.usefixtures("two_requests")
def test_of_one_bidder_no_others_rows_are_shown() -> None:
    shown = vickrey("progress", "--bidder", "diary").stdout
    assert "diary" in shown
    for other in ("guide", "letter", "presenting"):
        assert other not in shown


def test_blocks_go_from_the_lowest_figure_to_the_highest() -> None:
    assert blocks((0.0, None, 1.0)) == "▁·█"
    assert blocks((2.0, 2.0)) == "▁▁"
    assert blocks((0.98, 0.98 + 2e-16, 0.98 + 4e-16)) == "▁▁▁", "rounding is no rise"
    assert blocks((0.0, 1e-15)) == "▁▁"
    assert blocks((1e-6, 2e-6)) == "▁█", "bounties may be small"
    assert blocks((None,)) == ""
    assert len(blocks(tuple(float(n) for n in range(500)), 20)) == 20


@pytest.mark.parametrize(
    ("nanos", "shown"),
    [
        ((12_345_678_901, 0), ["12.35", "0.00"]),
        ((100_000_000, -1_234_500_000_000), ["0.10", "-1,234.50"]),
        ((4_800_000, 70_000_000_000), ["0.0048", "70.0000"]),
        ((123_456, 1), ["0.000123456", "0.000000001"]),
        ((123_456_789,), ["0.123"]),
        ((), []),
    ],
)
def test_sums_are_shown_to_the_cent_or_as_far_as_the_smallest_needs(nanos: tuple[int, ...], shown: list[str]) -> None:
    assert rounded(nanos) == shown
