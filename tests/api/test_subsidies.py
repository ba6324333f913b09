"""What the treasury is to pay for newcomers and the poor, and whether it is said in time that it cannot."""

from __future__ import annotations

from typing import Any

from orchestrator import Market
from orchestrator.api.roster import Roster, read_roster
from orchestrator.config import load_config
from orchestrator.config.settings import Config
from orchestrator.store import MemoryStore, Store


def scripted(name: str, *bids: str | None, **entry: Any) -> dict[str, Any]:
    roles = ["presenter"] if bids[0] is None else ["transformer"]
    options = {"bids": list(bids), "roles": roles}
    return {"name": name, "type": "bidders.scripted:ScriptedBidder", "options": options, **entry}


BIDDERS = [
    scripted("ann", "5.00"),
    scripted("bob", "4.00"),
    scripted("new", "1.00"),
    scripted("pia", None, "8.00"),
    scripted("quin", None, "6.50"),
    scripted("rob", None, "6.00"),
]
AUDITION = {"trials": 3, "budget": 2}


def config_of(*bidders: dict[str, Any], rules: dict[str, Any] | None = None, **wealth: Any) -> Config:
    return load_config({"version": 1, "bidders": list(bidders or BIDDERS), "rules": rules or {}, "wealth": wealth})


def after(config: Config, requests: int, *, is_picked: bool = True) -> tuple[Roster, Store]:
    """Who takes part after some requests."""
    store = MemoryStore()
    with Market(config, store=store) as market:
        for seed in range(requests):
            result = market.run("x", 10, seed=seed)
            result.pick(1) if is_picked else result.reject()
        return read_roster(config, store), store


def trials(roster: Roster) -> dict[str, int | None]:
    return {row.name: row.trials_left for row in roster.rows}


def test_trials_that_nothing_brings_money_for_are_pointed_out_before_and_after_the_first_requests() -> None:
    config = config_of(audition=AUDITION)
    for requests in (0, 4):
        (warning,) = after(config, requests)[0].warnings
        assert warning.startswith("the treasury holds 0.00 USD, too little for trials (wealth.audition) of ")
        assert "`wealth.treasury_stock` or `wealth.rent` in the config does so for certain" in warning


def test_what_will_bring_money_is_said() -> None:
    (warning,) = read_roster(config_of(audition=AUDITION, rent="0.50"), MemoryStore()).warnings
    assert warning.endswith("rent fills it when requests end")
    (warning,) = read_roster(config_of(audition=AUDITION, rules={"copies": 3}), MemoryStore()).warnings
    assert "first-stage copies" in warning


def test_trials_that_the_treasury_can_pay_for_are_not_pointed_out() -> None:
    assert read_roster(config_of(audition=AUDITION, treasury_stock=20), MemoryStore()).warnings == ()
    assert after(config_of(audition=AUDITION, rent="0.50"), 1)[0].warnings == ()
    assert after(config_of(audition=AUDITION), 4, is_picked=False)[0].warnings == (), "prices of rejected work are its"
    assert read_roster(config_of(), MemoryStore()).warnings == (), "the control: no auditions"


def test_refills_that_are_due_and_cannot_be_paid_are_pointed_out() -> None:
    poor = scripted("poor", "1.00", endowment=0.5)
    too_poor, warning = read_roster(config_of(*BIDDERS, poor), MemoryStore()).warnings
    assert warning.startswith("the treasury holds 0.00 USD, too little to refill wallets below 10.00 USD, of poor: ")
    assert read_roster(config_of(*BIDDERS, poor, refills_max=0), MemoryStore()).warnings == (too_poor,)
    assert read_roster(config_of(*BIDDERS, poor, treasury_stock=1), MemoryStore()).warnings == (too_poor,)


def test_it_is_counted_how_many_trials_are_left() -> None:
    config = config_of(audition=AUDITION)
    assert set(trials(read_roster(config, MemoryStore())).values()) == {3}
    roster, _ = after(config, 2)
    assert trials(roster) == {"ann": 1, "bob": 3, "new": 3, "pia": 1, "quin": 3, "rob": 3}
    roster, _ = after(config, 4)
    assert trials(roster)["ann"] == 0


def test_no_trials_are_left_once_their_budget_is_spent() -> None:
    config = config_of(audition={"trials": 3, "budget": "0.4"}, treasury_stock=50)
    roster, store = after(config, 30)
    assert trials(roster)["new"] == 0
    assert store.read(lambda reader: reader.bidders()["new"].wins) == 1


def test_whoever_may_not_act_has_no_trials_and_without_auditions_nobody_has() -> None:
    assert set(trials(read_roster(config_of(), MemoryStore())).values()) == {None}
    research = config_of(audition=AUDITION, rules={"rule": "first_price"})
    assert set(trials(read_roster(research, MemoryStore())).values()) == {None}
    config, store = config_of(audition=AUDITION, treasury_stock=20), MemoryStore()
    with Market(config, store=store) as market:
        market.retire("new")
        assert trials(read_roster(config, store))["new"] is None
