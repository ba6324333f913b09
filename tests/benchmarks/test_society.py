"""Small slices of the benchmark on Chang's tasks: what it must show, and that a seed fixes every digit."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.society import change, comparison
from benchmarks.society.change import play_planner
from benchmarks.society.changes import World, changing_phases
from benchmarks.society.changing_market import play_market
from benchmarks.society.comparison import Contender, run_market, run_planner, society_of, tracker
from benchmarks.society.market import Setting, bids, play, society
from benchmarks.society.measuring import Run, best_actions
from benchmarks.society.planner import Planner
from benchmarks.society.tasks import DecisionTask, bandit, chain, duality, tasks


def truthful(task: DecisionTask, setting: Setting, policy: str = "tracker") -> Contender:
    return society_of(policy, setting, task)


def test_the_values_of_the_tasks_are_those_of_the_paper() -> None:
    left, right = zip(*(chain().values()[state] for state in range(5)), strict=True)
    assert right == pytest.approx((0.7685, 0.7762, 0.7841, 0.7920, 0.8), abs=5e-5)
    assert left == pytest.approx((0.7608, 0.7608, 0.7685, 0.7762, 0.7841), abs=5e-5)
    assert bandit().values()[0] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    unbounded = duality(0.99, 100.0).values()
    assert unbounded[1] == pytest.approx([50.0, 49.8])
    assert unbounded[0] == pytest.approx([-99.0, 50.0])


def test_only_a_task_whose_values_lie_above_the_highest_bid_is_bounded() -> None:
    assert [task.bounded for task in tasks()] == [False, False, False, True]


def test_each_best_path_is_best() -> None:
    for task in tasks():
        state, total = 0, 0.0
        actions = {best.state: best.action for best in best_actions(task)}
        for _ in range(task.horizon):
            if state not in task.moves:
                break
            state, reward = task.moves[state][actions[state]]
            total += reward
        assert total == pytest.approx(task.best_return)


def test_a_market_of_twins_learns_the_bandit_and_the_books_balance() -> None:
    run = run_market(bandit(), truthful(bandit(), Setting()), seed=0, episodes=30)
    assert run.episodes_to_return(bandit(), 0.99) <= 10
    assert run.final_bids[0] == pytest.approx([0.2, 0.4, 0.6, 0.8])


@pytest.mark.slow
def test_the_pooled_policy_learns_the_bandit_and_the_chain_where_it_is_told_which_state_is_which() -> None:
    run = run_market(bandit(), truthful(bandit(), Setting(), "bayes"), seed=0, episodes=40)
    assert run.episodes_to_return(bandit(), 0.99) <= 20
    assert run.error_usd(bandit()) < 0.001
    run = run_market(chain(), truthful(chain(), Setting(), "bayes"), seed=3, episodes=60)
    assert run.returns[-1] == pytest.approx(0.8)
    assert run.error_usd(chain()) < 0.01


@pytest.mark.slow
def test_the_pooled_policy_does_not_learn_them_where_it_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what it knows of claims says nothing of states."""
    monkeypatch.setitem(comparison.BAYES, "by", None)
    run = run_market(bandit(), truthful(bandit(), Setting(), "bayes"), seed=0, episodes=10)
    assert run.returns[-1] < 0.8
    assert run.error_usd(bandit()) > 0.1


def test_bids_fall_by_the_discount_a_stage_on_the_chain() -> None:
    run = run_market(chain(), truthful(chain(), Setting()), seed=3, episodes=60)
    assert run.returns[-1] == pytest.approx(0.8)
    found = [run.final_bids[state][1] for state in range(5)]
    assert found == pytest.approx([0.8 * 0.99**left for left in (4, 3, 2, 1, 0)], abs=0.02)


@pytest.mark.slow
def test_without_a_twin_the_price_is_the_second_best_actions_and_values_do_not_come_up_the_chain() -> None:
    """The control: the same society without clones bids far too little at the start."""
    run = run_market(chain(), truthful(chain(), Setting(clones=1)), seed=3, episodes=60)
    assert run.final_bids[0][1] < 0.7


@pytest.mark.slow
def test_a_solitary_society_falls_into_the_trap_of_duality_and_twins_do_not() -> None:
    task = duality(0.9, 7.0)
    twins = run_market(task, truthful(task, Setting()), seed=1, episodes=300)
    alone = run_market(task, truthful(task, Setting(clones=1)), seed=1, episodes=300)
    assert twins.share(task) > 0.99
    assert alone.share(task) == pytest.approx(0.64, abs=0.05)


def test_the_subsidised_rule_pumps_money_in_where_nobody_has_a_twin() -> None:
    task = duality(0.9, 7.0)
    subsidised, vickrey = (
        run_market(task, truthful(task, Setting(rule, clones=1)), seed=1, episodes=20).pumped_usd
        for rule in ("subsidised", "vickrey")
    )
    assert subsidised > 1.0
    assert vickrey == 0.0


def test_under_first_price_whoever_seeks_profit_bids_below_its_value() -> None:
    seeker = next(
        each
        for each in comparison.contenders(bandit())
        if each.policy_name == "best seeks profit" and each.setting.rule == "first_price"
    )
    run = run_market(bandit(), seeker, seed=0, episodes=100)
    assert sorted(run.final_bids[0])[-1] < 0.75


def test_a_society_is_reproducible_to_the_digit_from_its_seed() -> None:
    runs = [run_market(chain(), truthful(chain(), Setting()), seed, 6) for seed in (5, 5, 6)]
    assert (runs[0].returns, runs[0].errors, runs[0].final_bids) == (
        runs[1].returns,
        runs[1].errors,
        runs[1].final_bids,
    )
    assert runs[0].final_bids != runs[2].final_bids


def test_the_planner_learns_the_same_values() -> None:
    run = run_planner(chain(), seed=0, episodes=120)
    assert run.share(chain()) == pytest.approx(1.0)
    assert run.error_usd(chain()) < 0.02
    planner = Planner(chain(), 0, learning=False)
    planner.learn(0, 1, 1.0, 1)
    assert planner.values == {}


def test_episodes_count_from_when_a_figure_stays_right() -> None:
    run = Run([0.0] * 5 + [0.8] * 30, [0.5] * 7 + [0.01] * 28, {}, 0.0, 0.0)
    assert run.episodes_to_return(chain(), 0.99) == 5
    assert run.episodes_to_values() == 7
    assert math.isinf(Run([0.8] * 20, [0.01, 0.5], {}, 0.0, 0.0).episodes_to_values())


def test_a_terminal_state_ends_the_episode_because_nobody_bids() -> None:
    market = society(bandit(), Setting(), [tracker()] * 4, seed=0)
    assert play(market, bandit()).steps == 1
    assert set(bids(market, bandit())) == {0}


def test_the_best_utility_of_a_changing_chain_counts_its_costs() -> None:
    first, entered, improved, left, knowing = (phase.world.best_utility() for phase in changing_phases())
    assert first == pytest.approx(0.8 - 10 * 0.02)
    assert entered == improved == pytest.approx(0.8 - 3 * 0.02)
    assert left == pytest.approx(0.8 - 5 * 0.02)
    assert knowing == pytest.approx((0.76 + 0.70) / 2)


@pytest.mark.slow
def test_the_market_takes_a_newcomer_in_and_a_fixed_planner_cannot() -> None:
    phases = [changing_phases()[0], changing_phases()[1]]
    market = play_market(phases, 40, seed=0)
    fixed = play_planner("fixed", phases, 40, seed=0)
    assert sum(market[-10:]) / 10 > 0.73
    assert sum(fixed[-10:]) / 10 < 0.7
    assert market == play_market(phases, 40, seed=0)


def test_a_planner_that_is_told_nothing_orders_what_is_no_longer_there() -> None:
    world = World(skills=("left",), slip=0.0)
    planner = change.WalkPlanner("fixed", ("right",), seed=0)
    assert planner.play(world, seed=0) == 0.0


@pytest.mark.slow
def test_a_small_table_of_change_is_made() -> None:
    report = change.measure(episodes=2, seeds=1)
    assert len(report.rows) == 12


@pytest.mark.slow
def test_a_plot_is_the_same_whenever_it_is_drawn(tmp_path: Path) -> None:
    curves = {"market": [[0.1, 0.5, 0.7, 0.7]], "planner": [[0.2, 0.4, 0.6, 0.6]]}
    drawn = [change.draw(curves, 2, tmp_path / name, window=2).read_bytes() for name in ("a.svg", "b.svg")]
    assert drawn[0] == drawn[1]
