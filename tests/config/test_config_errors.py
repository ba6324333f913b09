"""What is wrong with a config is said in one line each: file, line, key, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config import load_config
from orchestrator.errors import InvalidConfig
from tests.config.conftest import Loader

# Each: a file, and how each line of the error reads after the file's name.
REFUSED: dict[str, tuple[str, list[str]]] = {
    "an unknown key": ("\nrulez: {}", ["2: rulez: unknown key; did you mean 'rules'?"]),
    "an unknown key like no other": (
        "rules:\n  deadlines:\n    xyz: 1",
        ["3: rules.deadlines.xyz: unknown key; known here: bid_seconds, transform_seconds"],
    ),
    "an unknown key of a bidder": (
        "bidders:\n- name: a\n  type: x\n  clone: 2",
        ["4: bidders[0].clone: unknown key; did you mean 'clones'?"],
    ),
    "an unknown key of a policy": (
        "bidders:\n- name: a\n  type: x\n  policy: {typ: x}",
        [
            "4: bidders[0].policy.type: is required but missing",
            "4: bidders[0].policy.typ: unknown key; did you mean 'type'?",
        ],
    ),
    "a missing key": ("bidders:\n- name: a", ["2: bidders[0].type: is required but missing"]),
    "a later version": ("version: 2\nnew: 1", ["1: version: this is Vickrey's format 1, not 2"]),
    "no version at all": ("version: one", ["1: version: must be a whole number, not 'one'"]),
    "an unknown rule": (
        "rules:\n  rule: vickery",
        ["2: rules.rule: must be one of vickrey, first_price, subsidised, not 'vickery'; did you mean 'vickrey'?"],
    ),
    "no copies": ("rules: {copies: 0}", ["1: rules.copies: must be a whole number of at least 1"]),
    "no copies at a stage": ("rules: {copies: [2, 0]}", ["1: rules.copies: must be a whole number of at least 1"]),
    "copies at no stage": ("rules: {copies: []}", ["1: rules.copies: must be a whole number of at least 1"]),
    "copies as a bool": ("rules: {copies: true}", ["1: rules.copies: must be a whole number of at least 1"]),
    "too few stages": ("rules: {stages_max: 1}", ["1: rules.stages_max: must be at least 2, not 1"]),
    "a number as a word": ("rules: {stages_max: '8'}", ["1: rules.stages_max: must be a whole number, not '8'"]),
    "a bool as a number": ("rules: {offers_max: yes}", ["1: rules.offers_max: must be a whole number, not true"]),
    "no discount at all": ("rules: {discount: 0}", ["1: rules.discount: must be a number above 0"]),
    "a discount above 1": ("rules: {discount: 1.01}", ["1: rules.discount: must be a number above 0"]),
    "a discount in words": ("rules: {discount: half}", ["1: rules.discount: must be a number above 0"]),
    "a percentage above 100": ("rules: {forfeit: 101 %}", ["1: rules.forfeit: must be a whole percentage"]),
    "a percentage as a fraction": ("rules: {forfeit: 0.5}", ["1: rules.forfeit: must be a whole percentage"]),
    "no time": ("rules:\n  deadlines: {bid_seconds: 0}", ["2: rules.deadlines.bid_seconds: must be greater than 0"]),
    "endless time": ("rules:\n  deadlines: {bid_seconds: .inf}", ["2: rules.deadlines.bid_seconds: must be"]),
    "negative money": ("rules: {reserve: -1}", ["1: rules.reserve: -1 is negative"]),
    "money that is none": ("request: {deposit: ten}", ["1: request.deposit: 'ten' is not a number of dollars"]),
    "a deposit beyond the largest": (
        "request: {deposit: 30, bounty_max: 20}",
        ["1: request.deposit: must be at most bounty_max (20.00)"],
    ),
    "money as a bool": ("request: {deposit: true}", ["1: request.deposit: True is not an amount of money"]),
    "money not finite": ("wealth: {rent: .nan}", ["1: wealth.rent: nan is not a finite number"]),
    "money too fine": ("wealth: {rent: '1e-10'}", ["1: wealth.rent: '1e-10' is finer than a nano-dollar"]),
    "no bounty": ("bounty_typical: 0", ["1: bounty_typical: must be more than 0"]),
    "a size that is none": ("wealth: {endowment: -1}", ["1: wealth.endowment: must be a number of typical bounties"]),
    "a size beyond all money": (
        "wealth: {endowment: 999999999}",
        ["1: wealth.endowment: 999999999 times bounty_typical is no amount of money"],
    ),
    "a refill that leaves a wallet too low": (
        "wealth:\n  refill_below: 6",
        ["1: wealth.refill_to: must be at least refill_below (6)"],
    ),
    "a section that is a word": ("rules: strict", ["1: rules: must be a mapping of keys to values, not 'strict'"]),
    "a bidder that is a word": ("bidders: [diary]", ["1: bidders[0]: must be a mapping of keys to values"]),
    "bidders that are no list": ("bidders: {a: b}", ["1: bidders: must be a list, not a mapping"]),
    "a type that is a list": ("bidders:\n- {name: a, type: [x]}", ["2: bidders[0].type: must be a word, not a list"]),
    "options that are a word": (
        "bidders:\n- {name: a, type: x, options: y}",
        ["2: bidders[0].options: must be a mapping of keys to values, not 'y'"],
    ),
    "a judge that is a number": (
        "judge: 3",
        ["1: judge: must be the name of a type, or a mapping of its `type` and `options`"],
    ),
    "a judge without a name": (
        "judge:",
        ["1: judge: must be the name of a type, or a mapping of its `type` and `options`"],
    ),
    "a policy that is a list": (
        "bidders: [{name: a, type: scripted, policy: [fixed]}]",
        ["1: bidders[0].policy: must be the name of a type, or a mapping of its `type` and `options`"],
    ),
    "too many clones": ("bidders:\n- {name: a, type: x, clones: 101}", ["2: bidders[0].clones: must be at most 100"]),
    "isolation of no kind": (
        "bidders:\n- {name: a, type: x, isolation: thread}",
        ["2: bidders[0].isolation: must be one of none, process, not 'thread'"],
    ),
    "a name of the market's own": (
        "bidders:\n- {name: treasury, type: x}",
        ["2: bidders[0].name: is taken by the market itself"],
    ),
    "a name of a twin": ("bidders:\n- {name: a~2, type: x}", ["2: bidders[0].name: must be 1 to 64 letters"]),
    "a name too long": (f"bidders:\n- {{name: {'a' * 65}, type: x}}", ["2: bidders[0].name: must be 1 to 64 letters"]),
    "a name that is a number": ("bidders:\n- {name: 7, type: x}", ["2: bidders[0].name: must be 1 to 64 letters"]),
    "a principal that is no name": (
        "bidders:\n- {name: a, type: x, principal: issuer}",
        ["2: bidders[0].principal: is taken by the market itself"],
    ),
    "two bidders of one name": (
        "bidders:\n- {name: a, type: x}\n- {name: b, type: x}\n- {name: a, type: y}",
        ["4: bidders[2].name: 'a' is the name of bidders[0] too; names must differ"],
    ),
    "a missing file": (
        "bidders:\n- name: a\n  type: x\n  options:\n    path: nowhere/diary.md",
        ["5: bidders[0].options.path: there is no file {folder}/nowhere/diary.md"],
    ),
    "a missing file of a judge": (
        "judge:\n  type: x\n  options: {taste_path: no.md}",
        ["3: judge.options.taste_path: there is no file"],
    ),
    "a path that is none": (
        "judge: {type: x, options: {path: 3}}",
        ["1: judge.options.path: must be the path of a file or folder, not 3"],
    ),
    "a store that cannot be": ("store: what?", ["1: store: a store's path may not hold a '?'"]),
    "a store that is half a URL": ("store: sqlite:x.db", ["1: store: a store's path may not hold a '?' or begin like"]),
    "a key written twice": (
        "rules:\n  copies: 1\n  reserve: 0\n  copies: 2",
        ["4: rules.copies: is written twice; the first is in line 2"],
    ),
    "a Python object": ("a: !!python/object/apply:os.system [x]", ["1: a: the tag !!python/object/apply:os.system"]),
    "a tag of somebody's": ("a: !secret x", ["1: a: the tag !secret is not allowed"]),
    "a key that is a list": ("? [a]\n: 1", ["1: a key must be a word"]),
    "an alias of itself": ("a: &a [*a]", ["1: aliases or nesting make this file endlessly large"]),
    "a merge of a word": ("rules: {<<: x}", ["1: rules.<<: expected a mapping"]),
    "a list at the root": ("- a", ["1: a config is a mapping of keys to values"]),
    "a word at the root": ("hello", ["1: a config is a mapping of keys to values"]),
    "an unclosed bracket": ("rules: {\n  copies: 1\n", ["3: not valid YAML: "]),
    "a tab": ("rules:\n\tcopies: 1", ["2: not valid YAML: "]),
    "two documents": ("a: 1\n---\nb: 1", ["2: not valid YAML: expected a single document"]),
    "an unknown alias": ("rules: *r", ["1: not valid YAML: found undefined alias"]),
}


@pytest.mark.parametrize(("text", "lines"), REFUSED.values(), ids=REFUSED)
def test_a_fault_is_named_with_its_place(load: Loader, config_path: Path, text: str, lines: list[str]) -> None:
    with pytest.raises(InvalidConfig) as refusal:
        load(text)
    said = str(refusal.value).splitlines()
    wanted = [f"{config_path}:{line.format(folder=config_path.parent)}" for line in lines]
    assert len(said) == len(wanted), said
    assert all(line.startswith(start) for line, start in zip(said, wanted, strict=True)), said


def test_all_faults_of_a_file_are_reported_together_in_order_of_line(load: Loader, config_path: Path) -> None:
    with pytest.raises(InvalidConfig) as refusal:
        load(
            """bidders:
  - {name: a, type: x, options: {path: gone.md}}
  - {name: a, type: x, clones: 0}
rules:
  copies: 0
  rate: 1
request:
  deposit: -1
"""
        )
    said = [line.removeprefix(f"{config_path}:").split(": ")[:2] for line in str(refusal.value).splitlines()]
    assert said == [
        ["2", "bidders[0].options.path"],
        ["3", "bidders[1].name"],
        ["3", "bidders[1].clones"],
        ["5", "rules.copies"],
        ["6", "rules.rate"],
        ["8", "request.deposit"],
    ]


def test_a_mapping_is_checked_like_a_file_but_has_no_lines() -> None:
    with pytest.raises(InvalidConfig, match=r"^the given config: rules\.copies: must be a whole number of at least 1"):
        load_config({"rules": {"copies": 0}})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty; `vickrey init` writes a config"),
        (b"# nothing but a comment\n", "the file is empty"),
        (b"a: 1\nb: \xff\n", "2: not UTF-8 text"),
        (b"a: \x00\n", "not valid YAML: "),
        (b"#" * 1_000_001, "is larger than 1,000,000 bytes"),
        (b"a: " + b"[" * 600, "nested too deeply"),
    ],
    ids=["empty", "comment", "not UTF-8", "NUL", "large", "deep"],
)
def test_a_file_that_is_no_config_is_refused(config_path: Path, content: bytes, said: str) -> None:
    config_path.write_bytes(content)
    with pytest.raises(InvalidConfig) as refusal:
        load_config(config_path)
    assert said in str(refusal.value)
    assert str(config_path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_byte_order_mark_does_no_harm(config_path: Path) -> None:
    config_path.write_bytes(b"\xef\xbb\xbfrules: {copies: 2}")
    assert load_config(config_path).rules.copies == (2,)


def test_aliases_that_stand_for_billions_of_values_are_refused(load: Loader) -> None:
    levels = "".join(f"  - &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12))
    with pytest.raises(InvalidConfig, match="endlessly large"):
        load(f"judge:\n  - &a0 [x]\n{levels}")


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="is a folder; give the config file in it"):
        load_config(tmp_path)


@pytest.mark.parametrize("source", ["no/such.yaml", "a\0b", "x" * 5000], ids=["missing", "NUL", "long"])
def test_a_path_that_leads_nowhere_is_refused_in_one_line(source: str) -> None:
    with pytest.raises(InvalidConfig) as refusal:
        load_config(source)
    assert "\n" not in str(refusal.value)
