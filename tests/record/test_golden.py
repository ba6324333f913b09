"""Golden playthroughs, and that equal runs are equal to the byte."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from orchestrator.record import playthrough
from tests.record.golden import FOLDER, GOLDEN
from tests.record.scenarios import SCENARIOS


@pytest.mark.parametrize("name", GOLDEN)
def test_a_run_reads_as_its_golden_file(name: str) -> None:
    golden = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    hint = "if that is right, run: python -m tests.record.golden"
    assert playthrough(SCENARIOS[name].play().record()) == golden, hint


def test_every_golden_file_belongs_to_a_scenario() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.txt" for name in GOLDEN}


# Whose calls had been answered when a request was cancelled is no matter of its seed.
SEEDED = [name for name in SCENARIOS if name not in ("cancelled-while-bidding", "cancelled-bids-beyond-promise")]


@pytest.mark.parametrize("name", SEEDED)
def test_the_order_in_which_bidders_answer_changes_nothing(name: str) -> None:
    scenario = SCENARIOS[name]
    told = scenario.play().result.journal_hash
    for order in range(5):
        draw = random.Random(order)
        bidders = scenario.bidders()
        for each in bidders:
            each.yields = draw.randrange(20)
        draw.shuffle(bidders)
        assert scenario.play(bidders=bidders).result.journal_hash == told


def test_memory_and_disk_tell_the_same_story(tmp_path: Path) -> None:
    on_disk = SCENARIOS["copies-that-fail"].play(f"sqlite:///{tmp_path / 'market.db'}").record()
    assert playthrough(on_disk) == (FOLDER / "copies-that-fail.txt").read_text(encoding="utf-8")


def test_another_seed_tells_another_story() -> None:
    scenario = SCENARIOS["copies-that-fail"]
    stories = {scenario.play(seed=seed).result.journal_hash for seed in range(4)}
    assert len(stories) == 4
    winners = {playthrough(scenario.play(seed=seed).record()).partition("stage 2")[0] for seed in range(6)}
    assert len({story.partition("stage 1")[2] for story in winners}) > 1
