"""`vickrey init`."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config import bundled_folder, load_config
from orchestrator.config.template import COPIED
from tests.cli.markets import vickrey


def test_init_writes_a_config_that_loads_and_checks(tmp_path: Path) -> None:
    outcome = vickrey("init", "new.yaml")
    assert outcome.code == 0
    assert outcome.stdout.startswith("Wrote new.yaml.")
    assert load_config(tmp_path / "new.yaml").bidders
    assert vickrey("bidders", "check", "--config", "new.yaml").code == 0


def test_init_refuses_to_overwrite_unless_forced(market: Path) -> None:
    before = market.read_text()
    outcome = vickrey("init")
    assert (outcome.code, outcome.stderr) == (2, "vickrey: vickrey.yaml is there already; --force overwrites it\n")
    assert market.read_text() == before
    assert vickrey("init", "--force", "--json").document == {"path": str(market)}
    assert market.read_text() != before


@pytest.mark.parametrize("name", COPIED)
def test_init_copies_a_shipped_config_that_works_anywhere(name: str, tmp_path: Path) -> None:
    assert vickrey("init", "new.yaml", "--like", name).code == 0
    assert (tmp_path / "new.yaml").read_text() == (bundled_folder() / f"{name}.yaml").read_text()
    assert load_config(tmp_path / "new.yaml").bidders


def test_init_copies_nothing_else() -> None:
    outcome = vickrey("init", "new.yaml", "--like", "../lisbon")
    assert outcome.code == 2
    assert "there is no config '../lisbon' to copy; there are answers, anthropic, " in outcome.stderr


def test_init_says_where_it_cannot_write() -> None:
    assert vickrey("init", "no/such/folder.yaml").stderr.startswith("vickrey: 'no/such/folder.yaml' cannot be written")


def test_init_says_how_the_file_is_used_from_then_on(
    vickrey_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = vickrey("init", "my market.yaml").stdout
    assert "then `vickrey run TEXT --budget 10 --config 'my market.yaml'` uses it." in named
    assert "then `vickrey run TEXT --budget 10` uses it." in vickrey("init", "--force").stdout
    monkeypatch.setenv("VICKREY_CONFIG", str(tmp_path / "other.yaml"))
    assert "then `vickrey run TEXT --budget 10 --config vickrey.yaml` uses it." in vickrey("init", "--force").stdout
