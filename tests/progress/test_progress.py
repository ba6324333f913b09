"""The report on progress against runs of which every figure is known."""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Market, Segment
from orchestrator.api.reports import leaderboard
from orchestrator.errors import BrokenPlugin, InvalidRequest, UnknownBidder
from orchestrator.progress import ProgressReport, read_progress
from orchestrator.progress.drawing import draw_png, make_figure
from orchestrator.progress.series import Trend, buckets, smoothed, trend
from orchestrator.store import MemoryStore, open_store
from tests.engine.world import Paid, Provider, Scripted, make_market, presenter

NANOS = 10**9


def market_of(*more: Any, **config: Any) -> Market:
    """Ann transforms for a cent, rivalled by Bob; Pia presents, rivalled by Quin.

    Ann pays 3 to the requester and sells for 6; Pia pays that and is paid 10 where she is picked.
    """
    ann = Paid("ann", {1: "4"}, Provider("0.01"))
    bidders = [ann, Scripted("bob", {1: "3"}), presenter("pia", {2: "8"}), presenter("quin", {2: "6"})]
    return make_market(*bidders, *more, **config)


def played(market: Market, picks: Sequence[int]) -> Market:
    for seed, rank in enumerate(picks):
        result = market.run("hello", 10, seed=seed)
        market.pick(result.request_id, rank)
    return market


def report_on(picks: Sequence[int], **options: Any) -> ProgressReport:
    return read_progress(played(market_of(), picks).store, **options)


def test_the_objective_is_bounties_released_less_real_cost() -> None:
    found = report_on([1, 0, 1]).objective
    assert (found.requests, found.released) == (3, 2)
    assert found.released_nanos == 20 * NANOS
    assert found.cost_nanos == 3 * NANOS // 100
    assert found.value_nanos == 20 * NANOS - 3 * NANOS // 100
    assert found.usd == pytest.approx((9.99, -0.01, 9.99))


def test_a_market_that_gets_better_is_said_to_and_one_by_chance_is_not() -> None:
    def verdict(picks: Sequence[int]) -> str:
        return report_on(picks, replays=0).objective.verdict

    assert verdict([0] * 4 + [1] * 4).startswith("better: +100.0% of the bounty a request")
    assert verdict([1] * 4 + [0] * 4).startswith("worse: -100.0%")
    assert verdict([0, 1, 1, 0, 1, 0, 0, 1, 1]).startswith("no clear change")
    few = "too few requests to say; it takes 6 that have ended"
    assert verdict([1] * 5) == few
    assert verdict([1] * 6) != few


def test_costs_that_nobody_knows_are_said_to_be_unknown() -> None:
    market = make_market(Paid("ann", {1: "4"}, Provider(None)), Scripted("bob", {1: "3"}), presenter("pia", {2: "8"}))
    assert read_progress(played(market, [1]).store).objective.unknown_costs == 1


def test_whose_costs_are_not_known_is_said_of_bidders_and_of_skills() -> None:
    market = make_market(Paid("ann", {1: "4"}, Provider(None)), Scripted("bob", {1: "3"}), presenter("pia", {2: "8"}))
    report = read_progress(played(market, [1]).store)
    assert {share.name: share.cost_known for share in report.bidders} == {"ann": False, "bob": True, "pia": True}
    assert {share.name: share.cost_known for share in report.skills} == {"text": False, "presenting": True}


def test_a_call_that_failed_is_of_unknown_cost_in_statement_leaderboard_and_progress_alike() -> None:
    async def fail() -> None:
        raise RuntimeError("the connection broke")

    provider = Provider("0.01")
    provider.pause = fail
    market = make_market(Paid("ann", {1: "4"}, provider), Scripted("bob", {1: "3"}), presenter("pia", {2: "8"}))
    report = read_progress(played(market, [1]).store)
    assert market.result("r1").statement().unknown_costs == ("ann",)
    assert [row.bidder for row in leaderboard(market.store) if not row.cost_known] == ["ann"]
    assert [share.name for share in report.bidders if not share.cost_known] == ["ann"]


def test_profit_and_value_added_are_those_of_the_statements() -> None:
    market = played(market_of(), [1, 0, 1])
    report = read_progress(market.store)
    shares = {share.name: share for share in report.bidders}
    assert (shares["ann"].wins, shares["ann"].added_nanos) == (3, 9 * NANOS)
    assert shares["ann"].profit_nanos == 9 * NANOS - 3 * NANOS // 100
    assert shares["pia"].added_nanos == (4 - 6 + 4) * NANOS
    stated: dict[str, int] = {}
    for row in market.requests():
        for name, nanos in market.result(row.id).statement().profits_nanos.items():
            stated[name] = stated.get(name, 0) + nanos
    assert {name: share.profit_nanos for name, share in shares.items()} == stated
    assert report.bidders[0].name == "ann", "the most profitable first"


def test_skills_are_what_segments_are_for_and_presenting() -> None:
    skills = {share.name: share.wins for share in report_on([1, 1]).skills}
    assert skills == {"text": 2, "presenting": 2}


def test_presence_is_known_for_losers_and_unknown_beyond_the_lots_of_winners() -> None:
    presences = {each.bidder: each for each in report_on([1, 1]).presences}
    assert (presences["bob"].known, presences["bob"].unknown) == (2, 0)
    # Without Bob's bid Ann would have paid nothing; with it the requester got 3 back.
    assert presences["bob"].worth_nanos is not None
    assert presences["bob"].worth_nanos["refund"] == 6 * NANOS
    assert presences["bob"].worth_nanos["bidder:ann"] == -6 * NANOS
    assert presences["bob"].total_nanos == 0
    assert (presences["pia"].known, presences["pia"].unknown) == (0, 2)
    assert presences["pia"].unknown_beyond == "r2: 0.0"
    assert presences["pia"].total_nanos is None, "no request is known to its end without her"
    assert presences["pia"].to_dict()["worth_to_others"] == "unknown"
    assert (presences["ann"].worth_nanos, presences["ann"].unknown_beyond) == (None, "r2: 0")


def test_only_the_latest_requests_are_replayed_and_none_where_none_are_wanted() -> None:
    assert {each.known + each.unknown for each in report_on([1] * 5, replays=2).presences} == {2}
    report = report_on([1], replays=0)
    assert (report.replayed, {each.known + each.unknown for each in report.presences}) == (0, {0})


def test_wealth_is_that_of_the_wallets() -> None:
    market = played(market_of(), [1, 1])
    report = read_progress(market.store)
    (ann,) = [each for each in report.adjustments if each.bidder == "ann"]
    assert ann.wealth_usd[0] == 50.0
    assert ann.wealth_usd[-1] == pytest.approx(market.balance("ann").to_float())


def test_win_shares_are_those_of_lots_bought() -> None:
    shares = {each.bidder: each.win_share for each in report_on([1, 1]).adjustments}
    assert shares == {"ann": (0.5, 0.5), "pia": (0.5, 0.5), "bob": (0.0, 0.0), "quin": (0.0, 0.0)}


def test_bid_bias_is_the_bid_less_what_the_lot_brought_net() -> None:
    adjusted = {each.bidder: each for each in report_on([1, 0]).adjustments}
    assert adjusted["ann"].bid_bias.early == pytest.approx((4 - 6 + 0.01) / 10)
    assert adjusted["pia"].bid_bias.early == pytest.approx((8 - 10) / 10)
    assert adjusted["pia"].bid_bias.late == pytest.approx((8 - 0) / 10)
    assert adjusted["pia"].bid_bias_over_time == pytest.approx((-0.2, 0.8))
    assert adjusted["bob"].bid_bias == Trend()
    assert adjusted["bob"].bid_bias_over_time == (None, None)


def test_a_presenters_brier_score_takes_its_bid_for_a_probability() -> None:
    adjusted = {each.bidder: each for each in report_on([1, 0]).adjustments}
    assert adjusted["pia"].brier.early == pytest.approx((0.8 - 1) ** 2)
    assert adjusted["pia"].brier.late == pytest.approx(0.8**2)
    assert adjusted["pia"].brier_over_time == pytest.approx((0.04, 0.64))
    assert adjusted["pia"].base_rate == 0.5
    assert adjusted["ann"].base_rate is None


def test_what_nobody_decided_on_says_nothing_of_presenters() -> None:
    market = played(market_of(), [1])
    market.cancel(market.run("hello", 10, seed=9).request_id)
    (pia,) = [each for each in read_progress(market.store).adjustments if each.bidder == "pia"]
    assert pia.base_rate == 1.0


def test_prices_and_thinness_are_shares_of_the_bounty() -> None:
    report = report_on([1, 1])
    prices = {price.skill: price for price in report.prices}
    assert prices["text"].share == pytest.approx((0.3, 0.3))
    assert prices["presenting"].trend.late == pytest.approx(0.6)
    assert report.thinness.gap == pytest.approx((0.15, 0.15))
    assert (report.thinness.lots, report.thinness.uncontested) == (4, 0)


def test_a_unique_expert_is_shown_what_its_copies_led_to() -> None:
    ann_alone = [Scripted("ann", {1: "4"}), presenter("pia", {2: "8"}), presenter("quin", {2: "6"})]
    (ann,) = read_progress(played(make_market(*ann_alone), [1, 0, 1]).store).discounts
    assert (ann.bidder, ann.rivals, ann.copies) == ("ann", 0, 3)
    assert (ann.sold_nanos, ann.led_to_nanos) == (18 * NANOS, 20 * NANOS)
    assert ann.discount == pytest.approx(0.1)


def test_whoever_bid_for_an_experts_lots_is_its_rival_even_where_it_never_won() -> None:
    (ann,) = report_on([1, 0, 1]).discounts
    assert ann.rivals == 1, "Bob"


def test_whoever_sells_another_skill_is_no_rival() -> None:
    class Drawing(Scripted):
        async def transform(self, lot: Any) -> Any:
            return [Segment("a drawing", kind="drawing")]

    both = [Scripted("ann", {1: "4", 2: "1"}), Drawing("bob", {1: "3", 2: "7"})]
    market = make_market(*both, presenter("pia", {3: "8"}), presenter("quin", {3: "6"}))
    found = {each.bidder: each.rivals for each in read_progress(played(market, [1]).store).discounts}
    assert found == {"ann": 0, "bob": 0}


def test_a_trial_that_the_treasury_paid_for_adds_no_more_value_than_the_lot_it_got() -> None:
    newcomer = Scripted("new", {1: "1"})
    market = market_of(
        newcomer, rules={"stages_max": 2}, wealth={"treasury_stock": 20, "audition": {"trials": 2, "budget": 2}}
    )
    report = read_progress(played(market, [1] * 20).store)
    (new,) = [share for share in report.bidders if share.name == "new"]
    lot_price = 3 * NANOS
    assert new.wins == 2
    assert new.profit_nanos == 2 * 6 * NANOS, "the treasury paid"
    assert new.added_nanos == 2 * (6 * NANOS - lot_price)
    (skill,) = [share for share in report.skills if share.name == "text"]
    assert skill.added_nanos == sum(
        share.added_nanos for share in report.bidders if share.name in ("ann", "bob", "new")
    )


def test_rent_is_told_of_the_requests_that_are_covered() -> None:
    market = played(market_of(wealth={"rent": "0.5"}), [1, 1, 1])
    for last, rent in ((None, 3), (2, 2)):
        (bob,) = [share for share in read_progress(market.store, last=last).bidders if share.name == "bob"]
        assert (bob.rent_nanos, bob.profit_nanos) == (rent * NANOS // 2, 0)
    assert {share.rent_nanos for share in report_on([1]).bidders} == {0}


def test_lots_for_which_one_principal_bid_are_counted() -> None:
    market = make_market(Scripted("ann", {1: "4"}), presenter("pia", {2: "8"}))
    found = read_progress(played(market, [1]).store).thinness
    assert (found.lots, found.uncontested, found.gap) == (2, 2, (None,))


# --- what it covers ---


def test_an_empty_market_has_an_empty_report() -> None:
    report = read_progress(MemoryStore())
    assert (report.first, report.last, report.objective.requests) == ("", "", 0)
    assert report.objective.verdict.startswith("too few requests to say")
    assert report.to_dict()["requests"] == {"first": "", "last": "", "count": 0}


def test_open_requests_are_not_counted() -> None:
    market = played(market_of(), [1])
    market.run("hello", 10, seed=7)
    assert read_progress(market.store).objective.requests == 1


def test_the_latest_requests_alone_can_be_covered() -> None:
    report = report_on([0, 0, 1], last=2)
    assert (report.first, report.last, report.objective.released) == ("r2", "r3", 1)


def test_one_bidder_alone_can_be_covered() -> None:
    report = report_on([1, 1], bidder="ann")
    assert [share.name for share in report.bidders] == ["ann"]
    assert [each.bidder for each in report.adjustments] == ["ann"]
    assert [share.name for share in report.skills] == [price.skill for price in report.prices] == ["text"]
    assert report.objective.requests == 2


def test_what_makes_no_sense_is_refused() -> None:
    store = played(market_of(), [1]).store
    with pytest.raises(UnknownBidder, match="no bidder 'nobody'; it has: ann, bob"):
        read_progress(store, bidder="nobody")
    for wrong in ({"last": 0}, {"replays": -1}):
        with pytest.raises(InvalidRequest):
            read_progress(store, **wrong)  # type: ignore[arg-type]


def test_a_store_on_disk_gives_the_same_report_without_its_texts(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'm.db'}")
    market = played(market_of(store=store), [1, 0, 1])
    expected = report_on([1, 0, 1]).to_dict()
    assert read_progress(store).to_dict() == expected
    request = market.read_log("r1").progress.request
    assert store.transact(lambda tx: tx.erase_text(request.text_digest))
    assert read_progress(store).to_dict() == expected
    market.close()


# --- figures over time ---


@given(st.lists(st.integers(), max_size=200), st.integers(1, 50))
def test_buckets_hold_everything_once_in_order(items: list[int], points: int) -> None:
    runs = buckets(items, points)
    assert [item for run in runs for item in run] == items
    assert len(runs) == min(points, len(items))
    assert max((len(run) for run in runs), default=0) - min((len(run) for run in runs), default=0) <= 1


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=50), st.integers(1, 10))
def test_smoothing_stays_within_what_it_smooths(series: list[float | None], window: int) -> None:
    made = smoothed(tuple(series), window)
    assert len(made) == len(series)
    known = [figure for figure in series if figure is not None]
    for figure in made:
        assert figure is None or min(known) - 1e-9 <= figure <= max(known) + 1e-9


def test_a_trend_is_clear_only_beyond_twice_its_error() -> None:
    assert trend([0.0, 0.1, 0.0, 0.5, 1.0, 0.9, 1.0]).is_clear
    assert not trend([0.0, 1.0, 0.0, 1.0, 0.5, 1.0]).is_clear
    assert not trend([0.0]).is_clear
    assert trend([]) == Trend()


# --- the picture ---


@pytest.mark.slow
def test_a_report_is_drawn_into_a_png(tmp_path: Path) -> None:
    for number, picks in enumerate(([], [1], [1, 0] * 10)):
        path = tmp_path / f"{number}.png"
        draw_png(report_on(picks), path)
        content = path.read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        assert content.startswith(b"\x89PNG")
        assert (width > 1000, height > 500) == (True, True)


def test_the_picture_shows_each_of_the_questions_in_its_panel() -> None:
    figure = make_figure(report_on([1, 0] * 4))
    panels = {panel.get_title(): panel for panel in figure.axes}
    assert len(panels) == 9

    def lines(title: str) -> dict[str, list[float]]:
        (panel,) = [panel for name, panel in panels.items() if name.startswith(title)]
        drawn: list[Any] = panel.get_lines()
        return {str(line.get_label()): [float(y) for y in line.get_ydata()] for line in drawn}

    assert lines("Bounties released less cost")["by request"] == pytest.approx([9.99, -0.01] * 4)
    assert set(lines("Wealth")) == set(lines("Share of lots won")) == {"ann", "bob", "pia", "quin"}
    assert lines("Bid less what the lot brought net")["pia"][:2] == pytest.approx([-0.2, 0.3]), "smoothed"
    assert set(lines("Brier score")) == {"pia"}, "nobody else presented"
    assert set(lines("Prices by skill")) == {"text", "presenting"}
    (discounts,) = [panel for name, panel in panels.items() if name.startswith("What others kept")]
    assert [label.get_text() for label in discounts.get_yticklabels()] == ["ann"]
    assert "least profitable" not in figure.get_suptitle()


def test_points_of_few_requests_are_numbered_by_whole_numbers() -> None:
    for picks in ([1], [1, 0, 1]):
        figure = make_figure(report_on(picks, replays=0))
        ticks = [
            tick for panel in figure.axes if panel.get_xlabel().startswith("points") for tick in panel.get_xticks()
        ]
        assert ticks
        assert all(float(tick).is_integer() for tick in ticks)


def test_of_many_bidders_the_picture_shows_the_best_and_the_worst_and_says_so() -> None:
    losers = [Paid(f"loser{place:02}", {1: "0.5"}, Provider("0.01"), bid_calls=1) for place in range(12)]
    figure = make_figure(read_progress(played(market_of(*losers), [1]).store, replays=0))
    assert "of 16 bidders: the 5 most and the 5 least profitable" in figure.get_suptitle()
    (profits,) = [panel for panel in figure.axes if panel.get_title() == "Profit by bidder"]
    names = [label.get_text() for label in profits.get_yticklabels()]
    assert len(names) == 10
    assert (names[-1], names[0]) == ("pia", "loser11")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(BrokenPlugin, match=r"pip install 'vickrey\[plots\]'"):
        draw_png(report_on([]), tmp_path / "x.png")


def test_a_file_that_holds_something_else_than_a_png_is_not_replaced(tmp_path: Path) -> None:
    store = tmp_path / "market.db"
    store.write_bytes(b"SQLite format 3\x00")
    with pytest.raises(InvalidRequest, match=r"market\.db is there already, and no PNG; name another file"):
        draw_png(report_on([]), store)
    assert store.read_bytes() == b"SQLite format 3\x00"


@pytest.mark.slow
def test_a_png_and_an_empty_file_are_replaced(tmp_path: Path) -> None:
    for number, before in enumerate((b"", b"\x89PNG\r\n\x1a\nolder")):
        path = tmp_path / f"{number}.png"
        path.write_bytes(before)
        draw_png(report_on([]), path)
        assert len(path.read_bytes()) > 1000


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be written"):
        draw_png(report_on([]), tmp_path / "none" / "x.png")
