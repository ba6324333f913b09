"""Bidders, policies and judges are built from a config, each on its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config import build_bidders, build_judge, load_config, warnings
from orchestrator.config.settings import Config
from orchestrator.errors import BrokenPlugin, InvalidConfig
from tests.config.conftest import Loader

HERE = __name__


class Plain:
    """A bidder that takes no name, as short ones do."""

    name = "plain"
    roles = ("transformer",)
    principal: str | None = None

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words = words


class Named(Plain):
    def __init__(self, name: str, policy: Any = "its own", principal: str | None = None) -> None:
        super().__init__()
        self.name = name
        self.policy = policy
        self.principal = principal


class Presenter(Plain):
    roles = ("presenter",)


class Rigid(Plain):
    __slots__ = ()

    def __setattr__(self, key: str, value: object) -> None:
        if key == "name":
            raise AttributeError("no")
        super().__setattr__(key, value)


class Raising:
    def __init__(self) -> None:
        raise RuntimeError("no key")


def config_of(*bidders: dict[str, Any], **others: Any) -> Config:
    entries = [{**bidder, "type": f"{HERE}:{bidder['type'].__name__}"} for bidder in bidders]
    return load_config({"bidders": entries, **others})


def test_a_bidder_goes_by_the_name_in_the_config() -> None:
    built, broken = build_bidders(config_of({"name": "a", "type": Plain}, {"name": "b", "type": Named}))
    assert not broken
    assert [(each.name, each.bidder.name, each.principal, each.memory_id) for each in built] == [
        ("a", "a", "a", "a"),
        ("b", "b", "b", "b"),
    ]


def test_twins_are_separate_objects_and_principals_with_one_memory() -> None:
    built, _ = build_bidders(
        config_of({"name": "a", "type": Plain, "clones": 3, "principal": "me", "options": {"words": ["x"]}})
    )
    assert [(each.name, each.bidder.name, each.principal, each.memory_id) for each in built] == [
        ("a", "a", "me", "a"),
        ("a~2", "a~2", "me~2", "a"),
        ("a~3", "a~3", "me~3", "a"),
    ]
    assert len({id(each.bidder) for each in built}) == 3
    assert len({id(each.bidder.words) for each in built}) == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("own", "configured", "principals"),
    [
        (None, None, ["a", "a~2"]),
        ("acme", None, ["acme", "acme~2"]),
        ("acme", "me", ["me", "me~2"]),
    ],
)
def test_the_config_says_who_stands_behind_a_bidder_and_else_the_bidder(
    own: str | None, configured: str | None, principals: list[str]
) -> None:
    options = {"principal": own} if own else {}
    entry = {"name": "a", "type": Named, "clones": 2, "options": options}
    built, _ = build_bidders(config_of(entry | ({"principal": configured} if configured else {})))
    assert [each.principal for each in built] == principals


def test_a_policy_of_the_config_is_given_to_the_bidder_and_each_twin_has_its_own() -> None:
    built, _ = build_bidders(config_of({"name": "a", "type": Named, "clones": 2, "policy": "fraction"}))
    assert [each.policy.name for each in built if each.policy] == ["fraction", "fraction"]
    assert all(each.bidder.policy is each.policy for each in built)  # type: ignore[attr-defined]
    assert built[0].policy is not built[1].policy


def test_without_a_policy_in_the_config_the_bidder_keeps_its_own() -> None:
    (built,), _ = build_bidders(config_of({"name": "a", "type": Named}))
    assert str(built.policy) == "its own"


def test_what_cannot_be_built_is_listed_with_its_place_and_harms_nobody(load: Loader, config_path: Path) -> None:
    config = load(
        f"""
bidders:
  - {{name: gone, type: nowhere:Bidder}}
  - {{name: typo, type: documnts}}
  - {{name: sound, type: '{HERE}:Plain'}}
  - {{name: raising, type: '{HERE}:Raising', clones: 2}}
  - {{name: rigid, type: '{HERE}:Rigid'}}
  - {{name: extra, type: '{HERE}:Plain', options: {{word: x}}}}
  - {{name: doubtful, type: '{HERE}:Plain', policy: fraction}}
  - {{name: unsure, type: '{HERE}:Named', policy: fractoin}}
  - {{name: sceptic, type: '{HERE}:Named', policy: {{type: fraction, options: {{factr: 1}}}}}}
"""
    )
    built, broken = build_bidders(config)
    assert [each.name for each in built] == ["sound"]
    said = [(each.name, type(each.error), each.reason.removeprefix(f"{config_path}:")) for each in broken]
    named = f"bidder '{HERE}:Plain'"
    expected: list[tuple[str, type[Exception], str]] = [
        ("gone", BrokenPlugin, "3: bidders[0].type: bidder 'nowhere:Bidder' is broken: ModuleNotFoundError"),
        ("typo", InvalidConfig, "4: bidders[1].type: no bidder type 'documnts' is installed"),
        ("raising", BrokenPlugin, "6: bidders[3].options: "),
        ("raising~2", BrokenPlugin, "6: bidders[3].options: "),
        ("rigid", BrokenPlugin, f"bidder '{HERE}:Rigid' does not take the name 'rigid'"),
        ("extra", InvalidConfig, f"8: bidders[5].options: unknown option 'word': {named} takes words; did you mean"),
        (
            "doubtful",
            InvalidConfig,
            f"9: bidders[6].policy: {named} takes no policy, for its class has no constructor "
            "parameter `policy`: give it one and bid what the policy's `value` says, or leave this key out",
        ),
        ("unsure", InvalidConfig, "10: bidders[7].policy.type: no policy type 'fractoin' is installed"),
        (
            "sceptic",
            InvalidConfig,
            "11: bidders[8].policy.options: unknown option 'factr': policy 'fraction' of vickrey",
        ),
    ]
    assert len(said) == len(expected)
    for (name, kind, reason), (expected_name, expected_kind, start) in zip(said, expected, strict=True):
        assert (name, kind) == (expected_name, expected_kind)
        assert reason.startswith(start), reason


def test_a_dotted_path_may_name_a_module_beside_the_config(load: Loader, config_path: Path) -> None:
    (config_path.parent / "planted_beside.py").write_text("class B:\n    roles = ('transformer',)\n")
    built, broken = build_bidders(load("bidders:\n- {name: a, type: 'planted_beside:B'}"))
    assert (len(built), broken) == (1, [])
    del sys.modules["planted_beside"]


# --- judges ---


def test_the_judge_of_the_config_is_built_and_another_may_take_its_place() -> None:
    config = load_config({"judge": {"type": "callback", "options": {"callback": "builtins:max"}}})
    assert build_judge(config).name == "callback"
    assert build_judge(config, "none").name == "none"


def test_a_judge_that_cannot_be_built_says_where(load: Loader, config_path: Path) -> None:
    with pytest.raises(
        InvalidConfig, match=rf"{config_path}:1: judge\.type: no judge type 'topp' .*did you mean 'top'"
    ):
        build_judge(load("judge: topp"))
    with pytest.raises(InvalidConfig, match=rf"{config_path}:1: judge\.options: judge 'verifier' .* needs the option"):
        build_judge(load("judge: verifier"))


# --- warnings ---


def market(transformers: int, presenters: int, **others: Any) -> Config:
    entries = [{"name": f"t{number}", "type": Plain} for number in range(transformers)]
    entries += [{"name": f"p{number}", "type": Presenter} for number in range(presenters)]
    return config_of(*entries, **others)


def test_a_sound_market_gives_no_warning() -> None:
    assert warnings(market(5, 3)) == []


def test_a_market_with_nobody_in_it_is_legal_but_pointed_out() -> None:
    (warning,) = warnings(load_config({"bidders": []}))
    assert "no bidder can take part" in warning


def test_fewer_than_three_presenters_are_pointed_out() -> None:
    (warning,) = warnings(market(1, 2))
    assert warning.startswith("2 solvent presenters of separate principals")


def test_presenters_of_one_principal_or_without_money_do_not_count() -> None:
    presenters = [{"name": f"p{number}", "type": Presenter, "principal": "me"} for number in range(3)]
    (warning,) = warnings(config_of(*presenters))
    assert warning.startswith("1 solvent presenter of ")
    broke = [{"name": f"p{number}", "type": Presenter, "endowment": 0} for number in range(3)]
    assert warnings(config_of(*broke))[0].startswith("0 solvent presenters")


def test_in_a_market_with_a_past_only_those_count_that_may_act_and_have_money() -> None:
    config = market(1, 4)
    built, _ = build_bidders(config)
    rich = {each.name: 1 for each in built}
    assert warnings(config, built, rich) == []
    assert warnings(config, built, {**rich, "p0": 0}) == []
    (warning,) = warnings(config, built, {**rich, "p0": 0, "p1": 0})
    assert warning.startswith("2 solvent presenters")
    (warning,) = warnings(config, built, {name: 1 for name in rich if name not in ("p0", "p1")})
    assert warning.startswith("2 solvent presenters")
    (warning,) = warnings(config, built, {})
    assert "no bidder can take part" in warning


def test_bidders_that_begin_too_poor_to_bid_are_pointed_out() -> None:
    config = market(2, 3, wealth={"endowment": "0.5"}, bounty_typical=4)
    (warning,) = warnings(config)
    assert "less than a typical bounty of 4.00 USD" in warning
    assert "can be worth: t0, t1, p0 and 2 more; `endowment` counts in typical bounties" in warning
    built, _ = build_bidders(config)
    assert warnings(config, built, dict.fromkeys([each.name for each in built], 4 * 10**9)) == [], "they have earned it"
    assert warnings(market(2, 3, wealth={"endowment": 1, "refill_below": 1})) == []


def test_too_few_stages_for_the_skills_are_pointed_out() -> None:
    assert warnings(market(3, 3, rules={"stages_max": 6})) == []
    (warning,) = warnings(market(3, 3, rules={"stages_max": 5}))
    assert "with 3 transformers allow at least 6" in warning


def test_twins_are_one_skill() -> None:
    twins = {"name": "t", "type": Plain, "clones": 5}
    presenters = [{"name": f"p{number}", "type": Presenter} for number in range(3)]
    assert warnings(config_of(twins, *presenters, rules={"stages_max": 4})) == []
