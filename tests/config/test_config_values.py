"""A config resolves to settings with every default filled in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.config import RequestDefaults, load_config
from orchestrator.core.rules import Rules
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.errors import InvalidConfig
from orchestrator.money import NANOS_PER_USD, Money
from tests.config.conftest import Loader


def test_an_empty_mapping_gives_the_designs_defaults(vickrey_home: Path) -> None:
    config = load_config({})
    assert config.rules == Rules()
    assert config.request == RequestDefaults(None, 0, 10_000 * NANOS_PER_USD, 7.0, 200_000, 300.0)
    assert config.wealth == WealthRules(50 * NANOS_PER_USD, 10 * NANOS_PER_USD, 50 * NANOS_PER_USD, 10, 0, 5)
    assert config.judge.type == "terminal"
    assert config.bidders == ()
    assert config.store_url == f"sqlite:///{vickrey_home}/market.db"


def test_every_rule_is_read(load: Loader) -> None:
    config = load(
        """
        rules:
          rule: first_price
          reserve: 0.05
          copies: [3, 2, 1]
          stages_max: 12
          offers_max: 4
          forfeit: 25 %
          self_sale: open
          last_stage: any
          discount: 0.99
          invited_max: 40
          state_bytes_max: 9000
          deadlines: {bid_seconds: 1.5, transform_seconds: 60}
        """
    )
    assert config.rules == Rules(
        "first_price", 50_000_000, (3, 2, 1), 12, 4, 25, "open", "any", 9000, bid_deadline_seconds=1.5,
        transform_deadline_seconds=60.0, discount_millionths=990_000, invited_max=40,
    )  # fmt: skip


def test_sizes_of_wealth_are_multiples_of_the_typical_bounty(load: Loader) -> None:
    config = load(
        """
        bounty_typical: "0.30"
        wealth: {endowment: 2.5, refill_below: 0.1, refill_to: 4, refills_max: 0, rent: 0.001, faults_to_suspend: 2}
        bidders:
          - {name: rich, type: x, endowment: 100}
          - {name: plain, type: x}
        """
    )
    assert config.bounty_typical_nanos == Money.usd("0.30").nanos
    assert config.wealth == WealthRules(750_000_000, 30_000_000, 1_200_000_000, 0, 1_000_000, 2)
    assert [spec.endowment_nanos for spec in config.bidders] == [30 * NANOS_PER_USD, 750_000_000]


def test_amounts_are_exact_however_they_are_written(load: Loader) -> None:
    config = load("rules: {reserve: 0.1}\nrequest: {deposit: '0.000000001', spend_cap: 0.3}\n")
    assert (config.rules.reserve_nanos, config.request.deposit_nanos) == (100_000_000, 1)
    assert config.request.spend_cap_nanos == 300_000_000


@pytest.mark.parametrize("text", ["rules:\nrequest:\nwealth:\nbidders:\n", "rules: {deadlines: }\n"])
def test_a_section_with_all_lines_commented_out_stands_for_its_defaults(load: Loader, text: str) -> None:
    assert load(text).rules == Rules()


def test_a_bidder_is_read_whole(load: Loader, config_path: Path) -> None:
    (config_path.parent / "diary.md").write_text("x")
    (spec,) = load(
        """
bidders:
  - name: diary
    type: documents
    options: {path: diary.md, words: [a, b], since: 2026-01-01}
    principal: me
    clones: 3
    policy: {type: tracker, options: {prior: 0.5}}
    isolation: process
    bid_deadline_seconds: 2
    transform_deadline_seconds: 3.5
"""
    ).bidders
    assert spec.options == {"path": str(config_path.parent / "diary.md"), "words": ["a", "b"], "since": "2026-01-01"}
    assert (spec.principal, spec.clones, spec.isolation) == ("me", 3, "process")
    assert spec.policy is not None
    assert (spec.policy.type, spec.policy.options) == ("tracker", {"prior": 0.5})
    assert (spec.bid_deadline_seconds, spec.transform_deadline_seconds) == (2.0, 3.5)
    assert spec.where == f"{config_path}:3: bidders[0]"


def test_a_plugin_without_options_may_be_its_type_alone(load: Loader) -> None:
    config = load("judge: top\nbidders:\n  - {name: a, type: x, policy: fraction}\n")
    assert config.judge.type == "top"
    assert config.bidders[0].policy is not None
    assert config.bidders[0].policy.type == "fraction"


def test_aliases_and_merged_mappings_are_read(load: Loader) -> None:
    config = load(
        """
bidders:
  - &base {name: a, type: x, options: &options {k: 1}, clones: 2}
  - {<<: *base, name: b}
  - {name: c, type: x, options: *options}
"""
    )
    assert [(spec.name, spec.clones, dict(spec.options)) for spec in config.bidders] == [
        ("a", 2, {"k": 1}),
        ("b", 2, {"k": 1}),
        ("c", 1, {"k": 1}),
    ]


def test_paths_start_from_the_configs_folder_and_lists_of_them_are_resolved(load: Loader, config_path: Path) -> None:
    folder = config_path.parent
    for name in ("a.md", "b.md"):
        (folder / name).write_text("x")
    (spec,) = load("bidders:\n- {name: a, type: x, options: {path: [a.md, b.md], more: {word_path: b.md}}}\n").bidders
    assert spec.options == {"path": [f"{folder}/a.md", f"{folder}/b.md"], "more": {"word_path": f"{folder}/b.md"}}


def test_a_path_may_start_from_the_users_home(load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "somebody"
    home.mkdir()
    (home / "notes.md").write_text("x")
    monkeypatch.setenv("HOME", str(home))
    assert load("judge: {type: x, options: {path: ~/notes.md}}").judge.options == {"path": f"{home}/notes.md"}


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ("memory", "memory"),
        ("wealth.db", "sqlite:///{folder}/wealth.db"),
        ("/srv/wealth.db", "sqlite:////srv/wealth.db"),
        ("postgresql+psycopg://host/market?sslmode=require", "postgresql+psycopg://host/market?sslmode=require"),
    ],
)
def test_a_store_is_a_path_a_url_or_memory(load: Loader, config_path: Path, store: str, url: str) -> None:
    assert load(f"store: {store}").store_url == url.format(folder=config_path.parent)


def test_a_given_home_holds_the_default_store(tmp_path: Path) -> None:
    assert load_config({}, home=tmp_path / "other").store_url == f"sqlite:///{tmp_path}/other/market.db"


def test_what_is_resolved_is_complete_and_json(load: Loader) -> None:
    config = load("judge: top\nbidders:\n- {name: a, type: x, policy: fraction, options: {n: .nan}}\n")
    resolved = config.resolved()
    assert json.loads(json.dumps(resolved, allow_nan=False)) == resolved
    assert resolved["rules"]["copies"] == [1]
    assert resolved["wealth"]["endowment_nanos"] == 50 * NANOS_PER_USD
    assert resolved["bidders"][0]["policy"] == {"type": "fraction", "options": {}}
    assert "where" not in json.dumps(resolved)


def test_no_secret_reaches_what_is_recorded() -> None:
    options = {"api_key": "s3cret", "deep": [{"Password": "s3cret"}], "max_tokens": 7, "signing_key": "s3cret"}
    config = load_config(
        {
            "store": "postgresql+psycopg://me:s3cret@host/market",
            "bidders": [{"name": "a", "type": "x", "options": options}],
        }
    )
    assert config.bidders[0].options == options
    assert "s3cret@" in config.store_url
    recorded = config.resolved()
    assert "s3cret" not in json.dumps(recorded)
    assert recorded["store_url"] == "postgresql+psycopg://me:***@host/market"
    assert recorded["bidders"][0]["options"]["max_tokens"] == 7


def test_a_password_among_the_options_of_a_stores_url_is_not_recorded() -> None:
    config = load_config({"store": "postgresql://me@host/market?sslmode=require&password=s3cret&connect_timeout=2"})
    recorded = config.resolved()
    assert recorded["store_url"] == "postgresql://me@host/market?sslmode=require&password=***&connect_timeout=2"


def test_functions_in_options_are_named_in_what_is_resolved() -> None:
    config = load_config({"judge": {"type": "callback", "options": {"callback": json.dumps}}})
    assert config.judge.options["callback"] is json.dumps
    assert config.resolved()["judge"]["options"] == {"callback": "json:dumps"}


# --- where a config is looked for ---


def test_the_places_are_searched_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    for folder in (here, home):
        folder.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("VICKREY_HOME", str(home))
    monkeypatch.delenv("VICKREY_CONFIG", raising=False)

    fallback = load_config()
    assert fallback.is_fallback
    assert Path(fallback.source).name == "lisbon.yaml"

    (home / "vickrey.yaml").write_text("rules: {stages_max: 3}")
    assert load_config().rules.stages_max == 3
    (here / "vickrey.yaml").write_text("rules: {stages_max: 4}")
    assert load_config().rules.stages_max == 4
    (tmp_path / "named.yaml").write_text("rules: {stages_max: 5}")
    monkeypatch.setenv("VICKREY_CONFIG", str(tmp_path / "named.yaml"))
    found = load_config()
    assert (found.rules.stages_max, found.is_fallback) == (5, False)
    assert found.source == str(tmp_path / "named.yaml")


def test_a_config_that_was_asked_for_is_not_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VICKREY_CONFIG", str(tmp_path / "gone.yaml"))
    with pytest.raises(InvalidConfig, match=r"there is no config file .*gone\.yaml"):
        load_config()


def test_auditions_are_off_until_a_number_of_trials_is_given() -> None:
    assert (load_config({}).wealth.audition_trials, load_config({}).wealth.audition_budget_nanos) == (0, 0)
    wealth = load_config({"bounty_typical": 2, "wealth": {"audition": {"trials": 5}}}).wealth
    assert (wealth.audition_trials, wealth.audition_budget_nanos) == (5, 4 * 10**9)
    wealth = load_config({"wealth": {"audition": {"trials": 1, "budget": "0.5"}}}).wealth
    assert (wealth.audition_trials, wealth.audition_budget_nanos) == (1, 5 * 10**9)


@pytest.mark.parametrize("wrong", [{"trials": -1}, {"trials": 1.5}, {"budget": "much"}, {"lots": 3}])
def test_an_audition_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidConfig, match=r"wealth\.audition"):
        load_config({"wealth": {"audition": wrong}})


@pytest.mark.parametrize("written", ["010", "1:30", "0x10", "0b11", "1_0:00", "00"])
def test_numbers_that_would_be_read_as_others_are_refused(load: Loader, written: str) -> None:
    """YAML 1.1 makes 8 dollars of 010, and 90 of 1:30."""
    with pytest.raises(InvalidConfig, match=rf"'{written}' is no plain number; write it as 12 or 12\.5, or in quotes"):
        load(f"version: 1\nbidders: []\nrequest: {{deposit: {written}}}\n")


@pytest.mark.parametrize(
    ("written", "nanos"),
    [("10", 10), ("0", 0), ("1_0", 10), ("+2", 2), ("2.5", 2.5), ("5e-1", 0.5), (".5", 0.5), ("'010'", 10)],
)
def test_plain_numbers_are_read_as_they_are_written(load: Loader, written: str, nanos: float) -> None:
    config = load(f"version: 1\nbidders: []\nrequest: {{deposit: {written}}}\n")
    assert config.request.deposit_nanos == round(nanos * 10**9)


def test_a_mapping_that_holds_itself_is_refused() -> None:
    options: dict[str, object] = {}
    options["again"] = options
    with pytest.raises(InvalidConfig, match="is nested more than 50 deep"):
        load_config({"version": 1, "bidders": [{"name": "a", "type": "scripted", "options": options}]})


def test_a_tag_that_its_value_does_not_fit_is_refused_in_one_line(load: Loader) -> None:
    with pytest.raises(InvalidConfig, match="'maybe' cannot be read as bool"):
        load("version: 1\nbidders: []\nrequest: {deposit: !!bool maybe}\n")
