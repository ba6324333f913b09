"""Hints at commands lead to the market that the command before them was about."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.places import Place
from tests.cli.markets import vickrey, write_market

PLACE = Place("other.yaml", None, "a b.db")


@pytest.mark.parametrize(
    ("text", "pointed"),
    [
        (
            "`vickrey bidders topup ann USD` lets it act again, `vickrey show` tells",
            "`vickrey bidders topup ann USD --config other.yaml --store 'a b.db'` lets it act again, "
            "`vickrey show --config other.yaml --store 'a b.db'` tells",
        ),
        ("see `vickrey show --config this.yaml`", "see `vickrey show --config this.yaml`"),
        (
            "`vickrey init` writes one, `vickrey verify f` checks",
            "`vickrey init` writes one, `vickrey verify f` checks",
        ),
        ("no `name` here", "no `name` here"),
    ],
)
def test_a_hint_is_completed_unless_it_names_a_market_or_needs_none(text: str, pointed: str) -> None:
    assert PLACE.pointed(text) == pointed
    assert Place().pointed(text) == text


def test_hints_in_lists_and_refusals_name_the_same_config(tmp_path: Path) -> None:
    config = str(write_market(tmp_path, name="other.yaml"))
    vickrey("bidders", "retire", "diary", "--yes", "--config", config)
    hint = f"`vickrey bidders reinstate diary --config {config}` lets it take part again"
    for command in ("list", "check"):
        assert hint in vickrey("bidders", command, "--config", config).stdout.replace("\n", " ")
    (row,) = [
        each
        for each in vickrey("bidders", "list", "--config", config, "--json").document["bidders"]
        if each["name"] == "diary"
    ]
    assert row["reason"] == hint
    assert hint in vickrey("bidders", "topup", "diary", "1", "--config", config).stderr
    assert f"`vickrey requests --config {config}`" in vickrey("show", "r99", "--config", config).stderr
    assert f'`vickrey run "Plan a trip to Lisbon" --budget 10 --config {config}`' in (
        vickrey("requests", "--config", config).stdout.replace("\n", " ")
    )
