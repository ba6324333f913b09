"""A stage takes two market commits, whatever the number of its lots (DESIGN section 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from orchestrator import Market
from orchestrator.api.posting import Posting
from tests.engine.world import Paid, Provider, Scripted, make_market, presenter


@contextmanager
def counted(market: Market) -> Iterator[list[str]]:
    """The commits of a market's database that wrote something."""
    engine: Any = market.store._engine  # type: ignore[attr-defined]
    commits: list[str] = []

    def on_commit(connection: Any) -> None:
        if not connection.get_execution_options().get("reading", False):
            commits.append("commit")

    event.listen(engine, "commit", on_commit)
    yield commits
    event.remove(engine, "commit", on_commit)


def drive(market: Market) -> tuple[int, int]:
    """Run a request to its offers: its stages and its commits."""
    request_id = market.post(Posting("hello", 10, seed=1))
    with counted(market) as commits:
        market.resume(request_id)
    progress = market.read_log(request_id).progress
    assert progress.status == "open"
    return progress.stage - 1, len(commits)


def free_bidders(count: int) -> list[Any]:
    makers = [Scripted(f"t{number}", {1: f"{number + 1}", 2: f"0.{number + 1}"}) for number in range(count)]
    return [*makers, presenter("p", {3: "3"}), presenter("q", {3: "2"})]


@pytest.mark.parametrize(("copies", "lots"), [([1], 1), ([3, 1], 3), ([4, 2, 1], 8)])
def test_a_stage_of_free_bidders_takes_two_commits_whatever_its_lots(copies: list[int], lots: int, disk: str) -> None:
    market = make_market(*free_bidders(5), store=disk, rules={"copies": copies})
    stages, commits = drive(market)
    on_sale = market.read_log("r1").progress.auctions.values()
    assert max([auction.lot.stage for auction in on_sale].count(stage) for stage in range(1, stages + 1)) >= lots
    assert stages == 3
    # One more takes over what was posted without being run.
    assert commits == 2 * stages + 1
    market.close()


def test_paid_calls_add_commits(disk: str) -> None:
    """The control: the counter sees more where more is written."""
    source = Provider()
    bidders = [*free_bidders(2), Paid("x", {1: "9"}, source, bid_calls=1)]
    market = make_market(*bidders, store=disk)
    stages, commits = drive(market)
    assert commits > 2 * stages
    market.close()


def test_a_commit_more_in_the_driver_would_be_seen(disk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another control."""
    from orchestrator.engine.recorder import Recorder

    market = make_market(*free_bidders(2), store=disk)
    write: Callable[..., Any] = Recorder.settle

    def settle(self: Recorder, *arguments: Any) -> Any:
        market.store.submit(lambda tx: tx.put_texts({"0" * 64: "more"}))
        return write(self, *arguments)

    monkeypatch.setattr(Recorder, "settle", settle)
    # Commits that wait together become one; here each is to be seen.
    monkeypatch.setattr("orchestrator.store.group_writer.GROUP_MAX", 1)
    stages, commits = drive(market)
    assert commits > 2 * stages
    market.close()
