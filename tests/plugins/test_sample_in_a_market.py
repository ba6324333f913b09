"""A stranger's bidder takes part in a market without any change here, and a broken one does not stop it."""

from __future__ import annotations

import importlib
from typing import Any

from orchestrator.api import Market
from orchestrator.api.memories import read_memory
from orchestrator.judges import TopJudge
from orchestrator.testing import check_bidder
from tests.engine.world import answers
from tests.plugins.conftest import PACKAGES, Installer

CONFIG: dict[str, Any] = {
    "store": "memory",
    "bidders": [
        {"name": "sage", "type": "proverbs", "options": {"proverb": "Slow is smooth."}},
        {"name": "cracked", "type": "leaving"},
        {"name": "planner", "type": "presenter"},
        {"name": "lister", "type": "presenter", "options": {"style": "list"}},
    ],
}


def test_the_sample_wins_and_is_paid_and_the_broken_one_is_listed(install: Installer) -> None:
    install.package("sample_plugin")
    install.package("broken_plugin")
    with Market(CONFIG) as market:
        assert [(each.name, "sys.exit" in each.reason) for each in market.broken] == [("cracked", True)]
        result = market.run("Plan a quiet day", budget=10, seed=1, judge=TopJudge())
        (offer,) = result.offers
        assert "Slow is smooth." in offer.text
        assert offer.chain[0].buyer == "sage"
        assert result.status == "released"
        assert not market.audit()


HOPES = """
from orchestrator import Valuation


class HopefulPolicy:
    name = "hopeful"
    version = 1

    def __init__(self, hope=0.3):
        self.hope = hope

    def value(self, memory, observations):
        return Valuation([self.hope * seen.bounty_usd for seen in observations], [0.0] * len(observations))

    def learn(self, memory, receipts):
        return {"requests": (memory or {"requests": 0})["requests"] + 1}
"""


def test_a_strangers_policy_bids_for_a_bidder_that_comes_along_and_learns(install: Installer) -> None:
    points = {"vickrey.policies": {"hopeful": "planted_hopes:HopefulPolicy"}}
    install.distribution("vickrey-hopes", "1.0", points, {"planted_hopes": HOPES})
    tool = {"name": "loud", "type": "tool", "options": {"function": "tests.bidders.sample_tools:shout"}}
    policy = {"type": "hopeful", "options": {"hope": 0.25}}
    with Market({**CONFIG, "bidders": [{**tool, "policy": policy}, *CONFIG["bidders"][2:]]}) as market:
        assert not market.broken
        result = market.run("Plan a quiet day", budget=10, seed=1, judge=TopJudge())
        assert answers(market, result.request_id)["0", "loud"].amount_nanos == 2_500_000_000
        assert read_memory(market, "loud").memory == {"requests": 1}


def test_without_its_package_the_sample_is_unknown() -> None:
    with Market(CONFIG) as market:
        reasons = {each.name: each.reason for each in market.broken}
    assert "no bidder type 'proverbs' is installed" in reasons["sage"]


def test_the_sample_passes_the_conformance_kit_and_is_as_short_as_promised(install: Installer) -> None:
    install.package("sample_plugin")
    module = importlib.import_module("vickrey_proverbs")
    assert check_bidder(module.ProverbBidder(name="sage")) == []
    source = (PACKAGES / "sample_plugin" / "src" / "vickrey_proverbs.py").read_text()
    assert len([line for line in source.splitlines() if line.strip()]) <= 20
